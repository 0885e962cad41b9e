package auth

import (
	"context"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// Grants returns all grants, ordered by ID.
func (s *Service) Grants(ctx context.Context, caller notary.Caller) ([]*notary.Grant, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.store.Grants(ctx)
}

// Grant returns the grant with the given ID.
func (s *Service) Grant(ctx context.Context, caller notary.Caller, id int64) (*notary.Grant, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("grant", id)); err != nil {
		return nil, err
	}
	return s.store.Grant(ctx, id)
}

// CreateGrant creates a grant and returns its ID. Only Admins, who have every permission, can create grants.
func (s *Service) CreateGrant(ctx context.Context, caller notary.Caller, g *notary.Grant) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return 0, err
	}
	if (g.PrincipalID == 0) == (g.GroupID == 0) || g.PrincipalID < 0 || g.GroupID < 0 {
		return 0, notary.FieldErrorf("grantee", "specify the account or group that receives the grant")
	}
	if err := policy.CheckTerms(g.GrantTerms); err != nil {
		return 0, err
	}
	err = s.writeGrants(ctx, caller, func(tx *store.Tx) error {
		if err := requireNamed(ctx, tx, g); err != nil {
			return err
		}
		if id, err = tx.InsertGrant(g); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "grant.create", notary.NewRef("grant", id, "")).Set(grantFields(g)))
	})
	return id, err
}

// DeleteGrant deletes a grant. Actions already performed under it are not undone.
func (s *Service) DeleteGrant(ctx context.Context, caller notary.Caller, id int64) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("grant", id)); err != nil {
		return err
	}
	return s.writeGrants(ctx, caller, func(tx *store.Tx) error {
		g, err := tx.Grant(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteGrant(id); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "grant.delete", notary.NewRef("grant", id, "")).Change(grantFields(g),
			nil))
	})
}

func grantFields(g *notary.Grant) notary.Fields {
	return notary.Fields{"grantee": g.Grantee(), "actions": g.Actions}
}

func requireNamed(ctx context.Context, tx *store.Tx, g *notary.Grant) error {
	account := func(id int64) error { _, err := tx.Account(ctx, id); return err }
	group := func(id int64) error { _, err := tx.Group(ctx, id); return err }
	authority := func(id int64) error { _, err := tx.Authority(ctx, id); return err }
	for _, named := range []struct {
		field string
		ids   []int64
		find  func(int64) error
	}{
		{"grantee", given(g.PrincipalID), account},
		{"grantee", given(g.GroupID), group},
		{"certificate_authority_ids", g.Authorities, authority},
		{"owner_account_ids", g.Owners, account},
		{"owner_group_ids", g.OwnerGroups, group},
	} {
		for _, id := range named.ids {
			if err := named.find(id); err != nil {
				return notary.WithField(err, named.field)
			}
		}
	}
	for _, name := range g.Profiles {
		if p, err := tx.ProfileByName(ctx, name); err != nil {
			return err
		} else if p == nil {
			return notary.FieldErrorf("profiles", "there is no profile %s", name)
		}
	}
	return nil
}

func given(id int64) []int64 {
	if id == 0 {
		return nil
	}
	return []int64{id}
}
