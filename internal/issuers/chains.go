package issuers

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
	"time"

	"notary"
	"notary/internal/pki"
)

// Limits on the search for chains.
const (
	maxChains = 32
	maxSteps  = 1000 // certificates tried
)

// Chain is a certification path from a certificate to a trust anchor.
type Chain struct {
	Certificates [][]byte // DER, leaf first
	Names        []string // display names of the subjects
	// Problem describes why relying parties would reject the chain; "" if they would accept it.
	Problem string
}

// PEM returns the chain in PEM.
func (c Chain) PEM() string { return notary.CertificatesPEM(c.Certificates...) }

// Chains returns the certification paths of a certificate through all certificates of its issuers that are neither
// revoked nor expired. Valid chains come first; among equals the recorded chain does. all reports whether the search
// was complete.
func (s *Issuers) Chains(ctx context.Context, cert *notary.Certificate) (chains []Chain, all bool, err error) {
	parsed, err := ParseChain(cert)
	if err != nil {
		return nil, false, err
	}
	search := chainSearch{s: s, now: s.now(), all: true, known: map[string][]link{}}
	if err := search.extend(ctx, []*x509.Certificate{parsed[0]}, parsed[1:]); err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(search.found, func(a, b Chain) int { return min(1, len(a.Problem)) - min(1, len(b.Problem)) })
	return search.found, search.all, nil
}

type link struct {
	certificate *x509.Certificate
	above       []*x509.Certificate
}

type chainSearch struct {
	s     *Issuers
	now   time.Time
	steps int
	found []Chain
	all   bool
	known map[string][]link // by key and name
}

// extend finds all chains that begin with path. The last certificate of path was recorded with the issuers in above.
func (c *chainSearch) extend(ctx context.Context, path, above []*x509.Certificate) error {
	last := path[len(path)-1]
	if pki.IsSelfSigned(last) {
		c.add(path)
		return nil
	}
	if len(above) == 0 { // a trust anchor that is not a root, or an unknown external issuer
		c.add(path)
		return nil
	}
	links, err := c.links(ctx, above)
	if err != nil {
		return err
	}
	for _, next := range links {
		if c.steps++; c.steps > maxSteps || len(c.found) == maxChains || len(path) == pki.MaxChain {
			c.all = false
			return nil
		}
		if slices.ContainsFunc(path, func(p *x509.Certificate) bool { return SameHolder(p, next.certificate) }) {
			continue // a loop
		}
		if err := c.extend(ctx, append(slices.Clone(path), next.certificate), next.above); err != nil {
			return err
		}
	}
	return nil
}

// links returns the unrevoked and unexpired certificates with the key and subject of the chain's first certificate,
// starting with that certificate.
func (c *chainSearch) links(ctx context.Context, chain []*x509.Certificate) ([]link, error) {
	issuer := chain[0]
	name := string(issuer.RawSubjectPublicKeyInfo) + string(issuer.RawSubject)
	links, read := c.known[name]
	if !read {
		all, err := c.s.store.CertificatesWithKey(ctx, pki.CertificateKeyFingerprint(issuer))
		if err != nil {
			return nil, err
		}
		held := false
		for _, one := range all {
			held = held || bytes.Equal(one.DER, issuer.Raw)
			if one.Revocation != nil || one.NotAfter.Before(c.now) || !IsCertificateOf(one, issuer) {
				continue
			}
			parsed, err := ParseChain(one)
			if err != nil {
				c.s.damages.Found("certificate", one.ID, err)
				continue
			}
			links = append(links, link{parsed[0], parsed[1:]})
		}
		if !held && !issuer.NotAfter.Before(c.now) { // an external CA
			links = append(links, link{issuer, chain[1:]})
		}
		c.known[name] = links
	}
	links = slices.Clone(links)
	slices.SortStableFunc(links, func(a, b link) int {
		switch {
		case a.certificate.Equal(issuer) == b.certificate.Equal(issuer):
			return 0
		case a.certificate.Equal(issuer):
			return -1
		default:
			return 1
		}
	})
	return links, nil
}

// RenewChain sets the certificate's issuers to its current chain and returns that chain. It is the recorded chain,
// unless an issuer's certificate in it is revoked or expired and another chain is valid.
func (s *Issuers) RenewChain(ctx context.Context, c *notary.Certificate) ([]*x509.Certificate, error) {
	recorded, err := ParseChain(c)
	if err != nil {
		return nil, err
	}
	sound, err := s.SoundAbove(ctx, recorded[1:])
	if err != nil || sound {
		return recorded, err
	}
	search := chainSearch{s: s, now: s.now(), all: true, known: map[string][]link{}}
	if err := search.extend(ctx, recorded[:1], recorded[1:]); err != nil {
		return nil, err
	}
	for _, found := range search.found {
		if found.Problem == "" {
			c.Issuers = notary.NewIssuers(found.Certificates[1:]...)
			return ParseChain(c)
		}
	}
	return recorded, nil
}

// SoundAbove reports whether none of the certificates has expired or is recorded as revoked.
func (s *Issuers) SoundAbove(ctx context.Context, above []*x509.Certificate) (bool, error) {
	for _, one := range above {
		if s.now().After(one.NotAfter) {
			return false, nil
		}
		known, err := s.store.CertificateByFingerprint(ctx, pki.Fingerprint(one.Raw))
		if err != nil {
			return false, err
		}
		if known != nil && known.Revocation != nil {
			return false, nil
		}
	}
	return true, nil
}

// SameHolder reports whether two certificates have the same key and subject.
func SameHolder(a, b *x509.Certificate) bool {
	sameKey := bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) ||
		pki.SameKey(a.PublicKey, b.PublicKey)
	return sameKey && bytes.Equal(a.RawSubject, b.RawSubject)
}

func (c *chainSearch) add(path []*x509.Certificate) {
	chain := Chain{}
	for _, one := range path {
		chain.Certificates = append(chain.Certificates, one.Raw)
		chain.Names = append(chain.Names, subjectText(one))
	}
	chain.Problem = c.s.verdicts.problem(path, c.now)
	c.found = append(c.found, chain)
}

func subjectText(c *x509.Certificate) string {
	if name := recordedCommonName(c.Subject.CommonName); name != "" {
		return name
	}
	if len(c.DNSNames) > 0 {
		return recordedCommonName(c.DNSNames[0])
	}
	return recordedCommonName(c.Subject.String())
}
