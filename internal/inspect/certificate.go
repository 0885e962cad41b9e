package inspect

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

// Certificate is the content of a certificate (RFC 5280, section 4). Lists are limited to 100 elements.
type Certificate struct {
	Subject            string    `json:"subject"`
	Issuer             string    `json:"issuer"`
	SerialNumber       string    `json:"serial_number"` // hexadecimal
	NotBefore          time.Time `json:"not_before"`
	NotAfter           time.Time `json:"not_after"` // last second of validity
	Key                string    `json:"key"`
	SignatureAlgorithm string    `json:"signature_algorithm"`
	DNSNames           []string  `json:"dns_names,omitempty"`
	IPAddresses        []string  `json:"ip_addresses,omitempty"`
	EmailAddresses     []string  `json:"email_addresses,omitempty"`
	URIs               []string  `json:"uris,omitempty"`
	UPNs               []string  `json:"user_principal_names,omitempty"`
	IsCA               bool      `json:"is_ca"`
	PathLength         *int      `json:"path_length,omitempty"` // nil if unlimited
	SelfSigned         bool      `json:"self_signed"`
	KeyUsage           []string  `json:"key_usage,omitempty"`
	ExtKeyUsage        []string  `json:"ext_key_usage,omitempty"`
	Permitted          []string  `json:"permitted_names,omitempty"`
	Excluded           []string  `json:"excluded_names,omitempty"`
	Policies           []string  `json:"policies,omitempty"`
	CRLURLs            []string  `json:"crl_urls,omitempty"`
	OCSPURLs           []string  `json:"ocsp_urls,omitempty"`
	IssuerURLs         []string  `json:"issuer_urls,omitempty"`
	MustStaple         bool      `json:"must_staple"`
	SubjectKeyID       string    `json:"subject_key_id,omitempty"`
	AuthorityKeyID     string    `json:"authority_key_id,omitempty"`
	SHA256             string    `json:"sha256"` // of the DER, hexadecimal
	SHA1               string    `json:"sha1"`   // shown by old programs
}

func (r *reader) readCertificate(der []byte) Object {
	o := Object{Kind: KindCertificate}
	if !o.fits(der) {
		return o
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		o.fail("unreadable", "RFC 5280, section 4.1", "it cannot be parsed: %s", reason(err))
		return o
	}
	o.certificate = c
	o.Certificate = certificateFacts(c)
	o.Name = shortName(c.Subject, c.RawSubject, slices.Concat(o.Certificate.DNSNames, o.Certificate.IPAddresses,
		o.Certificate.EmailAddresses, o.Certificate.URIs, o.Certificate.UPNs))
	o.checkValidity(c, r.now)
	r.checkKey(&o, c.PublicKey)
	o.checkKeyEncoding(c.RawSubjectPublicKeyInfo, c.PublicKey)
	o.checkCertificate(c)
	if err := pki.CheckGeneralNames(c); err != nil {
		o.fail("general_name", "RFC 5280, section 4.2.1.6", "%s", notaryMessage(err))
	}
	return o
}

func certificateFacts(c *x509.Certificate) *Certificate {
	sum := sha1.Sum(c.Raw)
	facts := &Certificate{
		Subject: nameText(c.RawSubject), Issuer: nameText(c.RawIssuer), SerialNumber: pki.SerialString(c.SerialNumber),
		NotBefore: c.NotBefore.UTC(), NotAfter: c.NotAfter.UTC(), Key: keyName(c.PublicKey, c.PublicKeyAlgorithm),
		SignatureAlgorithm: c.SignatureAlgorithm.String(), IsCA: c.IsCA, SelfSigned: isSelfSigned(c),
		DNSNames: visibleList(c.DNSNames), EmailAddresses: visibleList(c.EmailAddresses),
		KeyUsage: keyUsageNames(c.KeyUsage), ExtKeyUsage: extKeyUsageNames(c),
		CRLURLs: visibleList(c.CRLDistributionPoints), OCSPURLs: visibleList(c.OCSPServer),
		IssuerURLs: visibleList(c.IssuingCertificateURL),
		MustStaple: mustStaple(c), SubjectKeyID: hexText(c.SubjectKeyId), AuthorityKeyID: hexText(c.AuthorityKeyId),
		SHA256: pki.Fingerprint(c.Raw), SHA1: hex.EncodeToString(sum[:]),
	}
	facts.IPAddresses = visibleList(texts(c.IPAddresses))
	facts.URIs = visibleList(texts(c.URIs))
	facts.UPNs = visibleList(pki.UPNs(c.Extensions))
	facts.Policies = visibleList(texts(c.Policies))
	facts.Permitted = nameConstraints(c.PermittedDNSDomains, c.PermittedIPRanges, c.PermittedEmailAddresses,
		c.PermittedURIDomains)
	facts.Excluded = nameConstraints(c.ExcludedDNSDomains, c.ExcludedIPRanges, c.ExcludedEmailAddresses,
		c.ExcludedURIDomains)
	if c.IsCA && (c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero) {
		facts.PathLength = &c.MaxPathLen
	}
	return facts
}

