package rest

import (
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) grants() {
	const path = "/api/v1/grants"
	const one = path + "/{id}"
	handle(r, operation{id: "listGrants", method: "GET", path: path, status: 200, needs: notary.ManageAccounts,
		summary: "List grants", doc: "All grants, ordered by ID."}, r.listGrants)
	handle(r, operation{id: "createGrant", method: "POST", path: path, status: 201, needs: notary.ManageAccounts,
		errors: []int{404}, summary: "Create a grant", doc: "Allows an account or group actions in addition to those of " +
			"the role, on objects that it can see and that are within every limit."}, r.createGrant)
	handle(r, operation{id: "getGrant", method: "GET", path: one, status: 200, needs: notary.ManageAccounts,
		summary: "Get a grant", doc: "The grantee, the actions and the limits."}, r.grant)
	handle(r, operation{id: "deleteGrant", method: "DELETE", path: one, status: 202, needs: notary.ManageAccounts,
		summary: "Delete a grant", doc: "Takes effect immediately. Past actions are not affected."}, r.deleteGrant)
	handle(r, operation{id: "explainPermissions", method: "GET", path: "/api/v1/permissions", status: 200,
		errors:  []int{403, 404},
		summary: "Explain permissions", doc: "Reports whether the account may perform the action, or each of the actions, on such an " +
			"object, and which role or grant allows it. Only Admins may ask about other accounts."}, r.explain)
}

func (r *routes) listGrants(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Grant], error) {
	all, err := r.auth.Grants(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.Grant, len(all))
	for i, g := range all {
		out[i] = grantToAPI(g)
	}
	return result(out), nil
}

func grantToAPI(g *notary.Grant) api.Grant {
	grantee := api.Grantee{Kind: "account", ID: g.PrincipalID}
	if g.GroupID != 0 {
		grantee = api.Grantee{Kind: "group", ID: g.GroupID}
	}
	actions := g.Actions
	if actions == nil {
		actions = []string{}
	}
	return api.Grant{ID: g.ID, CreatedAt: g.CreatedAt, GrantTerms: api.GrantTerms{Grantee: grantee, Actions: actions,
		AuthorityIDs: g.Authorities, Profiles: g.Profiles, Names: api.NameLists(g.Names), OwnerIDs: g.Owners,
		OwnerGroupIDs: g.OwnerGroups}}
}

func (r *routes) createGrant(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.GrantTerms }) (*created, error) {
	g := &notary.Grant{GrantTerms: notary.GrantTerms{Actions: in.Body.Actions, Authorities: in.Body.AuthorityIDs,
		Profiles: in.Body.Profiles, Names: notary.NameLists(in.Body.Names), Owners: in.Body.OwnerIDs,
		OwnerGroups: in.Body.OwnerGroupIDs}}
	switch in.Body.Grantee.Kind {
	case "account":
		g.PrincipalID = in.Body.Grantee.ID
	case "group":
		g.GroupID = in.Body.Grantee.ID
	}
	return createdID(r.auth.CreateGrant(ctx, caller, g))
}

func (r *routes) grant(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.Grant], error) {
	g, err := r.auth.Grant(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(grantToAPI(g)), nil
}

func (r *routes) deleteGrant(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.DeleteGrant(ctx, caller, in.ID))
}

type permissionQuery struct{ api.PermissionQuery }

func (r *routes) explain(ctx context.Context, caller notary.Caller,
	in *permissionQuery) (*answer[[]api.Decision], error) {
	all, err := r.ca.Explain(ctx, caller, ca.Question{Action: in.Action, AccountID: int64(in.AccountID),
		AuthorityID: int64(in.AuthorityID),
		Profile:     in.Profile, Names: in.Names, OwnerID: int64(in.OwnerID), OwnerGroupID: int64(in.OwnerGroupID)})
	if err != nil {
		return nil, err
	}
	out := make([]api.Decision, len(all))
	for i, d := range all {
		out[i] = api.Decision{Action: d.Action, Allowed: d.Allowed, Reason: d.Reason}
		if d.Grant != nil {
			out[i].GrantID = &d.Grant.ID
		}
	}
	return result(out), nil
}
