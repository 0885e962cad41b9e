package issuance_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/issuance"
)

// Fixed attributes replace those of the request, and the rest of the subject is unchanged.
func TestSubjectIsFixed(t *testing.T) {
	t.Parallel()
	p := changed(t, func(r *notary.Rules) {
		r.Subject.Attributes = []notary.AttributeRule{
			{Type: "country_name", Action: notary.Fix, Value: "SE"},
			{Type: "organization_name", Action: notary.Fix, Value: "Exämple"},
		}
	})
	issuer := newRoot(t, notary.ECDSAP256, -1)
	unknown := pkix.AttributeTypeAndValue{Type: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}, Value: "kept"}
	for name, test := range map[string]struct {
		subject pkix.Name
		want    string
	}{
		"nothing there": {pkix.Name{}, "O=Exämple,C=SE"},
		"a common name": {title("a.example.com"), "CN=a.example.com,O=Exämple,C=SE"},
		"others there": {pkix.Name{Organization: []string{"One", "Two"}, CommonName: "a.example.com"},
			"CN=a.example.com,O=Exämple,C=SE"},
		"the same already": {pkix.Name{Country: []string{"SE"}, Organization: []string{"Exämple"}}, "O=Exämple,C=SE"},
		"of another type": {pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{unknown}},
			"O=Exämple,C=SE,1.3.6.1.4.1.99999.1=#13046b657074"},
	} {
		issued, err := issuance.Leaf(issuer, p, newCSR(t, leafKey(notary.ECDSAP256), test.subject, "a.example.com"), terms)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := issued.Certificate.Subject.String(); got != test.want {
			t.Errorf("%s: the subject is %q, want %q", name, got, test.want)
		}
		wantReadBack(t, issued.Certificate)
	}
	own := changed(t, func(r *notary.Rules) {
		r.Subject = notary.SubjectRules{Others: notary.Refuse, Attributes: []notary.AttributeRule{{Type: "common_name",
			Action: notary.Fix, Value: "Test Root"}}}
	})
	_, err := issuance.Leaf(issuer, own, leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Unprocessable, "subject", "CA itself")
}

// If no key usage of the profile suits the key, nothing is issued.
func TestKeyUsageFitsTheKey(t *testing.T) {
	t.Parallel()
	p := changed(t, func(r *notary.Rules) {
		r.KeyUsages = []notary.KeyUsage{notary.DigitalSignature, notary.ContentCommitment, notary.KeyEncipherment,
			notary.DataEncipherment,
			notary.KeyAgreement, notary.EncipherOnly}
		r.ExtKeyUsages = nil
	})
	const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment
	issuer := newRoot(t, notary.ECDSAP256, -1)
	for alg, want := range map[notary.KeyAlgorithm]x509.KeyUsage{
		notary.RSA2048:   signs | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment,
		notary.ECDSAP256: signs | x509.KeyUsageKeyAgreement | x509.KeyUsageEncipherOnly,
		notary.Ed25519:   signs,
	} {
		issued, err := issuance.Leaf(issuer, p, newCSR(t, leafKey(alg), title("a.example.com")), terms)
		if err != nil {
			t.Fatal(err)
		}
		if got := issued.Certificate.KeyUsage; got != want {
			t.Errorf("%s: key usage %b, want %b", alg, got, want)
		}
	}
	p.KeyUsages = []notary.KeyUsage{notary.KeyEncipherment}
	_, err := issuance.Leaf(issuer, p, leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Unprocessable, "keyEncipherment", "ECDSA P-256")
}

