package pki

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

const (
	MaxCRLSize    = 24 << 20 // octets of PEM or DER, enough for half a million entries
	maxCRLEntries = 500_000
	maxCRLNumber  = 1 << 62
)

const labelCRL = "X509 CRL"

// CRL is an external certificate revocation list that [ParseCRL] accepted.
type CRL struct {
	DER         []byte
	Number      int64 // 0 if absent
	ThisUpdate  time.Time
	NextUpdate  time.Time // zero if absent
	Revocations []notary.Revocation
}

// Expired reports whether nextUpdate has passed. A CRL without nextUpdate never expires.
func (c *CRL) Expired(now time.Time) bool { return !c.NextUpdate.IsZero() && !c.NextUpdate.After(now) }

// OIDHoldInstruction identifies the CRL entry extension holdInstructionCode (RFC 3280, section 5.3.2).
var OIDHoldInstruction = asn1.ObjectIdentifier{2, 5, 29, 23}

// MaxHoldInstruction limits the DER size of a hold instruction, in octets. The instructions of X9.57 have 9.
const MaxHoldInstruction = 22

var (
	oidCRLNumber           = asn1.ObjectIdentifier{2, 5, 29, 20}
	oidReasonCode          = asn1.ObjectIdentifier{2, 5, 29, 21}
	oidInvalidityDate      = asn1.ObjectIdentifier{2, 5, 29, 24}
	oidDeltaCRLIndicator   = asn1.ObjectIdentifier{2, 5, 29, 27}
	oidIssuingDistribution = asn1.ObjectIdentifier{2, 5, 29, 28}
	oidCertificateIssuer   = asn1.ObjectIdentifier{2, 5, 29, 29}
	oidAuthorityKeyID      = asn1.ObjectIdentifier{2, 5, 29, 35}
)

// ParseCRL parses an authority's full CRL, in PEM or DER, and checks its signature, scope and critical extensions (RFC
// 5280, section 5). The CRL may have expired, but must not be from the future. All errors are Invalid.
func ParseCRL(data []byte, issuer *x509.Certificate, now time.Time) (*CRL, error) {
	der, err := readCRL(data)
	if err != nil {
		return nil, err
	}
	list, err := x509.ParseRevocationList(der)
	switch {
	case err != nil && bytes.Contains([]byte(err.Error()), []byte("unsupported crl version")):
		return nil, invalid("the CRL cannot be parsed, or is of version 1, which has no CRL number and no reason " +
			"codes: create a version 2 CRL (with openssl ca, set crlnumber in its configuration)")
	case err != nil:
		return nil, invalid("the CRL cannot be parsed: %s", Reason(err))
	case len(list.Raw) != len(der):
		return nil, invalid("there are %d octets after the end of the CRL", len(der)-len(list.Raw))
	}
	if err := checkCRLSignature(list, issuer); err != nil {
		return nil, err
	}
	if err := checkCRLExtensions(list.Extensions); err != nil {
		return nil, err
	}
	if list.ThisUpdate.After(now) {
		return nil, invalid("the CRL is from the future: its "+
			"thisUpdate is %s", list.ThisUpdate.UTC().Format(time.RFC3339))
	}
	crl := &CRL{DER: der, ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate}
	if crl.Number, err = crlNumber(list.Number); err != nil {
		return nil, err
	}
	crl.Revocations, err = readEntries(list.RevokedCertificateEntries)
	return crl, err
}

// maxSignature limits the size of a signature in octets. An RSA signature of 16,384 bits has 2,048.
const maxSignature = 4096

// JoinCRL assembles a CRL from a TBSCertList in DER (RFC 5280, section 5.1.2) and its signature. It does not verify the
// signature: [ParseCRL] does. Malformed input is an Invalid error with the field "unsigned_crl" or "signature".
func JoinCRL(tbs, signature []byte) ([]byte, error) {
	var fields, algorithm cryptobyte.String
	in := cryptobyte.String(tbs)
	switch {
	case len(tbs) > MaxCRLSize:
		return nil, notary.WithField(invalid("the unsigned CRL is larger than %d MiB", MaxCRLSize>>20), "unsigned_crl")
	case !in.ReadASN1(&fields, casn1.SEQUENCE) || !in.Empty() || !fields.SkipASN1(casn1.INTEGER) ||
		!fields.ReadASN1Element(&algorithm, casn1.SEQUENCE):
		return nil, notary.WithField(invalid("this is not an unsigned CRL (a TBSCertList in DER): send the file that "+
			"was exported"), "unsigned_crl")
	case len(signature) == 0 || len(signature) > maxSignature:
		return nil, notary.WithField(invalid("the signature has %d octets: send the signature itself, as openssl dgst -sign "+
			"writes it", len(signature)), "signature")
	}
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	der, err := b.Bytes()
	if err != nil {
		return nil, notary.InternalError("join the CRL and its signature", err)
	}
	return der, nil
}

func readCRL(data []byte) ([]byte, error) {
	if len(data) > MaxCRLSize {
		return nil, invalid("the CRL is larger than %d MiB", MaxCRLSize>>20)
	}
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		return data, nil
	}
	doc, err := readPEM(string(data), MaxCRLSize)
	switch {
	case err != nil:
		return nil, err
	case len(doc.blocks) != 1:
		return nil, invalid("there are %d PEM blocks: send exactly one CRL", len(doc.blocks))
	case doc.blocks[0].label != labelCRL:
		return nil, invalid("the PEM block is of type %.40q instead of %s", doc.blocks[0].label, labelCRL)
	}
	return doc.blocks[0].der, nil
}

