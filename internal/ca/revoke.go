package ca

import (
	"cmp"
	"context"
	"slices"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// RevokeOptions configures [Service.RevokeRequest].
type RevokeOptions struct {
	Reason      notary.RevocationReason
	OnlyCurrent bool // leave older certificates valid
}

// Revocations is the result of a revocation. Revoked is ordered by ID.
type Revocations struct {
	Revoked    []notary.RevokedCertificate
	NotRevoked []NotRevoked
}

// NotRevoked is a valid certificate of a request that cannot be revoked here.
type NotRevoked struct {
	ID     int64
	Serial string
	Err    error
}

// writeRevocations is like [store.Store.WriteAs] for changes that may revoke certificates. Afterwards, even on an
// error, cached OCSP responses of their issuers are no longer served.
func (s *Service) writeRevocations(ctx context.Context, caller notary.Caller, fn func(*store.Tx) error) error {
	var issuers []int64
	err := s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		err := fn(tx)
		issuers = append(issuers, tx.RevokedIssuers()...) // also of attempts that are repeated
		return err
	})
	s.revocation.Revoked(issuers)
	return err
}

func (s *Service) writeRevoked(ctx context.Context, caller notary.Caller,
	fn func(*store.Tx) error) (done Revocations, err error) {
	err = s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		err := fn(tx)
		done.Revoked = slices.Clone(tx.RevokedCertificates())
		return err
	})
	if err != nil {
		return Revocations{}, err
	}
	slices.SortFunc(done.Revoked, func(a, b notary.RevokedCertificate) int { return cmp.Compare(a.ID, b.ID) })
	return done, nil
}

// RevokeRequest revokes every valid certificate of a request or, with OnlyCurrent, only the current one.
//
// For [notary.KeyCompromise], this and other calls also revoke every valid certificate for the key, correct the reason
// of earlier revocations, and block the key.
func (s *Service) RevokeRequest(ctx context.Context, caller notary.Caller, id int64,
	o RevokeOptions) (Revocations, error) {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.RevokeRequest); err != nil {
		return Revocations{}, err
	}
	if err := allowReason(caller, policy.RevokeRequest, o.Reason); err != nil {
		return Revocations{}, err
	}
	if o.Reason == notary.KeyCompromise {
		if o.OnlyCurrent {
			return Revocations{}, notary.FieldErrorf("only_current", "only_current cannot be combined with keyCompromise: "+
				"every certificate for a compromised key is revoked")
		}
	}
	var left []NotRevoked
	done, err := s.writeRevoked(ctx, caller, func(tx *store.Tx) (err error) {
		left, err = s.revokeRequest(ctx, tx, caller, id, o)
		return err
	})
	if err == nil {
		done.NotRevoked = left
	}
	return done, err
}

