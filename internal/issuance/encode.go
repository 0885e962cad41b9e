package issuance

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/bits"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// encode returns the TBSCertificate (RFC 5280, section 4.1) that x509.CreateCertificate would sign. That function
// encodes by reflection, which takes several times as long (BenchmarkLeaf).
func encode(template *x509.Certificate, issuer []byte, key crypto.PublicKey, scheme scheme) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, notary.InternalError("encode the public key", err)
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, usualSize))
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1Int64(version3) })
		b.AddASN1BigInt(template.SerialNumber)
		b.AddBytes(scheme.identifier)
		b.AddBytes(issuer)
		addSequence(b, func(b *cryptobyte.Builder) {
			addTime(b, template.NotBefore)
			addTime(b, template.NotAfter)
		})
		b.AddBytes(template.RawSubject)
		b.AddBytes(spki)
		b.AddASN1(explicit(3), func(b *cryptobyte.Builder) {
			addSequence(b, func(b *cryptobyte.Builder) { addExtensions(b, template) })
		})
	})
	tbs, err := b.Bytes()
	if err != nil {
		return nil, notary.InternalError("encode the certificate", err)
	}
	return tbs, nil
}

const (
	version3  = 2    // RFC 5280, section 4.1.2.1
	usualSize = 1024 // octets
)

func explicit(n uint8) casn1.Tag { return implicit(n).Constructed() }

func implicit(n uint8) casn1.Tag { return casn1.Tag(n).ContextSpecific() }

func addSequence(b *cryptobyte.Builder, content func(*cryptobyte.Builder)) {
	b.AddASN1(casn1.SEQUENCE, content)
}

func addText(b *cryptobyte.Builder, tag casn1.Tag, text string) {
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
}

// addTime chooses the type as RFC 5280, section 4.1.2.5, requires.
func addTime(b *cryptobyte.Builder, t time.Time) {
	if t = t.UTC(); t.Year() >= 1950 && t.Year() < 2050 {
		b.AddASN1UTCTime(t)
	} else {
		b.AddASN1GeneralizedTime(t)
	}
}

// Object identifiers of extensions (RFC 5280, section 4.2.1) and access methods (section 4.2.2.1).
var (
	oidKeyUsage           = asn1.ObjectIdentifier{2, 5, 29, 15}
	oidBasicConstraints   = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidSubjectKey         = asn1.ObjectIdentifier{2, 5, 29, 14}
	oidAuthorityKey       = asn1.ObjectIdentifier{2, 5, 29, 35}
	oidPolicies           = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidDistributionPoints = asn1.ObjectIdentifier{2, 5, 29, 31}
	oidAuthorityInfo      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}
	oidOCSPMethod         = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1}
	oidIssuersMethod      = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 2}
)

// addExtensions adds the extensions of the template's fields, then its ExtraExtensions. An extra one replaces that of a
// field.
func addExtensions(b *cryptobyte.Builder, c *x509.Certificate) {
	add := func(present bool, oid asn1.ObjectIdentifier, critical bool, value func(*cryptobyte.Builder)) {
		replaced := slices.ContainsFunc(c.ExtraExtensions, func(e pkix.Extension) bool { return e.Id.Equal(oid) })
		if present && !replaced {
			addExtension(b, oid, critical, value)
		}
	}
	add(c.KeyUsage != 0, oidKeyUsage, true, func(b *cryptobyte.Builder) { addKeyUsage(b, c.KeyUsage) })
	add(len(c.ExtKeyUsage)+len(c.UnknownExtKeyUsage) > 0, oidExtKeyUsage, false,
		func(b *cryptobyte.Builder) { addPurposes(b, c) })
	add(true, oidBasicConstraints, true, func(b *cryptobyte.Builder) { addBasicConstraints(b, c) })
	add(true, oidSubjectKey, false, func(b *cryptobyte.Builder) { b.AddASN1OctetString(c.SubjectKeyId) })
	add(len(c.AuthorityKeyId) > 0, oidAuthorityKey, false, func(b *cryptobyte.Builder) {
		addSequence(b, func(b *cryptobyte.Builder) { addText(b, implicit(0), string(c.AuthorityKeyId)) })
	})
	add(len(c.OCSPServer)+len(c.IssuingCertificateURL) > 0, oidAuthorityInfo, false,
		func(b *cryptobyte.Builder) { addAuthorityInfo(b, c) })
	add(len(c.Policies) > 0, oidPolicies, false, func(b *cryptobyte.Builder) { addPolicies(b, c.Policies) })
	add(len(c.CRLDistributionPoints) > 0, oidDistributionPoints, false,
		func(b *cryptobyte.Builder) { addDistributionPoints(b, c.CRLDistributionPoints) })
	for _, e := range c.ExtraExtensions {
		addExtension(b, e.Id, e.Critical, func(b *cryptobyte.Builder) { b.AddBytes(e.Value) })
	}
}

