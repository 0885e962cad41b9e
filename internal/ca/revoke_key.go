package ca

import (
	"context"
	"slices"

	"notary"
	"notary/internal/store"
)

// reportCompromised blocks a key that the transaction has claimed, revokes its certificates, and disables authorities
// with that key, including roots, which no CRL can list.
func (s *Service) reportCompromised(ctx context.Context, tx *store.Tx, caller notary.Caller,
	keyFingerprint string) error {
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
		if err := disable(tx, caller, a, notary.KeyCompromise); err != nil {
			return err
		}
	}
	return nil
}

// revokeKey revokes every unexpired certificate for a key, of any owner. It corrects the reason of earlier revocations
// if the new one may replace it.
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

// revokedBefore returns references to the request's other certificates that the transaction has revoked so far.
func revokedBefore(ctx context.Context, tx *store.Tx, cert *notary.Certificate) (refs []notary.Ref, err error) {
	revoked := tx.RevokedCertificates()
	if len(revoked) < 2 {
		return nil, nil
	}
	all, err := tx.CertificatesOfRequest(ctx, cert.RequestID)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.ID != cert.ID && slices.ContainsFunc(revoked, func(r notary.RevokedCertificate) bool {
			return r.ID == one.ID
		}) {
			refs = append(refs, one.Ref())
		}
	}
	return refs, nil
}