func (s *Service) revokeRequest(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64,
	o RevokeOptions) (left []NotRevoked, err error) {
	req, err := tx.RequestToRevoke(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	if err := allowRevokeByID(ctx, tx, caller, id); err != nil { // after a later change, the transition fails
		return nil, err
	}
	r := revoking{Service: s, tx: tx, caller: caller, reason: o.Reason, request: req.Request}
	if req.Status == notary.Revoked && !o.OnlyCurrent {
		return nil, r.correctRequest(ctx)
	}
	if _, err := req.Status.Next(notary.Revoke); err != nil {
		return nil, err
	}
	if o.Reason == notary.KeyCompromise { // before any certificate is locked
		if err := tx.LockKey(req.Certificate.KeyFingerprint); err != nil {
			return nil, err
		}
	}
	if !o.OnlyCurrent {
		if left, err = r.revokeOlder(ctx, req.Older); err != nil {
			return nil, err
		}
	}
	if err := r.revoke(ctx, req.Certificate); err != nil {
		return nil, err
	}
	return left, tx.RequireStatus(ctx, id, notary.Revoked) // a concurrent renewal may have won
}

// revoking is a revocation of certificates for one reason in a transaction.
type revoking struct {
	*Service
	tx      *store.Tx
	caller  notary.Caller
	reason  notary.RevocationReason
	request *notary.Request // the request of the certificates as first read; may be nil
}

func (r revoking) revokeOlder(ctx context.Context, certs []*notary.Certificate) (left []NotRevoked, err error) {
	for _, cert := range certs {
		refusal, err := r.revokeUnlessRefused(ctx, cert)
		if err != nil {
			return nil, err
		}
		if notary.KindOf(refusal) == notary.Unprocessable { // and not just revoked concurrently
			left = append(left, NotRevoked{cert.ID, cert.Serial, refusal})
		}
	}
	return left, nil
}

// revokeUnlessRefused revokes a certificate. If the certificate cannot be revoked, it changes nothing and returns the
// reason as refusal.
func (r revoking) revokeUnlessRefused(ctx context.Context, cert *notary.Certificate) (refusal, err error) {
	if cert, err = r.tx.LockCertificate(ctx, cert); err != nil {
		return nil, err
	}
	refusal = r.refusal(ctx, cert)
	switch notary.KindOf(refusal) {
	case "":
		return nil, r.revokeOne(ctx, cert)
	case notary.Conflict, notary.Unprocessable:
		return refusal, nil
	}
	return nil, refusal
}

// RevokeCertificate revokes a certificate in the inventory. If it is the current certificate of a request or authority,
// the request or authority is revoked, too.
func (s *Service) RevokeCertificate(ctx context.Context, caller notary.Caller, id int64,
	reason notary.RevocationReason) (Revocations, error) {
	return s.revokeCertificate(ctx, caller, id, reason, true)
}

func (s *Service) revokeCertificate(ctx context.Context, caller notary.Caller, id int64, reason notary.RevocationReason,
	authorities bool) (Revocations, error) {
	if err := s.attempt(ctx, caller, policy.On("certificate", id), policy.RevokeCertificate); err != nil {
		return Revocations{}, err
	}
	if err := allowReason(caller, policy.RevokeCertificate, reason); err != nil {
		return Revocations{}, err
	}
	return s.writeRevoked(ctx, caller, func(tx *store.Tx) error {
		r := revoking{Service: s, tx: tx, caller: caller, reason: reason}
		cert, err := tx.Certificate(ctx, id)
		if err != nil {
			return err
		}
		if err := allowCertificate(ctx, tx, caller, policy.RevokeCertificate, cert); err != nil {
			return err
		}
		a, err := tx.AuthorityWithCertificate(ctx, id)
		if err != nil {
			return err
		}
		if a != nil && !authorities {
			return notary.Errorf(notary.Conflict, "this is the current certificate of CA %d: revoke the CA, "+
				"or this certificate on its own", a.ID)
		}
		if a != nil {
			if err := tx.LockAuthority(a.ID); err != nil {
				return err
			}
			if err := requireUnchangedUse(ctx, tx, cert, a); err != nil {
				return err
			}
			return r.revokeAuthority(ctx, a)
		}
		if err := r.revoke(ctx, cert); err != nil {
			return err
		}
		return requireUnchangedUse(ctx, tx, cert, nil)
	})
}

// requireUnchangedUse checks, after the locks are taken, that the certificate is still the current one of an authority
// or, if before is nil, still of none.
func requireUnchangedUse(ctx context.Context, tx *store.Tx, cert *notary.Certificate, before *notary.Authority) error {
	now, err := tx.AuthorityWithCertificate(ctx, cert.ID)
	if err == nil && (now == nil) != (before == nil) {
		err = notary.Errorf(notary.Conflict, "the current certificate of the CA has just changed: check it and try again")
	}
	return err
}

// RevokeAuthority revokes an authority's certificates and disables it. It does not revoke certificates that the
// authority has issued.
func (s *Service) RevokeAuthority(ctx context.Context, caller notary.Caller, id int64,
	reason notary.RevocationReason) (Revocations, error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return Revocations{}, err
	}
	return s.writeRevoked(ctx, caller, func(tx *store.Tx) error {
		r := revoking{Service: s, tx: tx, caller: caller, reason: reason}
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if a.Certificate == nil {
			return notary.Errorf(notary.Conflict, "CA %d has no certificate yet: there is nothing to revoke", id)
		}
		return r.revokeAuthority(ctx, a)
	})
}

