package issuance

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"

	"notary"
	"notary/internal/pki"
)

var keyUsages = map[notary.KeyUsage]x509.KeyUsage{
	notary.DigitalSignature:  x509.KeyUsageDigitalSignature,
	notary.ContentCommitment: x509.KeyUsageContentCommitment,
	notary.KeyEncipherment:   x509.KeyUsageKeyEncipherment,
	notary.DataEncipherment:  x509.KeyUsageDataEncipherment,
	notary.KeyAgreement:      x509.KeyUsageKeyAgreement,
	notary.KeyCertSign:       x509.KeyUsageCertSign,
	notary.CRLSign:           x509.KeyUsageCRLSign,
	notary.EncipherOnly:      x509.KeyUsageEncipherOnly,
	notary.DecipherOnly:      x509.KeyUsageDecipherOnly,
}

const signs = x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment |
	x509.KeyUsageCertSign | x509.KeyUsageCRLSign

// possibleUsages returns the key usages that a kind of key supports: RSA (RFC 3279, section 2.3.1), ECDSA (RFC 5480,
// section 3) and Ed25519 (RFC 8410, section 5).
func possibleUsages(kind notary.KeyKind) x509.KeyUsage {
	switch kind {
	case notary.KindRSA:
		return signs | x509.KeyUsageKeyEncipherment | x509.KeyUsageDataEncipherment
	case notary.KindP256, notary.KindP384, notary.KindP521:
		return signs | x509.KeyUsageKeyAgreement | x509.KeyUsageEncipherOnly | x509.KeyUsageDecipherOnly
	case notary.KindEd25519:
		return signs
	default:
		return 0
	}
}

func profileUsage(r *notary.Rules) (usage x509.KeyUsage) {
	for _, name := range r.KeyUsages {
		usage |= keyUsages[name]
	}
	return usage
}

func usageFor(profile *notary.Profile, key crypto.PublicKey) x509.KeyUsage {
	kind, _ := kindOf(key)
	return profileUsage(&profile.Rules) & possibleUsages(kind)
}

// extKeyUsages maps the names of extended key usages (RFC 5280, section 4.2.1.12) to the constants of package x509.
var extKeyUsages = map[string]x509.ExtKeyUsage{
	notary.ServerAuth:      x509.ExtKeyUsageServerAuth,
	notary.ClientAuth:      x509.ExtKeyUsageClientAuth,
	notary.CodeSigning:     x509.ExtKeyUsageCodeSigning,
	notary.EmailProtection: x509.ExtKeyUsageEmailProtection,
	notary.TimeStamping:    x509.ExtKeyUsageTimeStamping,
	notary.OCSPSigning:     x509.ExtKeyUsageOCSPSigning,
}

var purposeOIDs = func() map[string]asn1.ObjectIdentifier {
	oids := map[string]asn1.ObjectIdentifier{}
	oids[anyExtKeyUsage], _ = pki.ParseOID(anyExtKeyUsage)
	for name, usage := range extKeyUsages {
		oids[name], _ = pki.ParseOID(usage.OID().String())
	}
	return oids
}()

func purposeOID(purpose string) (asn1.ObjectIdentifier, bool) {
	if oid, ok := purposeOIDs[purpose]; ok {
		return oid, true
	}
	return pki.ParseOID(purpose)
}

// CertifiesResponders reports whether certificates under these rules may sign OCSP responses for their issuer: with
// id-kp-OCSPSigning (RFC 6960, section 4.2.2.2) or anyExtendedKeyUsage. Such rules apply only to keys that Notary
// generates, because any other holder could declare revoked certificates good.
func CertifiesResponders(r *notary.Rules) bool {
	return hasPurpose(r, notary.OCSPSigning) || hasPurpose(r, anyExtKeyUsage)
}

const anyExtKeyUsage = "2.5.29.37.0"

var (
	oidExtKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}
)

func addUsages(template *x509.Certificate, profile *notary.Profile, key crypto.PublicKey) error {
	template.KeyUsage = usageFor(profile, key)
	var oids []asn1.ObjectIdentifier
	for _, purpose := range profile.ExtKeyUsages {
		oid, ok := purposeOID(purpose)
		if !ok {
			return notary.Errorf(notary.Internal, "%q is not an extended key usage", purpose)
		}
		oids = append(oids, oid)
		if usage, ok := extKeyUsages[purpose]; ok {
			template.ExtKeyUsage = append(template.ExtKeyUsage, usage)
		} else {
			template.UnknownExtKeyUsage = append(template.UnknownExtKeyUsage, oid)
		}
	}
	// RFC 3161, section 2.3, requires the extension to be critical for time stamping. Package x509 cannot do that.
	if slices.Contains(profile.ExtKeyUsages, notary.TimeStamping) {
		value, err := asn1.Marshal(oids)
		if err != nil {
			return notary.InternalError("write the extended key usage", err)
		}
		template.ExtraExtensions = append(template.ExtraExtensions,
			pkix.Extension{Id: oidExtKeyUsage, Critical: true, Value: value})
	}
	if profile.OCSPNoCheck {
		template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{Id: oidOCSPNoCheck, Value: asn1.NullBytes})
	}
	for _, policy := range profile.Policies {
		oid, err := x509.ParseOID(policy)
		if err != nil {
			return notary.Errorf(notary.Internal, "%q is not the object identifier of a policy", policy)
		}
		template.Policies = append(template.Policies, oid)
	}
	return nil
}

func purposes(c *x509.Certificate) []string {
	var list []string
	for _, usage := range c.ExtKeyUsage {
		list = append(list, usage.OID().String())
	}
	for _, oid := range c.UnknownExtKeyUsage {
		list = append(list, oid.String())
	}
	slices.Sort(list)
	return list
}
