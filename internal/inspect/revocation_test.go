package inspect_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/inspect"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestCRLFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// An issuing distribution point with a URL, for end-entity certificates only (RFC 5280, 5.2.5).
	point := append([]byte{0x30, 0x14, 0xa0, 0x0f, 0xa0, 0x0d, 0x86, 0x0b},
		append([]byte("http://x/1/"), 0x81, 0x01, 0xff)...)
	der := crl(t, w.issuer, func(l *x509.RevocationList) {
		l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 28}, Critical: true, Value: point}}
	}, w.leaf)
	next := now.Add(time.Hour)
	want := &inspect.CRL{Issuer: "CN=" + w.issuer.Certificate.Subject.CommonName, Number: "7",
		ThisUpdate: now.Add(-time.Hour), NextUpdate: &next,
		SignatureAlgorithm: "ECDSA-SHA256", Entries: 1, Reasons: map[string]int{"superseded": 1},
		Revoked: []inspect.Revoked{{SerialNumber: pki.SerialString(w.leaf.SerialNumber), At: now.Add(-2 * time.Hour),
			Reason: "superseded"}},
		Distribution: []string{"http://x/1/"}, OnlyFor: "end-entity certificates"}
	for _, form := range [][]byte{der, toPEM("X509 CRL", der)} {
		objects := read(t, form)
		wantWrong(t, objects)
		if diff := cmp.Diff(want, objects[0].CRL, cmpopts.IgnoreFields(inspect.CRL{}, "AuthorityKeyID")); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestCRLProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		edit func(*x509.RevocationList)
		want []string
	}{
		"none":  {nil, nil},
		"stale": {func(l *x509.RevocationList) { l.NextUpdate = now.Add(-time.Second) }, []string{"stale"}},
		"of the future": {func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = now.Add(time.Hour), now.Add(2*time.Hour)
		}, []string{"not_yet_valid"}},
		"an unknown critical extension": {func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, []string{"unknown_critical_extension"}},
		"an unknown reason": {func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(9),
				RevocationTime: now.Add(-2 * time.Hour), ReasonCode: 7}}
		}, []string{"unknown_reason"}},
		"an entry twice": {func(l *x509.RevocationList) {
			one := x509.RevocationListEntry{SerialNumber: big.NewInt(9), RevocationTime: now.Add(-2 * time.Hour)}
			l.RevokedCertificateEntries = []x509.RevocationListEntry{one, one}
		}, []string{"duplicate_entries"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWrong(t, read(t, crl(t, w.issuer, c.edit)), c.want...)
		})
	}
}

// With certificates, the signature is verified and revoked ones are reported.
func TestCRLWithCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	chain := []byte(testkit.PEM(w.chain()...))
	objects := read(t, append(toPEM("X509 CRL", crl(t, w.issuer, nil)), chain...))
	wantWrong(t, objects)
	if objects[0].CRL.VerifiedBy != w.issuer.Certificate.Subject.CommonName {
		t.Errorf("verified by %q", objects[0].CRL.VerifiedBy)
	}
	wantWrong(t, read(t, append(toPEM("X509 CRL", crl(t, w.issuer, nil, w.leaf)), chain...)), "revoked")

	forged := crl(t, w.issuer, nil)
	forged[len(forged)-1] ^= 1
	wantWrong(t, read(t, append(toPEM("X509 CRL", forged), chain...)), "signature")
}

// Issuers of CRLs and responders are found by matching names in different encodings (RFC 5280, section 7.1).
func TestIssuersAreFoundByMatchingNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	renamed := *w.issuer
	certificate := *w.issuer.Certificate
	subject := certificate.Subject
	subject.CommonName = "  " + strings.ToUpper(subject.CommonName)
	var err error
	certificate.RawSubject, err = asn1.Marshal(subject.ToRDNSequence())
	testkit.Check(t, err)
	renamed.Certificate = &certificate

	chain := []byte(testkit.PEM(w.chain()...))
	objects := read(t, append(toPEM("X509 CRL", crl(t, &renamed, nil, w.leaf)), chain...))
	wantWrong(t, objects, "revoked")
	if objects[0].CRL.VerifiedBy != w.issuer.Certificate.Subject.CommonName {
		t.Errorf("verified by %q", objects[0].CRL.VerifiedBy)
	}
	delegate := renamed.Issue(t, w.key.Public(), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
	})
	response := w.ocsp(t, w.leaf, ocsp.Good, func(r *ocsp.Response) { r.Certificate = delegate })
	wantWrong(t, read(t, append(toPEM("OCSP RESPONSE", response), testkit.PEM(w.leaf)...)))
}

func TestUnreadableFilesAreExplained(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := crl(t, w.issuer, nil)
	at := bytes.Index(list, []byte("\x17\x0d")) // thisUpdate, a UTCTime
	list[at] = byte(asn1.TagNull)
	truncated := bytes.Clone(w.leaf.Raw)
	at = bytes.Index(truncated, w.leaf.RawSubject)
	truncated[at] = byte(asn1.TagNull)
	for name, objects := range map[string][]inspect.Object{
		"CRL":         read(t, toPEM("X509 CRL", list)),
		"certificate": read(t, toPEM("CERTIFICATE", truncated)),
		"public key":  read(t, toPEM("PUBLIC KEY", []byte{0x30, 3, 2, 1, 1})),
	} {
		wantWrong(t, objects, "unreadable")
		text := problemTexts(objects)
		for _, term := range []string{"asn1", "x509", "RDNSequence", "tags don't match", "tbs", "unsupported time format"} {
			if strings.Contains(text, term) {
				t.Errorf("%s: %s", name, text)
			}
		}
		if !strings.Contains(text, "export") {
			t.Errorf("%s: %s does not say what to do", name, text)
		}
	}
}

