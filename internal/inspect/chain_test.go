package inspect_test

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/smallstep/pkcs7"
	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/inspect"
	"notary/internal/testkit"
)

func chainOf(t *testing.T, objects []inspect.Object) *inspect.Chain {
	t.Helper()
	for _, o := range objects {
		if o.Kind == inspect.KindChain {
			return o.Chain
		}
	}
	t.Fatal("there is no chain")
	return nil
}

func TestChains(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	leaf, issuer, root := w.leaf, w.issuer.Certificate, w.root.Certificate
	other := newWorld(t)
	forged := testkit.Key(t, notary.ECDSAP256)
	limited := w.root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) {
		c.MaxPathLen, c.MaxPathLenZero = 0,
			true
	})
	deeper := limited.Intermediate(t, notary.ECDSAP256)
	constrained := w.root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.org"}, true
	})
	clients := w.root.Intermediate(t, notary.ECDSAP256,
		func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} })
	noCA := w.issuer.Issue(t, w.key.Public(), asServer)
	for name, c := range map[string]struct {
		certs    []*x509.Certificate
		want     []string
		path     int
		complete bool
	}{
		"whole":              {[]*x509.Certificate{leaf, issuer, root}, nil, 3, true},
		"without the root":   {[]*x509.Certificate{leaf, issuer}, nil, 2, false},
		"root first":         {[]*x509.Certificate{root, issuer, leaf}, []string{"order"}, 3, true},
		"two changed places": {[]*x509.Certificate{leaf, root, issuer}, []string{"order"}, 3, true},
		"a stranger in it": {[]*x509.Certificate{leaf, issuer, other.root.Certificate, root}, []string{"superfluous"},
			3, true},
		"one twice": {[]*x509.Certificate{leaf, issuer, issuer, root}, []string{"duplicate"}, 3, true},
		"a gap":     {[]*x509.Certificate{leaf, root}, []string{"superfluous"}, 1, false},
		"a forged issuer": {[]*x509.Certificate{leaf, again(t, w.root, forged, issuer)},
			[]string{"link", "superfluous"}, 1, false},
		"too deep": {[]*x509.Certificate{deeper.Issue(t, w.key.Public(), asServer), deeper.Certificate,
			limited.Certificate, root}, []string{"path"}, 4, true},
		"beyond constraints": {[]*x509.Certificate{constrained.Issue(t, w.key.Public(), asServer),
			constrained.Certificate, root}, []string{"path"}, 3, true},
		"for other purposes": {[]*x509.Certificate{clients.Issue(t, w.key.Public(), asServer), clients.Certificate,
			root}, []string{"purpose"}, 3, true},
		"an issuer that is no CA": {[]*x509.Certificate{issuedBy(t, noCA, w), noCA, issuer, root}, []string{"path"}, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := readCertificates(t, c.certs...)
			wantWrong(t, objects, c.want...)
			chain := chainOf(t, objects)
			if len(chain.Path) != c.path || chain.EndsInRoot != c.complete || (chain.Missing == "") != c.complete ||
				chain.Certificates != len(c.certs) {
				t.Errorf("got %+v", chain)
			}
		})
	}
}

// again returns an authority's certificate for another key, with the same name and key identifier.
func again(t *testing.T, root *testkit.Outside, key crypto.Signer, issuer *x509.Certificate) *x509.Certificate {
	t.Helper()
	return root.Issue(t, key.Public(), func(c *x509.Certificate) {
		c.Subject, c.SubjectKeyId, c.IsCA = issuer.Subject, issuer.SubjectKeyId, true
		c.KeyUsage = issuer.KeyUsage
	})
}

func issuedBy(t *testing.T, issuer *x509.Certificate, w world) *x509.Certificate {
	t.Helper()
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	outside.Certificate, outside.Key = issuer, w.key
	return outside.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), edited(func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "b.example.com"}
	}))
}

