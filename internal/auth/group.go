package auth

import (
	"context"
	"regexp"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// Groups returns all groups, ordered by ID.
func (s *Service) Groups(ctx context.Context, caller notary.Caller) ([]*notary.Group, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.store.Groups(ctx)
}

// Group returns a group and its members.
func (s *Service) Group(ctx context.Context, caller notary.Caller, id int64) (*notary.Group, []*notary.Account, error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("group", id)); err != nil {
		return nil, nil, err
	}
	g, err := s.store.Group(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	members, err := s.store.Members(ctx, id)
	return g, members, err
}

var groupName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)

// CreateGroup creates an empty group and returns its ID.
func (s *Service) CreateGroup(ctx context.Context, caller notary.Caller, name string) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return 0, err
	}
	if !groupName.MatchString(name) {
		return 0, notary.FieldErrorf("name", "%.70q cannot be a group's name: use up to 64 lowercase letters, "+
			"digits, dots, "+
			"hyphens and underscores, starting with a letter", name)
	}
	err = s.writeGrants(ctx, caller, func(tx *store.Tx) error {
		if id, err = tx.InsertGroup(name); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "group.create",
			notary.NewRef("group", id, name)).Set(notary.Fields{"name": name}))
	})
	return id, err
}

// DeleteGroup deletes a group with its memberships and grants. It returns a [notary.Conflict] error if requests,
// certificates or limits of other grants refer to the group.
func (s *Service) DeleteGroup(ctx context.Context, caller notary.Caller, id int64) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("group", id)); err != nil {
		return err
	}
	return s.writeGrants(ctx, caller, func(tx *store.Tx) error {
		g, err := tx.Group(ctx, id)
		if err != nil {
			return err
		}
		if err := tx.DeleteGroup(ctx, id); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "group.delete",
			notary.NewRef("group", id, g.Name)).Change(notary.Fields{"name": g.Name}, nil))
	})
}

// maxMembers limits how many accounts one call can add and remove in total.
const maxMembers = 1000

// ChangeMembers adds accounts to a group and removes others, atomically.
func (s *Service) ChangeMembers(ctx context.Context, caller notary.Caller, groupID int64, add, remove []int64) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("group", groupID)); err != nil {
		return err
	}
	if len(add)+len(remove) > maxMembers {
		return notary.FieldErrorf("add", "more than %d accounts are specified: use several calls", maxMembers)
	}
	return s.writeGrants(ctx, caller, func(tx *store.Tx) error {
		g, err := tx.Group(ctx, groupID)
		if err != nil {
			return err
		}
		if len(add)+len(remove) == 0 {
			return notary.FieldErrorf("add", "no account is specified: set add, remove or both")
		}
		for _, id := range add {
			if err := changeMember(ctx, tx, caller, "group.add_member", g, id, tx.AddMember); err != nil {
				return notary.WithField(err, "add")
			}
		}
		for _, id := range remove {
			if err := changeMember(ctx, tx, caller, "group.remove_member", g, id, tx.RemoveMember); err != nil {
				return notary.WithField(err, "remove")
			}
		}
		return nil
	})
}

func changeMember(ctx context.Context, tx *store.Tx, caller notary.Caller, action string, g *notary.Group,
	accountID int64, change func(groupID, accountID int64) error) error {
	a, err := tx.Account(ctx, accountID)
	if err != nil {
		return err
	}
	if err := change(g.ID, accountID); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, action, notary.NewRef("group", g.ID, g.Name)).With(a.Ref()))
}

// writeGrants is like [store.Store.WriteAs] but locks memberships and grants first, so that concurrent transactions
// that rely on them either commit first or see the change.
func (s *Service) writeGrants(ctx context.Context, caller notary.Caller, fn func(*store.Tx) error) error {
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockGrants(); err != nil {
			return err
		}
		return fn(tx)
	})
}