func texts[T fmt.Stringer](list []T) (all []string) {
	for _, element := range list[:min(len(list), maxList+1)] {
		all = append(all, element.String())
	}
	return all
}

func nameConstraints(dns []string, ips []*net.IPNet, emails, uris []string) []string {
	var all []string
	for _, kind := range []struct {
		prefix string
		list   []string
	}{{"DNS:", dns}, {"IP:", texts(ips)}, {"email:", emails}, {"URI:", uris}} {
		for _, name := range kind.list[:min(len(kind.list), maxList)] {
			all = append(all, kind.prefix+name)
		}
	}
	return visibleList(all)
}

func isSelfSigned(c *x509.Certificate) bool {
	return pki.IsSelfIssued(c) &&
		(len(c.AuthorityKeyId) == 0 || len(c.SubjectKeyId) == 0 || string(c.AuthorityKeyId) == string(c.SubjectKeyId))
}

// mustStaple reports whether the certificate has the TLS feature status_request (5), which requires a stapled OCSP
// response (RFC 7633).
func mustStaple(c *x509.Certificate) bool {
	for _, extension := range c.Extensions {
		if !extension.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 24}) {
			continue
		}
		var features []int
		_, err := asn1.Unmarshal(extension.Value, &features)
		return err == nil && slices.Contains(features, 5)
	}
	return false
}

// renewalWindow returns how long before expiry a certificate is due for renewal. It is proportionally shorter for
// short-lived certificates.
func renewalWindow(c *x509.Certificate) time.Duration {
	const day = 24 * time.Hour
	life := c.NotAfter.Sub(c.NotBefore)
	if c.IsCA {
		return min(180*day, life/10)
	}
	return min(21*day, life/4)
}

func (o *Object) checkValidity(c *x509.Certificate, now time.Time) {
	const clause = "RFC 5280, section 4.1.2.5"
	switch left := c.NotAfter.Sub(now); {
	case c.NotAfter.Before(c.NotBefore):
		o.fail("validity", clause, "its validity ends before it begins")
	case left < 0:
		o.fail("expired", clause, "it expired at %s: renew it", day(c.NotAfter))
	case now.Before(c.NotBefore):
		o.fail("not_yet_valid", clause, "it is not valid before %s: check the clock", day(c.NotBefore))
	case left < renewalWindow(c):
		o.warn("expires_soon", "", "it expires soon, at %s: renew it", day(c.NotAfter))
	}
}

// checkCertificate checks a certificate by itself, apart from its key and validity, which are checked elsewhere.
func (o *Object) checkCertificate(c *x509.Certificate) {
	o.checkSignatureAlgorithm(c.SignatureAlgorithm, isSelfSigned(c))
	for _, oid := range c.UnhandledCriticalExtensions[:min(len(c.UnhandledCriticalExtensions), 3)] {
		o.fail("unknown_critical_extension", "RFC 5280, section 4.2", "it has an unknown critical extension "+
			"(%s): relying parties will reject it", oidText(oid))
	}
	if c.IsCA {
		o.checkAuthority(c)
		return
	}
	if c.KeyUsage&x509.KeyUsageCertSign != 0 {
		o.fail("key_usage", "RFC 5280, section 4.2.1.3", "it has keyCertSign but is not a CA")
	}
	if isSelfSigned(c) {
		o.warn("self_signed", "", "it is self-signed: every client must be configured to trust it")
	}
	if isServer(c) {
		o.checkServer(c)
	}
	o.checkNames(c.DNSNames)
	o.checkLeafUsage(c)
}

