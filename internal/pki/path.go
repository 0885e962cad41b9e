package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"

	"notary"
)

var oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}

// CheckChain verifies an external chain, leaf first, for a certificate of the given key (RFC 5280, section 6). The last
// certificate is the trust anchor and need not be self-signed, unless it is the only one.
//
// If wantCA is set, the first certificate must be a CA certificate that may sign certificates and CRLs; a missing key
// usage extension allows both (section 6.1.4). If wantCA is not set, it must not be a CA certificate.
func CheckChain(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool, now time.Time) error {
	if len(chain) == 0 {
		return invalid("the chain is empty")
	}
	if err := checkFirst(chain, key, wantCA); err != nil {
		return err
	}
	if len(chain) == 1 {
		return checkSelfSigned(chain[0], wantCA, now)
	}
	last := len(chain) - 1
	path := append(slices.Clone(chain[:last]), asAnchor(chain[last]))
	for i, certificate := range path {
		if err := checkCertificate(path, i, now); err != nil {
			return err
		}
		if i > 0 {
			if err := checkLink(path, i, path[i-1], certificate); err != nil {
				return err
			}
		}
	}
	if wantCA {
		if err := checkPathLengths(path); err != nil {
			return err
		}
	}
	if err := checkNames(path); err != nil {
		return err
	}
	return verify(path, now)
}

func checkFirst(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool) error {
	first, last := chain[0], chain[len(chain)-1]
	if !SameKey(first.PublicKey, key) {
		if SameKey(last.PublicKey, key) {
			return invalid("the chain is in reverse order: " +
				"put the certificate itself first, then its issuer, and the root last")
		}
		return invalid("the first certificate of the chain is not for the " +
			"request's key: send the certificate issued for this request, leaf first")
	}
	const needed = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	switch {
	case !wantCA && first.IsCA:
		return invalid("the first certificate of the chain is a CA certificate: send an end-entity certificate")
	case wantCA && !IsAuthority(first):
		return invalid("the first certificate of the chain is not a CA certificate: its basic constraints lack " +
			"CA:TRUE, " +
			"so relying parties would reject what it signs")
	// Without the extension, all usages are allowed (RFC 5280, section 6.1.4).
	case wantCA && first.KeyUsage != 0 && first.KeyUsage&needed != needed:
		return invalid("the CA's certificate lacks the key usages " +
			"keyCertSign and cRLSign, or one of them: have it reissued")
	}
	return nil
}

func checkCertificate(chain []*x509.Certificate, i int, now time.Time) error {
	c := chain[i]
	switch {
	case now.Before(c.NotBefore):
		return invalid("certificate %d of the chain is not valid before %s%s",
			i+1, c.NotBefore.Format(time.RFC3339), rootHint(chain, i))
	case now.After(c.NotAfter):
		return invalid("certificate %d of the chain expired at %s%s",
			i+1, c.NotAfter.Format(time.RFC3339), rootHint(chain, i))
	case !goodSignature(c.SignatureAlgorithm) && !IsSelfIssued(c): // a trust anchor's signature is irrelevant
		return invalid("certificate %d of the chain is signed with an algorithm that is not accepted (%s): have "+
			"it reissued",
			i+1, c.SignatureAlgorithm)
	}
	err := CheckKey(c.PublicKey)
	if err == nil {
		err = CheckKeyEncoding(c.RawSubjectPublicKeyInfo, c.PublicKey)
	}
	if err == nil {
		err = CheckGeneralNames(c)
	}
	if err != nil {
		return invalid("certificate %d of the chain cannot be used: %s%s", i+1, err, rootHint(chain, i))
	}
	return nil
}

// rootHint returns the advice to omit the root if certificate i is a root that the chain does not need, and ""
// otherwise.
func rootHint(chain []*x509.Certificate, i int) string {
	if i == len(chain)-1 && i >= 2 && IsSelfIssued(chain[i]) {
		return "; the chain may end below its root: omit the root"
	}
	return ""
}

