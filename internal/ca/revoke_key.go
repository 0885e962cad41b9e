package ca

import (
	"context"
	"slices"

	"notary"
)

// reportCompromised blocks a key that the transaction has locked, revokes its certificates, and disables authorities
// with that key, including roots, which no CRL can list.
func (r revoking) reportCompromised(ctx context.Context, keyFingerprint string) error {
	if err := r.tx.ReportCompromised(keyFingerprint); err != nil {
		return err
	}
	if err := r.revokeKey(ctx, keyFingerprint); err != nil {
		return err
	}
	all, err := r.tx.CertificatesWithKey(ctx, keyFingerprint)
	if err != nil {
		return err
	}
	for _, cert := range all {
		a, err := r.tx.AuthorityWithCertificate(ctx, cert.ID)
		if err != nil {
			return err
		}
		if a == nil || !a.Enabled || a.Certificate.Revocation != nil {
			continue
		}
		if err := disable(r.tx, r.caller, a, r.reason); err != nil {
			return err
		}
	}
	return nil
}

// revokeKey revokes every unexpired certificate for a key, regardless of the owner, or corrects the reason if it is
// already revoked. It skips certificates that cannot be revoked here.
func (r revoking) revokeKey(ctx context.Context, keyFingerprint string) error {
	all, err := r.tx.CertificatesWithKey(ctx, keyFingerprint)
	if err != nil {
		return err
	}
	for _, cert := range all {
		if r.now().After(cert.NotAfter) {
			continue
		}
		if _, err := r.revokeUnlessRefused(ctx, cert); err != nil {
			return err
		}
	}
	return nil
}

// revokedSiblings returns references to the other certificates of cert's request that the transaction has revoked so
// far.
func (r revoking) revokedSiblings(ctx context.Context, cert *notary.Certificate) (refs []notary.Ref, err error) {
	revoked := r.tx.RevokedCertificates()
	if len(revoked) < 2 {
		return nil, nil
	}
	all, err := r.tx.CertificatesOfRequest(ctx, cert.RequestID)
	if err != nil {
		return nil, err
	}
	for _, one := range all {
		if one.ID != cert.ID && slices.ContainsFunc(revoked, func(done notary.RevokedCertificate) bool {
			return done.ID == one.ID
		}) {
			refs = append(refs, one.Ref())
		}
	}
	return refs, nil
}
