package issuance

import (
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"time"

	"notary"
)

// List is what goes into a certificate revocation list.
type List struct {
	Number      int64 // must be higher than that of every earlier list of the authority
	ThisUpdate  time.Time
	NextUpdate  time.Time
	Revocations []notary.Revocation
}

// CRL signs a certificate revocation list (RFC 5280, section 5) and gives it as DER. What
// cannot be put on a list is the program's fault, hence Internal, except for an authority
// whose certificate, made elsewhere, does not let it sign lists: that is Unprocessable.
func CRL(issuer Issuer, list List) ([]byte, error) {
	thisUpdate := list.ThisUpdate.UTC().Truncate(time.Second)
	nextUpdate := list.NextUpdate.UTC().Truncate(time.Second)
	switch {
	case list.Number <= 0:
		return nil, notary.Errorf(notary.Internal, "the number %d of the CRL is not positive", list.Number)
	case !nextUpdate.After(thisUpdate):
		return nil, notary.Errorf(notary.Internal, "the CRL would end before it begins")
	case issuer.Certificate.KeyUsage&x509.KeyUsageCRLSign == 0:
		return nil, notary.Errorf(notary.Unprocessable, "the certificate of the authority %s "+
			"does not let it sign CRLs", nameOf(issuer.Certificate))
	}
	scheme, err := schemeOf(issuer.Signer.Public())
	if err != nil {
		return nil, err
	}
	entries, err := revocationEntries(list.Revocations)
	if err != nil {
		return nil, err
	}
	certificate := *issuer.Certificate
	if certificate.SubjectKeyId, err = issuerKeyIdentifier(issuer.Certificate); err != nil {
		return nil, err
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		SignatureAlgorithm:        scheme.algorithm,
		Number:                    big.NewInt(list.Number),
		ThisUpdate:                thisUpdate,
		NextUpdate:                nextUpdate,
		RevokedCertificateEntries: entries,
	}, &certificate, issuer.Signer)
	if err != nil {
		return nil, notary.InternalError("sign the CRL", err)
	}
	if err := checkCRL(der, issuer, list); err != nil {
		return nil, err
	}
	return der, nil
}

func revocationEntries(revocations []notary.Revocation) ([]x509.RevocationListEntry, error) {
	entries := make([]x509.RevocationListEntry, 0, len(revocations))
	for _, revocation := range revocations {
		serial, ok := new(big.Int).SetString(revocation.Serial, 16)
		code, known := notary.RevocationReasons[revocation.Reason]
		if !ok || serial.Sign() <= 0 || !known || revocation.At.IsZero() {
			return nil, notary.Errorf(notary.Internal, "the revocation of serial number %q at %s "+
				"for %q cannot be put on a CRL", revocation.Serial, revocation.At, revocation.Reason)
		}
		entries = append(entries, x509.RevocationListEntry{
			SerialNumber:   serial,
			RevocationTime: revocation.At.UTC().Truncate(time.Second),
			ReasonCode:     code, // 0, unspecified, is left out of the list (RFC 5280, 5.3.1)
		})
	}
	return entries, nil
}

// checkCRL reads the list back as a relying party does.
func checkCRL(der []byte, issuer Issuer, list List) error {
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		return notary.InternalError("read back the CRL", err)
	}
	if err := crl.CheckSignatureFrom(issuer.Certificate); err != nil {
		return notary.InternalError("verify the authority's signature on the CRL", err)
	}
	if crl.Number.Int64() != list.Number || len(crl.RevokedCertificateEntries) != len(list.Revocations) {
		return notary.Errorf(notary.Internal, "the CRL is not the one that was meant")
	}
	return nil
}
