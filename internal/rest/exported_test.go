package rest_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/ca"
	"notary/internal/testkit"
)

const exportPath = certificatesPath + "/export"

func rowsOf(t *testing.T, c *client.Client, query string) (rows []map[string]string) {
	t.Helper()
	a := call(t, c, "GET", exportPath+query, nil).wantStatus(t, 200)
	if got := a.Header.Get("Content-Type"); got != "text/csv; charset=utf-8; header=present" {
		t.Errorf("content type %q", got)
	}
	all, err := csv.NewReader(bytes.NewReader(a.Body)).ReadAll() // fails on rows of unequal length
	testkit.Check(t, err)
	for _, row := range all[1:] {
		named := map[string]string{}
		for i, column := range all[0] {
			named[column] = row[i]
		}
		rows = append(rows, named)
	}
	return rows
}

func linesOf(t *testing.T, c *client.Client) (lines []api.ExportedCertificate) {
	t.Helper()
	body, err := c.ExportCertificates(t.Context(), "jsonl", api.CertificateFilter{})
	testkit.Check(t, err)
	defer body.Close()
	for decoder := json.NewDecoder(body); ; {
		var line api.ExportedCertificate
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&line)
		if err == io.EOF {
			return lines
		}
		testkit.Check(t, err)
		lines = append(lines, line)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	requestor := h.Caller(notary.CertificateRequestor)
	id, err := h.CA.Submit(t.Context(), requestor, testkit.CSR(t, testkit.Key(t, notary.Ed25519), "a.example.com",
		"b.example.com", "10.0.0.7"))
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: "client"}))
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), id, notary.Superseded))
	own, err := h.CA.Certificate(t.Context(), h.Admin(), 1)
	testkit.Check(t, err)
	leaf, err := h.CA.Certificate(t.Context(), h.Admin(), 2)
	testkit.Check(t, err)
	at := func(t time.Time) string { return t.Format(time.RFC3339) }

	want := []map[string]string{{
		"id": "1", "common_name": "Test Root", "names": "", "key": "ECDSA P-256", "serial_number": own.Serial,
		"fingerprint": own.Fingerprint,
		"not_before":  at(own.NotBefore), "not_after": at(own.NotAfter), "profile": own.Profile, "profile_version": "0",
		"certificate_authority_id": fmt.Sprint(root),
		"certificate_request_id":   "", "email": "", "created_at": at(h.Clock.Now()), "revoked_at": "",
		"revocation_reason": "", "status": "valid", "labels": "",
	}, {
		"id": "2", "common_name": "a.example.com", "names": "DNS:a.example.com DNS:b.example.com IP:10.0.0.7",
		"key":           "Ed25519",
		"serial_number": leaf.Serial, "fingerprint": leaf.Fingerprint, "not_before": at(leaf.NotBefore),
		"not_after": at(leaf.NotAfter),
		"profile":   "client", "profile_version": "1", "certificate_authority_id": fmt.Sprint(root),
		"certificate_request_id": fmt.Sprint(id), "email": requestor.Principal.Name,
		"created_at": at(h.Clock.Now()), "revoked_at": at(h.Clock.Now()), "revocation_reason": "superseded",
		"status": "revoked", "labels": "",
	}}
	for _, query := range []string{"", "?format=csv"} {
		if diff := cmp.Diff(want, rowsOf(t, h.admin(t), query)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	now := h.Clock.Now()
	lines := []api.ExportedCertificate{{
		ID: 1, CommonName: "Test Root", Names: []string{}, Key: "ECDSA P-256", SerialNumber: own.Serial,
		Fingerprint: own.Fingerprint,
		NotBefore:   own.NotBefore, NotAfter: own.NotAfter, Profile: own.Profile, CertificateAuthorityID: &root,
		CreatedAt: now, Status: "valid", Labels: map[string]string{},
	}, {
		ID: 2, CommonName: "a.example.com", Names: []string{"DNS:a.example.com", "DNS:b.example.com", "IP:10.0.0.7"},
		Key:          "Ed25519",
		SerialNumber: leaf.Serial, Fingerprint: leaf.Fingerprint, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Profile:        "client",
		ProfileVersion: 1, CertificateAuthorityID: &root, CertificateRequestID: &id, Email: requestor.Principal.Name,
		CreatedAt: now, RevokedAt: &now, RevocationReason: "superseded",
		Status: "revoked", Labels: map[string]string{},
	}}
	if diff := cmp.Diff(lines, linesOf(t, h.admin(t))); diff != "" {
		t.Errorf("JSON lines (-want +got):\n%s", diff)
	}
}

func TestEmptyExport(t *testing.T) {
	t.Parallel()
	h := open(t)
	a := call(t, h.admin(t), "GET", exportPath, nil).wantStatus(t, 200)
	const columns = "id,common_name,names,key,serial_number,fingerprint,not_before,not_after,profile,profile_version,certificate_authority_id," +
		"certificate_request_id,email,created_at,revoked_at,revocation_reason,status,labels\r\n"
	if string(a.Body) != columns {
		t.Errorf("got %q", a.Body)
	}
	file := "certificates-" + h.Clock.Now().Format(time.DateOnly)
	if got, want := a.Header.Get("Content-Disposition"), `attachment; filename="`+file+`.csv"`; got != want {
		t.Errorf("Content-Disposition %s, want %s", got, want)
	}
	a = call(t, h.admin(t), "GET", exportPath+"?format=jsonl", nil).wantStatus(t, 200)
	if len(a.Body) != 0 || a.Header.Get("Content-Type") != "application/jsonl" ||
		!strings.Contains(a.Header.Get("Content-Disposition"), file+".jsonl") {
		t.Errorf("as JSON lines: %q, %v", a.Body, a.Header)
	}
}

// Formulas are inert in CSV and unchanged in JSON Lines.
func TestExportOfFormulas(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	cells := map[string]string{ // of the common name
		`=cmd|'/c calc'!A1`: `'=cmd|'/c calc'!A1`,
		`+1`:                `'+1`,
		`-1`:                `'-1`,
		`@SUM(1)`:           `'@SUM(1)`,
		`a=1`:               `a=1`,
		`'=1`:               `''=1`,
		`x;=1+1`:            `x;'=1+1`,
		`x,@SUM(1) -2`:      `x,'@SUM(1) '-2`,
		`＝1`:                `'＝1`,
		`a, "b"; c`:         `a, "b"; c`,
		`"`:                 `"`,
	}
	var want, exact []string
	for name, cell := range cells {
		id, err := h.CA.Submit(t.Context(), h.Admin(), csrSpec{subject: cn(name), names: dnsNames("x.example.com")}.pem(t))
		testkit.Check(t, err)
		testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root}))
		want, exact = append(want, cell), append(exact, name)
	}
	var got, lines []string
	for _, row := range rowsOf(t, h.admin(t), "")[1:] {
		got = append(got, row["common_name"])
	}
	for _, line := range linesOf(t, h.admin(t))[1:] {
		lines = append(lines, line.CommonName)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CSV (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(exact, lines); diff != "" {
		t.Errorf("JSON lines (-want +got):\n%s", diff)
	}
}

func TestExportIsNarrowed(t *testing.T) {
	t.Parallel()
	s := newShelf(t)
	testkit.Check(t, s.CA.Sign(t.Context(), s.Admin(), s.ids["api"], ca.SignOptions{AuthorityID: s.first}))
	requests := func(role notary.Role, query string) (ids []string) {
		for _, row := range rowsOf(t, s.as(t, role), query) {
			ids = append(ids, row["certificate_request_id"])
		}
		return ids
	}
	web, api, short := fmt.Sprint(s.ids["web"]), fmt.Sprint(s.ids["api"]), fmt.Sprint(s.ids["short"])
	for query, want := range map[string][]string{
		"":                         {"", "", web, short, api},
		"?domain=example.com":      {web, api},
		"?revoked=true":            nil,
		"?key=ed25519&format=csv":  {api},
		"?q=example&revoked=false": {web, short, api},
		"?" + q("email", s.Admin().Principal.Name): {web, short},
		"?certificate_authority_id=987654321":      nil,
	} {
		if got := requests(notary.ReadOnly, query); !slices.Equal(got, want) {
			t.Errorf("%s: of the requests %q, want %q", query, got, want)
		}
		var own []string
		if slices.Contains(want, api) {
			own = []string{api}
		}
		if got := requests(notary.CertificateRequestor, query); !slices.Equal(got, own) {
			t.Errorf("%s, to a requestor: of the requests %q, want %q", query, got, own)
		}
	}
}

// An export of many pages is complete. One that fails midway aborts the connection.
func TestLongExport(t *testing.T) {
	t.Parallel()
	h := open(t)
	const copies = 450 // more than two of the store's pages
	testkit.Fill(t, h.Store, h.Signed(t, h.Admin(), h.Root(t, notary.ECDSAP256)), copies)
	if n := len(rowsOf(t, h.admin(t), "")); n != copies+2 {
		t.Errorf("%d rows, want %d", n, copies+2)
	}
	for _, http2 := range []bool{false, true} {
		h.breakOff(t, func() {
			status, _, body, err := h.read(t, exportPath, http2)
			if status != 200 || len(body) == 0 || err == nil || !http2 && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("HTTP/2 %v: status %d, %d octets, error %v: want a truncated response", http2, status, len(body), err)
			}
		})
	}
	h.breakOff(t, func() {
		export, err := h.admin(t).ExportCertificates(t.Context(), "csv", api.CertificateFilter{})
		testkit.Check(t, err)
		defer export.Close()
		_, err = io.Copy(io.Discard, export)
		testkit.WantKind(t, err, notary.Unavailable)
		call(t, h.admin(t), "GET", exportPath+"?certificate_authority_id=2", nil).wantRefusal(t, 500, "internal")
	})
}
