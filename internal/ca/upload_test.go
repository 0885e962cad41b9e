package ca_test

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

var algorithms = []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.Ed25519}

// A chain issued by an external CA for the request's key is accepted; anything else is rejected with a reason.
func TestUpload(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			now := w.Clock.Now()
			root := testkit.OutsideRoot(t, alg, now)
			issuer := root.Intermediate(t, alg)
			elsewhere := testkit.OutsideRoot(t, alg, now)
			key, other := testkit.Key(t, alg), testkit.Key(t, alg)
			id := requestFor(t, w, key, "a.example.com")
			leaf := issuer.Issue(t, key.Public())
			impostor := issuer.Intermediate(t, alg, func(c *x509.Certificate) {
				c.IsCA, c.KeyUsage = false, x509.KeyUsageDigitalSignature
			})
			namesake := root.Intermediate(t, alg, func(c *x509.Certificate) { c.Subject = issuer.Certificate.Subject })
			expired := root.Intermediate(t, alg, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
			asCA := func(c *x509.Certificate) { c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign }

			for _, tt := range []struct {
				name  string
				chain string
				want  string
			}{
				{"nothing", "", "not a certificate chain in PEM"},
				{"no PEM", "a certificate", "not a certificate chain in PEM"},
				{"the CSR", testkit.CSR(t, key, "a.example.com"), "instead of CERTIFICATE"},
				{"the leaf alone", testkit.PEM(leaf), "has only one certificate"},
				{"the root first", testkit.PEM(root.Certificate, issuer.Certificate, leaf), "reverse order"},
				{"the issuers in the wrong order", testkit.PEM(leaf, root.Certificate, issuer.Certificate),
					"is not the issuer of certificate 1"},
				{"a link missing", testkit.PEM(leaf, root.Certificate), "is not the issuer of certificate 1"},
				{"an issuer of the same name", testkit.PEM(leaf, namesake.Certificate, root.Certificate),
					"certificate 1"},
				{"another root", testkit.PEM(leaf, issuer.Certificate, elsewhere.Certificate),
					"is not the issuer of certificate 2"},
				{"a certificate twice", testkit.PEM(leaf, issuer.Certificate, issuer.Certificate), "are the same"},
				{"an issuer that is no CA", impostor.Chain(t, key.Public()), "not a CA certificate that may sign"},
				{"another key", issuer.Chain(t, other.Public()), "not for the request's key"},
				{"a CA for a leaf", issuer.Chain(t, key.Public(), asCA), "is a CA certificate"},
				{"expired", issuer.Chain(t, key.Public(), func(c *x509.Certificate) {
					c.NotAfter = now.Add(-time.Second)
				}), "certificate 1 of the chain expired"},
				{"not valid yet", issuer.Chain(t, key.Public(), func(c *x509.Certificate) {
					c.NotBefore = now.Add(time.Second)
				}), "certificate 1 of the chain is not valid before"},
				{"an expired issuer", expired.Chain(t, key.Public()), "certificate 2 of the chain expired"},
				{"a changed octet", testkit.PEM(tampered(t, leaf), issuer.Certificate, root.Certificate),
					"does not verify"},
			} {
				before := request(t, w, id)
				_, err := w.CA.Upload(t.Context(), w.Admin(), id, tt.chain)
				if notary.KindOf(err) != notary.Invalid {
					t.Errorf("%s: got error %v, want an invalid input", tt.name, err)
					continue
				}
				testkit.WantText(t, err, tt.want)
				testkit.WantField(t, err, "certificate")
				if diff := cmp.Diff(before, request(t, w, id)); diff != "" {
					t.Errorf("%s: the refusal changed the request (-before +after):\n%s", tt.name, diff)
				}
			}
			if n := len(inventory(t, w)); n != 0 {
				t.Errorf("the refused ones left %d certificates", n)
			}
			acceptUpload(t, w, id, testkit.PEM(leaf, issuer.Certificate, root.Certificate))
		})
	}
}

