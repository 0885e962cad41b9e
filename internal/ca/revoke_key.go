package ca

import (
	"context"

	"notary"
	"notary/internal/store"
)

// reportCompromised refuses a key, which the transaction has claimed, from now on, revokes
// what was issued for it, and disables authorities that have it: a root, which no list can
// have, must not sign with it either.
func (s *Service) reportCompromised(ctx context.Context, tx *store.Tx, caller notary.Caller, keyFingerprint string) error {
	if err := tx.ReportCompromised(keyFingerprint); err != nil {
		return err
	}
	if err := s.revokeKey(ctx, tx, caller, keyFingerprint, notary.KeyCompromise); err != nil {
		return err
	}
	all, err := tx.CertificatesWithKey(ctx, keyFingerprint)
	if err != nil {
		return err
	}
	for _, cert := range all {
		a, err := tx.AuthorityWithCertificate(ctx, cert.ID)
		if err != nil {
			return err
		}
		if a == nil || !a.Enabled || a.Certificate.Revocation != nil {
			continue
		}
		if err := disable(tx, caller, a.ID, string(notary.KeyCompromise)); err != nil {
			return err
		}
	}
	return nil
}

// revokeKey revokes every certificate for a key that has not expired, whoever uses it. One that is revoked
// already gets the reason if that can replace its own.
func (s *Service) revokeKey(ctx context.Context, tx *store.Tx, caller notary.Caller, keyFingerprint string,
	reason notary.RevocationReason) error {
	all, err := tx.CertificatesWithKey(ctx, keyFingerprint)
	if err != nil {
		return err
	}
	for _, cert := range all {
		if s.now().After(cert.NotAfter) {
			continue
		}
		if _, err := s.revokeUnlessRefused(ctx, tx, caller, cert, reason); err != nil {
			return err
		}
	}
	return nil
}
