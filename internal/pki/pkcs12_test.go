package pki_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

const pkcs12Password = "plain violet harbour"

func chainFor(t *testing.T, key crypto.Signer) []*x509.Certificate {
	t.Helper()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, time.Now())
	issuer := root.Intermediate(t, notary.RSA2048)
	leaf := issuer.Issue(t, key.Public(), func(c *x509.Certificate) {
		c.Subject = pkix.Name{CommonName: "a.example.com"}
		c.DNSNames = []string{"a.example.com"}
	})
	return append([]*x509.Certificate{leaf}, issuer.Authorities()...)
}

func tool(t *testing.T, program string, args ...string) string {
	t.Helper()
	testkit.Require(t, program)
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func wantWords(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is missing in:\n%s", word, text)
		}
	}
}

func TestPKCS12IsReadByOtherPrograms(t *testing.T) {
	t.Parallel()
	for _, legacy := range []bool{false, true} {
		for _, alg := range []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384, notary.Ed25519} {
			key := testkit.Key(t, alg)
			chain := chainFor(t, key)
			der, err := pki.MakePKCS12(key, chain, pki.PKCS12Options{Alias: "a.example.com", Password: pkcs12Password,
				Legacy: legacy})
			testkit.Check(t, err)
			file := filepath.Join(t.TempDir(), "a.p12")
			testkit.Check(t, os.WriteFile(file, der, 0o600))
			variant := string(alg)
			if legacy {
				variant += ", legacy"
			}
			t.Run("openssl, "+variant, func(t *testing.T) {
				args := []string{"pkcs12", "-in", file, "-passin", "pass:" + pkcs12Password, "-nodes"}
				if legacy {
					args = append(args, "-legacy")
				}
				out := tool(t, "openssl", args...)
				wantWords(t, out, "friendlyName: a.example.com", "PRIVATE KEY-----")
				if n := strings.Count(out, "BEGIN CERTIFICATE"); n != len(chain) {
					t.Errorf("%d certificates, want %d", n, len(chain))
				}
			})
			t.Run("certtool, "+variant, func(t *testing.T) {
				out := tool(t, "certtool", "--p12-info", "--inder", "--infile", file, "--password", pkcs12Password)
				wantWords(t, out, "BEGIN CERTIFICATE", "PRIVATE KEY")
			})
			t.Run("keytool, "+variant, func(t *testing.T) {
				out := tool(t, "keytool", "-list", "-v", "-keystore", file, "-storepass", pkcs12Password)
				wantWords(t, out, "Alias name: a.example.com", "PrivateKeyEntry", "Certificate chain length: 3")
			})
			if alg == notary.Ed25519 { // unsupported by NSS
				continue
			}
			t.Run("NSS, "+variant, func(t *testing.T) {
				testkit.Require(t, "certutil")
				database := "sql:" + t.TempDir()
				tool(t, "certutil", "-N", "-d", database, "--empty-password")
				tool(t, "pk12util", "-i", file, "-d", database, "-W", pkcs12Password)
				wantWords(t, tool(t, "certutil", "-K", "-d", database), "a.example.com")
				wantWords(t, tool(t, "certutil", "-L", "-d", database, "-n", "a.example.com"), "CN=a.example.com")
			})
		}
	}
}

func TestJavaTrustsATrustStore(t *testing.T) {
	t.Parallel()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, time.Now())
	for _, legacy := range []bool{false, true} {
		der, err := pki.MakeTrustStore(root.Certificate, pki.PKCS12Options{Alias: "example root", Password: pkcs12Password,
			Legacy: legacy})
		testkit.Check(t, err)
		file := filepath.Join(t.TempDir(), "trust.p12")
		testkit.Check(t, os.WriteFile(file, der, 0o600))
		out := tool(t, "keytool", "-list", "-keystore", file, "-storepass", pkcs12Password)
		wantWords(t, out, "example root", "trustedCertEntry")
		opened, err := pki.OpenPKCS12(der, pkcs12Password)
		testkit.Check(t, err)
		if opened.Key != nil || len(opened.Certificates) != 1 || !opened.Certificates[0].Equal(root.Certificate) {
			t.Errorf("read back: %+v", opened)
		}
	}
}

