package rest

import (
	"cmp"
	"context"

	"notary"
	"notary/api"
	"notary/internal/auth"
)

func (r *routes) accounts() {
	const path = "/api/v1/accounts"
	const one = path + "/{id}"
	handle(r, operation{id: "listAccounts", method: "GET", path: path, status: 200, needs: notary.ManageAccounts,
		summary: "List accounts", doc: "All accounts, ordered by ID."}, r.listAccounts)
	handle(r, operation{id: "createAccount", method: "POST", path: path, status: 201, access: tokenOptional,
		needs: notary.ManageAccounts, errors: []int{409, 429}, summary: "Create an account",
		doc: "The first account requires the setup code instead of a token and becomes an Admin."}, r.createAccount)
	handle(r, operation{id: "getMyAccount", method: "GET", path: path + "/me", status: 200,
		summary: "Get your own account",
		doc:     "The account of the token."}, r.me)
	handle(r, operation{id: "changeMyPassword", method: "POST", path: path + "/me/change_password", status: 201,
		errors: []int{429}, summary: "Change your own password",
		doc: "Ends all other sessions of the account."}, r.changeMyPassword)
	handle(r, operation{id: "getAccount", method: "GET", path: one, status: 200, needs: notary.ManageAccounts,
		summary: "Get an account", doc: "Passwords are never returned."}, r.account)
	handle(r, operation{id: "deleteAccount", method: "DELETE", path: one, status: 202, needs: notary.ManageAccounts,
		errors: []int{409}, summary: "Delete an account",
		doc: "Ends the account's sessions. The last Admin cannot be deleted."}, r.deleteAccount)
	handle(r, operation{id: "changePassword", method: "POST", path: one + "/change_password", status: 200,
		needs: notary.ManageAccounts, summary: "Set an account's password", doc: "Ends the account's sessions."},
		r.changePassword)
	handle(r, operation{id: "changeRole", method: "PUT", path: one + "/role", status: 200, needs: notary.ManageAccounts,
		errors: []int{409}, summary: "Set an account's role",
		doc: "Ends the account's sessions. The last Admin cannot be demoted."}, r.changeRole)
}

func (r *routes) listAccounts(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Account], error) {
	all, err := r.auth.Accounts(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.Account, len(all))
	for i, a := range all {
		out[i] = accountToAPI(a)
	}
	return result(out), nil
}

func (r *routes) createAccount(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CreateAccount }) (*created, error) {
	email, err := emailOf(in.Body.Email, in.Body.Username, in.Body.Password)
	if err != nil {
		return nil, err
	}
	if caller.Known() {
		return createdID(r.auth.CreateAccount(ctx, caller, email, in.Body.Password, (*notary.Role)(in.Body.RoleID)))
	}
	return createdID(r.auth.CreateFirstAccount(ctx, auth.FirstAccount{
		Email: email, Password: in.Body.Password, SetupCode: in.Body.SetupCode,
		Address: caller.Address, RequestID: caller.RequestID}))
}

// emailOf returns the email address, which may be in email or its alias username. It returns an error if the address or
// the password is empty, or if email and username differ.
func emailOf(email, username, password string) (string, error) {
	switch {
	case email == "" && username == "":
		return "", notary.FieldErrorf("email", "email is missing")
	case email != "" && username != "" && email != username:
		return "", notary.FieldErrorf("username", "username is an alias for email: send only one of them")
	case password == "":
		return "", notary.FieldErrorf("password", "password is empty")
	}
	return cmp.Or(email, username), nil
}

func (r *routes) me(ctx context.Context, caller notary.Caller, _ *none) (*answer[api.Account], error) {
	a, err := r.auth.Me(ctx, caller)
	if err != nil {
		return nil, err
	}
	groups, err := r.auth.MyGroups(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := accountToAPI(a)
	for _, g := range groups {
		out.Groups = append(out.Groups, groupToAPI(g))
	}
	return result(out), nil
}

func (r *routes) account(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.Account], error) {
	return oneAccount(r.auth.Account(ctx, caller, in.ID))
}

func oneAccount(a *notary.Account, err error) (*answer[api.Account], error) {
	if err != nil {
		return nil, err
	}
	return result(accountToAPI(a)), nil
}

func (r *routes) deleteAccount(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.auth.DeleteAccount(ctx, caller, in.ID))
}

func (r *routes) changePassword(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ChangePassword
}) (*message, error) {
	return done(r.auth.ChangePassword(ctx, caller, in.ID, in.Body.Password))
}

func (r *routes) changeMyPassword(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.ChangeMyPassword }) (*message, error) {
	return done(r.auth.ChangeMyPassword(ctx, caller, in.Body.OldPassword, in.Body.Password))
}

func (r *routes) changeRole(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ChangeRole
}) (*message, error) {
	return done(r.auth.ChangeRole(ctx, caller, in.ID, notary.Role(in.Body.RoleID)))
}
