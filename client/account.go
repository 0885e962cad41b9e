package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

const accounts = prefix + "/accounts"

func account(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", accounts, id, rest) }

// Accounts are all of them.
func (c *Client) Accounts(ctx context.Context) ([]api.Account, error) {
	return call[[]api.Account](ctx, c, http.MethodGet, accounts, nil)
}

// Account is one of them.
func (c *Client) Account(ctx context.Context, id int64) (api.Account, error) {
	return call[api.Account](ctx, c, http.MethodGet, account(id, ""), nil)
}

// Me is the caller's own account.
func (c *Client) Me(ctx context.Context) (api.Account, error) {
	return call[api.Account](ctx, c, http.MethodGet, accounts+"/me", nil)
}

// CreateAccount makes one and gives its id. The first needs no token.
func (c *Client) CreateAccount(ctx context.Context, body api.CreateAccount) (int64, error) {
	return create(ctx, c, accounts, body)
}

// DeleteAccount ends its tokens too.
func (c *Client) DeleteAccount(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, account(id, ""), nil)
}

// ChangePassword sets somebody's password and ends their tokens.
func (c *Client) ChangePassword(ctx context.Context, id int64, body api.ChangePassword) error {
	return act(ctx, c, http.MethodPost, account(id, "/change_password"), body)
}

// ChangeMyPassword sets the caller's own password and ends their sessions, except the one of the call.
func (c *Client) ChangeMyPassword(ctx context.Context, body api.ChangeMyPassword) error {
	return act(ctx, c, http.MethodPost, accounts+"/me/change_password", body)
}

// ChangeRole sets somebody's role and ends their tokens.
func (c *Client) ChangeRole(ctx context.Context, id int64, body api.ChangeRole) error {
	return act(ctx, c, http.MethodPut, account(id, "/role"), body)
}
