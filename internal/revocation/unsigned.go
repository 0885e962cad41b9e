package revocation

import (
	"context"
	"crypto"
	"errors"
	"time"

	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/store"
)

// UnsignedCRL is a CRL to be signed by an offline authority.
type UnsignedCRL struct {
	TBS        []byte      // the TBSCertList in DER (RFC 5280, section 5.1.2)
	Hash       crypto.Hash // hash for the signature; 0 for Ed25519
	Number     int64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int
}

// UnsignedCRL builds the next full CRL of an offline authority. It takes effect once the signed CRL is uploaded.
func (s *Service) UnsignedCRL(ctx context.Context, a *issuers.Issuer, nextUpdate time.Time) (*UnsignedCRL, error) {
	key := store.ListKey{AuthorityID: a.ID}
	published, err := s.store.CRL(ctx, a.ID, 0)
	if err != nil {
		return nil, err
	}
	o := entriesFor{now: s.now().UTC().Truncate(time.Second)}
	if published != nil {
		o.last, o.octets = published.ThisUpdate, len(published.DER)
	}
	number, err := s.store.LaterCRLNumber(ctx, a.ID, s.now())
	if err != nil {
		return nil, err
	}
	terms := issuance.CRLTerms{Number: number, ThisUpdate: o.now, NextUpdate: nextUpdate}
	u := &UnsignedCRL{Number: number, ThisUpdate: o.now, NextUpdate: nextUpdate}
	for range 2 { // the second time, duplicates are skipped
		var list gathered
		if list, err = s.gatherCRL(ctx, a, key, o); err != nil {
			return nil, err
		}
		u.Entries = list.Len()
		u.TBS, u.Hash, err = list.Unsigned(terms)
		if !errors.Is(err, issuance.ErrDuplicateSerial) {
			break
		}
		o.seen = map[string]bool{}
	}
	if err != nil {
		return nil, err
	}
	return u, nil
}