func (o *Object) checkNames(names []string) {
	for _, name := range names[:min(len(names), maxList)] {
		if _, err := pki.ParseNames([]string{name}); err != nil {
			o.warn("bad_name", "RFC 1123, section 2.1", "%s", notaryMessage(err))
			return
		}
	}
}

func (o *Object) checkAuthority(c *x509.Certificate) {
	switch {
	case c.Version == 3 && !c.BasicConstraintsValid:
		o.fail("basic_constraints", "RFC 5280, section 4.2.1.9", "its basic constraints are invalid")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		o.fail("key_usage", "RFC 5280, section 4.2.1.3", "it is a CA, but its key usage does not permit "+
			"signing certificates (keyCertSign is missing)")
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCRLSign == 0:
		o.note("key_usage", "RFC 5280, section 4.2.1.3", "its key usage does not permit signing CRLs (cRLSign is missing)")
	}
	if names := extKeyUsageNames(c); len(names) > 0 && !slices.Contains(names, "anyExtendedKeyUsage") {
		o.note("ca_with_eku", "RFC 5280, section 4.2.1.12", "it is a CA with extended key usages: certificates "+
			"below it are valid only for %s", joined(names))
	}
	if isSelfSigned(c) {
		o.note("root", "", "it is a root: install it in clients' trust stores")
	}
}

// maxServerDays is the maximum validity in days that Apple platforms accept in a server certificate, even from a
// private CA.
const maxServerDays = 825

func (o *Object) checkServer(c *x509.Certificate) {
	if len(c.DNSNames)+len(c.IPAddresses) == 0 {
		o.fail("no_san", "RFC 9525, section 6.3", "it has no host name: clients look only at the subject "+
			"alternative names, not at the common name")
	}
	if days := c.NotAfter.Sub(c.NotBefore).Hours() / 24; days > maxServerDays {
		o.warn("long_validity", "", "it is valid for %.0f days: Apple platforms reject server certificates valid "+
			"for more than %d", days, maxServerDays)
	}
	const signs, enciphers = x509.KeyUsageDigitalSignature, x509.KeyUsageKeyEncipherment
	if c.KeyUsage != 0 && c.KeyUsage&(signs|enciphers|x509.KeyUsageKeyAgreement) == 0 {
		o.fail("key_usage", "RFC 5280, section 4.2.1.3", "its key usage does not suit a TLS server: "+
			"digitalSignature is missing")
	} else if c.KeyUsage != 0 && c.KeyUsage&signs == 0 {
		o.warn("key_usage", "RFC 8446, section 4.4.2.2", "its key usage lacks digitalSignature, which TLS 1.3 "+
			"and forward secrecy require")
	}
}

func (o *Object) checkLeafUsage(c *x509.Certificate) {
	enciphers := c.KeyUsage&(x509.KeyUsageKeyEncipherment|x509.KeyUsageDataEncipherment) != 0
	switch c.PublicKeyAlgorithm {
	case x509.ECDSA:
		if enciphers {
			o.warn("key_usage", "RFC 8813, section 3", "its key usage has keyEncipherment or dataEncipherment, "+
				"which elliptic curve keys do not support")
		}
	case x509.Ed25519:
		if enciphers || c.KeyUsage&x509.KeyUsageKeyAgreement != 0 {
			o.fail("key_usage", "RFC 8410, section 5", "its key usage includes encryption or key agreement, but "+
				"Ed25519 keys can only sign")
		}
	}
}

// Limits on linting, which takes a fraction of a millisecond per certificate.
const (
	maxLinted    = 50
	maxLintedDER = 32 << 10
)

func (r *reader) lint() {
	linted := 0
	for _, i := range r.certificates() {
		o := &r.objects[i]
		c := o.certificate
		if len(c.Raw) > maxLintedDER || !verifiable(c.PublicKey) || o.linted {
			continue
		}
		if linted == maxLinted {
			o.note("not_linted", "", "this and later certificates were not linted: only the first %d are", maxLinted)
			return
		}
		linted++
		o.linted = true
		findings, err := issuance.Lint(c.Raw)
		if err != nil {
			o.note("not_linted", "", "the linter cannot parse it: %s", notaryMessage(err))
		}
		for _, finding := range findings {
			level := notary.FindingNotice // also for lint warnings
			if finding.Level == notary.FindingError {
				level = notary.FindingError
			}
			o.add(level, "lint", finding.Citation, "%s (lint %s)", finding.Description, finding.Lint)
		}
	}
}
