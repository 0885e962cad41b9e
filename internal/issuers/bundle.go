package issuers

import (
	"bytes"
	"context"
	"slices"
	"time"

	"notary"
)

// Bundle contains an authority's current certificate and its other certificates that are neither expired nor revoked,
// each with its chain. Relying parties use it to build a path to a root that they trust (RFC 5280, section 4.2.2.1).
type Bundle struct {
	Certificates [][]byte  // DER, without duplicates: the current certificate's chain first, all roots last
	Modified     time.Time // when a certificate of the authority was last added or revoked
	NotAfter     time.Time // of the current certificate
}

// Bundle returns the authority's certificates for publication, or a [notary.Conflict] error while the authority is
// pending.
func (s *Issuers) Bundle(ctx context.Context, id int64) (*Bundle, error) {
	inUse, err := s.Certificate(ctx, id)
	if err != nil {
		return nil, err
	}
	a, err := s.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	b := &Bundle{Modified: inUse.NotBefore, NotAfter: inUse.NotAfter}
	if a.changed.After(b.Modified) {
		b.Modified = a.changed
	}
	var roots [][]byte // last, so that relying parties that do not trust a root try the other certificates first
	for _, c := range append([]*notary.Certificate{inUse}, a.others...) {
		if c != inUse && c.NotAfter.Before(s.now()) {
			continue
		}
		chain := c.Chain()
		b.add(chain[:len(chain)-1])
		roots = append(roots, chain[len(chain)-1])
	}
	b.add(roots)
	return b, nil
}

func (b *Bundle) add(ders [][]byte) {
	for _, der := range ders {
		if !slices.ContainsFunc(b.Certificates, func(have []byte) bool { return bytes.Equal(have, der) }) {
			b.Certificates = append(b.Certificates, der)
		}
	}
}
