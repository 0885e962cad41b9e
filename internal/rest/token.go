package rest

import (
	"cmp"
	"context"
	"time"

	"notary"
	"notary/api"
)

func (r *routes) tokens() {
	const path = "/api/v1/tokens"
	const one = path + "/{id}"
	handle(r, operation{id: "listTokens", method: "GET", path: path, status: 200, summary: "List API tokens",
		doc: "A page of your own or, for Admins, of all, the newest first. An API token gets itself. It cannot manage tokens."}, r.listTokens)
	handle(r, operation{id: "createToken", method: "POST", path: path, status: 201, errors: []int{403, 404, 409, 429},
		summary: "Create an API token", doc: "The response has the token, which is not shown again. It acts on your behalf: " +
			"what it may do is what both its grants and you allow at the time."}, r.createToken)
	handle(r, operation{id: "getToken", method: "GET", path: one, status: 200, errors: []int{404},
		summary: "Get an API token", doc: "One of your own; for Admins, any."}, r.token)
	handle(r, operation{id: "revokeToken", method: "DELETE", path: one, status: 202, errors: []int{404, 409},
		summary: "Revoke an API token", doc: "Takes effect immediately. One of your own; for Admins, any."}, r.revokeToken)
	handle(r, operation{id: "takeOverToken", method: "POST", path: one + "/take_over", status: 202,
		needs: notary.ManageAccounts, errors: []int{404, 409}, summary: "Take over an API token",
		doc: "Makes you the account on whose behalf it acts, for example because its creator's account was deleted. " +
			"What it submitted before stays with its owner."}, r.takeOverToken)
}

func (r *routes) listTokens(ctx context.Context, caller notary.Caller,
	in *struct{ api.TokenPaging }) (*struct{ Body api.Page[api.APIToken] }, error) {
	page, err := r.auth.Tokens(ctx, caller, notary.TokenQuery{Limit: cmp.Or(in.Limit, notary.MaxTokenPage),
		After: notary.Cursor(in.After), Before: notary.Cursor(in.Before)})
	if err != nil {
		return nil, err
	}
	return &struct{ Body api.Page[api.APIToken] }{api.Page[api.APIToken]{Result: tokensToAPI(page.Items, r.auth.Now()),
		Next: string(page.Next), Previous: string(page.Previous)}}, nil
}

func (r *routes) token(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.APIToken], error) {
	t, err := r.auth.Token(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(tokenToAPI(t, r.auth.Now())), nil
}

func (r *routes) createToken(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CreateAPIToken }) (*answer[api.CreatedAPIToken], error) {
	t := &notary.Token{Name: in.Body.Name, Ranges: in.Body.AddressRanges, PerHour: in.Body.QuotaPerHour,
		PerDay: in.Body.QuotaPerDay, ExpiresAt: optionalInstant(in.Body.ExpiresAt)}
	for _, g := range in.Body.Grants {
		t.Grants = append(t.Grants, notary.GrantTerms{Actions: g.Actions, Authorities: g.AuthorityIDs,
			Profiles: g.Profiles, Names: notary.NameLists(g.Names), Owners: g.OwnerIDs, OwnerGroups: g.OwnerGroupIDs})
	}
	id, secret, err := r.auth.CreateToken(ctx, caller, t)
	if err != nil {
		return nil, err
	}
	return result(api.CreatedAPIToken{Created: api.Created{Message: api.Success, ID: id}, Token: secret}), nil
}

func (r *routes) revokeToken(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.RevokeToken(ctx, caller, in.ID))
}

func (r *routes) takeOverToken(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.TakeOverToken(ctx, caller, in.ID))
}

func tokensToAPI(all []*notary.Token, now time.Time) []api.APIToken {
	out := make([]api.APIToken, len(all))
	for i, t := range all {
		out[i] = tokenToAPI(t, now)
	}
	return out
}

func tokenToAPI(t *notary.Token, now time.Time) api.APIToken {
	out := api.APIToken{ID: t.ID, Name: t.Name, Creator: api.Ref(t.Creator), Status: string(t.Status(now)),
		Start: t.Start, Grants: []api.TokenGrant{}, AddressRanges: t.Ranges, QuotaPerHour: optional(t.PerHour),
		QuotaPerDay: optional(t.PerDay), CreatedAt: t.CreatedAt, ExpiresAt: t.ExpiresAt,
		RevokedAt: optionalTime(t.RevokedAt), LastUsedAt: optionalTime(t.LastUsedAt), LastAddress: t.LastAddress,
		Unused: t.Unused(now), QuotaExceededAt: optionalTime(t.QuotaExceededAt)}
	if t.PerHour > 0 {
		left := t.LeftInHour(now)
		out.QuotaLeftHour = &left
	}
	if t.PerDay > 0 {
		left := t.LeftInDay(now)
		out.QuotaLeftDay = &left
	}
	if out.AddressRanges == nil {
		out.AddressRanges = []string{}
	}
	for _, g := range t.Grants {
		out.Grants = append(out.Grants, api.TokenGrant{Actions: g.Actions, AuthorityIDs: g.Authorities,
			Profiles: g.Profiles, Names: api.NameLists(g.Names), OwnerIDs: g.Owners, OwnerGroupIDs: g.OwnerGroups})
	}
	return out
}
