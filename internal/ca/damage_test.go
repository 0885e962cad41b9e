package ca_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) count(words ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(l.text.String()) {
		found := true
		for _, word := range words {
			found = found && strings.Contains(line, word)
		}
		if found {
			n++
		}
	}
	return n
}

// restarted opens the service again on the same database, with a new log.
func restarted(t testing.TB, w *testkit.World) *logged {
	t.Helper()
	log := &logged{}
	node, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, Log: slog.New(slog.NewTextHandler(log, nil))})
	testkit.Check(t, err)
	w.Node = node
	return log
}

// A revocation that no CRL can list does not stop the CRL: it is omitted, logged once, counted and shown.
func TestOneRevocationDoesNotStopACRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var serials []string
	for range 4 {
		req := w.Signed(t, w.Admin(), root)
		serials = append(serials, request(t, w, req).Certificate.Serial)
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), req, notary.Superseded))
	}
	long := strings.Repeat("7f", 22)
	change := func(text string, args ...any) { w.Exec(t, text, args...) }
	change(`UPDATE revocation SET serial = '00' WHERE serial = $1`, serials[0])
	change(`UPDATE certificate SET serial = '00' WHERE serial = $1`, serials[0])
	change(`UPDATE revocation SET serial = $2 WHERE serial = $1`, serials[1], long)
	change(`UPDATE certificate SET serial = $2 WHERE serial = $1`, serials[1], long)
	change(`UPDATE revocation SET reason = 'sabotage' WHERE serial = $1`, serials[2])
	if testkit.OnPostgres() {
		change(`UPDATE revocation SET revoked_at = 4000000000000 WHERE serial = $1`, serials[3])
	} else {
		change(`UPDATE revocation SET revoked_at = 'yesterday' WHERE serial = $1`, serials[3])
	}
	log := restarted(t, w)
	later := w.Signed(t, w.Admin(), root)
	serials = append(serials, request(t, w, later).Certificate.Serial)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), later, notary.Superseded))

	for range 3 {
		w.Clock.Advance(25 * time.Hour)
		list := fetchCRL(t, w, root)
		for _, serial := range serials[2:] {
			if listed(list, serial) == nil {
				t.Errorf("the CRL does not list %s", serial)
			}
		}
		if n := len(list.RevokedCertificateEntries); n != 3 {
			t.Errorf("the CRL has %d entries, want 3", n)
		}
		testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	}
	for _, serial := range serials[2:] {
		if got := status(t, w, w.Revocation, root, serial).Status; got != ocsp.Revoked {
			t.Errorf("OCSP reports %d for %s", got, serial)
		}
	}
	if len(inventory(t, w)) < len(serials) {
		t.Error("certificates are missing from the list")
	}
	overview, err := w.CA.Overview(t.Context(), w.Admin())
	testkit.Check(t, err)
	sum, err := w.CA.Counts(t.Context())
	testkit.Check(t, err)
	if len(overview.Damaged) != 4 || sum.Damaged != 4 || overview.Summary.Damaged != 4 {
		t.Errorf("damaged records: %v, counted %d", overview.Damaged, sum.Damaged)
	}
	if n := log.count("damaged database record"); n != 4 {
		t.Errorf("%d lines in the log, want one for each of 4 records", n)
	}
	repairRevocations(t, w, serials)
}

// repairRevocations undoes the test's damage, for the check of the invariants.
func repairRevocations(t testing.TB, w *testkit.World, serials []string) {
	t.Helper()
	for i, serial := range []string{"00", strings.Repeat("7f", 22)} {
		w.Exec(t, `UPDATE certificate SET serial = $2 WHERE serial = $1`, serial, serials[i])
		w.Exec(t, `UPDATE revocation SET serial = $2 WHERE serial = $1`, serial, serials[i])
	}
	w.Exec(t, `UPDATE revocation SET revoked_at = 1 WHERE serial = $1`, serials[3])
}

// Two revocations of the same serial number result in one entry.
func TestDuplicateRevocationDoesNotStopACRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	req := w.Signed(t, w.Admin(), root)
	serial := request(t, w, req).Certificate.Serial
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), req, notary.Superseded))
	w.Exec(t, `INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until) VALUES ($1, 0, $2, 1, 'superseded', 1152921504606846976)`,
		root, serial)
	log := restarted(t, w)
	if n := len(fetchCRL(t, w, root).RevokedCertificateEntries); n != 1 {
		t.Errorf("the CRL has %d entries, want 1", n)
	}
	if n := log.count("several revocations"); n != 1 {
		t.Errorf("%d lines in the log, want 1", n)
	}
	w.Exec(t, `DELETE FROM revocation WHERE certificate_id IS NULL`)
}

