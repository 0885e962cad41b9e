package inspect_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/internal/inspect"
	"notary/internal/testkit"
)

func TestValidChain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	objects := readCertificates(t, w.chain()...)
	wantWrong(t, objects)
	want := []inspect.Kind{inspect.KindCertificate, inspect.KindCertificate, inspect.KindCertificate, inspect.KindChain}
	if diff := cmp.Diff(want, kinds(objects)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestCertificateFields(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spiffe, err := url.Parse("spiffe://example.org/web")
	testkit.Check(t, err)
	_, inner, err := net.ParseCIDR("10.0.0.0/8")
	testkit.Check(t, err)
	ca := w.root.Intermediate(t, notary.RSA2048, func(c *x509.Certificate) {
		c.SerialNumber = big.NewInt(0x0a0b)
		c.Subject = pkix.Name{CommonName: "Inner", Country: []string{"DE"}, Organization: []string{"Example, Inc."}}
		c.DNSNames, c.EmailAddresses = []string{"ca.example.com"}, []string{"ca@example.com"}
		c.IPAddresses, c.URIs = []net.IP{net.IPv4(10, 0, 0, 7)}, []*url.URL{spiffe}
		c.MaxPathLen, c.MaxPathLenZero = 0, true
		c.PermittedDNSDomains, c.ExcludedIPRanges = []string{"example.com"}, []*net.IPNet{inner}
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		c.CRLDistributionPoints = []string{"http://x/1.crl"}
		c.OCSPServer, c.IssuingCertificateURL = []string{"http://x/ocsp/1"}, []string{"http://x/1.cer"}
	}).Certificate
	got := readCertificates(t, ca)[0]
	zero := 0
	want := &inspect.Certificate{
		Subject: `CN=Inner, O=Example\, Inc., C=DE`, Issuer: "CN=" + w.root.Certificate.Subject.CommonName,
		SerialNumber: "0a0b",
		NotBefore:    ca.NotBefore, NotAfter: ca.NotAfter, Key: "RSA 2048", SignatureAlgorithm: "ECDSA-SHA256",
		DNSNames: []string{"ca.example.com"}, IPAddresses: []string{"10.0.0.7"}, EmailAddresses: []string{"ca@example.com"},
		URIs: []string{"spiffe://example.org/web"}, IsCA: true, PathLength: &zero,
		KeyUsage: []string{"keyCertSign", "cRLSign"}, ExtKeyUsage: []string{"clientAuth"},
		Permitted: []string{"DNS:example.com"}, Excluded: []string{"IP:10.0.0.0/8"},
		CRLURLs: []string{"http://x/1.crl"}, OCSPURLs: []string{"http://x/ocsp/1"}, IssuerURLs: []string{"http://x/1.cer"},
	}
	if diff := cmp.Diff(want, got.Certificate, cmpopts.IgnoreFields(inspect.Certificate{}, "SHA256", "SHA1",
		"SubjectKeyID", "AuthorityKeyID")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got.Name != "Inner" || len(got.Certificate.SHA256) != 64 || len(got.Certificate.SHA1) != 40 {
		t.Errorf("got %+v", got)
	}
}

func TestCertificateProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := func(*x509.Certificate) {}
	mustStaple := pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}, Value: []byte{0x30, 3, 2, 1, 5}}
	for name, c := range map[string]struct {
		key  crypto.PublicKey
		edit func(*x509.Certificate)
		want []string
	}{
		"none":             {nil, none, nil},
		"one that staples": {nil, func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{mustStaple} }, nil},
		"expired":          {nil, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) }, []string{"expired"}},
		"in its last second": {nil, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.Add(-time.Hour), now
		}, []string{"expires_soon"}},
		"not yet valid": {nil, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) }, []string{"not_yet_valid"}},
		"valid for nothing": {nil, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.Add(time.Hour), now.Add(time.Minute)
		}, []string{"validity"}},
		"20 days of 180 left": {nil, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.AddDate(0, 0, -160), now.AddDate(0, 0, 20)
		}, []string{"expires_soon"}},
		"20 days of 30 left": {nil, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.AddDate(0, 0, -10), now.AddDate(0, 0, 20)
		}, nil},
		"a weak key":  {rsa1024().Public(), none, []string{"weak_key"}},
		"no names":    {nil, func(c *x509.Certificate) { c.DNSNames = nil }, []string{"no_san"}},
		"a long life": {nil, func(c *x509.Certificate) { c.NotAfter = now.AddDate(3, 0, 0) }, []string{"long_validity"}},
		"CA's rights": {nil, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign },
			[]string{"key_usage", "lint"}},
		"no signing": {nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment },
			[]string{"key_usage", "lint"}},
		"EC enciphers": {nil, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment },
			[]string{"key_usage", "lint"}},
		"only enciphers": {testkit.Key(t, notary.RSA2048).Public(),
			func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, []string{"key_usage"}},
		"Ed25519 enciphers": {testkit.Key(t, notary.Ed25519).Public(),
			func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment },
			[]string{"key_usage"}},
		"an unknown critical extension": {nil, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3, 4}, Critical: true, Value: []byte{5, 0}}}
		}, []string{"unknown_critical_extension"}},
		"a bad name": {nil, func(c *x509.Certificate) { c.DNSNames = []string{"a b.example.com"} }, []string{"bad_name"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := c.key
			if key == nil {
				key = w.key.Public()
			}
			wantWrong(t, readCertificates(t, w.issuer.Issue(t, key, edited(c.edit))), c.want...)
		})
	}
}

func TestAuthorityProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		edit  func(*x509.Certificate)
		want  []string
		noted string
	}{
		"none": {func(*x509.Certificate) {}, nil, ""},
		"expires in five months": {func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = now.AddDate(-5, 0, 0), now.AddDate(0, 5, 0)
		}, []string{"expires_soon"}, ""},
		"cannot sign certificates": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }, []string{"key_usage"},
			""},
		"cannot sign lists": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, nil, "key_usage"},
		"has a purpose": {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
			nil, "ca_with_eku"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := readCertificates(t, w.root.Intermediate(t, notary.ECDSAP256, c.edit).Certificate)
			wantWrong(t, objects, c.want...)
			if c.noted != "" && !strings.Contains(problemTexts(objects), "notice: "+c.noted) {
				t.Errorf("%s is not noted:\n%s", c.noted, problemTexts(objects))
			}
		})
	}
}

func TestSelfSignedServerIsReported(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	openssl(t, folder, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -subj /CN=a.example.com "+
		"-addext subjectAltName=DNS:a.example.com -addext basicConstraints=critical,CA:FALSE -addext extendedKeyUsage=serverAuth -days 365 -out c")
	objects, err := inspect.Read(file(t, folder, "c"), time.Now())
	testkit.Check(t, err)
	wantWrong(t, objects, "self_signed")
}

// Terminal control characters, line breaks and hidden characters are escaped, and long text is truncated.
func TestHostileNamesAreEscapedAndCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	evil := "a\x1b[31m\r\n\u202eb\x00\u0085"
	c := w.issuer.Issue(t, w.key.Public(), edited(func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: evil, Organization: []string{strings.Repeat("long ", 5000)}}
		for range 500 {
			c.DNSNames = append(c.DNSNames, "x.example.com")
		}
		c.CRLDistributionPoints = []string{"http://x/" + "\x1b]0;title\a"}
	}))
	o := readCertificates(t, c)[0]
	if want := `a\x1b[31m\r\n\u202eb\x00\u0085`; o.Name != want {
		t.Errorf("name %q, want %q", o.Name, want)
	}
	for _, text := range append([]string{o.Name, o.Certificate.Subject, problemTexts([]inspect.Object{o})},
		o.Certificate.CRLURLs...) {
		if strings.ContainsAny(strings.ReplaceAll(text, "\n", ""), "\x00\x07\x1b\r\u0085\u202e") {
			t.Errorf("not escaped: %q", text)
		}
	}
	if len(o.Certificate.Subject) > 500 || len(o.Certificate.DNSNames) != 101 ||
		o.Certificate.DNSNames[100] != "… and 402 others" {
		t.Errorf("subject of %d octets, %d names, the last %q", len(o.Certificate.Subject), len(o.Certificate.DNSNames),
			o.Certificate.DNSNames[len(o.Certificate.DNSNames)-1])
	}
}
