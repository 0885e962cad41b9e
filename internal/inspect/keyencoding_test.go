package inspect_test

import (
	"crypto/x509"
	"encoding/pem"
	"slices"
	"testing"

	"notary"
	"notary/internal/inspect"
	"notary/internal/testkit"
)

func TestKeyEncoding(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		for _, v := range testkit.KeyVariants(t, testkit.Key(t, alg)) {
			if _, err := x509.ParsePKIXPublicKey(v.SPKI); err != nil {
				continue // unreadable
			}
			for what, text := range map[string][]byte{
				"request":     []byte(v.CSR(t, "a.example.com")),
				"certificate": []byte(testkit.PEM(v.Certificate(t, w.root))),
				"public key":  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: v.SPKI}),
			} {
				if got := hasProblem(read(t, text)[0], "key_encoding"); got == v.Related {
					t.Errorf("%s, %s: the finding is there: %v", what, v.Name, got)
				}
			}
		}
	}
}

func hasProblem(o inspect.Object, code string) bool {
	return slices.ContainsFunc(o.Problems, func(p inspect.Problem) bool { return p.Code == code })
}