func addExtension(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, critical bool, value func(*cryptobyte.Builder)) {
	addSequence(b, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid)
		if critical {
			b.AddASN1Boolean(true)
		}
		b.AddASN1(casn1.OCTET_STRING, value)
	})
}

// addKeyUsage numbers the bits from the left (section 4.2.1.3) and omits trailing zeros.
func addKeyUsage(b *cryptobyte.Builder, usage x509.KeyUsage) {
	octets := []byte{bits.Reverse8(byte(usage)), bits.Reverse8(byte(usage >> 8))}
	if octets[1] == 0 {
		octets = octets[:1]
	}
	b.AddASN1(casn1.BIT_STRING, func(b *cryptobyte.Builder) {
		b.AddUint8(uint8(bits.TrailingZeros8(octets[len(octets)-1])))
		b.AddBytes(octets)
	})
}

func addPurposes(b *cryptobyte.Builder, c *x509.Certificate) {
	addSequence(b, func(b *cryptobyte.Builder) {
		for _, usage := range c.ExtKeyUsage {
			addOID(b, usage.OID())
		}
		for _, oid := range c.UnknownExtKeyUsage {
			b.AddASN1ObjectIdentifier(oid)
		}
	})
}

func addOID(b *cryptobyte.Builder, oid x509.OID) {
	content, err := oid.MarshalBinary()
	if err != nil {
		b.SetError(err)
	}
	b.AddASN1(casn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes(content) })
}

func addBasicConstraints(b *cryptobyte.Builder, c *x509.Certificate) {
	addSequence(b, func(b *cryptobyte.Builder) {
		if c.IsCA {
			b.AddASN1Boolean(true)
		}
		if n := pathLen(c); n >= 0 {
			b.AddASN1Int64(int64(n))
		}
	})
}

func addAuthorityInfo(b *cryptobyte.Builder, c *x509.Certificate) {
	addSequence(b, func(b *cryptobyte.Builder) {
		add := func(method asn1.ObjectIdentifier, urls []string) {
			for _, url := range urls {
				addSequence(b, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(method)
					addText(b, uriName, url)
				})
			}
		}
		add(oidOCSPMethod, c.OCSPServer)
		add(oidIssuersMethod, c.IssuingCertificateURL)
	})
}

var uriName = implicit(6) // of GeneralName (section 4.2.1.6)

func addPolicies(b *cryptobyte.Builder, policies []x509.OID) {
	addSequence(b, func(b *cryptobyte.Builder) {
		for _, policy := range policies {
			addSequence(b, func(b *cryptobyte.Builder) { addOID(b, policy) })
		}
	})
}

func addDistributionPoints(b *cryptobyte.Builder, urls []string) {
	addSequence(b, func(b *cryptobyte.Builder) {
		for _, url := range urls {
			addSequence(b, func(b *cryptobyte.Builder) { addPointName(b, []string{url}) })
		}
	})
}

// addPointName adds the full name of a distribution point (section 4.2.1.13).
func addPointName(b *cryptobyte.Builder, urls []string) {
	b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { // implicitly tagged GeneralNames: same encoding
			for _, url := range urls {
				addText(b, uriName, url)
			}
		})
	})
}
