package ca

import (
	"context"
	"slices"

	"notary"
	"notary/internal/store"
)

// correctRequest corrects the revocation reasons of a revoked request where the new reason may replace the old one.
func (s *Service) correctRequest(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64,
	reason notary.RevocationReason) error {
	all, err := tx.CertificatesOfRequest(ctx, id)
	if err != nil {
		return err
	}
	_, refusal := notary.Revoked.Next(notary.Revoke) // returned if no reason can be corrected
	all = slices.DeleteFunc(all, func(c *notary.Certificate) bool {
		if c.Revocation != nil && !reason.Replaces(c.Revocation.Reason) {
			refusal = c.RevocableFor(reason, nil)
		}
		return c.Revocation == nil || !reason.Replaces(c.Revocation.Reason)
	})
	for i, cert := range all {
		if i == 0 && reason == notary.KeyCompromise {
			if err := tx.LockKey(cert.KeyFingerprint); err != nil {
				return err
			}
		}
		if refusal, err = s.revokeUnlessRefused(ctx, tx, caller, cert, reason); err != nil {
			return err
		}
	}
	switch {
	case len(tx.RevokedCertificates()) == 0:
		return refusal
	case reason == notary.KeyCompromise:
		return s.reportCompromised(ctx, tx, caller, all[0].KeyFingerprint)
	}
	return nil
}

func (s *Service) correctRevocation(tx *store.Tx, caller notary.Caller, cert *notary.Certificate,
	reason notary.RevocationReason) error {
	former := cert.Revocation.Reason
	if !reason.Replaces(former) {
		return cert.RevocableFor(reason, nil)
	}
	if err := tx.CorrectRevocation(cert, reason); err != nil {
		return err
	}
	event := s.revocationEvent(caller, "certificate.correct_reason", cert).Change(revoked(cert, former),
		revoked(cert, reason))
	return tx.Event(event)
}
