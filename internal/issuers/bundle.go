package issuers

import (
	"bytes"
	"context"
	"slices"
	"time"

	"notary"
)

// Bundle is every certificate of an authority's key with what is above each, so that relying
// parties can build whichever path they trust (RFC 5280, section 4.2.2.1).
type Bundle struct {
	Certificates [][]byte  // DER, each once: the chain of the certificate in use first, and all roots last
	Modified     time.Time // when the newest of the authority's certificates came, or one was revoked
	NotAfter     time.Time // of the certificate in use
}

// Bundle returns what is published of an authority beside its certificate in use. It needs no caller. Errors are
// those of [Issuers.Certificate].
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
	var roots [][]byte // who does not trust one shall first try the others
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