func acceptUpload(t *testing.T, w *testkit.World, id int64, chain string) {
	t.Helper()
	certID, err := w.CA.Upload(t.Context(), w.Admin(), id, chain)
	testkit.Check(t, err)
	req := request(t, w, id)
	if req.Status != notary.Active || req.Certificate.ID != certID || req.Certificate.AuthorityID != 0 {
		t.Errorf("the request is %s with the certificate %+v", req.Status, req.Certificate)
	}
	if got := req.Certificate.ChainPEM(); got != chain {
		t.Errorf("the chain is\n%s, want\n%s", got, chain)
	}
}

func tampered(t *testing.T, c *x509.Certificate) *x509.Certificate {
	t.Helper()
	der := slices.Clone(c.Raw)
	serial := c.SerialNumber.Bytes()
	der[strings.Index(string(der), string(serial))+len(serial)-1] ^= 1
	changed, err := x509.ParseCertificate(der)
	testkit.Check(t, err)
	return changed
}

// A certificate that was removed from a request can be uploaded again for that request, and for no other.
func TestUploadAgain(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	held := w.Root(t, notary.ECDSAP256)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	key := testkit.Key(t, notary.ECDSAP256)
	csr := testkit.CSR(t, key, "a.example.com")
	id, err := w.CA.Submit(t.Context(), w.Admin(), csr)
	testkit.Check(t, err)
	upload := func(id int64, chain string) (int64, error) {
		return w.CA.Upload(t.Context(), w.Admin(), id, chain)
	}
	chain := outside.Chain(t, key.Public())
	certID, err := upload(id, chain)
	testkit.Check(t, err)

	t.Run("while it is current", func(t *testing.T) {
		again, err := upload(id, chain)
		testkit.Check(t, err)
		wantID(t, again, certID)
	})
	t.Run("after its removal", func(t *testing.T) {
		testkit.Check(t, w.CA.RemoveCertificate(t.Context(), w.Admin(), id))
		again, err := upload(id, chain)
		testkit.Check(t, err)
		wantID(t, again, certID)
	})
	t.Run("to another request with the key", func(t *testing.T) {
		other := requestFor(t, w, key, "b.example.com")
		_, err := upload(other, chain)
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantText(t, err, "already belongs to certificate request")
		wantStatus(t, w, other, notary.Outstanding)
	})
	t.Run("after the request's deletion", func(t *testing.T) {
		testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
		if id, err = w.CA.Submit(t.Context(), w.Caller(notary.CertificateRequestor), csr); err != nil {
			t.Fatal(err)
		}
		again, err := upload(id, chain)
		testkit.Check(t, err)
		wantID(t, again, certID)
		_, err = w.CA.Certificate(t.Context(), w.Caller(notary.CertificateRequestor), certID)
		testkit.Check(t, err) // it now belongs to the new requester
	})
	t.Run("a certificate issued here", func(t *testing.T) {
		testkit.Check(t, sign(t, w, id, held))
		own := request(t, w, id).Certificate
		testkit.Check(t, w.CA.RemoveCertificate(t.Context(), w.Admin(), id))
		again, err := upload(id, own.ChainPEM())
		testkit.Check(t, err)
		wantID(t, again, own.ID)

		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded)) // still revocable here
		testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
		_, err = upload(id, own.ChainPEM())
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantText(t, err, "this certificate is revoked")
		wantStatus(t, w, id, notary.Outstanding)
	})
}

func wantID(t *testing.T, got, want int64) {
	t.Helper()
	if got != want {
		t.Errorf("got the certificate %d, want %d", got, want)
	}
}

