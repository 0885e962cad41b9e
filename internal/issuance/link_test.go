package issuance_test

import (
	"bytes"
	"crypto/x509"
	"testing"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

func TestLink(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		oldKey, newKey := authorityKey(notary.ECDSAP256), leafKey(alg)
		older, err := issuance.Root(oldKey, newCSR(t, oldKey, title("Example Root"), "ca.example.com"), 2, terms)
		if err != nil {
			t.Fatal(err)
		}
		request, err := pki.RequestLike(newKey.Public(), older.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		later := terms
		later.Now = terms.Now.AddDate(5, 0, 0)
		newer, err := issuance.Root(newKey, request, 2, later)
		if err != nil {
			t.Fatal(err)
		}
		issuer := issuance.Issuer{Certificate: newer.Certificate, Signer: newKey, CRLURL: "http://example.com/2.crl"}
		oldWithNew, err := issuance.Link(issuer, older.Certificate, later)
		if err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		link := oldWithNew.Certificate
		if err := link.CheckSignatureFrom(newer.Certificate); err != nil {
			t.Error(err)
		}
		if !bytes.Equal(link.SubjectKeyId, older.Certificate.SubjectKeyId) ||
			!bytes.Equal(link.AuthorityKeyId, newer.Certificate.SubjectKeyId) {
			t.Errorf("%s: the key identifiers are %x by %x", alg, link.SubjectKeyId, link.AuthorityKeyId)
		}
		if !bytes.Equal(link.RawSubject, link.RawIssuer) || !link.IsCA || link.MaxPathLen != 2 ||
			link.CRLDistributionPoints[0] != issuer.CRLURL {
			t.Errorf("%s: it is %+v", alg, link)
		}
		if !link.NotBefore.Equal(newer.Certificate.NotBefore) || !link.NotAfter.Equal(older.Certificate.NotAfter) {
			t.Errorf("%s: it is valid from %v to %v", alg, link.NotBefore, link.NotAfter)
		}
		if _, err := issuance.Link(issuance.Issuer{Certificate: older.Certificate, Signer: oldKey}, newer.Certificate,
			later); err != nil {
			t.Errorf("%s: the other way round: %v", alg, err)
		}
	}
}

func TestLinkRefused(t *testing.T) {
	t.Parallel()
	key, other := authorityKey(notary.ECDSAP256), leafKey(notary.ECDSAP256)
	root := func(name string) *x509.Certificate {
		issued, err := issuance.Root(other, newCSR(t, other, title(name)), -1, terms)
		if err != nil {
			t.Fatal(err)
		}
		return issued.Certificate
	}
	own, err := issuance.Root(key, newCSR(t, key, title("Example Root")), -1, terms)
	if err != nil {
		t.Fatal(err)
	}
	issuer := issuance.Issuer{Certificate: own.Certificate, Signer: key}
	_, err = issuance.Link(issuer, root("Another Root"), terms)
	wantError(t, err, notary.Unprocessable, "same subject")
	late := terms
	late.Now = terms.Now.Add(11 * 366 * 24 * time.Hour)
	_, err = issuance.Link(issuer, root("Example Root"), late)
	wantError(t, err, notary.Conflict, "expired")
	before := terms
	before.Now = terms.Now.AddDate(-1, 0, 0)
	_, err = issuance.Link(issuer, root("Example Root"), before)
	wantError(t, err, notary.Conflict, "not valid before")
}

// An additional certificate of an authority keeps its subject and key identifier, or is refused.
func TestLike(t *testing.T) {
	t.Parallel()
	issuer := newRoot(t, notary.ECDSAP256, -1)
	key := leafKey(notary.ECDSAP256)
	first, err := issuance.Intermediate(issuer, intermediate(), newCSR(t, key, title("Example Issuing")), -1, terms)
	if err != nil {
		t.Fatal(err)
	}
	like := *first.Certificate
	like.SubjectKeyId = []byte("another method")
	request, err := pki.RequestLike(key.Public(), &like)
	if err != nil {
		t.Fatal(err)
	}
	again := terms
	again.Like = &like
	second, err := issuance.Intermediate(issuer, intermediate(), request, -1, again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(second.Certificate.SubjectKeyId, like.SubjectKeyId) ||
		!bytes.Equal(second.Certificate.RawSubject, like.RawSubject) {
		t.Errorf("the second is %+v", second.Certificate)
	}
	profile := *intermediate()
	profile.Subject.Attributes = []notary.AttributeRule{{Type: "organization_name", Action: notary.Fix, Value: "Example"}}
	_, err = issuance.Intermediate(issuer, &profile, request, -1, again)
	wantError(t, err, notary.Unprocessable, "changes the subject")
}
