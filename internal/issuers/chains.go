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

// How far chains are looked for.
const (
	maxChains = 32
	maxSteps  = 1000 // certificates that are tried
)

// Chain is one path from a certificate to a trust anchor.
type Chain struct {
	Certificates [][]byte // DER, the certificate first
	Names        []string // of the subjects, for people
	// Problem is why relying parties would refuse it; "" where nothing speaks against it.
	Problem string
}

// PEM is the chain as PEM.
func (c Chain) PEM() string { return notary.CertificatesPEM(c.Certificates...) }

// Chains returns the ways from a certificate to its trust anchors: by every certificate of each authority above it
// that is neither revoked nor expired. The one that it was issued with comes first, and those with a problem last.
// All reports whether these are all that there are.
func (s *Issuers) Chains(ctx context.Context, cert *notary.Certificate) (chains []Chain, all bool, err error) {
	parsed, err := ParseChain(cert)
	if err != nil {
		return nil, false, err
	}
	search := chainSearch{s: s, now: s.now(), all: true, known: map[string][]link{}}
	if err := search.from(ctx, []*x509.Certificate{parsed[0]}, parsed[1:]); err != nil {
		return nil, false, err
	}
	slices.SortStableFunc(search.found, func(a, b Chain) int { return min(1, len(a.Problem)) - min(1, len(b.Problem)) })
	return search.found, search.all, nil
}

// link is a certificate of an authority with what it was recorded to be below.
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

// from goes on from the last certificate of a path, which was recorded to be below others.
func (c *chainSearch) from(ctx context.Context, path, above []*x509.Certificate) error {
	last := path[len(path)-1]
	if pki.IsSelfSigned(last) {
		c.add(path)
		return nil
	}
	if len(above) == 0 { // an anchor that is no root, or an outside issuer that nobody knows
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
		if err := c.from(ctx, append(slices.Clone(path), next.certificate), next.above); err != nil {
			return err
		}
	}
	return nil
}

// links are the certificates of the first of these, and of the same key and name, the first
// itself before the others.
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
		if !held && !issuer.NotAfter.Before(c.now) { // an outside one
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

// RenewChain gives a certificate what is above it now, and the chain: as it was recorded or,
// where something of that was revoked or has expired since, by another certificate of the same
// authority, which was renewed or cross-signed. Where there is no such way, nothing is changed.
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
	if err := search.from(ctx, recorded[:1], recorded[1:]); err != nil {
		return nil, err
	}
	for _, found := range search.found {
		if found.Problem == "" {
			c.IssuerChain = found.Certificates[1:]
			return ParseChain(c)
		}
	}
	return recorded, nil
}

// SoundAbove reports whether none of the certificates has expired or was revoked here.
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

// SameHolder reports whether two certificates are for the same key and name.
func SameHolder(a, b *x509.Certificate) bool {
	sameKey := bytes.Equal(a.RawSubjectPublicKeyInfo, b.RawSubjectPublicKeyInfo) || pki.SameKey(a.PublicKey, b.PublicKey)
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

// subjectText names a certificate's holder for people.
func subjectText(c *x509.Certificate) string {
	if name := recordedCommonName(c.Subject.CommonName); name != "" {
		return name
	}
	if len(c.DNSNames) > 0 {
		return recordedCommonName(c.DNSNames[0])
	}
	return recordedCommonName(c.Subject.String())
}
