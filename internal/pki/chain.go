package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"time"
)

var oidKeyUsage = asn1.ObjectIdentifier{2, 5, 29, 15}

// ParseChain reads a chain of PEM certificates, in the order that they are in. Text between
// them is passed over (RFC 7468, section 5.2); anything else than certificates is refused,
// and so are duplicates. Whether it is a chain is for [CheckChain] to say.
func ParseChain(pemText string) ([]*x509.Certificate, error) {
	doc, err := readPEM(pemText, MaxChainSize)
	if err != nil {
		return nil, err
	}
	switch count := len(doc.blocks); {
	case count == 0:
		return nil, invalid("this is not a certificate chain in PEM: " +
			"it must hold -----BEGIN CERTIFICATE-----")
	case count > MaxChain:
		return nil, invalid("the chain has %d certificates, and at most %d are allowed", count, MaxChain)
	}
	var chain []*x509.Certificate
	for i, block := range doc.blocks {
		if block.label != labelCertificate {
			return nil, invalid("PEM block %d is of type %.40q instead of CERTIFICATE", i+1, block.label)
		}
		certificate, err := x509.ParseCertificate(block.der)
		if err != nil {
			return nil, invalid("certificate %d of the chain cannot be parsed: %s", i+1, reason(err))
		}
		for j, earlier := range chain {
			if earlier.Equal(certificate) {
				return nil, invalid("certificates %d and %d of the chain are the same", j+1, i+1)
			}
		}
		chain = append(chain, certificate)
	}
	return chain, nil
}

// ParseBundle reads certificates in PEM that need not belong together, in the order that they
// are in. Text between them, which openssl writes, is passed over; anything else than
// certificates is refused.
func ParseBundle(pemText string) ([]*x509.Certificate, error) {
	doc, err := readPEM(pemText, MaxBundleSize)
	if err != nil {
		return nil, err
	}
	switch count := len(doc.blocks); {
	case count == 0:
		return nil, invalid("there are no certificates in PEM: they begin with -----BEGIN CERTIFICATE-----")
	case count > MaxBundle:
		return nil, invalid("there are %d certificates, and at most %d are taken at once", count, MaxBundle)
	}
	bundle := make([]*x509.Certificate, len(doc.blocks))
	for i, block := range doc.blocks {
		if bundle[i], err = parseCertificate(i+1, block); err != nil {
			return nil, err
		}
	}
	return bundle, nil
}

func parseCertificate(place int, block block) (*x509.Certificate, error) {
	if block.label != labelCertificate {
		return nil, invalid("PEM block %d is of type %.40q instead of CERTIFICATE", place, block.label)
	}
	certificate, err := x509.ParseCertificate(block.der)
	if err != nil {
		return nil, invalid("certificate %d cannot be parsed: %s", place, reason(err))
	}
	return certificate, nil
}

// CheckChain checks a chain from outside for a certificate of the given key, leaf first: that
// each certificate is signed by the next, valid at the given time, and entitled to what it
// does (RFC 5280, section 6). With wantCA the first must be an authority that can sign
// certificates and CRLs; one without key usages can (section 6.1.4). The last one is taken as the trust anchor and need not be
// self-signed.
func CheckChain(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool, now time.Time) error {
	if len(chain) == 0 {
		return invalid("the chain is empty")
	}
	if err := checkFirst(chain, key, wantCA); err != nil {
		return err
	}
	for i, certificate := range chain {
		if err := checkOne(i, certificate, now); err != nil {
			return err
		}
		if i > 0 {
			if err := checkLink(i, chain[i-1], certificate); err != nil {
				return err
			}
		}
	}
	if len(chain) == 1 {
		return checkAlone(chain[0], wantCA, now)
	}
	if wantCA {
		if err := checkRoom(chain); err != nil {
			return err
		}
	}
	if err := checkNames(chain); err != nil {
		return err
	}
	return verify(chain, now)
}

// checkFirst checks that the chain is for this key and starts with the right kind.
func checkFirst(chain []*x509.Certificate, key crypto.PublicKey, wantCA bool) error {
	first, last := chain[0], chain[len(chain)-1]
	if !SameKey(first.PublicKey, key) {
		if SameKey(last.PublicKey, key) {
			return invalid("the chain is in the reverse order: " +
				"send the certificate first, then its issuer, and the root last")
		}
		return invalid("the first certificate of the chain is for another key than the " +
			"request's: send the certificate that was made for this request, leaf first")
	}
	const needed = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	switch {
	case !wantCA && first.IsCA:
		return invalid("the first certificate of the chain is that of an authority (CA)")
	case wantCA && (!first.IsCA || !first.BasicConstraintsValid):
		return invalid("the first certificate of the chain is not that of an authority (CA)")
	case wantCA && first.KeyUsage != 0 && first.KeyUsage&needed != needed: // none is all (RFC 5280, section 6.1.4)
		return invalid("the authority's certificate lacks the key usages " +
			"keyCertSign and cRLSign")
	}
	return nil
}