func TestUploadAuthority(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			now := w.Clock.Now()
			root := testkit.OutsideRoot(t, alg, now)
			id := newAuthority(t, w, ca.AuthorityOptions{KeyAlgorithm: alg, PathLen: -1})
			csr, err := pki.ParseCSR(authority(t, w, id).CSR)
			testkit.Check(t, err)
			asCA := func(usage x509.KeyUsage) func(c *x509.Certificate) {
				return func(c *x509.Certificate) {
					c.IsCA, c.KeyUsage, c.Subject = true, usage, pkix.Name{CommonName: "Authority"}
				}
			}
			full := asCA(x509.KeyUsageCertSign | x509.KeyUsageCRLSign)
			for name, tt := range map[string]struct{ chain, want string }{
				"a leaf": {root.Chain(t, csr.PublicKey), "is not a CA certificate"},
				"one that must not sign": {root.Chain(t, csr.PublicKey, asCA(x509.KeyUsageCRLSign)),
					"lacks the key usages"},
				"one that must not sign CRLs": {root.Chain(t, csr.PublicKey, asCA(x509.KeyUsageCertSign)),
					"lacks the key usages"},
				"another key": {root.Chain(t, testkit.Key(t, alg).Public(), full),
					"not for the request's key"},
			} {
				_, err := w.CA.UploadAuthority(t.Context(), w.Admin(), id, tt.chain)
				if notary.KindOf(err) != notary.Invalid {
					t.Errorf("%s: got error %v, want an invalid input", name, err)
					continue
				}
				testkit.WantText(t, err, tt.want)
				testkit.WantField(t, err, "certificate_chain")
			}
			wantAuthority(t, w, id, notary.AuthorityPending)

			chain := root.Chain(t, csr.PublicKey, full)
			_, err = w.CA.UploadAuthority(t.Context(), w.Admin(), id, chain)
			testkit.Check(t, err)
			wantAuthority(t, w, id, notary.AuthorityActive)
			_, err = w.CA.UploadAuthority(t.Context(), w.Admin(), id, chain)
			testkit.WantKind(t, err, notary.Conflict)
			leaf := request(t, w, w.Signed(t, w.Admin(), id)).Certificate
			if got, want := leaf.ChainPEM(), leaf.PEM()+chain; got != want {
				t.Errorf("the chain of its certificates is\n%s, want\n%s", got, want)
			}
			if a := authority(t, w, id); a.IssuerID() != 0 || a.SelfSigned() {
				t.Errorf("its issuer is %d, want an external CA", a.IssuerID())
			}
			if kind := notary.KindOf(w.RevokeAuthority(t.Context(), w.Admin(), id,
				notary.Unspecified)); kind != notary.Unprocessable {
				t.Errorf("revoking it here returned %q", kind)
			}
			fetchCRL(t, w, id)
		})
	}
}

// A CA certificate without key usage, as from openssl req, may be used for everything (RFC 5280, section 6.1.4 (n)
// and 6.3.3 (f)).
func TestUploadAuthorityWithoutKeyUsage(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	w := testkit.New(t)
	id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	csr, err := pki.ParseCSR(authority(t, w, id).CSR)
	testkit.Check(t, err)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	chain := root.Chain(t, csr.PublicKey, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.RawSubject = true, 0, csr.RawSubject
	})
	testkit.Check(t, second(w.CA.UploadAuthority(t.Context(), w.Admin(), id, chain)))
	good, revoked := w.Signed(t, w.Admin(), id), w.Signed(t, w.Admin(), id)
	leaves := map[*notary.Certificate]bool{request(t, w, good).Certificate: true,
		request(t, w, revoked).Certificate: false}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), revoked, notary.Superseded))
	crl, err := w.Revocation.CRL(t.Context(), id)
	testkit.Check(t, err)
	for leaf, want := range leaves {
		if says, ok := opensslAccepts(t, w.Clock.Now(), leaf, crl); ok != want {
			t.Errorf("accepted %v, want %v: %s", ok, want, says)
		}
	}
}

