package testkit

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Form lists changes to a certificate that package x509 does not support.
type Form struct {
	Version1 bool                    // version 1, without extensions
	Serial   []byte                  // content of the INTEGER; nil for the original
	Hash     crypto.Hash             // signature hash: SHA-1 or MD5; 0 for the original
	Subject  []byte                  // DER of the subject; nil for the original
	Issuer   []byte                  // DER of the issuer; nil for the original
	Without  []asn1.ObjectIdentifier // extensions to remove
	With     []pkix.Extension        // extensions to add
}

// Reissue returns c with the changes of form, signed with its issuer's key.
func Reissue(t testing.TB, c *x509.Certificate, issuer crypto.Signer, form Form) *x509.Certificate {
	t.Helper()
	var version, number, algorithm, name, validity, subject, key cryptobyte.String
	var fields cryptobyte.String
	in := cryptobyte.String(c.RawTBSCertificate)
	if !in.ReadASN1(&fields, casn1.SEQUENCE) ||
		!fields.ReadASN1Element(&version, casn1.Tag(0).ContextSpecific().Constructed()) ||
		!fields.ReadASN1Element(&number, casn1.INTEGER) || !fields.ReadASN1Element(&algorithm, casn1.SEQUENCE) ||
		!fields.ReadASN1Element(&name, casn1.SEQUENCE) || !fields.ReadASN1Element(&validity, casn1.SEQUENCE) ||
		!fields.ReadASN1Element(&subject, casn1.SEQUENCE) || !fields.ReadASN1Element(&key, casn1.SEQUENCE) {
		t.Fatal("the certificate to change cannot be read")
	}
	if form.Version1 {
		version = nil
	}
	if form.Serial != nil {
		number = element(t, casn1.INTEGER, form.Serial)
	}
	if form.Subject != nil {
		subject = form.Subject
	}
	if form.Issuer != nil {
		name = form.Issuer
	}
	if form.Hash != 0 {
		algorithm = oldAlgorithm(t, issuer, form.Hash)
	}
	tbs := sequence(t, version, number, algorithm, name, validity, subject, key, form.extensions(t, c))
	var der []byte
	if form.Hash == 0 {
		der = signed(t, issuer, tbs, c.Raw, c.RawTBSCertificate)
	} else {
		hash := form.Hash.New()
		hash.Write(tbs)
		signature, err := issuer.Sign(rand.Reader, hash.Sum(nil), form.Hash)
		Check(t, err)
		der = sequence(t, tbs, algorithm, bitString(t, 0, signature))
	}
	changed, err := x509.ParseCertificate(der)
	Check(t, err)
	return changed
}

func (f Form) extensions(t testing.TB, c *x509.Certificate) []byte {
	t.Helper()
	if f.Version1 {
		return nil
	}
	kept := slices.DeleteFunc(slices.Clone(c.Extensions), func(e pkix.Extension) bool {
		return slices.ContainsFunc(f.Without, e.Id.Equal)
	})
	der, err := asn1.Marshal(append(kept, f.With...))
	Check(t, err)
	return element(t, casn1.Tag(3).ContextSpecific().Constructed(), der)
}

func oldAlgorithm(t testing.TB, key crypto.Signer, hash crypto.Hash) []byte {
	t.Helper()
	algorithm := pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}} // ecdsa-with-SHA1
	if _, ok := key.Public().(*rsa.PublicKey); ok {
		last := map[crypto.Hash]int{crypto.SHA1: 5, crypto.MD5: 4}[hash]
		algorithm = pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, last},
			Parameters: asn1.NullRawValue}
	}
	der, err := asn1.Marshal(algorithm)
	Check(t, err)
	return der
}

// Extensions that tests remove from certificates with [Form].
var (
	SubjectKeyID     = asn1.ObjectIdentifier{2, 5, 29, 14}
	KeyUsage         = asn1.ObjectIdentifier{2, 5, 29, 15}
	SubjectAltName   = asn1.ObjectIdentifier{2, 5, 29, 17}
	BasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
)
