package pki_test

import (
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func writeFile(t testing.TB, folder, name, content string) {
	t.Helper()
	testkit.Check(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
}

// Any input yields a key that can sign, or an error that does not reveal the password.
func FuzzParsePrivateKey(f *testing.F) {
	testkit.Require(f, "openssl")
	folder := f.TempDir()
	for _, args := range []string{
		"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.pem",
		"pkcs8 -topk8 -iter 2 -passout pass:secret -in ec.pem -outform DER -out pkcs8.der",
		"pkcs8 -topk8 -scrypt -scrypt_N 2 -passout pass:secret -in ec.pem -outform DER -out scrypt.der",
		"ec -in ec.pem -aes128 -passout pass:secret -out legacy.pem",
		"ec -in ec.pem -outform DER -out sec1.der",
		"req -x509 -key ec.pem -subj /CN=a -out ec.crt",
		"pkcs12 -export -iter 2 -passout pass:secret -inkey ec.pem -in ec.crt -out ec.p12",
	} {
		openssl(f, folder, strings.Fields(args)...)
	}
	for _, name := range []string{"ec.pem", "pkcs8.der", "scrypt.der", "legacy.pem", "sec1.der", "ec.p12"} {
		f.Add(readFile(f, folder, name), "secret")
	}
	f.Fuzz(func(t *testing.T, data []byte, password string) {
		key, err := pki.ParsePrivateKey(data, password)
		if err != nil {
			testkit.WantKind(t, err, notary.Invalid)
			return
		}
		if key == nil || key.Public() == nil {
			t.Error("neither a key nor an error")
		}
	})
}

func TestOrderChain(t *testing.T) {
	t.Parallel()
	now := time.Now()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	upper := root.Intermediate(t, notary.ECDSAP256)
	lower := upper.Intermediate(t, notary.ECDSAP256)
	stranger := testkit.OutsideRoot(t, notary.ECDSAP256, now).Certificate
	names := func(list ...*x509.Certificate) (names []string) {
		for _, c := range list {
			names = append(names, c.Subject.CommonName)
		}
		return names
	}
	want := names(lower.Authorities()...)
	got := names(pki.OrderChain([]*x509.Certificate{root.Certificate, stranger, lower.Certificate, upper.Certificate},
		lower.Key.Public())...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("chain (-want +got):\n%s", diff)
	}
}

// Faulty chains of imported authorities, modelled on NIST's PKITS.
func TestCheckAuthorityRefuses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	other := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	below := func(edits ...func(*x509.Certificate)) *testkit.Outside {
		return root.Intermediate(t, notary.ECDSAP256, edits...)
	}
	good := below()
	forged := good.Certificate
	broken := append([]byte{}, forged.Raw...)
	broken[len(broken)-1] ^= 1
	badSignature, err := x509.ParseCertificate(broken)
	testkit.Check(t, err)
	narrow := below(func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	tooDeep := narrow.Intermediate(t, notary.ECDSAP256)
	constrained := below(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} })
	for name, c := range map[string]struct {
		o     *testkit.Outside
		chain []*x509.Certificate // nil for o's chain
		words string
	}{
		"another key":       {other, good.Authorities(), "another key"},
		"the reverse order": {good, []*x509.Certificate{root.Certificate, good.Certificate}, "reverse order"},
		"no issuer":         {good, []*x509.Certificate{good.Certificate}, "only one certificate"},
		"the wrong issuer":  {good, []*x509.Certificate{good.Certificate, other.Certificate}, "not the issuer"},
		"a bad signature":   {good, []*x509.Certificate{badSignature, root.Certificate}, "does not verify"},
		"no CA":             {below(func(c *x509.Certificate) { c.IsCA = false }), nil, "not a CA certificate"},
		"no basic constraints": {below(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = false, false }), nil,
			"not a CA certificate"},
		"no keyCertSign": {below(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }), nil,
			"keyCertSign"},
		"no cRLSign": {below(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }), nil, "cRLSign"},
		"expired":    {below(func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Minute) }), nil, "expired"},
		"not yet valid": {below(func(c *x509.Certificate) { c.NotBefore = now.Add(time.Minute) }), nil,
			"not valid before"},
		"a path that is too long": {tooDeep, nil, "allows 0 subordinate CAs"},
		"an unknown critical extension": {below(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension(true, []byte{5, 0}, 1, 2, 3))
		}), nil, "unhandled critical extension"},
		"a name that is not permitted": {constrained.Intermediate(t, notary.ECDSAP256, func(c *x509.Certificate) {
			c.DNSNames = []string{"ca.example.net"}
		}), nil, "ca.example.net"},
		"constraints on directory names": {below(func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, extension(false, []byte{0x30, 8, 0xa0, 6, 0x30, 4, 0xa4, 2, 0x30, 0},
				2, 5, 29, 30))
		}), nil, "directoryName"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			chain := c.chain
			if chain == nil {
				chain = c.o.Authorities()
			}
			err := pki.CheckAuthority(chain, c.o.Key.Public(), now)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "certificate_chain")
			testkit.WantText(t, err, c.words)
		})
	}
	testkit.Check(t, pki.CheckAuthority(good.Authorities(), good.Key.Public(), now))
	testkit.Check(t, pki.CheckAuthority(root.Authorities(), root.Key.Public(), now))
	// A missing key usage extension means no restriction; openssl omits it by default.
	noUsage := below(func(c *x509.Certificate) { c.KeyUsage = 0 })
	testkit.Check(t, pki.CheckAuthority(noUsage.Authorities(), noUsage.Key.Public(), now))
}

