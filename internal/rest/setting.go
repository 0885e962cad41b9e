package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) serverSettings() {
	handle(r, operation{id: "listSettings", method: "GET", path: "/api/v1/settings", status: 200,
		needs:   notary.ReadSettings,
		summary: "List the server's settings", doc: "Includes the source of each. Secrets are not returned."}, r.listSettings)
}

func (r *routes) listSettings(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Setting], error) {
	if err := r.auth.ReadSettings(ctx, caller); err != nil {
		return nil, err
	}
	settings := r.settings()
	out := make([]api.Setting, len(settings))
	for i, s := range settings {
		out[i] = api.Setting{Key: s.Key, Value: s.Value, Source: string(s.Source), Where: s.Where, Secret: s.Secret}
	}
	return result(out), nil
}
