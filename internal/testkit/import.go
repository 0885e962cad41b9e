package testkit

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
)

// ImportOf returns the parameters for importing an external CA.
func ImportOf(t testing.TB, o *Outside) ca.Import {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(o.Key)
	Check(t, err)
	return ca.Import{Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		Chain: PEM(o.Authorities()...)}
}

// LastCRL returns a CRL of an external CA as DER, with the given number and entries. It is valid for an hour.
func LastCRL(t testing.TB, w *World, o *Outside, number int64, entries ...notary.Revocation) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(number), ThisUpdate: w.Clock.Now(),
		NextUpdate: w.Clock.Now().Add(time.Hour)}
	for _, v := range entries {
		serial, _ := new(big.Int).SetString(v.Serial, 16)
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: serial, RevocationTime: v.At, ReasonCode: notary.RevocationReasons[v.Reason],
			ExtraExtensions: entryExtensions(t, v)})
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, o.Certificate, o.Key)
	Check(t, err)
	return der
}

func entryExtensions(t testing.TB, v notary.Revocation) (list []pkix.Extension) {
	t.Helper()
	add := func(value any, params string, oid ...int) {
		der, err := asn1.MarshalWithParams(value, params)
		Check(t, err)
		list = append(list, pkix.Extension{Id: oid, Value: der})
	}
	if oid, ok := pki.ParseOID(v.HoldInstruction); ok {
		add(oid, "", 2, 5, 29, 23)
	}
	if !v.InvalidityDate.IsZero() {
		add(v.InvalidityDate, "generalized", 2, 5, 29, 24)
	}
	return list
}