// MD5 signatures and short keys of old authorities are refused, but not a root's serial number and self-signature.
func TestCheckAuthorityRefusesOldForms(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	usage := []string{"-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", "/CN=Old"}
	for name, c := range map[string]struct{ args, words string }{
		"sha1":     {"rsa:2048 -sha1", ""},
		"md5":      {"rsa:2048 -md5", "self-signature"},
		"short":    {"rsa:1024", "1024 bits"},
		"negative": {"rsa:2048 -set_serial -5", ""},
		"zero":     {"rsa:2048 -set_serial 0", ""},
	} {
		args := append(strings.Fields("req -x509 -nodes -keyout "+name+".key -out "+name+".pem -newkey "+c.args), usage...)
		openssl(t, folder, args...)
		key, err := pki.ParsePrivateKey(readFile(t, folder, name+".key"), "")
		testkit.Check(t, err)
		chain, err := pki.ParseChain(string(readFile(t, folder, name+".pem")))
		if err == nil {
			err = pki.CheckAuthority(chain, key.Public(), time.Now().Add(time.Minute))
		}
		if c.words == "" {
			testkit.Check(t, err)
			continue
		}
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantText(t, err, c.words)
	}
}

// The serial number of an authority that may need to be revoked must fit a CRL; those of its issuers may be any.
func TestCheckAuthoritySerial(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for name, c := range map[string]struct {
		own, above string // in hexadecimal
		words      string
	}{
		"160 bits":               {strings.Repeat("ff", 20), "01", ""},
		"162 bits":               {"03" + strings.Repeat("ff", 20), "01", "21 octets"},
		"0":                      {"0", "01", "not positive"},
		"0 above":                {"01", "0", ""},
		"25 octets above":        {"01", strings.Repeat("7f", 25), ""},
		"160 bits below a large": {strings.Repeat("80", 20), strings.Repeat("7f", 25), ""},
	} {
		serial := func(hex string) func(*x509.Certificate) {
			return func(c *x509.Certificate) {
				c.SerialNumber, _ = new(big.Int).SetString(hex, 16)
			}
		}
		root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
		upper := root.Intermediate(t, notary.ECDSAP256, serial(c.above))
		own := upper.Intermediate(t, notary.ECDSAP256, serial(c.own))
		err := pki.CheckAuthority(own.Authorities(), own.Key.Public(), now)
		if c.words == "" {
			testkit.Check(t, err)
			continue
		}
		testkit.WantText(t, err, c.words)
		testkit.WantField(t, err, "certificate_chain")
		t.Log(name)
	}
}
