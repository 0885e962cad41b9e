package ca

import (
	"context"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/revocation"
	"notary/internal/store"
)

// Validity of the CRL of an offline authority, in days.
const (
	defaultCRLDays = 180
	maxCRLDays     = 10 * 366
)

// UnsignedCRL exports the next CRL of an offline authority, with all revocations so far, for signing where its key is
// kept. The default nextUpdate is 180 days from now. [Service.UploadCRL] publishes the signed CRL.
func (s *Service) UnsignedCRL(ctx context.Context, caller notary.Caller, id int64,
	nextUpdate time.Time) (*revocation.UnsignedCRL, error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, err
	}
	a, err := s.issuers.Certified(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := requireOffline(a.Authority); err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Second)
	switch {
	case nextUpdate.IsZero():
		nextUpdate = now.AddDate(0, 0, defaultCRLDays)
	case !nextUpdate.After(now):
		return nil, notary.FieldErrorf("next_update", "the next update must be in the future")
	case nextUpdate.After(now.AddDate(0, 0, maxCRLDays)):
		return nil, notary.FieldErrorf("next_update", "the next update must be within ten years")
	}
	crl, err := s.revocation.UnsignedCRL(ctx, a, nextUpdate.UTC().Truncate(time.Second))
	if err != nil {
		return nil, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		return tx.Event(notary.EventBy(caller, "authority.unsigned_crl", a.Ref()).Set(notary.Fields{
			"crl_number": crl.Number, "crl_entries": crl.Entries, "next_update": crl.NextUpdate.Format(time.RFC3339)}))
	})
	if err != nil {
		return nil, err
	}
	return crl, nil
}
