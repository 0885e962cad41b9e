package ca

import (
	"context"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// EnableAuthority enables or disables an authority. A disabled authority signs only CRLs and OCSP responder
// certificates.
func (s *Service) EnableAuthority(ctx context.Context, caller notary.Caller, id int64, enabled bool) error {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return err
	}
	action := "authority.disable"
	if enabled {
		action = "authority.enable"
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if enabled {
			if err := s.requireEnablable(ctx, tx, a); err != nil {
				return err
			}
		}
		if err := tx.EnableAuthority(id, enabled); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, action, a.Ref()).
			Change(notary.Fields{"enabled": a.Enabled}, notary.Fields{"enabled": enabled}))
	})
}

func (s *Service) requireEnablable(ctx context.Context, tx *store.Tx, a *notary.Authority) error {
	if a.Status(s.now()) == notary.AuthorityRevoked {
		return notary.Errorf(notary.Conflict, "CA %d is revoked: create a new one", a.ID)
	}
	if a.Certificate == nil {
		return nil
	}
	certificate, err := issuers.CertificateOf(a)
	if err != nil {
		return err
	}
	identity, err := pki.IdentifyKey(certificate.PublicKey)
	if err != nil {
		return err
	}
	key, err := s.shareKey(ctx, tx, identity)
	switch {
	case err != nil:
		return err
	case key.Compromised:
		return notary.Errorf(notary.Conflict, "the key of CA %d was compromised: create a new one",
			a.ID)
	case key.blocked:
		return notary.Errorf(notary.Conflict, "the key of CA %d is on the list of blocked keys: create a new one", a.ID)
	}
	return nil
}

func disable(tx *store.Tx, caller notary.Caller, a *notary.Authority, reason notary.RevocationReason) error {
	if err := tx.LockAuthority(a.ID); err != nil {
		return err
	}
	if err := tx.EnableAuthority(a.ID, false); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, "authority.disable", a.Ref()).
		Change(notary.Fields{"enabled": a.Enabled}, notary.Fields{"enabled": false, "reason": reason}))
}
