package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

const accounts = prefix + "/accounts"

func account(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", accounts, id, rest) }

// Accounts returns all accounts.
func (c *Client) Accounts(ctx context.Context) ([]api.Account, error) {
	return call[[]api.Account](ctx, c, http.MethodGet, accounts, nil)
}

// Account returns an account.
func (c *Client) Account(ctx context.Context, id int64) (api.Account, error) {
	return call[api.Account](ctx, c, http.MethodGet, account(id, ""), nil)
}

// Me returns the caller's own account.
func (c *Client) Me(ctx context.Context) (api.Account, error) {
	return call[api.Account](ctx, c, http.MethodGet, accounts+"/me", nil)
}

// CreateAccount creates an account and returns its ID. The first account needs no token but, by default, a setup code.
func (c *Client) CreateAccount(ctx context.Context, body api.CreateAccount) (int64, error) {
	return create(ctx, c, accounts, body)
}

// DeleteAccount deletes an account and ends its sessions.
func (c *Client) DeleteAccount(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, account(id, ""), nil)
}

// ChangePassword sets an account's password and ends its sessions.
func (c *Client) ChangePassword(ctx context.Context, id int64, body api.ChangePassword) error {
	return act(ctx, c, http.MethodPost, account(id, "/change_password"), body)
}

// ChangeMyPassword changes the caller's own password and ends all other sessions of the caller.
func (c *Client) ChangeMyPassword(ctx context.Context, body api.ChangeMyPassword) error {
	return act(ctx, c, http.MethodPost, accounts+"/me/change_password", body)
}

// ChangeRole sets an account's role and ends its sessions.
func (c *Client) ChangeRole(ctx context.Context, id int64, body api.ChangeRole) error {
	return act(ctx, c, http.MethodPut, account(id, "/role"), body)
}
