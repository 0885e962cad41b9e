package testkit

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"notary"
)

// Outside is an external CA.
type Outside struct {
	Certificate *x509.Certificate
	Key         crypto.Signer

	above *Outside // nil for a root
	now   time.Time
}

// OutsideRoot creates a root that is valid from an hour before now until a year after it.
func OutsideRoot(t testing.TB, alg notary.KeyAlgorithm, now time.Time) *Outside {
	t.Helper()
	root := &Outside{Key: Key(t, alg), now: now}
	root.Certificate = root.Issue(t, root.Key.Public(), asAuthority)
	return root
}

// Intermediate creates an authority below o. The edits modify its certificate before it is signed.
func (o *Outside) Intermediate(t testing.TB, alg notary.KeyAlgorithm, edits ...func(*x509.Certificate)) *Outside {
	t.Helper()
	below := &Outside{Key: Key(t, alg), above: o, now: o.now}
	below.Certificate = o.Issue(t, below.Key.Public(), append([]func(*x509.Certificate){asAuthority}, edits...)...)
	return below
}

// Issue signs a certificate for the key. It is a leaf unless the edits change that.
func (o *Outside) Issue(t testing.TB, key crypto.PublicKey, edits ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	Check(t, err)
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: randomLabel()},
		NotBefore: o.now.Add(-time.Hour), NotAfter: o.now.AddDate(0, 6, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, MaxPathLen: -1,
	}
	for _, edit := range edits {
		edit(template)
	}
	issuer := o.Certificate
	if issuer == nil { // self-signed
		issuer = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer, key, o.Key)
	Check(t, err)
	cert, err := x509.ParseCertificate(der)
	Check(t, err)
	return cert
}

func asAuthority(template *x509.Certificate) {
	template.IsCA = true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	template.NotAfter = template.NotAfter.AddDate(0, 6, 0)
}

// Authorities returns the certificates from o up to its root.
func (o *Outside) Authorities() []*x509.Certificate {
	var chain []*x509.Certificate
	for ; o != nil; o = o.above {
		chain = append(chain, o.Certificate)
	}
	return chain
}

// Chain issues a leaf for the key and returns its PEM chain, including the root.
func (o *Outside) Chain(t testing.TB, key crypto.PublicKey, edits ...func(*x509.Certificate)) string {
	t.Helper()
	return PEM(append([]*x509.Certificate{o.Issue(t, key, edits...)}, o.Authorities()...)...)
}

// PEM returns the concatenated PEM encodings of certificates.
func PEM(certs ...*x509.Certificate) string {
	var b strings.Builder
	for _, c := range certs {
		b.Write(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
	}
	return b.String()
}