func checkOne(i int, c *x509.Certificate, now time.Time) error {
	switch {
	case now.Before(c.NotBefore):
		return invalid("certificate %d of the chain is not valid before %s",
			i+1, c.NotBefore.Format(time.RFC3339))
	case now.After(c.NotAfter):
		return invalid("certificate %d of the chain expired at %s",
			i+1, c.NotAfter.Format(time.RFC3339))
	}
	err := CheckKey(c.PublicKey)
	if err == nil {
		err = CheckKeyEncoding(c.RawSubjectPublicKeyInfo, c.PublicKey)
	}
	if err != nil {
		return invalid("certificate %d of the chain cannot be used: %s", i+1, err)
	}
	return nil
}

// checkLink checks that the certificate at place i issued the one before it.
func checkLink(i int, child, issuer *x509.Certificate) error {
	switch {
	case !bytes.Equal(child.RawIssuer, issuer.RawSubject):
		return invalid("certificate %d of the chain is not the issuer of certificate %d: "+
			"its subject is not the issuer named there", i+1, i)
	case !MaySign(issuer):
		return invalid("certificate %d of the chain is not that of an authority "+
			"that may sign certificates", i+1)
	case len(child.AuthorityKeyId) > 0 && len(issuer.SubjectKeyId) > 0 &&
		!bytes.Equal(child.AuthorityKeyId, issuer.SubjectKeyId):
		return invalid("certificate %d of the chain is not the issuer of certificate %d: "+
			"the key identifiers differ", i+1, i)
	}
	if err := child.CheckSignatureFrom(issuer); err != nil {
		return invalid("the signature of certificate %d does not verify with the key of "+
			"certificate %d of the chain: %s", i, i+1, reason(err))
	}
	return nil
}

// MaySign says whether an authority may sign certificates by its basic constraints and its key
// usage, if it has one: one of nothing allows nothing (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
func MaySign(c *x509.Certificate) bool {
	limited := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidKeyUsage) })
	return c.IsCA && c.BasicConstraintsValid && (!limited || c.KeyUsage&x509.KeyUsageCertSign != 0)
}

// checkNames checks the names in the chain against the name constraints of all that is above
// them (RFC 5280, section 4.2.1.10), once more than package x509: this one takes a host for a
// domain, does not look at the subject, and passes over constraints that are not critical where
// it does not know them.
func checkNames(chain []*x509.Certificate) error {
	for i, authority := range chain {
		constraints, err := CertificateConstraints(authority)
		if err != nil {
			return invalid("certificate %d of the chain cannot be used: %s", i+1, err)
		}
		for j, below := range chain[:i] {
			if kind, name := refusedName(constraints, constrainedNames(below)); kind != "" {
				return invalid("the name constraints of certificate %d of the chain do not allow certificate %d: %s name %.100q",
					i+1, j+1, kind, name)
			}
		}
	}
	return nil
}

// checkRoom checks that the path lengths leave room for the first certificate as an authority
// (RFC 5280, section 4.2.1.9). Package x509 takes the first for the end of the path, which no
// path length counts.
func checkRoom(chain []*x509.Certificate) error {
	for below, issuer := range chain[1:] {
		limited := issuer.MaxPathLen > 0 || issuer.MaxPathLen == 0 && issuer.MaxPathLenZero
		if limited && below+1 > issuer.MaxPathLen {
			return invalid("certificate %d of the chain allows %d authorities under it, and has %d",
				below+2, issuer.MaxPathLen, below+1)
		}
	}
	return nil
}

// checkAlone checks a chain of one certificate, which only a root can be.
func checkAlone(c *x509.Certificate, wantCA bool, now time.Time) error {
	if !wantCA || !bytes.Equal(c.RawIssuer, c.RawSubject) {
		return invalid("the chain has only one certificate: " +
			"add that of its issuer, and so on up to the root")
	}
	if err := c.CheckSignatureFrom(c); err != nil {
		return invalid("the self-signature of the certificate does not verify: %s", reason(err))
	}
	if err := checkNames([]*x509.Certificate{c}); err != nil {
		return err
	}
	return verify([]*x509.Certificate{c}, now)
}

// verify checks what concerns the chain as a whole: path lengths, name constraints, critical
// extensions, policies.
func verify(chain []*x509.Certificate, now time.Time) error {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	last := len(chain) - 1
	roots.AddCert(chain[last])
	for _, c := range chain[min(1, last):last] {
		intermediates.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   now,
		KeyUsages:     []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return invalid("the chain does not verify: %s", reason(err))
	}
	return nil
}
