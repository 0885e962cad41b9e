package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// PublicationChange is a change to an authority's [notary.Publication]. Nil fields stay unchanged.
type PublicationChange struct {
	CRL, OCSP, Issuer *bool // whether certificates contain the URL
	Shards            *int
}

// ChangePublication sets which CRL distribution point and AIA URLs an authority's future certificates contain, and the
// number of its partitioned CRLs.
func (s *Service) ChangePublication(ctx context.Context, caller notary.Caller, id int64,
	change PublicationChange) error {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return err
	}
	if n := change.Shards; n != nil && (*n < 0 || *n > store.MaxShards) {
		return notary.FieldErrorf("crl_shards", "crl_shards must be from 0 (chosen by the number of certificates) to %d",
			store.MaxShards)
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		p := change.apply(a.Publication)
		if err := tx.SetPublication(id, p); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.settings", a.Ref()).Change(publicationFields(a.Publication),
			publicationFields(p)))
	})
}

func publicationFields(p notary.Publication) notary.Fields {
	return notary.Fields{"crl": !p.NoCRL, "ocsp": !p.NoOCSP, "issuer": !p.NoIssuer, "crl_shards": p.Shards}
}

func (c PublicationChange) apply(p notary.Publication) notary.Publication {
	for _, one := range []struct {
		names *bool
		not   *bool
	}{{c.CRL, &p.NoCRL}, {c.OCSP, &p.NoOCSP}, {c.Issuer, &p.NoIssuer}} {
		if one.names != nil {
			*one.not = !*one.names
		}
	}
	if c.Shards != nil {
		p.Shards = *c.Shards
	}
	return p
}
