package inspect_test

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/inspect"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestPKCS7(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []byte
	for _, c := range w.chain() {
		all = append(all, c.Raw...)
	}
	der, err := pkcs7.DegenerateCertificate(all)
	testkit.Check(t, err)
	for _, form := range [][]byte{der, toPEM("PKCS7", der), toPEM("CMS", der)} {
		objects := read(t, form)
		wantWrong(t, objects)
		want := []inspect.Kind{inspect.KindPKCS7, inspect.KindCertificate, inspect.KindCertificate, inspect.KindCertificate,
			inspect.KindChain}
		if !slices.Equal(kinds(objects), want) || objects[0].Container.Certificates != 3 {
			t.Errorf("got %v, %+v", kinds(objects), objects[0].Container)
		}
	}
	none, err := pkcs7.DegenerateCertificate(nil)
	testkit.Check(t, err)
	wantWrong(t, read(t, none), "empty")
}

func TestOpenSSLOutput(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	openssl(t, folder, "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -subj /CN=a.example.com -days 400 -out cert")
	openssl(t, folder, "crl2pkcs7 -nocrl -certfile cert -out p7")
	openssl(t, folder, "pkcs12 -export -inkey key -in cert -passout pass:secret -out p12")
	openssl(t, folder, "pkcs12 -export -inkey key -in cert -passout pass: -out open.p12")
	openssl(t, folder, "pkcs12 -export -inkey key -in cert -passout pass:secret -legacy -out old.p12")
	openssl(t, folder, "pkcs8 -topk8 -in key -passout pass:secret -out encrypted")
	openssl(t, folder, "ec -in key -aes128 -passout pass:secret -out traditional")
	openssl(t, folder, "ec -in key -out sec1")
	openssl(t, folder, "pkey -in key -pubout -out public")
	openssl(t, folder, "pkey -in key -outform DER -out key.der")
	openssl(t, folder, "x509 -in cert -outform DER -out cert.der")
	openssl(t, folder, "x509 -in cert -trustout -out trusted")
	for name, want := range map[string][]inspect.Kind{
		"cert": {inspect.KindCertificate}, "cert.der": {inspect.KindCertificate}, "trusted": {inspect.KindCertificate},
		"p7": {inspect.KindPKCS7, inspect.KindCertificate}, "p12": {inspect.KindPKCS12}, "old.p12": {inspect.KindPKCS12},
		"key": {inspect.KindPrivateKey}, "key.der": {inspect.KindPrivateKey}, "sec1": {inspect.KindPrivateKey},
		"encrypted": {inspect.KindPrivateKey}, "traditional": {inspect.KindPrivateKey}, "public": {inspect.KindPublicKey},
	} {
		objects, err := inspect.Read(file(t, folder, name), time.Now())
		testkit.Check(t, err)
		if !slices.Equal(kinds(objects), want) {
			t.Errorf("%s: got %v, want %v", name, kinds(objects), want)
		}
		if name == "traditional" {
			wantWrong(t, objects, "weak_encryption")
		} else {
			wantWrong(t, objects)
		}
	}
	wantKeys(t, folder)
	for _, name := range []string{"p12", "old.p12"} {
		data := file(t, folder, name)
		objects, err := inspect.Open(data, "secret", time.Now())
		testkit.Check(t, err)
		if want := []inspect.Kind{inspect.KindPKCS12, inspect.KindPrivateKey,
			inspect.KindCertificate}; !slices.Equal(kinds(objects), want) {
			t.Errorf("%s: got %v, want %v", name, kinds(objects), want)
		}
		if objects[1].Name != "a.example.com" {
			t.Errorf("the key is that of %q", objects[1].Name)
		}
		_, err = inspect.Open(data, "wrong", time.Now())
		if !errors.Is(err, pki.ErrWrongPassword) || !inspect.IsWrongPassword(err) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	objects, err := inspect.Open(file(t, folder, "open.p12"), "", time.Now())
	testkit.Check(t, err)
	if !strings.Contains(problemTexts(objects), "no_password") {
		t.Errorf("that it has no password is not told:\n%s", problemTexts(objects))
	}
}

// Only the kind of a private key is reported.
func wantKeys(t *testing.T, folder string) {
	t.Helper()
	for name, want := range map[string]inspect.Key{
		"key": {Key: "ECDSA P-256", Form: "PKCS #8"}, "sec1": {Key: "ECDSA P-256", Form: "SEC 1"},
		"encrypted":   {Form: "PKCS #8, encrypted", Encrypted: true},
		"traditional": {Form: "EC with the encryption of RFC 1421", Encrypted: true},
		"public":      {Key: "ECDSA P-256", Form: "SubjectPublicKeyInfo"},
	} {
		objects, err := inspect.Read(file(t, folder, name), time.Now())
		testkit.Check(t, err)
		got := *objects[0].Key
		got.SPKI = ""
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestKeyWithCertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	block := func(key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		testkit.Check(t, err)
		return toPEM("PRIVATE KEY", der)
	}
	chain := []byte(testkit.PEM(w.chain()...))
	objects := read(t, append(block(w.key), chain...))
	wantWrong(t, objects)
	if objects[0].Name != "a.example.com" {
		t.Errorf("the key is that of %q", objects[0].Name)
	}
	wantWrong(t, read(t, append(block(testkit.Key(t, notary.ECDSAP256)), chain...)), "key_mismatch")
	if text := fmt.Sprintf("%+v", objects[0].Key); len(text) > 200 {
		t.Errorf("much is told of the key: %s", text)
	}
}
