package publish_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// A client that follows the CA Issuers URL can verify with whichever root it trusts.
func TestBundle(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := t.Context()
	root := func(name string) int64 {
		id, err := s.CA.CreateAuthority(ctx, s.Admin(),
			ca.AuthorityOptions{SelfSigned: true, Subject: pkix.Name{CommonName: name}, PathLen: -1})
		testkit.Check(t, err)
		return id
	}
	one, two := root("Root One"), root("Root Two")
	lower := s.Intermediate(t, one, notary.ECDSAP256)
	_, err := s.CA.CrossSign(ctx, s.Admin(), lower, two, notary.IntermediateProfile)
	testkit.Check(t, err)
	leaf := s.leafOf(t, lower)
	rolled := root("Rolled")
	before := s.leafOf(t, rolled)
	successor, err := s.CA.RollOver(ctx, s.Admin(), rolled, ca.RollOverOptions{})
	testkit.Check(t, err)
	after := s.leafOf(t, successor)

	tag := s.ask(t, "GET", "/ca/3.p7c").Header.Get("ETag")
	for _, test := range []struct {
		leaf   *x509.Certificate
		bundle string
		root   string
	}{
		{leaf, "/ca/3.p7c", "/ca/1.cer"}, {leaf, "/ca/3.p7c", "/ca/2.cer"},
		{before, "/ca/4.p7c", "/ca/4.cer"}, {before, "/ca/4.p7c", "/ca/5.cer"},
		{after, "/ca/5.p7c", "/ca/5.cer"}, {after, "/ca/5.p7c", "/ca/4.cer"},
	} {
		bundle, err := pkcs7.Parse(s.get(t, test.bundle))
		testkit.Check(t, err)
		anchor, err := x509.ParseCertificate(s.get(t, test.root))
		testkit.Check(t, err)
		roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
		roots.AddCert(anchor)
		for _, c := range bundle.Certificates {
			intermediates.AddCert(c)
		}
		_, err = test.leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates,
			CurrentTime: s.Clock.Now()})
		if err != nil {
			t.Errorf("with %s under %s: %v", test.bundle, test.root, err)
		}
	}
	// A new certificate changes the document.
	_, err = s.CA.CrossSign(ctx, s.Admin(), lower, rolled, notary.IntermediateProfile)
	testkit.WantKind(t, err, notary.Conflict) // disabled
	_, err = s.CA.CrossSign(ctx, s.Admin(), lower, successor, notary.IntermediateProfile)
	testkit.Check(t, err)
	if again := s.ask(t, "GET", "/ca/3.p7c").Header.Get("ETag"); again == tag {
		t.Error("the ETag is the same")
	}
}

func TestRevertToOlderCertificate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	ctx := t.Context()
	id := s.Intermediate(t, s.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	a, err := s.CA.Authority(ctx, s.Admin(), id)
	testkit.Check(t, err)
	s.Clock.Advance(time.Hour)
	testkit.Check(t, s.CA.SignAuthority(ctx, s.Admin(), id, 1))
	newer := map[string]string{}
	for _, target := range []string{"/ca/2.cer", "/ca/2.p7c"} {
		newer[target] = s.ask(t, "GET", target).Header.Get("Last-Modified")
	}
	s.Clock.Advance(time.Hour)
	renewed, err := s.CA.Authority(ctx, s.Admin(), id)
	testkit.Check(t, err)
	testkit.Check(t, s.CA.UseCertificate(ctx, s.Admin(), id, a.Certificate.ID))
	testkit.Check(t, s.RevokeCertificate(ctx, s.Admin(), renewed.Certificate.ID, notary.Superseded))
	for target, modified := range newer {
		answer := s.ask(t, "GET", target, "If-Modified-Since: "+modified)
		if answer.StatusCode != 200 {
			t.Errorf("%s: %d", target, answer.StatusCode)
		}
		again := s.ask(t, "GET", target, "If-Modified-Since: "+answer.Header.Get("Last-Modified"))
		if again.StatusCode != 304 {
			t.Errorf("%s again: %d", target, again.StatusCode)
		}
	}
}

func (s *site) leafOf(t *testing.T, issuer int64) *x509.Certificate {
	t.Helper()
	r, err := s.CA.Request(t.Context(), s.Admin(), s.Signed(t, s.Admin(), issuer))
	testkit.Check(t, err)
	c, err := x509.ParseCertificate(r.Certificate.DER)
	testkit.Check(t, err)
	return c
}