func checkLink(chain []*x509.Certificate, i int, child, issuer *x509.Certificate) error {
	switch {
	case !SameName(child.RawIssuer, issuer.RawSubject):
		return invalid("certificate %d of the chain is not the issuer of certificate %d: "+
			"its subject is not the issuer named there", i+1, i)
	case !MaySign(issuer):
		return invalid("certificate %d of the chain is not a CA certificate "+
			"that may sign certificates%s", i+1, rootHint(chain, i))
	case len(child.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 &&
		!bytes.Equal(child.AuthorityKeyId, issuer.SubjectKeyId):
		return invalid("certificate %d of the chain is not the issuer of certificate %d: "+
			"the key identifiers differ", i+1, i)
	}
	if err := child.CheckSignatureFrom(issuer); err != nil {
		return invalid("the signature of certificate %d does not verify with the key of "+
			"certificate %d of the chain: %s", i, i+1, Reason(err))
	}
	return nil
}

// IsAuthority reports whether a certificate is a CA certificate. It accepts a self-signed version 1 certificate, which
// cannot have extensions.
func IsAuthority(c *x509.Certificate) bool {
	return c.IsCA && c.BasicConstraintsValid || c.Version == 1 && IsSelfSigned(c)
}

// MaySign reports whether basic constraints and key usage allow an authority to sign certificates. A missing key usage
// extension allows it, an empty one does not (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
func MaySign(c *x509.Certificate) bool {
	limited := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidKeyUsage) })
	return IsAuthority(c) && (!limited || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// asAnchor returns c, or a copy marked as a CA certificate if c is self-signed and lacks basic constraints: only the
// name and key of a trust anchor matter (RFC 5280, section 6.1.1). The copy keeps the other extensions, because relying
// parties honour them.
func asAnchor(c *x509.Certificate) *x509.Certificate {
	if c.BasicConstraintsValid || !IsSelfSigned(c) {
		return c
	}
	anchor := *c
	anchor.IsCA, anchor.BasicConstraintsValid, anchor.MaxPathLen = true, true, -1
	return &anchor
}

// checkNames checks the names in the chain against all name constraints above them (RFC 5280, section 4.2.1.10).
// Package x509 is too lenient: it treats a host constraint as a domain, and ignores the subject and non-critical
// constraints of unknown types.
func checkNames(chain []*x509.Certificate) error {
	refused, err := FirstRefusedName(chain)
	switch {
	case err != nil || refused == nil:
		return err
	case refused.Kind == TooMany:
		return invalid("the chain has so many names and name constraints that relying parties would reject it: "+
			"certificate %d has names that certificate %d constrains", refused.Certificate+1, refused.Authority+1)
	default:
		return invalid("the name constraints of certificate %d of the chain do not allow certificate %d: %s "+
			"name %.100q",
			refused.Authority+1, refused.Certificate+1, refused.Kind, refused.Name)
	}
}

// RefusedName is a name that violates the name constraints of an authority above it.
type RefusedName struct {
	Certificate, Authority int    // indices in the chain
	Kind, Name             string // as returned by [Refused]
}

// FirstRefusedName returns the first name in a chain that violates the constraints above it, or nil. If the comparison
// would take too long, the kind is [TooMany]. Self-issued CA certificates are exempt (RFC 5280, section 4.2.1.10).
func FirstRefusedName(chain []*x509.Certificate) (*RefusedName, error) {
	names := make([]notary.Subtrees, len(chain))
	for i, c := range chain {
		if i == 0 || !IsSelfIssued(c) {
			names[i] = constrainedNames(c)
		}
	}
	total := 0
	for i, authority := range chain {
		constraints, err := CertificateConstraints(authority)
		if err != nil {
			return nil, invalid("certificate %d of the chain cannot be used: %s%s", i+1, err, rootHint(chain, i))
		}
		for j := range i {
			if total += comparisons(constraints, names[j]); total > maxComparisons {
				return &RefusedName{j, i, TooMany, ""}, nil
			}
			if kind, name := refusedName(constraints, names[j]); kind != "" {
				return &RefusedName{j, i, kind, name}, nil
			}
		}
	}
	return nil, nil
}

// checkPathLengths checks that the path lengths of its issuers allow the first certificate to be an authority (RFC
// 5280, section 4.2.1.9). Package x509 would treat it as an end entity.
func checkPathLengths(chain []*x509.Certificate) error {
	for below, issuer := range chain[1:] {
		limited := issuer.MaxPathLen > 0 || issuer.MaxPathLen == 0 && issuer.MaxPathLenZero
		if limited && below+1 > issuer.MaxPathLen {
			return invalid("the path length of certificate %d of the chain allows %d subordinate CAs, but there are %d",
				below+2, issuer.MaxPathLen, below+1)
		}
	}
	return nil
}

func checkSelfSigned(c *x509.Certificate, wantCA bool, now time.Time) error {
	if !IsSelfIssued(c) {
		return invalid("the chain has only one certificate: " +
			"add that of its issuer, and so on up to the root")
	}
	chain := []*x509.Certificate{c}
	if err := checkCertificate(chain, 0, now); err != nil {
		return err
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		return invalid("the self-signature of the certificate does not verify: %s", Reason(err))
	}
	if wantCA && !MaySign(c) {
		return invalid("the first certificate of the chain is not a CA certificate that may sign certificates")
	}
	if err := checkNames(chain); err != nil {
		return err
	}
	return verify(chain, now)
}

// verify checks the chain as a whole with package x509: path lengths, name constraints, critical extensions,
// policies.
func verify(chain []*x509.Certificate, now time.Time) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	path := Comparable(chain)
	last := len(path) - 1
	roots.AddCert(path[last])
	for _, c := range path[min(1, last):last] {
		intermediates.AddCert(c)
	}
	_, err := path[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return invalid("the chain does not verify: %s", Reason(err))
	}
	return nil
}

// Comparable returns copies of a chain's certificates for package x509, which compares names octet by octet and applies
// name constraints to self-issued CA certificates, both contrary to RFC 5280. In the copies, matching names are
// identical, and self-issued issuers have no subject alternative names.
func Comparable(chain []*x509.Certificate) []*x509.Certificate {
	path := make([]*x509.Certificate, len(chain))
	for i, c := range chain {
		link := *c
		if i > 0 && IsSelfIssued(c) {
			link.Extensions = slices.DeleteFunc(slices.Clone(c.Extensions),
				func(e pkix.Extension) bool { return e.Id.Equal(oidSAN) })
		}
		if i > 0 && SameName(c.RawSubject, chain[i-1].RawIssuer) {
			link.RawSubject = chain[i-1].RawIssuer
		}
		path[i] = &link
	}
	return path
}
