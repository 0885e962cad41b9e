package inspect_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/inspect"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func samples(t testing.TB) map[string][]byte {
	t.Helper()
	w := newWorld(t)
	csr, _ := pki.ParseCSR(testkit.CSR(t, w.key, "a.example.com"))
	key, err := x509.MarshalPKCS8PrivateKey(w.key)
	testkit.Check(t, err)
	spki, err := x509.MarshalPKIXPublicKey(w.key.Public())
	testkit.Check(t, err)
	answer, err := ocsp.CreateResponse(w.issuer.Certificate, w.issuer.Certificate, ocsp.Response{Status: ocsp.Good,
		SerialNumber: w.leaf.SerialNumber, ThisUpdate: now, NextUpdate: now.Add(time.Hour)}, w.issuer.Key)
	testkit.Check(t, err)
	p12, err := pki.MakePKCS12(w.key, w.chain(), pki.PKCS12Options{Alias: "a", Password: "secret"})
	testkit.Check(t, err)
	return map[string][]byte{"certificate": w.leaf.Raw, "request": csr.Raw, "list": crl(t, w.issuer, nil, w.leaf),
		"answer": answer, "key": key, "public key": spki, "PKCS #12": p12}
}

// Truncated, modified or arbitrary input yields an error or problems, and never a panic.
func TestDamagedInput(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	for name, der := range samples(t) {
		t.Run(name, func(t *testing.T) {
			for cut := range len(der) {
				objects, err := inspect.Read(der[:cut], now)
				if err == nil && !inspect.Wrong(objects) {
					t.Fatalf("cut off at %d, nothing is wrong: %v", cut, kinds(objects))
				}
			}
			for range 2000 {
				changed := bytes.Clone(der)
				for range 1 + source.IntN(3) {
					changed[source.IntN(len(changed))] = byte(source.Uint32())
				}
				_, _ = inspect.Read(changed, now)
				_, _ = inspect.Read(toPEM("CERTIFICATE", changed), now)
			}
		})
	}
	for range 2000 {
		random := make([]byte, source.IntN(300))
		for i := range random {
			random[i] = byte(source.Uint32())
		}
		_, _ = inspect.Read(random, now)
	}
}

func TestUnknownInput(t *testing.T) {
	t.Parallel()
	for data, words := range map[string]string{
		"":                          "the input is empty",
		"hello":                     "neither PEM nor DER",
		"<!DOCTYPE html><html>":     "web page",
		"\xfe\xed\xfe\xed\x00\x00":  "keytool",
		"\x30\x80\x06\x09":          "indefinite",
		"ssh-ed25519 AAAA me":       "OpenSSH",
		strings.Repeat("\x30", 500): "neither",
		strings.Repeat("M", 500):    "neither",
	} {
		_, err := inspect.Read([]byte(data), now)
		testkit.WantKind(t, err, notary.Invalid)
		if err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("%.20q: error %q, want %q in it", data, err, words)
		}
	}
	_, err := inspect.Read(make([]byte, inspect.MaxSize+1), now)
	testkit.WantKind(t, err, notary.TooLarge)
}

func TestBrokenParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := testkit.PEM(w.leaf)
	for name, c := range map[string]struct{ data, want string }{
		"a block without end":      {good + good[:200], "pem_broken"},
		"a block with other signs": {good + strings.Replace(good, "MII", "M!I", 1), "pem_broken"},
		"a block of nothing":       {good + "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "unreadable"},
		"a certificate cut off":    {good + string(toPEM("CERTIFICATE", w.leaf.Raw[:100])), "unreadable"},
		"something behind DER":     {string(w.leaf.Raw) + "more", "trailing_data"},
		"DER cut off":              {string(w.leaf.Raw[:len(w.leaf.Raw)-1]), "cut_off"},
		"a large certificate":      {good + string(toPEM("CERTIFICATE", make([]byte, 300<<10))), "too_large"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantWrong(t, read(t, []byte(c.data)), c.want)
		})
	}
	wantWrong(t, read(t, []byte(base64.StdEncoding.EncodeToString(w.leaf.Raw)))) // without BEGIN and END
	wantWrong(t, read(t, append(bytes.Clone(w.leaf.Raw), w.issuer.Certificate.Raw...)))
}

// Malicious input causes a bounded amount of work, measured in processor time: a few seconds instead of hours. It is
// not parallel, so that it measures only its own work.
func TestReadTakesABoundedTime(t *testing.T) {
	w := newWorld(t)
	huge := huge(t, w)
	sameName := func() *x509.Certificate {
		return w.root.Issue(t, w.key.Public(), func(c *x509.Certificate) {
			c.Subject, c.IsCA = w.root.Certificate.Subject, true
		})
	}
	var many []*x509.Certificate
	for range 3 {
		many = append(many, sameName())
	}
	for name, data := range map[string][]byte{
		"a key of a million bits": huge,
		"many of the same name":   bytes.Repeat([]byte(testkit.PEM(many...)), 2000),
		"many small blocks":       bytes.Repeat(toPEM("CERTIFICATE", []byte{1}), 500_000),
		"many beginnings":         bytes.Repeat([]byte("-----BEGIN CERTIFICATE-----\n"), 1_000_000),
		"many elements":           bytes.Repeat([]byte{0x30, 0x03, 0x0a, 0x01, 0x03}, 5_000_000),
		"nested":                  bytes.Repeat([]byte{0x30, 0x84, 0x03, 0x00, 0x00, 0x00}, 5_000_000),
		"octets":                  bytes.Repeat([]byte{0x04}, 32<<20),
		"base64":                  bytes.Repeat([]byte("MIIB"), 8<<20),
	} {
		begun := testkit.CPUTime(t)
		objects, _ := inspect.Read(data, now)
		if took := testkit.CPUTime(t) - begun; took > 2*time.Minute {
			t.Errorf("%s took %s of processor time", name, took)
		}
		if len(objects) > inspect.MaxObjects+3 {
			t.Errorf("%s gives %d objects", name, len(objects))
		}
	}
}

func huge(t *testing.T, w world) []byte {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 1_000_000)
	n.Add(n, big.NewInt(1))
	key := &rsa.PublicKey{N: n, E: 1<<31 - 1}
	c := w.issuer.Issue(t, key, func(c *x509.Certificate) {
		asServer(c)
		c.Subject = w.issuer.Certificate.Subject // so that it appears self-signed
	})
	return []byte(testkit.PEM(c))
}

func TestLongNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var name pkix.RDNSequence
	for range 10_000 {
		name = append(name, pkix.RelativeDistinguishedNameSET{{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "x"}})
	}
	raw, err := asn1.Marshal(name)
	testkit.Check(t, err)
	o := readCertificates(t, w.issuer.Issue(t, w.key.Public(), func(c *x509.Certificate) { c.RawSubject = raw }))[0]
	if len(o.Certificate.Subject) > 500 || !strings.HasSuffix(o.Certificate.Subject, "…") {
		t.Errorf("subject %q", o.Certificate.Subject)
	}
}

func FuzzRead(f *testing.F) {
	for _, der := range samples(f) {
		f.Add(der)
		f.Add(toPEM("CERTIFICATE", der))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		objects, err := inspect.Read(data, now)
		if err == nil && len(objects) == 0 {
			t.Error("neither objects nor an error")
		}
		for _, o := range objects {
			if strings.ContainsAny(o.Name, "\x1b\n\r") {
				t.Errorf("the name %q steers a terminal", o.Name)
			}
		}
		if inspect.IsPKCS12(data) {
			_, _ = inspect.Open(data, "secret", now)
		}
	})
}
