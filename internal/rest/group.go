package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) groups() {
	const path = "/api/v1/groups"
	const one = path + "/{id}"
	handle(r, operation{id: "listGroups", method: "GET", path: path, status: 200, needs: notary.ManageAccounts,
		summary: "List groups", doc: "All groups of accounts, ordered by ID."}, r.listGroups)
	handle(r, operation{id: "createGroup", method: "POST", path: path, status: 201, needs: notary.ManageAccounts,
		errors: []int{409}, summary: "Create a group", doc: "The new group has no members."}, r.createGroup)
	handle(r, operation{id: "getGroup", method: "GET", path: one, status: 200, needs: notary.ManageAccounts,
		summary: "Get a group", doc: "Includes its members."}, r.group)
	handle(r, operation{id: "deleteGroup", method: "DELETE", path: one, status: 202, needs: notary.ManageAccounts,
		errors: []int{409}, summary: "Delete a group",
		doc: "Also deletes its grants. The accounts are not deleted. 409 while requests or certificates belong to it, or " +
			"a grant to another grantee is limited to its requests."}, r.deleteGroup)
	handle(r, operation{id: "changeMembers", method: "PUT", path: one + "/members", status: 200,
		needs:  notary.ManageAccounts,
		errors: []int{409}, summary: "Add and remove members of a group", doc: "Either all changes are made or none."},
		r.changeMembers)
}

func (r *routes) listGroups(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Group], error) {
	all, err := r.auth.Groups(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.Group, len(all))
	for i, g := range all {
		out[i] = groupToAPI(g)
	}
	return result(out), nil
}

func groupToAPI(g *notary.Group) api.Group {
	return api.Group{ID: g.ID, Name: g.Name, CreatedAt: g.CreatedAt}
}

func (r *routes) createGroup(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CreateGroup }) (*created, error) {
	return createdID(r.auth.CreateGroup(ctx, caller, in.Body.Name))
}

func (r *routes) group(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.GroupWithMembers], error) {
	g, members, err := r.auth.Group(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := api.GroupWithMembers{Group: groupToAPI(g), Members: make([]api.Account, len(members))}
	for i, a := range members {
		out.Members[i] = accountToAPI(a)
	}
	return result(out), nil
}

func (r *routes) deleteGroup(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.DeleteGroup(ctx, caller, in.ID))
}

func (r *routes) changeMembers(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ChangeMembers
}) (*message, error) {
	return done(r.auth.ChangeMembers(ctx, caller, in.ID, in.Body.Add, in.Body.Remove))
}