// A renewal must keep the subject, which issued certificates, CRLs and OCSP responses name.
func TestRenewalsKeepTheSubject(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	csr, err := pki.ParseCSR(authority(t, w, id).CSR)
	testkit.Check(t, err)
	upload := func(name string) error {
		return second(w.CA.UploadAuthority(t.Context(), w.Admin(), id,
			outside.Chain(t, csr.PublicKey, func(c *x509.Certificate) {
				c.IsCA, c.KeyUsage, c.Subject = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign,
					pkix.Name{CommonName: name}
			})))
	}
	testkit.Check(t, upload("Renamed by the external CA"))
	testkit.Check(t, upload("Renamed by the external CA"))
	err = upload("Another name")
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "Renamed by the external CA")
	before := authority(t, w, id).Certificate.ID

	root := w.Root(t, notary.ECDSAP256) // its profile also uses the request's subject, which differs
	err = w.CA.SignAuthority(t.Context(), w.Admin(), id, root)
	testkit.WantKind(t, err, notary.Unprocessable)
	if got := authority(t, w, id).Certificate.ID; got != before {
		t.Errorf("the authority has the certificate %d, want still %d", got, before)
	}
}

// A renewal keeps the key identifier, which issued certificates name. Otherwise OpenSSL would not accept the CRLs.
func TestRenewalsKeepTheKeyIdentifier(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	w := testkit.New(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	csr, err := pki.ParseCSR(authority(t, w, id).CSR)
	testkit.Check(t, err)
	identifier := []byte("twenty octets of its")
	testkit.Check(t, second(w.CA.UploadAuthority(t.Context(), w.Admin(), id,
		outside.Chain(t, csr.PublicKey, func(c *x509.Certificate) {
			c.IsCA, c.KeyUsage, c.RawSubject, c.SubjectKeyId = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign,
				csr.RawSubject, identifier
		}))))
	before := request(t, w, w.Signed(t, w.Admin(), id)).Certificate
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), id, w.Root(t, notary.ECDSAP256)))
	if got := parsed(t, authority(t, w, id).Certificate).SubjectKeyId; !bytes.Equal(got, identifier) {
		t.Errorf("the key's identifier is %x, want %x", got, identifier)
	}
	revoked(t, w, id) // requires a new CRL
	crl, err := w.Revocation.CRL(t.Context(), id)
	testkit.Check(t, err)
	if says, ok := opensslAccepts(t, w.Clock.Now(), before, crl); !ok {
		t.Error(says)
	}
}

// An authority for which its issuer's path length leaves no room (RFC 5280, section 4.2.1.9) issues nothing.
func TestUploadAuthorityBelowPathLength(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	narrow := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()).Intermediate(t, notary.ECDSAP256,
		func(c *x509.Certificate) { c.MaxPathLenZero, c.MaxPathLen = true, 0 })
	id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	chain := narrow.Chain(t, csrKey(t, authority(t, w, id).CSR), func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	})
	_, err := w.CA.UploadAuthority(t.Context(), w.Admin(), id, chain)
	if err == nil {
		err = sign(t, w, w.Request(t, w.Admin()), id)
		testkit.WantKind(t, err, notary.Unprocessable)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

func wantAuthority(t testing.TB, w *testkit.World, id int64, want notary.AuthorityStatus) {
	t.Helper()
	if got := authority(t, w, id).Status(w.Clock.Now()); got != want {
		t.Errorf("the authority %d is %s, want %s", id, got, want)
	}
}

func TestUploadOfAnOverlongCommonName(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	issuer := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	for range 2 {
		key := testkit.Key(t, notary.ECDSAP256)
		id := requestFor(t, w, key, "a.example.com")
		_, err := w.CA.Upload(t.Context(), w.Admin(), id, issuer.Chain(t, key.Public(), func(c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: overlong()}
		}))
		testkit.Check(t, err)
	}
	q := notary.Query{Sort: notary.ByCommonName, Limit: 1}
	for n := 1; ; n++ {
		page, err := w.CA.Certificates(t.Context(), w.Admin(), q)
		testkit.Check(t, err)
		if q.After = page.Next; q.After == "" {
			if n != 2 {
				t.Errorf("the list has %d pages, want 2", n)
			}
			return
		}
	}
}

func overlong() string {
	var b strings.Builder
	for range 4000 {
		b.WriteRune('\u4e00' + rand.Int32N(20_000))
	}
	return b.String()
}