// revokeAuthority disables the authority and revokes every valid certificate for its key: with any one of them, relying
// parties would still accept what the authority has signed.
func (r revoking) revokeAuthority(ctx context.Context, a *notary.Authority) error {
	if err := r.revoke(ctx, a.Certificate); err != nil {
		return err
	}
	if err := r.revokeKey(ctx, a.Certificate.KeyFingerprint); err != nil {
		return err
	}
	if err := r.tx.EnableAuthority(a.ID, false); err != nil {
		return err
	}
	return r.tx.Event(notary.EventBy(r.caller, "authority.revoke", a.Ref()).With(a.Certificate.Ref()).
		Change(notary.Fields{"enabled": a.Enabled}, notary.Fields{"enabled": false, "reason": r.reason}))
}

func (r revoking) revoke(ctx context.Context, cert *notary.Certificate) error {
	if r.reason == notary.KeyCompromise { // waits for signatures in progress for the key
		if err := r.tx.LockKey(cert.KeyFingerprint); err != nil {
			return err
		}
	}
	if err := r.refusal(ctx, cert); err != nil {
		return err
	}
	if err := r.revokeOne(ctx, cert); err != nil {
		return err
	}
	if r.reason != notary.KeyCompromise {
		return nil
	}
	return r.reportCompromised(ctx, cert.KeyFingerprint)
}

// revokeOne revokes a certificate or, if it is already revoked, corrects the reason.
func (r revoking) revokeOne(ctx context.Context, cert *notary.Certificate) error {
	cert, err := r.tx.LockCertificate(ctx, cert)
	if err != nil {
		return err
	}
	if cert.Revocation != nil {
		return r.correct(cert)
	}
	if err := r.tx.InsertRevocation(cert, r.reason); err != nil {
		return err
	}
	return r.recordRevocation(ctx, cert, revoked(cert, r.reason))
}

// recordRevocation records the event of a revocation, with the details. If cert is the current certificate of a
// request, it revokes the request, too.
func (r revoking) recordRevocation(ctx context.Context, cert *notary.Certificate, details notary.Fields) error {
	event := r.event("certificate.revoke", cert).Set(details)
	requestEvent, err := r.revokeRequestOf(ctx, cert)
	switch {
	case err != nil:
		return err
	case requestEvent == nil:
		return r.tx.Event(event)
	}
	return r.tx.EventPair(event, *requestEvent)
}

func (r revoking) event(action string, cert *notary.Certificate) notary.Event {
	return notary.EventBy(r.caller, action, cert.Ref()).With(r.issuerRef(cert))
}

func (s *Service) issuerRef(cert *notary.Certificate) notary.Ref {
	return notary.NewRef("authority", cert.AuthorityID, s.issuers.NameOf(cert.AuthorityID))
}

func revoked(cert *notary.Certificate, reason notary.RevocationReason) notary.Fields {
	return notary.Fields{"serial_number": cert.Serial, "reason": reason}
}

func (r revoking) refusal(ctx context.Context, cert *notary.Certificate) error {
	if cert.AuthorityID == 0 || cert.Revocation != nil && !r.reason.Replaces(cert.Revocation.Reason) {
		return cert.RevocableFor(r.reason, nil)
	}
	if err := r.tx.LockAuthorityShared(cert.AuthorityID); err != nil {
		return err
	}
	issuer, err := r.tx.Issuer(ctx, cert.AuthorityID)
	if err != nil {
		return err
	}
	return cert.RevocableFor(r.reason, issuer)
}

// revokeRequestOf revokes the request whose current certificate is cert, if any, and returns the event.
func (r revoking) revokeRequestOf(ctx context.Context, cert *notary.Certificate) (*notary.Event, error) {
	req, err := r.requestUsing(ctx, cert)
	if err != nil || req == nil {
		return nil, err
	}
	next, err := req.Status.Next(notary.Revoke)
	if err != nil {
		return nil, err
	}
	if err := r.tx.Transition(req, next, 0); err != nil {
		return nil, err
	}
	older, err := r.revokedSiblings(ctx, cert)
	if err != nil {
		return nil, err
	}
	event := transition(r.caller, notary.Revoke, req, next, revoked(cert, r.reason)).
		With(r.issuerRef(cert), cert.Ref()).With(older...)
	return &event, nil
}

func (r revoking) requestUsing(ctx context.Context, cert *notary.Certificate) (*notary.Request, error) {
	switch known := r.request; {
	case cert.RequestID == 0:
		return nil, nil
	case known != nil && known.Certificate != nil && known.Certificate.ID == cert.ID:
		return known, nil // the transition fails if it has changed
	}
	return r.tx.RequestUsing(ctx, cert)
}
