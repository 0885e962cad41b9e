package inspect

import (
	"crypto/x509"
	"slices"
	"time"

	"notary/internal/pki"
)

// Chain describes the certification path formed by the certificates in the input, starting from the first.
type Chain struct {
	Certificates int      `json:"certificates"`
	Path         []string `json:"path"`                     // names, from the leaf up
	EndsInRoot   bool     `json:"ends_in_root"`             // whether the last certificate is self-signed
	Missing      string   `json:"missing_issuer,omitempty"` // issuer of the last certificate; empty if that is a root
}

// chain returns the chain formed by the certificates, or false if there are fewer than two or all are roots.
func (r *reader) chain() (Object, bool) {
	indices := r.certificates()
	if len(indices) < 2 {
		return Object{}, false
	}
	list := make([]*x509.Certificate, len(indices))
	for n, i := range indices {
		list[n] = r.objects[i].certificate
	}
	if isSelfSigned(list[0]) && isCollection(list) {
		return Object{}, false
	}
	o := Object{Kind: KindChain, Chain: &Chain{Certificates: len(list)}}
	r.checkChain(&o, list)
	return o, true
}

func isCollection(list []*x509.Certificate) bool {
	return !slices.ContainsFunc(list, func(c *x509.Certificate) bool { return !isSelfSigned(c) })
}

func (r *reader) checkChain(o *Object, list []*x509.Certificate) {
	p := r.follow(list)
	for _, i := range p.places {
		o.Chain.Path = append(o.Chain.Path, shortName(list[i].Subject, list[i].RawSubject, list[i].DNSNames))
	}
	last := list[p.places[len(p.places)-1]]
	o.Name = o.Chain.Path[0]
	o.Chain.EndsInRoot = isSelfSigned(last)
	if !o.Chain.EndsInRoot {
		o.Chain.Missing = nameText(last.RawIssuer)
	}
	switch {
	case p.err == errNotVerified:
		o.notVerified()
	case p.err != nil:
		o.fail("link", "RFC 5280, section 6.1.3", "the signature of %s does not verify with the included "+
			"certificate of its issuer, which has the same name but another key", o.Chain.Path[len(o.Chain.Path)-1])
	}
	o.checkOrder(list, p)
	o.checkLinks(list, p, r.now)
}

func (o *Object) checkOrder(list []*x509.Certificate, p path) {
	seen := map[string]bool{}
	var twice, needless int
	for i, c := range list {
		switch {
		case seen[string(c.Raw)]:
			twice++
		case !slices.Contains(p.reached, i):
			needless++
		}
		seen[string(c.Raw)] = true
	}
	inOrder := slices.IsSorted(p.places)
	switch {
	case p.places[0] != 0:
		o.warn("order", "RFC 5246, section 7.4.2", "it is out of order: put the certificate of %s first, then "+
			"its issuer, and so on", o.Chain.Path[0])
	case !inOrder:
		o.warn("order", "RFC 5246, section 7.4.2", "it is out of order: put each issuer after the certificate "+
			"that it issued")
	}
	if twice > 0 {
		o.warn("duplicate", "", "%d of its certificates are duplicates", twice)
	}
	if needless > 0 {
		o.warn("superfluous", "", "%d of its certificates do not belong to the path of %s", needless, o.Chain.Path[0])
	}
}

// checkLinks verifies the path like a relying party with the last certificate as its trust anchor (RFC 5280, section
// 6): basic constraints, path lengths, name constraints, extended key usages.
func (o *Object) checkLinks(list []*x509.Certificate, p path, now time.Time) {
	var ordered []*x509.Certificate
	for _, i := range p.places {
		if !verifiable(list[i].PublicKey) {
			return
		}
		ordered = append(ordered, list[i])
	}
	if len(ordered) < 2 {
		return
	}
	if refused, err := pki.FirstRefusedName(ordered); err == nil && refused != nil && refused.Kind != pki.TooMany {
		o.fail("path", "RFC 5280, section 4.2.1.10", "%s has the %s name %q, which the name constraints of %s do "+
			"not allow",
			o.Chain.Path[refused.Certificate], refused.Kind, visible(refused.Name), o.Chain.Path[refused.Authority])
		return
	}
	// Choose a time at which all certificates are valid: expired ones are reported elsewhere.
	ordered = pki.Comparable(ordered)
	at := now
	for _, c := range ordered {
		if at.After(c.NotAfter) {
			at = c.NotAfter
		}
		if at.Before(c.NotBefore) {
			at = c.NotBefore
		}
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ordered[len(ordered)-1])
	for _, c := range ordered[1 : len(ordered)-1] {
		intermediates.AddCert(c)
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	if _, err := ordered[0].Verify(options); err != nil {
		if !isExpiry(err) {
			o.fail("path", "RFC 5280, section 6", "it does not verify, even if its last certificate is "+
				"trusted: %s", reason(err))
		}
		return
	}
	if usages := ordered[0].ExtKeyUsage; len(usages) > 0 && !ordered[0].IsCA {
		options.KeyUsages = usages
		if _, err := ordered[0].Verify(options); err != nil {
			o.fail("purpose", "RFC 5280, section 4.2.1.12", "a CA above it allows none of its extended "+
				"key usages (%s)", joined(extKeyUsageNames(ordered[0])))
		}
	}
}

func isExpiry(err error) bool {
	invalid, ok := err.(x509.CertificateInvalidError)
	return ok && invalid.Reason == x509.Expired
}
