package inspect

import (
	"crypto/x509"
	"errors"
	"net"
	"slices"
	"strings"
	"time"
)

// Verification specifies what certificates are verified against.
type Verification struct {
	Roots *x509.CertPool // nil to skip the path to a root
	Host  string         // DNS name or IP address; empty to skip the name
	Now   time.Time
}

// Verify checks the certificates returned by [Read] against roots and a name, and adds problems to the leaf. With both
// roots and a name, the leaf must be a server certificate. Verify does nothing if there are no certificates.
func Verify(objects []Object, v Verification) {
	r := &reader{objects: objects}
	indices := r.certificates()
	if len(indices) == 0 {
		return
	}
	var list []*x509.Certificate
	for _, i := range indices {
		list = append(list, objects[i].certificate)
	}
	first := leafOf(list)
	leaf := &objects[indices[first]]
	if v.Host != "" {
		leaf.checkHost(v.Host)
	}
	if v.Roots != nil {
		r.checkTrust(leaf, list, first, v)
	}
}

func (o *Object) checkHost(host string) {
	c := o.certificate
	if len(c.DNSNames)+len(c.IPAddresses) == 0 {
		if !slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == "no_san" }) {
			o.fail("no_san", "RFC 9525, section 6.3", "it has no host name, so it is not valid for %s", host)
		}
		return
	}
	if c.VerifyHostname(withoutBrackets(host)) != nil {
		names := slices.Concat(o.Certificate.DNSNames, o.Certificate.IPAddresses)
		o.fail("name_mismatch", "RFC 9525, section 6", "it is not valid for %s, only for %s", host, joined(names))
	}
}

func withoutBrackets(host string) string {
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

func (r *reader) checkTrust(o *Object, list []*x509.Certificate, first int, v Verification) {
	intermediates := x509.NewCertPool()
	for _, c := range list {
		if !verifiable(c.PublicKey) {
			o.note("not_verified", "", "its trust was not checked: %s has a key of an unsupported type "+
				"or size", shortName(c.Subject, c.RawSubject, nil))
			return
		}
		intermediates.AddCert(c)
	}
	usage := x509.ExtKeyUsageAny
	if v.Host != "" {
		usage = x509.ExtKeyUsageServerAuth
	}
	_, err := o.certificate.Verify(x509.VerifyOptions{Roots: v.Roots, Intermediates: intermediates, CurrentTime: v.Now,
		KeyUsages: []x509.ExtKeyUsage{usage}})
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil, isExpiry(err): // reported elsewhere
	case errors.As(err, &unknown):
		r.untrusted(o, list)
	default:
		o.fail("untrusted", "RFC 5280, section 6", "it does not verify: %s", reason(err))
	}
}

// untrusted adds the problem of a chain that leads to no trusted root: an untrusted root or a missing issuer.
func (r *reader) untrusted(o *Object, list []*x509.Certificate) {
	p := r.follow(list)
	top := list[p.places[len(p.places)-1]]
	name := shortName(top.Subject, top.RawSubject, nil)
	switch {
	case isSelfSigned(top):
		o.fail("untrusted", "", "it is not trusted: its root %s is neither among the roots of this system nor in "+
			"--ca-cert", name)
	case len(top.IssuingCertificateURL) > 0:
		o.fail("incomplete", "RFC 5246, section 7.4.2", "the chain is incomplete: the certificate of %s, the "+
			"issuer of %s, is missing; download it from %s",
			nameText(top.RawIssuer), name, top.IssuingCertificateURL[0])
	default:
		o.fail("incomplete", "RFC 5246, section 7.4.2", "the chain is incomplete, or its root is not trusted: "+
			"%s, the issuer of %s, is not in the chain, among the roots of this system or in "+
			"--ca-cert", nameText(top.RawIssuer), name)
	}
}

// HostOf returns the host of an address in the form host:port, and any other address unchanged.
func HostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	return host
}
