package ca

import (
	"context"
	"slices"
	"strings"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// NewOwner names the account or group to which a request or certificate is transferred, by ID or by name.
type NewOwner struct {
	Kind string // "account" or "group"
	ID   int64  // 0 to find it by name
	Name string // email address of an account or name of a group
}

// OwnerNamed returns a new owner by email address or, if name has no @, by group name.
func OwnerNamed(name string) NewOwner {
	if name = strings.TrimSpace(name); strings.Contains(name, "@") {
		return NewOwner{Kind: "account", Name: name}
	}
	return NewOwner{Kind: "group", Name: name}
}

func (o NewOwner) check() error {
	switch {
	case o.Kind != "account" && o.Kind != "group":
		return notary.FieldErrorf("kind", "%.40q cannot own anything: use account or group", o.Kind)
	case o.ID < 0 || (o.ID == 0) == (o.Name == ""):
		return notary.FieldErrorf("owner", "specify the new owner by ID, or by the email address of an account or "+
			"the name of a group")
	case len(o.Name) > maxFilterText:
		return notary.FieldErrorf("name", "the name is longer than %d characters", maxFilterText)
	}
	return nil
}

// Transfer transfers a request, with all its certificates, to another owner. Owners without the permission can transfer
// their requests to one of their groups.
func (s *Service) Transfer(ctx context.Context, caller notary.Caller, id int64, to NewOwner) error {
	err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.TransferRequest, policy.CreateRequest)
	if err != nil {
		return err
	}
	seen, err := s.request(ctx, caller, id)
	if err != nil {
		return err
	}
	return s.writeOwner(ctx, caller, policy.TransferRequest, to, func(tx *store.Tx, owner notary.Owner) error {
		req, err := tx.Request(ctx, id)
		if err != nil {
			return err
		}
		if err := requireOwner(req.Ref(), req.Owner(), seen.Owner()); err != nil {
			return err
		}
		if err := allowTransfer(ctx, tx, caller, req, owner); err != nil {
			return err
		}
		return transfer(ctx, tx, caller, owned{req.Ref(), req.Owner(), req.Email, "request.transfer"}, owner,
			func(account *notary.Account) error {
				if err := refuseDuplicate(ctx, tx, req, owner.GroupID); err != nil {
					return err
				}
				return tx.Transfer(ctx, req, account, owner.GroupID)
			})
	})
}

// refuseDuplicate returns a Conflict error if the group already has a request with the same CSR.
func refuseDuplicate(ctx context.Context, tx *store.Tx, req *notary.Request, groupID int64) error {
	if groupID == 0 {
		return nil // the store checks accounts
	}
	if err := tx.LockContent(groupID, req.Content); err != nil {
		return err
	}
	id, err := tx.RequestWithContent(ctx, 0, groupID, req.Content)
	if err == nil && id != 0 {
		err = notary.WithField(notary.Errorf(notary.Conflict, "certificate request %d of the group has the same CSR: "+
			"transfer the request to another owner", id), "owner")
	}
	return err
}

// writeOwner calls fn with the new owner in a transaction that prevents the deletion of that owner.
func (s *Service) writeOwner(ctx context.Context, caller notary.Caller, action policy.Action, to NewOwner,
	fn func(*store.Tx, notary.Owner) error) error {
	if err := to.check(); err != nil {
		return err
	}
	owner, err := s.findOwner(ctx, caller, action, to)
	if err != nil {
		return err
	}
	return s.store.WriteAccount(ctx, caller, owner.AccountID, func(tx *store.Tx) error {
		if err := tx.LockGrantsShared(); err != nil { // the group must not be deleted meanwhile
			return err
		}
		return fn(tx, owner)
	})
}

// requireOwner returns a Conflict error if the owner of an object has changed since it was seen.
func requireOwner(object notary.Ref, owner, seen notary.Owner) error {
	if owner != seen {
		return notary.Errorf(notary.Conflict, "the owner of %s has just changed: check it and try again", object)
	}
	return nil
}