// Among several certificates with the issuer's name, the one by which the path verifies is used. The others still
// belong to it.
func TestEachIssuerOfANameIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	issuer := w.issuer.Certificate
	alike := func(edit func(*x509.Certificate)) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.Subject, c.SubjectKeyId, c.IsCA, c.KeyUsage = issuer.Subject, issuer.SubjectKeyId, true, issuer.KeyUsage
			edit(c)
		}
	}
	crossed := other.Issue(t, w.issuer.Key.Public(), alike(func(*x509.Certificate) {}))
	expired := w.root.Issue(t, w.issuer.Key.Public(),
		alike(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }))
	constrained := w.root.Issue(t, w.issuer.Key.Public(), alike(func(c *x509.Certificate) {
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.org"}, true
	}))
	root := w.root.Certificate
	for name, c := range map[string]struct {
		certs []*x509.Certificate
		want  []string
		ends  bool
	}{
		"one whose root is missing":   {[]*x509.Certificate{w.leaf, crossed, issuer, root}, nil, true},
		"one that has expired":        {[]*x509.Certificate{w.leaf, expired, issuer, root}, []string{"expired"}, true},
		"one that constrains names":   {[]*x509.Certificate{w.leaf, constrained, issuer, root}, nil, true},
		"two with their roots":        {[]*x509.Certificate{w.leaf, crossed, issuer, other.Certificate, root}, nil, true},
		"only one that constrains":    {[]*x509.Certificate{w.leaf, constrained, root}, []string{"path"}, true},
		"only one that is not rooted": {[]*x509.Certificate{w.leaf, crossed, root}, []string{"superfluous"}, false},
		"one that is there two times": {[]*x509.Certificate{w.leaf, crossed, crossed, issuer, root}, []string{"duplicate"},
			true},
		"one of another key and name": {[]*x509.Certificate{w.leaf, other.Certificate, issuer, root},
			[]string{"superfluous"}, true},
		"a namesake that did not sign": {[]*x509.Certificate{w.leaf,
			again(t, w.root, testkit.Key(t, notary.ECDSAP256), issuer), issuer, root}, []string{"superfluous"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := readCertificates(t, c.certs...)
			wantWrong(t, objects, c.want...)
			if got := chainOf(t, objects).EndsInRoot; got != c.ends {
				t.Errorf("it ends in a root: %v", got)
			}
		})
	}
}

// Both the certificate with a forbidden name and the authority that forbids it are reported.
func TestForbiddenNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	constrained := w.root.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "Constrained CA"}
		c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"example.org"}, true
	})
	below := constrained.Intermediate(t, notary.ECDSAP256,
		func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "Issuing CA"} })
	leaf := below.Issue(t, w.key.Public(), asServer)
	objects := readCertificates(t, leaf, below.Certificate, constrained.Certificate, w.root.Certificate)
	want := `a.example.com has the DNS name "a.example.com", which the name constraints of Constrained CA do not allow`
	if all := problemTexts(objects); !strings.Contains(all, want) {
		t.Errorf("%q is not told, but:\n%s", want, all)
	}
}

func TestChainsWhoseNamesMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := pkix.Name{CommonName: strings.ToUpper(w.issuer.Certificate.Subject.CommonName)}
	upper, err := asn1.Marshal(name.ToRDNSequence())
	testkit.Check(t, err)
	leaf := testkit.Reissue(t, w.leaf, w.issuer.Key, testkit.Form{Issuer: upper})
	objects := readCertificates(t, leaf, w.issuer.Certificate, w.root.Certificate)
	wantWrong(t, objects)
	if c := chainOf(t, objects); len(c.Path) != 3 || !c.EndsInRoot {
		t.Errorf("got %+v", c)
	}
}

// A block labelled CERTIFICATE may hold several certificates, or a PKCS #7 file.
func TestSeveralCertificatesInOneBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	raw := slices.Concat(w.leaf.Raw, w.issuer.Certificate.Raw, w.root.Certificate.Raw)
	bag, err := pkcs7.DegenerateCertificate(raw)
	testkit.Check(t, err)
	for _, der := range [][]byte{raw, bag} {
		objects := read(t, toPEM("CERTIFICATE", der))
		wantWrong(t, objects)
		if c := chainOf(t, objects); c.Certificates != 3 || !c.EndsInRoot {
			t.Errorf("got %+v", c)
		}
	}
}

func TestWrongGeneralNamesAreReported(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	odd := testkit.Reissue(t, w.leaf, w.issuer.Key, testkit.Form{Without: []asn1.ObjectIdentifier{testkit.SubjectAltName},
		With: []pkix.Extension{{Id: testkit.SubjectAltName, Value: []byte("\x30\x12\x80\x01\x61\x82\x0da.example.com")}}})
	if codes := wrong(readCertificates(t, odd)...); !slices.Contains(codes, "general_name") {
		t.Errorf("wrong is %v", codes)
	}
}

// A collection of roots, as operating systems ship it, is not a chain.
func TestCollectionsAreNoChains(t *testing.T) {
	t.Parallel()
	objects := readCertificates(t, newWorld(t).root.Certificate, newWorld(t).root.Certificate)
	wantWrong(t, objects)
	if want := []inspect.Kind{inspect.KindCertificate, inspect.KindCertificate}; !slices.Equal(kinds(objects), want) {
		t.Errorf("got %v", kinds(objects))
	}
}