func TestProfileExtensions(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	issue := func(edit func(*notary.Rules)) *x509.Certificate {
		t.Helper()
		issued, err := issuance.Leaf(issuer, changed(t, edit), leafCSR(t, "a.example.com"), terms)
		if err != nil {
			t.Fatal(err)
		}
		wantReadBack(t, issued.Certificate)
		return issued.Certificate
	}
	stamping := issue(func(r *notary.Rules) {
		r.KeyUsages, r.ExtKeyUsages = []notary.KeyUsage{notary.DigitalSignature}, []string{notary.TimeStamping}
	})
	wantCritical(t, stamping, "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.37")
	if !slices.Equal(stamping.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}) {
		t.Errorf("extended key usage %v", stamping.ExtKeyUsage)
	}
	other := issue(func(r *notary.Rules) {
		r.KeyUsages = []notary.KeyUsage{notary.DigitalSignature}
		r.ExtKeyUsages = []string{"1.3.6.1.5.5.7.3.17", notary.ClientAuth, "1.3.6.1.4.1.311.10.3.13", "1.3.6.1.5.5.7.3.5"}
		r.Policies = []string{"1.3.6.1.4.1.99999.1", "2.23.140.1.2.1"}
	})
	var purposes, policies []string
	for _, usage := range other.ExtKeyUsage {
		purposes = append(purposes, usage.OID().String())
	}
	for _, oid := range other.UnknownExtKeyUsage {
		purposes = append(purposes, oid.String())
	}
	slices.Sort(purposes)
	if diff := cmp.Diff([]string{"1.3.6.1.4.1.311.10.3.13", "1.3.6.1.5.5.7.3.17", "1.3.6.1.5.5.7.3.2",
		"1.3.6.1.5.5.7.3.5"}, purposes); diff != "" {
		t.Errorf("purposes (-want +got):\n%s", diff)
	}
	for _, oid := range other.Policies {
		policies = append(policies, oid.String())
	}
	if diff := cmp.Diff([]string{"1.3.6.1.4.1.99999.1", "2.23.140.1.2.1"}, policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
	responder, err := issuance.NewResponder(issuer, profile(t, "ocsp"), newKey(t), terms)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(responder.Certificate.Extensions, func(e pkix.Extension) bool {
		return e.Id.String() == "1.3.6.1.5.5.7.48.1.5" && !e.Critical && bytes.Equal(e.Value, []byte{5, 0})
	}) {
		t.Error("the certificate of an OCSP responder lacks id-pkix-ocsp-nocheck")
	}
}

func TestLongestValidity(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	p := changed(t, func(r *notary.Rules) { r.Validity, r.MaxValidity = 7*day, 30*day })
	issuer := newRoot(t, notary.ECDSAP256, -1)
	start := now.Truncate(time.Second).Add(-time.Minute)
	for name, test := range map[string]struct{ asked, want time.Time }{
		"nothing":        {time.Time{}, start.Add(7*day - time.Second)},
		"less":           {now.Add(day), now.Add(day).Truncate(time.Second)},
		"just that":      {now.Add(30 * day), start.Add(30*day - time.Second)},
		"a late clock's": {now.Add(30*day + 50*time.Second), start.Add(30*day - time.Second)},
	} {
		issued, err := issuance.Leaf(issuer, p, leafCSR(t, "a.example.com"), issuance.Terms{Now: now, NotAfter: test.asked})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !issued.Certificate.NotAfter.Equal(test.want) {
			t.Errorf("%s: ends at %s, want %s", name, issued.Certificate.NotAfter, test.want)
		}
	}
	for _, asked := range []time.Time{now.Add(30*day + 2*time.Minute), now.AddDate(50, 0, 0)} {
		_, err := issuance.Leaf(issuer, p, leafCSR(t, "a.example.com"), issuance.Terms{Now: now, NotAfter: asked})
		wantError(t, err, notary.Unprocessable, "at most 30d")
		if field := err.(*notary.Error).Field; field != "not_valid_after" {
			t.Errorf("the error is about the field %q", field)
		}
	}
}

func TestProfilesOfAuthorities(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	_, err := issuance.Leaf(issuer, intermediate(), leafCSR(t, "a.example.com"), terms)
	wantError(t, err, notary.Unprocessable, "for CAs")
	_, err = issuance.Intermediate(issuer, profile(t, ""), newCSR(t, newKey(t), title("Below")), -1, terms)
	wantError(t, err, notary.Unprocessable, "not for CAs")
	p := intermediate()
	p.PathLen = 1
	for asked, want := range map[int]int{-1: 1, 0: 0, 1: 1} {
		issued, err := issuance.Intermediate(issuer, p, newCSR(t, newKey(t), title("Below")), asked, terms)
		if err != nil {
			t.Fatal(err)
		}
		if issued.Certificate.MaxPathLen != want {
			t.Errorf("asked for %d, the path length is %d, want %d", asked, issued.Certificate.MaxPathLen, want)
		}
	}
	_, err = issuance.Intermediate(issuer, p, newCSR(t, newKey(t), title("Below")), 2, terms)
	wantError(t, err, notary.Unprocessable, "path length of at most 1")
}