// findOwner returns the owner identified by to. It looks up a name only for members of the group and for callers that
// may transfer at least one object, because the result discloses whether the name exists.
func (s *Service) findOwner(ctx context.Context, caller notary.Caller, action policy.Action,
	to NewOwner) (notary.Owner, error) {
	if to.ID == 0 {
		groups, err := s.store.GroupsWith(ctx, caller.Account().ID)
		if err == nil && !hasGroup(groups, to) {
			if err = s.attempt(ctx, caller, policy.Resource{}, action); err != nil {
				return notary.Owner{}, err
			}
			groups, err = s.store.Groups(ctx)
		}
		if err != nil {
			return notary.Owner{}, err
		}
		if to.ID, err = s.ownerID(ctx, to, groups); err != nil {
			return notary.Owner{}, err
		}
	}
	if to.Kind == "group" {
		return notary.Owner{GroupID: to.ID}, nil
	}
	return notary.Owner{AccountID: to.ID}, nil
}

func hasGroup(groups []*notary.Group, to NewOwner) bool {
	return to.Kind == "group" && slices.ContainsFunc(groups, func(g *notary.Group) bool { return g.Name == to.Name })
}

func (s *Service) ownerID(ctx context.Context, to NewOwner, groups []*notary.Group) (int64, error) {
	if to.Kind == "group" {
		for _, g := range groups {
			if g.Name == to.Name {
				return g.ID, nil
			}
		}
		return 0, notary.FieldErrorf("owner", "there is no group %.70q", to.Name)
	}
	account, _, err := s.store.AccountByEmail(ctx, strings.ToLower(strings.TrimSpace(to.Name)))
	if err == nil && account == nil {
		err = notary.FieldErrorf("owner", "there is no account %.70q", to.Name)
	}
	if err != nil {
		return 0, err
	}
	return account.ID, nil
}

// owned is an object to be transferred.
type owned struct {
	ref    notary.Ref
	owner  notary.Owner
	email  string // of the owner, or of the account that submitted it
	action string // of the event
}

// transfer changes the owner by calling move and records the event. The argument of move is nil for a group.
func transfer(ctx context.Context, tx *store.Tx, caller notary.Caller, o owned, to notary.Owner,
	move func(*notary.Account) error) error {
	account, ref, err := newOwner(ctx, tx, to)
	if err != nil {
		return err
	}
	before, err := o.fields(ctx, tx)
	if err != nil {
		return err
	}
	if o.owner == to {
		return notary.WithField(notary.Errorf(notary.Conflict, "%s already belongs to %s", o.ref, ref), "owner")
	}
	if err := move(account); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, o.action, o.ref).Change(before, notary.Fields{"owner": ref}))
}

// newOwner returns the account (nil for a group) and a reference to the owner, or an error if the owner does not exist
// or cannot own requests.
func newOwner(ctx context.Context, tx *store.Tx, to notary.Owner) (*notary.Account, notary.Ref, error) {
	if to.GroupID != 0 {
		g, err := tx.Group(ctx, to.GroupID)
		if notary.KindOf(err) == notary.NotFound {
			err = notary.FieldErrorf("owner", "there is no group %d", to.GroupID)
		}
		if err != nil {
			return nil, notary.Ref{}, err
		}
		return nil, notary.NewRef("group", g.ID, g.Name), nil
	}
	account, err := tx.Account(ctx, to.AccountID)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		err = notary.FieldErrorf("owner", "there is no account %d", to.AccountID)
	case err == nil && !policy.RoleHas(account.Role, policy.CreateRequest):
		err = notary.FieldErrorf("owner", "the account %s cannot own requests or certificates, because its role "+
			"%s cannot submit requests: choose another account or a group", account.Email, account.Role)
	}
	if err != nil {
		return nil, notary.Ref{}, err
	}
	return account, account.Ref(), nil
}