// Damage to an authority's records affects only that authority: the program starts, the others work.
func TestOneAuthorityDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]string{
		"certificate": `UPDATE certificate_der SET der = %s WHERE certificate_id = (SELECT certificate_id FROM authority WHERE id = $1)`,
		"chain":       `UPDATE issuer_chain SET der = %s WHERE id = (SELECT k.issuer_chain_id FROM certificate k JOIN authority a ON a.certificate_id = k.id WHERE a.id = $1)`,
		"CSR":         `UPDATE authority SET csr = 'none' WHERE id = $1`,
		"constraints": `UPDATE authority SET constraints = 'none' WHERE id = $1`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			bad, good := w.Intermediate(t, root, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
			w.Signed(t, w.Admin(), bad)
			garbage := `x'0102'`
			if testkit.OnPostgres() {
				garbage = `'\x0102'`
			}
			if strings.Contains(damage, "%s") {
				damage = fmt.Sprintf(damage, garbage)
			}
			w.Exec(t, damage, bad)
			restarted(t, w)

			w.Signed(t, w.Admin(), good)
			fetchCRL(t, w, good)
			testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
			testkit.Check(t, w.Revocation.RenewResponders(t.Context()))
			if all, err := w.CA.Authorities(t.Context(), w.Admin()); err != nil || len(all) != 3 {
				t.Errorf("listed %d authorities: %v", len(all), err)
			}
			inventory(t, w)
			o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
			_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
			testkit.Check(t, err)
			req := w.Request(t, w.Admin())
			_, err = w.CA.Upload(t.Context(), w.Admin(), req, o.Chain(t, publicKey(t, w, req)))
			testkit.Check(t, err)
			if err := sign(t, w, w.Request(t, w.Admin()), bad); (err == nil) != (what == "CSR") {
				t.Errorf("signing by the damaged authority: %v", err)
			}
			overview, err := w.CA.Overview(t.Context(), w.Admin())
			testkit.Check(t, err)
			if len(overview.Damaged) == 0 {
				t.Error("the overview does not show the damage")
			}
			if _, err := w.Revocation.CRL(t.Context(), bad); err != nil && what != "certificate" {
				t.Errorf("the authority's own CRL: %v", err)
			}
		})
	}
}

// A certificate with damaged DER is not served and does not stop a list, and can still be revoked.
func TestDamagedDERIsNotServed(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Signed(t, w.Admin(), root)
	cert := request(t, w, id).Certificate
	change := func(der []byte) {
		w.Exec(t, `UPDATE certificate_der SET der = $1 WHERE certificate_id = $2`, der, cert.ID)
	}
	der := slices.Clone(cert.DER)
	der[len(der)-1] ^= 1 // in the signature, so that it parses
	change(der)
	log := restarted(t, w)

	_, byID := w.CA.Certificate(t.Context(), w.Admin(), cert.ID)
	_, ofRequest := w.CA.RequestCertificate(t.Context(), w.Admin(), id)
	for _, err := range []error{byID, ofRequest} {
		if notary.KindOf(err) != notary.Internal || !strings.Contains(err.Error(), "run notary check") {
			t.Errorf("reading the damaged certificate: %v", err)
		}
	}
	for _, listed := range inventory(t, w) {
		if listed.ID == cert.ID && listed.ChainPEM() != "" {
			t.Error("a list holds the damaged certificate")
		}
	}
	if got := request(t, w, id).Certificate.ChainPEM(); got != "" {
		t.Errorf("the request has the chain\n%s", got)
	}
	if n := log.count("damaged database record", "fingerprint"); n != 1 {
		t.Errorf("%d lines in the log, want 1", n)
	}
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cert.ID, notary.Superseded))
	if listed(fetchCRL(t, w, root), cert.Serial) == nil {
		t.Error("the CRL does not list the damaged certificate")
	}
	change(cert.DER)
}

func TestDamagedCADoesNotSign(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	req := w.Request(t, w.Admin())
	a, err := w.CA.Authority(t.Context(), w.Admin(), root)
	testkit.Check(t, err)
	change := func(der []byte) {
		w.Exec(t, `UPDATE certificate_der SET der = $1 WHERE certificate_id = $2`, der, a.Certificate.ID)
	}
	der := slices.Clone(a.Certificate.DER)
	der[len(der)-1] ^= 1
	change(der)
	restarted(t, w)
	if err := w.CA.Sign(t.Context(), w.Admin(), req, ca.SignOptions{AuthorityID: root}); err == nil {
		t.Error("the CA signed with a changed certificate")
	}
	change(a.Certificate.DER)
}
