package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"notary/api"
)

const (
	groups = prefix + "/groups"
	grants = prefix + "/grants"
)

func group(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", groups, id, rest) }

func grant(id int64) string { return fmt.Sprintf("%s/%d", grants, id) }

// Groups returns all groups.
func (c *Client) Groups(ctx context.Context) ([]api.Group, error) {
	return call[[]api.Group](ctx, c, http.MethodGet, groups, nil)
}

// Group returns a group with its members.
func (c *Client) Group(ctx context.Context, id int64) (api.GroupWithMembers, error) {
	return call[api.GroupWithMembers](ctx, c, http.MethodGet, group(id, ""), nil)
}

// CreateGroup creates an empty group and returns its ID.
func (c *Client) CreateGroup(ctx context.Context, body api.CreateGroup) (int64, error) {
	return create(ctx, c, groups, body)
}

// DeleteGroup deletes a group and its grants. It fails while the group owns requests or certificates.
func (c *Client) DeleteGroup(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, group(id, ""), nil)
}

// ChangeMembers adds accounts to a group and removes others, atomically.
func (c *Client) ChangeMembers(ctx context.Context, id int64, body api.ChangeMembers) error {
	return act(ctx, c, http.MethodPut, group(id, "/members"), body)
}

// Grants returns all grants.
func (c *Client) Grants(ctx context.Context) ([]api.Grant, error) {
	return call[[]api.Grant](ctx, c, http.MethodGet, grants, nil)
}

// Grant returns a grant.
func (c *Client) Grant(ctx context.Context, id int64) (api.Grant, error) {
	return call[api.Grant](ctx, c, http.MethodGet, grant(id), nil)
}

// CreateGrant creates a grant and returns its ID.
func (c *Client) CreateGrant(ctx context.Context, body api.GrantTerms) (int64, error) {
	return create(ctx, c, grants, body)
}

// DeleteGrant deletes a grant.
func (c *Client) DeleteGrant(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, grant(id), nil)
}

// Permissions reports which actions an account may perform on an object, and why.
func (c *Client) Permissions(ctx context.Context, q api.PermissionQuery) ([]api.Decision, error) {
	v := url.Values{}
	if q.Action != "" {
		v.Set("action", q.Action)
	}
	for name, id := range map[string]api.ID{"account_id": q.AccountID, "certificate_authority_id": q.AuthorityID,
		"owner_id": q.OwnerID, "owner_group_id": q.OwnerGroupID} {
		if id != 0 {
			v.Set(name, strconv.FormatInt(int64(id), 10))
		}
	}
	if q.Profile != "" {
		v.Set("profile", q.Profile)
	}
	if len(q.Names) > 0 {
		v.Set("name", strings.Join(q.Names, ","))
	}
	return call[[]api.Decision](ctx, c, http.MethodGet, prefix+"/permissions?"+v.Encode(), nil)
}
