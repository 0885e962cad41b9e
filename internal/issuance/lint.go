package issuance

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"

	"notary"
	"notary/internal/pki"
)

// maxSerialOctets is the maximum size of a serial number in DER (RFC 5280, section 4.1.2.2).
const maxSerialOctets = 20

// checkDraft compares the parsed draft with the template and the request. A linter cannot know the intended key, names
// and extensions.
func (i Issuer) checkDraft(draft, meant *x509.Certificate, csr *pki.CSR) error {
	checks := []struct {
		holds bool
		rule  string
	}{
		{draft.Version == 3, "it must be of version 3"},
		{draft.SerialNumber.Sign() > 0 && (draft.SerialNumber.BitLen()/8)+1 <= maxSerialOctets,
			"its serial number must be positive and of at most 20 octets"},
		{draft.SerialNumber.Cmp(meant.SerialNumber) == 0, "its serial number must be the generated one"},
		{draft.SignatureAlgorithm == meant.SignatureAlgorithm, "its signature algorithm must fit the CA's key"},
		{bytes.Equal(draft.RawIssuer, i.issuerName(meant)), "its issuer must be the CA"},
		{bytes.Equal(draft.RawSubject, meant.RawSubject), "its subject must be that of the request, as modified " +
			"by the profile"},
		{pki.SameKey(draft.PublicKey, csr.PublicKey), "its key must be that of the request"},
		{i.contains(draft), "its validity must lie within that of the CA"},
		{draft.BasicConstraintsValid && draft.IsCA == meant.IsCA && pathLen(draft) == pathLen(meant),
			"its basic constraints must be those of the template"},
		{bytes.Equal(constraintsIn(draft.Extensions), constraintsIn(meant.ExtraExtensions)),
			"its name constraints must be those of the template"},
		{draft.KeyUsage == meant.KeyUsage, "its key usage must fit the key"},
		{slices.Equal(purposes(draft), purposes(meant)), "its extended key usage must be that of the profile"},
		{slices.EqualFunc(draft.Policies, meant.Policies, x509.OID.Equal), "its policies must be those of the profile"},
		{bytes.Equal(draft.AuthorityKeyId, meant.AuthorityKeyId), "its authority key identifier must be the " +
			"CA's"},
		{bytes.Equal(draft.SubjectKeyId, meant.SubjectKeyId), "its subject key identifier must be that of its key"},
		{csr.Names.Len() <= pki.MaxNames, "it has too many names"},
		{sameNames(pki.CertificateNames(draft), csr.Names), "its names must be those of the request"},
		{len(draft.UnhandledCriticalExtensions) == 0, "it must not have unknown critical extensions"},
	}
	for _, check := range checks {
		if !check.holds {
			return notary.Errorf(notary.Unprocessable, "the certificate was not signed: %s", check.rule)
		}
	}
	return pki.CheckKey(draft.PublicKey)
}

func (i Issuer) issuerName(meant *x509.Certificate) []byte {
	if len(i.Certificate.RawSubject) > 0 {
		return i.Certificate.RawSubject
	}
	return meant.RawSubject
}

func (i Issuer) contains(draft *x509.Certificate) bool {
	for _, authority := range i.chain() {
		if draft.NotBefore.Before(authority.NotBefore) || draft.NotAfter.After(authority.NotAfter) {
			return false
		}
	}
	return !draft.NotAfter.Before(draft.NotBefore)
}

// pathLen returns a certificate's path length, or -1 if it has none. Package x509 represents a missing one in two ways.
func pathLen(c *x509.Certificate) int {
	if !c.IsCA || c.MaxPathLen == 0 && !c.MaxPathLenZero {
		return -1
	}
	return c.MaxPathLen
}

func constraintsIn(extensions []pkix.Extension) []byte {
	for _, e := range extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 30}) {
			return e.Value
		}
	}
	return nil
}

func sameNames(a, b notary.Names) bool {
	return slices.Equal(a.DNS, b.DNS) && slices.Equal(a.IP, b.IP) &&
		slices.Equal(a.Email, b.Email) && slices.Equal(a.URI, b.URI) && slices.Equal(a.UPN, b.UPN)
}
