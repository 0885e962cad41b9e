package ca

import (
	"context"
	"slices"

	"notary"
)

// correctRequest corrects the revocation reasons of a revoked request's certificates if the new reason may replace the
// old one. It returns an error if it cannot correct any.
func (r revoking) correctRequest(ctx context.Context) error {
	all, err := r.tx.CertificatesOfRequest(ctx, r.request.ID)
	if err != nil {
		return err
	}
	_, refusal := notary.Revoked.Next(notary.Revoke) // returned if no reason can be corrected
	all = slices.DeleteFunc(all, func(c *notary.Certificate) bool {
		if c.Revocation != nil && !r.reason.Replaces(c.Revocation.Reason) {
			refusal = c.RevocableFor(r.reason, nil)
		}
		return c.Revocation == nil || !r.reason.Replaces(c.Revocation.Reason)
	})
	for i, cert := range all {
		if i == 0 && r.reason == notary.KeyCompromise {
			if err := r.tx.LockKey(cert.KeyFingerprint); err != nil {
				return err
			}
		}
		if refusal, err = r.revokeUnlessRefused(ctx, cert); err != nil {
			return err
		}
	}
	switch {
	case len(r.tx.RevokedCertificates()) == 0:
		return refusal
	case r.reason == notary.KeyCompromise:
		return r.reportCompromised(ctx, all[0].KeyFingerprint)
	}
	return nil
}

func (r revoking) correct(cert *notary.Certificate) error {
	former := cert.Revocation.Reason
	if !r.reason.Replaces(former) {
		return cert.RevocableFor(r.reason, nil)
	}
	if err := r.tx.CorrectRevocation(cert, r.reason); err != nil {
		return err
	}
	return r.tx.Event(r.event("certificate.correct_reason", cert).Change(revoked(cert, former), revoked(cert, r.reason)))
}
