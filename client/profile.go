package client

import (
	"context"
	"fmt"
	"net/http"

	"notary/api"
)

const profiles = prefix + "/profiles"

func profile(id int64, rest string) string { return fmt.Sprintf("%s/%d%s", profiles, id, rest) }

// Profiles returns the latest version of every profile.
func (c *Client) Profiles(ctx context.Context) ([]api.Profile, error) {
	return call[[]api.Profile](ctx, c, http.MethodGet, profiles, nil)
}

// Profile returns a version of a profile; 0 means the latest.
func (c *Client) Profile(ctx context.Context, id int64, version int) (api.Profile, error) {
	query := ""
	if version != 0 {
		query = fmt.Sprintf("?version=%d", version)
	}
	return call[api.Profile](ctx, c, http.MethodGet, profile(id, query), nil)
}

// CreateProfile creates a profile and returns its ID.
func (c *Client) CreateProfile(ctx context.Context, body api.CreateProfile) (int64, error) {
	return create(ctx, c, profiles, body)
}

// UpdateProfile replaces the rules of a profile and returns the new version.
func (c *Client) UpdateProfile(ctx context.Context, id int64, body api.UpdateProfile) (int, error) {
	updated, err := call[api.UpdatedProfile](ctx, c, http.MethodPut, profile(id, ""), body)
	return updated.Version, err
}

// DeleteProfile deletes a profile. Built-in profiles cannot be deleted.
func (c *Client) DeleteProfile(ctx context.Context, id int64) error {
	return act(ctx, c, http.MethodDelete, profile(id, ""), nil)
}

// CheckProfile tests a profile without issuing anything.
func (c *Client) CheckProfile(ctx context.Context, id int64, body api.CheckProfile) (api.ProfileCheck, error) {
	return call[api.ProfileCheck](ctx, c, http.MethodPost, profile(id, "/check"), body)
}
