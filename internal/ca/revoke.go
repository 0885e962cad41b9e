package ca

import (
	"context"
	"fmt"

	"notary"
	"notary/internal/store"
)

// writeRevocations is Write for what may revoke: whatever becomes of it, when it returns no kept
// OCSP answer of the authorities in question is given any more.
func (s *Service) writeRevocations(ctx context.Context, caller notary.Caller, fn func(*store.Tx) error) error {
	var issuers []int64
	err := s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		err := fn(tx)
		issuers = append(issuers, tx.Revoked()...) // of an attempt that is made again, too
		return err
	})
	s.answers.revoked(issuers)
	return err
}

// RevokeRequest revokes the certificate of a request. With [notary.KeyCompromise], here and
// in the other revocations, every certificate for the same key that is still valid is revoked
// with it, and the key is refused from then on.
func (s *Service) RevokeRequest(ctx context.Context, caller notary.Caller, id int64, reason notary.RevocationReason) error {
	if err := caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	if reason == notary.KeyCompromise { // an authority may have the key, too
		defer s.authorities.changed()
	}
	return s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		req, err := tx.Request(ctx, id)
		if err != nil {
			return err
		}
		if _, err := req.Status.Next(notary.Revoke); err != nil {
			return err
		}
		if err := s.revoke(ctx, tx, caller, req.Certificate, reason); err != nil {
			return err
		}
		return tx.RequireStatus(ctx, id, notary.Revoked) // a renewal may have been quicker
	})
}

// RevokeCertificate revokes any certificate of the inventory. Where a request or an
// authority uses it, that is revoked too.
func (s *Service) RevokeCertificate(ctx context.Context, caller notary.Caller, id int64, reason notary.RevocationReason) error {
	if err := caller.Require(notary.RevokeCertificates); err != nil {
		return err
	}
	defer s.authorities.changed() // it may be an authority's
	return s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		cert, err := tx.Certificate(ctx, id)
		if err != nil {
			return err
		}
		a, err := tx.AuthorityWithCertificate(ctx, id)
		if err != nil {
			return err
		}
		if a != nil {
			if err := tx.ClaimAuthority(a.ID); err != nil {
				return err
			}
			if err := requireUser(ctx, tx, cert, a); err != nil {
				return err
			}
			return s.revokeAuthority(ctx, tx, caller, a, reason)
		}
		if err := s.revoke(ctx, tx, caller, cert, reason); err != nil {
			return err
		}
		return requireUser(ctx, tx, cert, nil)
	})
}

// requireUser checks, now that nobody else can change it, that the certificate is in use by
// this authority or, with nil, by none: what goes with it depends on that.
func requireUser(ctx context.Context, tx *store.Tx, cert *notary.Certificate, before *notary.Authority) error {
	now, err := tx.AuthorityWithCertificate(ctx, cert.ID)
	if err == nil && (now == nil) != (before == nil) {
		err = notary.Errorf(notary.Conflict, "another certificate of the authority has just been put in use: look which one is, and try again")
	}
	return err
}

// RevokeAuthority revokes the certificates that the authorities above have given to an
// authority, and disables it. What it issued stays visible.
func (s *Service) RevokeAuthority(ctx context.Context, caller notary.Caller, id int64, reason notary.RevocationReason) error {
	if err := caller.Require(notary.ManageAuthorities); err != nil {
		return err
	}
	defer s.authorities.changed()
	return s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		if err := tx.ClaimAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if a.Certificate == nil {
			return notary.Errorf(notary.Conflict, "the certificate authority %d has no certificate yet", id)
		}
		return s.revokeAuthority(ctx, tx, caller, a, reason)
	})
}

// revokeAuthority revokes the authority's certificate and the older ones for its key: as
// long as one of them is good, so is what the authority has signed.
func (s *Service) revokeAuthority(ctx context.Context, tx *store.Tx, caller notary.Caller, a *notary.Authority, reason notary.RevocationReason) error {
	if err := s.revoke(ctx, tx, caller, a.Certificate, reason); err != nil {
		return err
	}
	if err := s.revokeKey(ctx, tx, caller, a.Certificate.KeyFingerprint, reason); err != nil {
		return err
	}
	if err := tx.EnableAuthority(a.ID, false); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, "authority.revoke", a.ID, string(reason)))
}