func (w world) ocsp(t *testing.T, c *x509.Certificate, status int, edits ...func(*ocsp.Response)) []byte {
	t.Helper()
	template := ocsp.Response{Status: status, SerialNumber: c.SerialNumber, ThisUpdate: now.Add(-time.Hour),
		NextUpdate: now.Add(time.Hour),
		RevokedAt:  now.Add(-2 * time.Hour), RevocationReason: ocsp.Superseded}
	for _, edit := range edits {
		edit(&template)
	}
	signer, key := w.issuer.Certificate, w.issuer.Key
	if template.Certificate != nil {
		signer, key = template.Certificate, w.key
	}
	der, err := ocsp.CreateResponse(w.issuer.Certificate, signer, template, key)
	testkit.Check(t, err)
	return der
}

func TestOCSPFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	next, revoked := now.Add(time.Hour), now.Add(-2*time.Hour)
	want := inspect.OCSPStatus{SerialNumber: pki.SerialString(w.leaf.SerialNumber), Status: "revoked",
		RevokedAt: &revoked, Reason: "superseded",
		ThisUpdate: now.Add(-time.Hour), NextUpdate: &next}
	der := w.ocsp(t, w.leaf, ocsp.Revoked)
	for _, form := range [][]byte{der, toPEM("OCSP RESPONSE", der)} {
		o := read(t, form)[0]
		if diff := cmp.Diff([]inspect.OCSPStatus{want}, o.OCSP.Answers); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if o.OCSP.Status != "successful" || o.OCSP.SignatureAlgorithm != "ECDSA-SHA256" || o.OCSP.Responder == "" ||
			o.OCSP.ProducedAt == nil {
			t.Errorf("got %+v", o.OCSP)
		}
	}
}

func TestOCSPProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	delegate := func(edits ...func(*x509.Certificate)) func(*ocsp.Response) {
		return func(r *ocsp.Response) {
			r.Certificate = w.issuer.Issue(t, w.key.Public(), append([]func(*x509.Certificate){func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			}}, edits...)...)
		}
	}
	stranger := newWorld(t)
	for name, c := range map[string]struct {
		status int
		edit   func(*ocsp.Response)
		want   []string
	}{
		"good":    {ocsp.Good, func(*ocsp.Response) {}, nil},
		"revoked": {ocsp.Revoked, func(*ocsp.Response) {}, []string{"revoked"}},
		"unknown": {ocsp.Unknown, func(*ocsp.Response) {}, []string{"ocsp_unknown"}},
		"stale":   {ocsp.Good, func(r *ocsp.Response) { r.NextUpdate = now.Add(-time.Minute) }, []string{"stale"}},
		"of the future": {ocsp.Good, func(r *ocsp.Response) {
			r.ThisUpdate, r.NextUpdate = now.Add(time.Minute),
				now.Add(time.Hour)
		}, []string{"not_yet_valid"}},
		"delegated": {ocsp.Good, delegate(), nil},
		"of no responder": {ocsp.Good, delegate(func(c *x509.Certificate) { c.ExtKeyUsage = nil }),
			[]string{"responder_certificate"}},
		"of one expired": {ocsp.Good, delegate(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }),
			[]string{"responder_certificate"}},
		"of another's": {ocsp.Good, func(r *ocsp.Response) {
			r.Certificate = stranger.issuer.Issue(t, w.key.Public(), func(c *x509.Certificate) {
				c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning}
			})
		}, []string{"responder_certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			der := w.ocsp(t, w.leaf, c.status, c.edit)
			objects := read(t, append([]byte(testkit.PEM(w.chain()...)), toPEM("OCSP RESPONSE", der)...))
			wantWrong(t, objects, c.want...)
		})
	}
	t.Run("an error of the responder", func(t *testing.T) {
		t.Parallel()
		objects := read(t, []byte{0x30, 3, 0x0a, 1, 3})
		wantWrong(t, objects, "ocsp_status")
		if objects[0].OCSP.Status != "tryLater" {
			t.Errorf("got %+v", objects[0].OCSP)
		}
	})
	t.Run("a forged one", func(t *testing.T) {
		t.Parallel()
		der := w.ocsp(t, w.leaf, ocsp.Good)
		der[len(der)-1] ^= 1
		objects := read(t, append([]byte(testkit.PEM(w.chain()...)), toPEM("OCSP RESPONSE", der)...))
		wantWrong(t, objects, "signature")
	})
}

func TestRequestProblems(t *testing.T) {
	t.Parallel()
	good := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com", "10.0.0.7")
	objects := read(t, []byte(good))
	wantWrong(t, objects)
	if r := objects[0].Request; objects[0].Name != "a.example.com" || r.Key != "ECDSA P-256" ||
		!slices.Equal(r.IPAddresses, []string{"10.0.0.7"}) {
		t.Errorf("got %+v", objects[0])
	}
	der := func(template x509.CertificateRequest) []byte {
		der, err := x509.CreateCertificateRequest(rand.Reader, &template, testkit.Key(t, notary.ECDSAP256))
		testkit.Check(t, err)
		return der
	}
	broken := der(x509.CertificateRequest{DNSNames: []string{"a.example.com"}})
	broken[len(broken)-1] ^= 1
	weak, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"a.example.com"}},
		rsa1024())
	testkit.Check(t, err)
	for name, c := range map[string]struct {
		der  []byte
		want string
	}{
		"changed afterwards": {broken, "signature"},
		"a weak key":         {weak, "weak_key"},
		"without names":      {der(x509.CertificateRequest{}), "not_acceptable"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWrong(t, read(t, c.der), c.want)
		})
	}
}
