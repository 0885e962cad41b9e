package rest_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/testkit"
)

const (
	asJSON  = "application/json"
	asPEM   = "application/x-pem-file"
	asDER   = "application/pkix-cert"
	asPKCS7 = "application/pkcs7-mime; smime-type=certs-only"
	asCRL   = "application/pkix-crl"
)

// See RFC 9110, section 12.5.1.
func TestAccept(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	certificate := fmt.Sprintf("%s/%d", certificatesPath, root)
	crl := fmt.Sprintf("%s/%d/crl", authoritiesPath, root)
	for _, test := range []struct{ path, accept, want string }{
		{certificate, "", asJSON},
		{certificate, "*/*", asJSON},
		{certificate, "application/*", asJSON},
		{certificate, "application/json", asJSON},
		{certificate, "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", asJSON},
		{certificate, "text/html", asJSON}, // the default
		{certificate, "application/x-pem-file", asPEM},
		{certificate, "application/pkix-cert", asDER},
		{certificate, "application/pkcs7-mime", asPKCS7},
		{certificate, "application/pkcs7-mime;smime-type=certs-only", asPKCS7},
		{certificate, "Application/PKIX-Cert", asDER},
		{certificate, "application/pkix-cert, */*", asJSON}, // both weigh the same
		{certificate, "application/pkix-cert, */*;q=0.1", asDER},
		{certificate, "application/json;q=0.1, application/x-pem-file;q=0.2", asPEM},
		{certificate, "application/json;q=0.3,application/x-pem-file;q=0.2", asJSON},
		{certificate, "application/pkix-cert;q=0, application/x-pem-file;q=0.001", asPEM},
		{certificate, "application/*, application/json;q=0", asPEM},
		{certificate, "application/pkix-cert;q=0", asJSON},
		{certificate, "application/pkix-cert;q=2", asJSON}, // weights are at most 1
		{certificate, "application/pkix-cert;q=x", asJSON},
		{certificate, "application/pkix-cert;q=NaN", asJSON},
		{certificate, "text/html, application/pkix-cert", asDER},
		{certificate, asCRL, asJSON}, // not offered for certificates
		{crl, "", asJSON},
		{crl, "*/*", asJSON},
		{crl, "application/json", asJSON},
		{crl, "text/html", asJSON},
		{crl, asCRL, asCRL},
		{crl, "application/pkix-crl, */*;q=0.5", asCRL},
		{crl, "application/pkix-crl;q=0, */*", asJSON},
		{crl, asDER, asJSON},
	} {
		a := call(t, h.admin(t), "GET", test.path, nil, "Accept", test.accept).wantStatus(t, 200)
		if got := a.Header.Get("Content-Type"); got != test.want {
			t.Errorf("Accept: %s: got %s, want %s", test.accept, got, test.want)
		}
		if got := a.Header.Get("Vary"); got != "Accept" {
			t.Errorf("Accept: %s: Vary %q", test.accept, got)
		}
	}
	several := call(t, h.admin(t), "GET", certificate, nil, "Accept", "application/json;q=0.1", "Accept", asDER)
	if got := several.Header.Get("Content-Type"); got != asDER {
		t.Errorf("two headers: got %s, want %s", got, asDER)
	}
}

// No Accept header makes a call fail. Errors are always JSON.
func TestHostileAccept(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	for _, accept := range []string{"a;,b", ";", ",", ";;;,,,", "/", "*", "*/", "json", "application/json;",
		"application/json; ,x",
		"a/b;q", "a/b;q=", "a/b;=1", "a/b; ;q=1,c/d", "\"", "a/b;x=\"", "\xff\xfe",
		string(bytes.Repeat([]byte("a/b;q=0.1,"), 2000))} {
		for _, path := range []string{"/status", requestsPath, fmt.Sprintf("%s/%d", certificatesPath, root),
			fmt.Sprintf("%s/%d/crl", authoritiesPath, root)} {
			a := call(t, h.admin(t), "GET", path, nil, "Accept", accept).wantStatus(t, 200)
			if got := a.Header.Get("Content-Type"); got != asJSON {
				t.Errorf("%s, Accept: %.40q: got %s", path, accept, got)
			}
		}
	}
	for _, accept := range []string{asDER, asPEM, asPKCS7, asCRL, "text/html"} {
		call(t, h.admin(t), "GET", certificatesPath+"/77", nil, "Accept", accept).wantRefusal(t, 404, "not_found")
		call(t, h.admin(t), "GET", certificatesPath+"/x", nil, "Accept", accept).wantRefusal(t, 400, "invalid")
		call(t, h.anonymous, "GET", certificatesPath+"/1", nil, "Accept", accept).wantRefusal(t, 401, "unauthenticated")
		call(t, h.anonymous, "GET", authoritiesPath+"/77/crl", nil, "Accept", accept).wantRefusal(t, 404, "not_found")
	}
}

func TestFormsOfACertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	request, err := h.CA.Request(t.Context(), h.Admin(), h.Signed(t, h.Admin(), h.Intermediate(t, root, notary.ECDSAP256)))
	testkit.Check(t, err)
	want := request.Certificate.Chain()
	if len(want) != 3 {
		t.Fatalf("the chain has %d certificates", len(want))
	}
	wantForms(t, h, fmt.Sprintf("%s/%d", certificatesPath, request.Certificate.ID), want)
	wantForms(t, h, fmt.Sprintf("%s/%d/certificate", requestsPath, request.ID), want)

	// A request whose certificate is revoked has none.
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), request.ID, notary.Superseded))
	path := fmt.Sprintf("%s/%d/certificate", requestsPath, request.ID)
	call(t, h.admin(t), "GET", path, nil, "Accept", asPEM).wantRefusal(t, 404, "not_found")
	wantForms(t, h, fmt.Sprintf("%s/%d", certificatesPath, request.Certificate.ID), want)
}

func wantForms(t *testing.T, h *house, path string, want [][]byte) {
	t.Helper()
	get := func(accept string) []byte {
		return call(t, h.admin(t), "GET", path, nil, "Accept", accept).wantStatus(t, 200).Body
	}
	var object api.Result[api.Certificate]
	testkit.Check(t, json.Unmarshal(get(asJSON), &object))
	bundle, err := pkcs7.Parse(get(asPKCS7))
	testkit.Check(t, err)
	leaf, err := x509.ParseCertificate(get(asDER))
	testkit.Check(t, err)

	for form, got := range map[string][]*x509.Certificate{
		"JSON chain": certificates(t, object.Result.CertificateChain),
		"JSON leaf": append(certificates(t, object.Result.Certificate),
			certificates(t, object.Result.CertificateChain)[1:]...),
		"PEM":     certificates(t, string(get(asPEM))),
		"PKCS #7": bundle.Certificates,
		"DER":     append([]*x509.Certificate{leaf}, certificates(t, object.Result.CertificateChain)[1:]...),
	} {
		var ders [][]byte
		for _, c := range got {
			ders = append(ders, c.Raw)
		}
		if diff := cmp.Diff(want, ders); diff != "" {
			t.Errorf("%s (-want +got):\n%s", form, diff)
		}
	}
	if len(bundle.Signers) != 0 || len(bundle.CRLs) != 0 {
		t.Errorf("the PKCS #7 has %d signers and %d CRLs", len(bundle.Signers), len(bundle.CRLs))
	}
}

func TestFormsOfACRL(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	signed := h.Signed(t, h.Admin(), root)
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), signed, notary.Superseded))
	authority, err := h.CA.Authority(t.Context(), h.Admin(), root)
	testkit.Check(t, err)
	issuer, err := x509.ParseCertificate(authority.Certificate.DER)
	testkit.Check(t, err)
	for name, c := range map[string]*client.Client{"no token": h.anonymous, "bad token": h.anonymous.WithToken("nonsense"),
		"a Certificate Requestor": h.as(t, notary.CertificateRequestor)} {
		der, err := c.CRL(t.Context(), root)
		testkit.Check(t, err)
		list, err := x509.ParseRevocationList(der)
		testkit.Check(t, err)
		testkit.Check(t, list.CheckSignatureFrom(issuer))
		if len(list.RevokedCertificateEntries) != 1 || list.RevokedCertificateEntries[0].ReasonCode != 4 {
			t.Errorf("%s: %d entries", name, len(list.RevokedCertificateEntries))
		}
		var crl api.Result[api.CRL]
		testkit.Check(t, json.Unmarshal(call(t, c, "GET", fmt.Sprintf("%s/%d/crl", authoritiesPath, root), nil).Body, &crl))
		block, rest := pem.Decode([]byte(crl.Result.CRL))
		if block == nil || block.Type != "X509 CRL" || len(rest) > 0 || !slices.Equal(block.Bytes, der) {
			t.Errorf("%s: the PEM is not that of the DER: %.100q", name, crl.Result.CRL)
		}
	}
	pending := h.Pending(t)
	for _, accept := range []string{asJSON, asCRL} {
		path := fmt.Sprintf("%s/%d/crl", authoritiesPath, pending)
		call(t, h.anonymous, "GET", path, nil, "Accept", accept).wantRefusal(t, 409, "conflict")
	}
}