// revoke is the one way in which certificates are revoked.
func (s *Service) revoke(ctx context.Context, tx *store.Tx, caller notary.Caller, cert *notary.Certificate, reason notary.RevocationReason) error {
	if reason == notary.KeyCompromise { // what is being signed for the key is waited for
		if err := tx.ClaimKey(cert.KeyFingerprint); err != nil {
			return err
		}
	}
	if err := refuseRevocation(ctx, tx, cert); err != nil {
		return err
	}
	if err := s.revokeOne(ctx, tx, caller, cert, reason); err != nil {
		return err
	}
	if reason != notary.KeyCompromise {
		return nil
	}
	return s.reportCompromised(ctx, tx, caller, cert.KeyFingerprint)
}

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

func (s *Service) revokeOne(ctx context.Context, tx *store.Tx, caller notary.Caller, cert *notary.Certificate, reason notary.RevocationReason) error {
	cert, err := tx.ClaimCertificate(ctx, cert)
	if err != nil {
		return err
	}
	if err := tx.InsertRevocation(cert, reason); err != nil {
		return err
	}
	detail := fmt.Sprintf("authority %d, serial %s, %s", cert.AuthorityID, cert.Serial, reason)
	if err := tx.Event(notary.EventBy(caller, "certificate.revoke", cert.ID, detail)); err != nil {
		return err
	}
	if cert.RequestID == 0 { // it may be one of an authority's, which is published no longer
		if err := tx.Changed(store.Authorities); err != nil {
			return err
		}
	}
	return revokeUser(ctx, tx, caller, cert, detail)
}

// refuseRevocation says why a certificate cannot be put on a CRL.
func refuseRevocation(ctx context.Context, tx *store.Tx, cert *notary.Certificate) error {
	if cert.Revocation != nil || cert.AuthorityID == 0 {
		return cert.Revocable(nil)
	}
	if err := tx.ShareAuthority(cert.AuthorityID); err != nil {
		return err
	}
	issuer, err := tx.Authority(ctx, cert.AuthorityID)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		issuer = nil // it was deleted
	case err != nil:
		return err
	}
	return cert.Revocable(issuer)
}

// revokeUser changes the request that has the certificate in use to Revoked.
func revokeUser(ctx context.Context, tx *store.Tx, caller notary.Caller, cert *notary.Certificate, detail string) error {
	if cert.RequestID == 0 {
		return nil
	}
	req, err := tx.Request(ctx, cert.RequestID)
	if notary.KindOf(err) == notary.NotFound { // it was deleted just now
		return nil
	}
	if err != nil || req.Certificate == nil || req.Certificate.ID != cert.ID {
		return err
	}
	next, err := req.Status.Next(notary.Revoke)
	if err != nil {
		return err
	}
	if err := tx.Transition(req, next, 0); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, "request.revoke", req.ID, detail))
}

// revokeKey revokes what was issued for a key and is still valid, whoever uses it.
func (s *Service) revokeKey(ctx context.Context, tx *store.Tx, caller notary.Caller, keyFingerprint string, reason notary.RevocationReason) error {
	all, err := tx.CertificatesWithKey(ctx, keyFingerprint)
	if err != nil {
		return err
	}
	for _, cert := range all {
		if s.now().After(cert.NotAfter) {
			continue
		}
		cert, err := tx.ClaimCertificate(ctx, cert) // as it is now: one that was just revoked is passed over
		if err == nil {
			err = refuseRevocation(ctx, tx, cert)
		}
		if kind := notary.KindOf(err); kind == notary.Conflict || kind == notary.Unprocessable {
			continue // revoked already, or not ours to revoke
		}
		if err == nil {
			err = s.revokeOne(ctx, tx, caller, cert, reason)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