func checkCRLSignature(list *x509.RevocationList, issuer *x509.Certificate) error {
	switch {
	case !SameName(list.RawIssuer, issuer.RawSubject):
		return invalid("the CRL was issued by another CA: its issuer is not the subject of the " +
			"CA's certificate")
	case len(list.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 &&
		!bytes.Equal(list.AuthorityKeyId, issuer.SubjectKeyId):
		return invalid("the CRL was signed with another key of the CA: the key identifiers differ")
	case !goodSignature(list.SignatureAlgorithm):
		return invalid("the CRL is signed with an algorithm that is not accepted (%s): sign it with SHA-256 "+
			"or better", list.SignatureAlgorithm)
	}
	if err := list.CheckSignatureFrom(issuer); err != nil {
		return invalid("the signature of the CRL does not verify with the key of the CA: %s", Reason(err))
	}
	return nil
}

func checkCRLExtensions(extensions []pkix.Extension) error {
	seen := map[string]bool{}
	for _, e := range extensions {
		id := e.Id.String()
		switch {
		case seen[id]:
			return invalid("the CRL has the extension %s twice", id)
		case e.Id.Equal(oidDeltaCRLIndicator):
			return invalid("this is a delta CRL, which lists only changes: send the full CRL")
		case e.Id.Equal(oidIssuingDistribution):
			return invalid("the CRL has an issuing distribution point, so it may be partitioned or indirect: " +
				"send a full CRL without it")
		case e.Critical && !e.Id.Equal(oidCRLNumber) && !e.Id.Equal(oidAuthorityKeyID):
			return invalid("the CRL has a critical extension that is not supported (%s)", id)
		}
		seen[id] = true
	}
	return nil
}

func crlNumber(number *big.Int) (int64, error) {
	switch {
	case number == nil:
		return 0, nil
	case number.Sign() < 0:
		return 0, invalid("the CRL number is negative")
	case number.BitLen() > 62:
		return 0, invalid("the CRL number %.60s exceeds the maximum, 2^62", number)
	}
	return number.Int64(), nil
}

// CheckCRLNumber returns an error unless number can be the last CRL number of an imported authority.
func CheckCRLNumber(number int64) error {
	if number < 0 || number >= maxCRLNumber {
		return invalid("the number of the last CRL must be from 0 to 2^62")
	}
	return nil
}

func readEntries(entries []x509.RevocationListEntry) ([]notary.Revocation, error) {
	if len(entries) > maxCRLEntries {
		return nil, invalid("the CRL has %d entries, but at most %d are allowed", len(entries), maxCRLEntries)
	}
	reasons := make(map[int]notary.RevocationReason, len(notary.RevocationReasons))
	for name, code := range notary.RevocationReasons {
		reasons[code] = name
	}
	list := make([]notary.Revocation, 0, len(entries))
	seen := make(map[string]bool, len(entries))
	for _, entry := range entries {
		serial := SerialString(entry.SerialNumber)
		if err := notary.CheckSerial(serial); err != nil {
			return nil, invalid("the CRL has an entry that Notary could not include in its own CRLs: %s", err)
		}
		if seen[serial] {
			return nil, invalid("the CRL lists serial number %s twice", serial)
		}
		seen[serial] = true
		if err := checkEntryExtensions(serial, entry.Extensions); err != nil {
			return nil, err
		}
		if entry.RevocationTime.Unix() <= 0 {
			return nil, invalid("the CRL lists serial number %s as revoked before 1970", serial)
		}
		name, known := reasons[entry.ReasonCode]
		if !known {
			return nil, invalid("the CRL has the reason code %d for serial number %s, which is not allowed on "+
				"a full CRL", entry.ReasonCode, serial)
		}
		revocation := notary.Revocation{Serial: serial, At: entry.RevocationTime.UTC(), Reason: name}
		if err := readEntryExtensions(&revocation, entry.Extensions); err != nil {
			return nil, err
		}
		list = append(list, revocation)
	}
	return list, nil
}

// readEntryExtensions copies the invalidity date and hold instruction of a CRL entry to v, so that later CRLs can
// include them.
func readEntryExtensions(v *notary.Revocation, extensions []pkix.Extension) error {
	for _, e := range extensions {
		in := cryptobyte.String(e.Value)
		switch {
		case e.Id.Equal(oidInvalidityDate):
			ok := in.ReadASN1GeneralizedTime(&v.InvalidityDate) && in.Empty()
			if v.InvalidityDate = v.InvalidityDate.UTC(); !ok || v.InvalidityDate.Year() < 1950 {
				return invalid("the CRL's entry for serial number %s has an invalidity date that is not a "+
					"GeneralizedTime since 1950", v.Serial)
			}
		case e.Id.Equal(OIDHoldInstruction):
			var oid asn1.ObjectIdentifier
			if !in.ReadASN1ObjectIdentifier(&oid) || !in.Empty() || len(e.Value) > MaxHoldInstruction {
				return invalid("the CRL's entry for serial number %s has a hold instruction that is not an object "+
					"identifier of at most %d octets", v.Serial, MaxHoldInstruction)
			}
			v.HoldInstruction = oid.String()
		}
	}
	return nil
}

func checkEntryExtensions(serial string, extensions []pkix.Extension) error {
	for i, e := range extensions {
		switch {
		case e.Id.Equal(oidCertificateIssuer):
			return invalid("this is an indirect CRL: its entry for serial number %s belongs to another CA", serial)
		case e.Critical && !e.Id.Equal(oidReasonCode) && !e.Id.Equal(oidInvalidityDate) && !e.Id.Equal(OIDHoldInstruction):
			return invalid("the CRL's entry for serial number %s has a critical extension that is not "+
				"supported (%s)", serial, e.Id)
		}
		for _, earlier := range extensions[:i] {
			if earlier.Id.Equal(e.Id) {
				return invalid("the CRL's entry for serial number %s has the extension %s twice", serial, e.Id)
			}
		}
	}
	return nil
}
