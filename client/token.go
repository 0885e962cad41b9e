package client

import (
	"context"
	"fmt"
	"iter"
	"net/http"

	"notary"
	"notary/api"
)

const tokens = prefix + "/tokens"

func token(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", tokens, id, rest) }

// APITokens yields the caller's API tokens or, for an Admin, all API tokens, newest first. An error is yielded last.
func (c *Client) APITokens(ctx context.Context) iter.Seq2[api.APIToken, error] {
	return pages[api.APIToken](ctx, c, tokens, api.Paging{Limit: notary.MaxTokenPage}, nil)
}

// APIToken returns an API token.
func (c *Client) APIToken(ctx context.Context, id int64) (api.APIToken, error) {
	return call[api.APIToken](ctx, c, http.MethodGet, token(id, ""), nil)
}

// CreateAPIToken creates an API token. The result contains the token for [Client.WithToken]; the server does not return
// it again.
func (c *Client) CreateAPIToken(ctx context.Context, body api.CreateAPIToken) (api.CreatedAPIToken, error) {
	return call[api.CreatedAPIToken](ctx, c, http.MethodPost, tokens, body)
}

// RevokeAPIToken revokes an API token.
func (c *Client) RevokeAPIToken(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, token(id, ""), nil)
}

// TakeOverAPIToken makes the caller, who must be an Admin, the creator of an API token.
func (c *Client) TakeOverAPIToken(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodPost, token(id, "/take_over"), nil)
}