func TestMakePKCS12Refuses(t *testing.T) {
	t.Parallel()
	key := testkit.Key(t, notary.ECDSAP256)
	chain := chainFor(t, key)
	good := pki.PKCS12Options{Alias: "a", Password: pkcs12Password}
	for name, c := range map[string]struct {
		key   crypto.Signer
		edit  func(*pki.PKCS12Options)
		field string
	}{
		"another key":        {testkit.Key(t, notary.ECDSAP256), func(*pki.PKCS12Options) {}, "key"},
		"no alias":           {key, func(o *pki.PKCS12Options) { o.Alias = "" }, "alias"},
		"a long alias":       {key, func(o *pki.PKCS12Options) { o.Alias = strings.Repeat("a", 65) }, "alias"},
		"an alias like this": {key, func(o *pki.PKCS12Options) { o.Alias = "😀" }, "alias"},
		"no password":        {key, func(o *pki.PKCS12Options) { o.Password = "" }, "password"},
		"a short password":   {key, func(o *pki.PKCS12Options) { o.Password = "12345" }, "password"},
		"one beyond ASCII":   {key, func(o *pki.PKCS12Options) { o.Password = "pässwörd" }, "password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			options := good
			c.edit(&options)
			_, err := pki.MakePKCS12(c.key, chain, options)
			testkit.WantKind(t, err, notary.Invalid)
			if e, ok := err.(*notary.Error); !ok || e.Field != c.field {
				t.Errorf("error %v, want one of the field %q", err, c.field)
			}
		})
	}
}

func TestOpenPKCS12RefusesHostileInput(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	openssl(t, folder, strings.Fields("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -subj /CN=a -out a.pem")...)
	for _, form := range []string{"", " -legacy"} {
		openssl(t, folder, strings.Fields("pkcs12 -export -inkey a.key -in a.pem -passout pass:secret -out slow.p12 -iter 2000000"+form)...)
		_, err := pki.OpenPKCS12(readFile(t, folder, "slow.p12"), "secret")
		testkit.WantKind(t, err, notary.Invalid)
		wantWords(t, err.Error(), "iteration count")
	}
	key := testkit.Key(t, notary.ECDSAP256)
	der, err := pki.MakePKCS12(key, chainFor(t, key), pki.PKCS12Options{Alias: "a", Password: pkcs12Password})
	testkit.Check(t, err)
	for cut := 0; cut < len(der); cut += len(der)/40 + 1 {
		_, err := pki.OpenPKCS12(der[:cut], pkcs12Password)
		testkit.WantKind(t, err, notary.Invalid)
	}
}

func TestPKCS12ThatMustBeConverted(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	key := testkit.Key(t, notary.RSA2048)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	testkit.Check(t, err)
	writeFile(t, folder, "all.pem", toPEM("PRIVATE KEY", der)+testkit.PEM(chainFor(t, key)...))
	openssl(t, folder, "pkcs12", "-export", "-in", "all.pem", "-passout", "pass:"+pkcs12Password, "-nomac", "-out",
		"nomac.p12")
	openssl(t, folder, "pkcs12", "-export", "-in", "all.pem", "-passout", "pass:"+pkcs12Password, "-out", "der.p12")
	whole := readFile(t, folder, "der.p12")
	ber := append(append([]byte{0x30, 0x80}, whole[4:]...), 0, 0)
	for words, data := range map[string][]byte{"has no MAC": readFile(t, folder, "nomac.p12"),
		"BER with indefinite lengths": ber} {
		for _, password := range []string{pkcs12Password, ""} {
			_, err := pki.OpenPKCS12(data, password)
			wantInvalid(t, err, "", words)
			testkit.WantText(t, err, "openssl pkcs12 -in FILE -noenc")
			_, err = pki.ParsePrivateKey(data, password)
			wantInvalid(t, err, "", words)
		}
	}
}
