package rest_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

const importPath = authoritiesPath + "/import"

func anImport(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return 0, handedOver(t, testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now()))
}

func handedOver(t *testing.T, o *testkit.Outside) api.ImportCertificateAuthority {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(o.Key)
	testkit.Check(t, err)
	return api.ImportCertificateAuthority{CertificateChain: testkit.PEM(o.Authorities()...),
		PrivateKey: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
}

func issuedBefore(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	o := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	id, err := h.as(t, notary.Admin).ImportCertificateAuthority(t.Context(), handedOver(t, o))
	testkit.Check(t, err)
	return id, api.ImportCertificates{Certificates: testkit.PEM(o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public()))}
}

// Every encoding can be imported, and no response contains the key.
func TestImportForms(t *testing.T) {
	t.Parallel()
	h := open(t)
	c := h.admin(t)
	newRoot := func() *testkit.Outside { return testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now()) }
	derOf := func(o *testkit.Outside) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(o.Key)
		testkit.Check(t, err)
		return der
	}
	list := func(o *testkit.Outside) []byte {
		der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(7),
			ThisUpdate: h.Clock.Now(),
			NextUpdate: h.Clock.Now().Add(time.Hour), RevokedCertificateEntries: []x509.RevocationListEntry{
				{SerialNumber: big.NewInt(5), RevocationTime: h.Clock.Now(), ReasonCode: 6}}}, o.Certificate, o.Key)
		testkit.Check(t, err)
		return der
	}
	for name, body := range map[string]func(*testkit.Outside) api.ImportCertificateAuthority{
		"PEM": func(o *testkit.Outside) api.ImportCertificateAuthority {
			body := handedOver(t, o)
			body.CRL = string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list(o)}))
			return body
		},
		"DER": func(o *testkit.Outside) api.ImportCertificateAuthority {
			return api.ImportCertificateAuthority{PrivateKey: base64.StdEncoding.EncodeToString(derOf(o)),
				CertificateChain: testkit.PEM(o.Certificate), CRL: base64.StdEncoding.EncodeToString(list(o)), CRLNumber: 7}
		},
		"PKCS #12": func(o *testkit.Outside) api.ImportCertificateAuthority {
			file, err := pkcs12.Modern.Encode(o.Key, o.Certificate, nil, "secret")
			testkit.Check(t, err)
			return api.ImportCertificateAuthority{PrivateKey: base64.StdEncoding.EncodeToString(file), Password: "secret",
				CRL: base64.StdEncoding.EncodeToString(list(o))}
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newRoot()
			a := call(t, c, "POST", importPath, body(o))
			a.wantStatus(t, 201)
			var created api.Result[api.Created]
			testkit.Check(t, json.Unmarshal(a.Body, &created))
			id := created.Result.ID
			der, err := c.CRL(t.Context(), id)
			testkit.Check(t, err)
			crl, err := x509.ParseRevocationList(der)
			testkit.Check(t, err)
			if crl.Number.Int64() <= 7 || len(crl.RevokedCertificateEntries) != 1 ||
				crl.RevokedCertificateEntries[0].ReasonCode != 6 {
				t.Errorf("the next CRL has the number %d and the entries %v", crl.Number, crl.RevokedCertificateEntries)
			}
			shown := call(t, c, "GET", at(authoritiesPath+"/{id}", id), nil)
			for _, secret := range []string{base64.StdEncoding.EncodeToString(derOf(o))[40:60], "secret"} {
				if strings.Contains(string(shown.Body)+string(a.Body), secret) {
					t.Errorf("a response contains the key")
				}
			}
		})
	}
}

// Errors name the field at fault and reveal nothing of the key or
// its password.
func TestImportRefusals(t *testing.T) {
	t.Parallel()
	h := open(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	good := handedOver(t, o)
	file, err := pkcs12.Modern.Encode(o.Key, o.Certificate, nil, "the right one")
	testkit.Check(t, err)
	encrypted := base64.StdEncoding.EncodeToString(file)
	h.wantUnchanged(t, func() {
		for name, test := range map[string]struct {
			edit  func(*api.ImportCertificateAuthority)
			field string
			says  string
		}{
			"neither PEM nor base64": {func(b *api.ImportCertificateAuthority) { b.PrivateKey = "hello, world" }, "private_key",
				"neither PEM nor base64"},
			"no key": {func(b *api.ImportCertificateAuthority) { b.PrivateKey = "AAAA" }, "private_key",
				"cannot be read"},
			"an encrypted key": {func(b *api.ImportCertificateAuthority) { b.PrivateKey = encrypted }, "password",
				"specify its password"},
			"a wrong password": {func(b *api.ImportCertificateAuthority) {
				b.PrivateKey, b.Password = encrypted,
					"some other"
			}, "password", "incorrect password"},
			"no chain": {func(b *api.ImportCertificateAuthority) { b.CertificateChain = "" }, "certificate_chain",
				"missing"},
			"a broken list":     {func(b *api.ImportCertificateAuthority) { b.CRL = "AAAA" }, "crl", "cannot be parsed"},
			"a negative number": {func(b *api.ImportCertificateAuthority) { b.CRLNumber = -1 }, "crl_number", "at least 0"},
		} {
			body := good
			test.edit(&body)
			refusal := call(t, h.admin(t), "POST", importPath, body).wantRefusal(t, 400, "invalid")
			if refusal.Field != test.field || !strings.Contains(refusal.Error, test.says) {
				t.Errorf("%s: field %q, %q", name, refusal.Field, refusal.Error)
			}
			if strings.Contains(refusal.Error, "some other") || strings.Contains(refusal.Error, encrypted[:20]) {
				t.Errorf("%s: the error reveals the key or password: %s", name, refusal.Error)
			}
		}
	})
}

func TestLargeImport(t *testing.T) {
	t.Parallel()
	h := open(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, h.Clock.Now())
	body := handedOver(t, o)
	entries := make([]x509.RevocationListEntry, 50_000)
	for i := range entries {
		entries[i] = x509.RevocationListEntry{SerialNumber: new(big.Int).Lsh(big.NewInt(int64(i)+1), 100),
			RevocationTime: h.Clock.Now()}
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1),
		ThisUpdate: h.Clock.Now(),
		NextUpdate: h.Clock.Now().Add(time.Hour), RevokedCertificateEntries: entries}, o.Certificate, o.Key)
	testkit.Check(t, err)
	body.CRL = base64.StdEncoding.EncodeToString(der)
	id, err := h.admin(t).ImportCertificateAuthority(t.Context(), body)
	testkit.Check(t, err)

	leaf := o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(),
		func(c *x509.Certificate) { c.SerialNumber = entries[3].SerialNumber })
	bundle := api.ImportCertificates{Certificates: testkit.PEM(leaf, o.Certificate)}
	for _, want := range []api.ImportedCertificates{{Imported: 1, Known: 1, Revoked: 1}, {Known: 2}} {
		want.Message = api.Success
		got, err := h.admin(t).ImportCertificates(t.Context(), id, bundle)
		testkit.Check(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}