// fields returns the owner as an event field, or nil if there is none. The owner may have been deleted.
func (o owned) fields(ctx context.Context, tx *store.Tx) (notary.Fields, error) {
	switch {
	case o.owner == notary.Owner{}:
		return nil, nil
	case o.owner.GroupID == 0:
		return notary.Fields{"owner": notary.NewRef("account", o.owner.AccountID, o.email)}, nil
	}
	g, err := tx.Group(ctx, o.owner.GroupID)
	if notary.KindOf(err) == notary.NotFound {
		g, err = &notary.Group{ID: o.owner.GroupID}, nil
	}
	if err != nil {
		return nil, err
	}
	return notary.Fields{"owner": notary.NewRef("group", g.ID, g.Name)}, nil
}

// allowTransfer returns an error unless the caller may transfer the request. Except for transfers to [recipientGroups],
// the permission must cover the request and each of its certificates, before and after the transfer.
func allowTransfer(ctx context.Context, known revokeReader, caller notary.Caller, req *notary.Request,
	to notary.Owner) error {
	if policy.May(caller, policy.TransferRequest) {
		return nil
	}
	once := &readOnce{revokeReader: known}
	if err := sees(ctx, once, caller, req); err != nil {
		return err
	}
	groups, err := recipientGroups(ctx, once, caller, req.Owner())
	if err != nil || slices.Contains(groups, to.GroupID) {
		return err
	}
	certificates, err := known.CertificatesOfRequest(ctx, req.ID)
	if err != nil {
		return err
	}
	if err := allowMove(ctx, once, caller, policy.TransferRequest, requestResource(req), to); err != nil {
		return err
	}
	for _, cert := range certificates {
		if err := allowCertificate(ctx, once, caller, policy.TransferRequest, cert); err != nil {
			return err
		}
		if err := allowMove(ctx, once, caller, policy.TransferRequest, certificateResource(cert), to); err != nil {
			return err
		}
	}
	return nil
}

// allowMove returns a Forbidden error unless the caller may transfer the object from its owner to the new one.
func allowMove(ctx context.Context, known grantReader, caller notary.Caller, action policy.Action, r policy.Resource,
	to notary.Owner) error {
	if err := allow(ctx, known, caller, action, r); err != nil {
		return err
	}
	r.OwnerID, r.OwnerGroupID = to.AccountID, to.GroupID
	return allow(ctx, known, caller, action, r)
}

// recipientGroups returns the groups to which the caller may transfer an object without the permission. A caller who
// may submit requests and is the owner, or a member of the owning group, can transfer the object to any of its own
// groups. A token needs the permission.
func recipientGroups(ctx context.Context, known grantReader, caller notary.Caller,
	owner notary.Owner) ([]int64, error) {
	if caller.Token != nil || !policy.May(caller, policy.CreateRequest) {
		return nil, nil
	}
	member, err := known.GroupsOf(ctx, caller.Principal.ID)
	if err != nil || owner.AccountID != caller.Principal.ID && !slices.Contains(member, owner.GroupID) {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(member), func(id int64) bool { return id == owner.GroupID }), nil
}

func allowSomeTransfer(ctx context.Context, known viewReader, caller notary.Caller, req *notary.Request) error {
	return orToGroups(ctx, known, caller, req.Owner(), allowRequest(ctx, known, caller, policy.TransferRequest, req))
}

// orToGroups returns err, or nil if err is Forbidden but the caller may transfer the object to one of its groups.
func orToGroups(ctx context.Context, known viewReader, caller notary.Caller, owner notary.Owner, err error) error {
	if notary.KindOf(err) != notary.Forbidden {
		return err
	}
	groups, failed := recipientGroups(ctx, known, caller, owner)
	if failed != nil || len(groups) > 0 {
		return failed
	}
	return err
}