func pool(certs ...*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, c := range map[string]struct {
		certs []*x509.Certificate
		roots *x509.CertPool
		host  string
		want  []string
	}{
		"nothing asked":       {w.chain(), nil, "", nil},
		"the right name":      {w.chain(), nil, "b.example.com", nil},
		"another name":        {w.chain(), nil, "c.example.com", []string{"name_mismatch"}},
		"an address":          {w.chain(), nil, "192.0.2.1", []string{"name_mismatch"}},
		"trusted":             {w.chain(), pool(w.root.Certificate), "a.example.com", nil},
		"trusted, sent alone": {w.chain()[:1], pool(w.root.Certificate, w.issuer.Certificate), "a.example.com", nil},
		"incomplete":          {w.chain()[:1], pool(w.root.Certificate), "a.example.com", []string{"incomplete"}},
		"of another root":     {w.chain(), pool(newWorld(t).root.Certificate), "", []string{"untrusted"}},
		"of no known root":    {w.chain()[:2], pool(), "", []string{"incomplete"}},
		"not first, but alone": {[]*x509.Certificate{w.root.Certificate, w.issuer.Certificate, w.leaf},
			pool(w.root.Certificate), "c.example.com", []string{"name_mismatch", "order"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			objects := readCertificates(t, c.certs...)
			inspect.Verify(objects, inspect.Verification{Roots: c.roots, Host: c.host, Now: now})
			wantWrong(t, objects, c.want...)
		})
	}
	inspect.Verify(read(t, crl(t, w.issuer, nil)), inspect.Verification{Roots: pool(), Host: "x",
		Now: now}) // nothing to verify
}

func TestReadHandshake(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stapling := w.issuer.Issue(t, w.key.Public(), edited(func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24},
			Value: []byte{0x30, 3, 2, 1, 5}}}
	}))
	good := inspect.Handshake{Address: "a.example.com:443", Host: "a.example.com", Version: tls.VersionTLS13,
		CipherSuite: tls.TLS_AES_128_GCM_SHA256, Certificates: w.chain()[:2], Roots: pool(w.root.Certificate)}
	for name, c := range map[string]struct {
		edit func(*inspect.Handshake)
		want []string
	}{
		"good":            {func(*inspect.Handshake) {}, nil},
		"stapled":         {func(h *inspect.Handshake) { h.OCSP = w.ocsp(t, w.leaf, ocsp.Good) }, nil},
		"revoked":         {func(h *inspect.Handshake) { h.OCSP = w.ocsp(t, w.leaf, ocsp.Revoked) }, []string{"revoked"}},
		"of another":      {func(h *inspect.Handshake) { h.OCSP = w.ocsp(t, stapling, ocsp.Good) }, []string{"ocsp_other"}},
		"garbage stapled": {func(h *inspect.Handshake) { h.OCSP = []byte("garbage") }, []string{"unreadable"}},
		"not stapled": {func(h *inspect.Handshake) {
			h.Certificates = []*x509.Certificate{stapling,
				w.issuer.Certificate}
		}, []string{"must_staple"}},
		"old TLS": {func(h *inspect.Handshake) {
			h.Version, h.CipherSuite = tls.VersionTLS11, tls.TLS_RSA_WITH_AES_128_CBC_SHA
		}, []string{"cipher_suite", "tls_version"}},
		"with the root": {func(h *inspect.Handshake) { h.Certificates = w.chain() }, []string{"superfluous_root"}},
		"leaf alone":    {func(h *inspect.Handshake) { h.Certificates = w.chain()[:1] }, []string{"incomplete"}},
		"another name":  {func(h *inspect.Handshake) { h.Host = "x.example.com" }, []string{"name_mismatch"}},
		"no trust":      {func(h *inspect.Handshake) { h.Roots = pool() }, []string{"incomplete"}},
		"broke off":     {func(h *inspect.Handshake) { h.Failure = "tls: certificate required" }, []string{"handshake"}},
		"nothing shown": {func(h *inspect.Handshake) { h.Certificates = nil }, []string{"no_certificate"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := good
			c.edit(&h)
			objects := inspect.ReadHandshake(h, now)
			wantWrong(t, objects, c.want...)
			if objects[0].Kind != inspect.KindConnection || objects[0].Connection.Stapled != (len(h.OCSP) > 0) {
				t.Errorf("got %+v", objects[0])
			}
		})
	}
	want := &inspect.Connection{Address: "a.example.com:443", Host: "a.example.com", Version: "TLS 1.3",
		CipherSuite: "TLS_AES_128_GCM_SHA256"}
	if diff := cmp.Diff(want, inspect.ReadHandshake(good, now)[0].Connection); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
