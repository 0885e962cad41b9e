package rest

import (
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) profiles() {
	const path = "/api/v1/profiles"
	handle(r, operation{id: "listProfiles", method: "GET", path: path, status: 200, summary: "List profiles",
		doc: "All profiles with their rules."}, r.listProfiles)
	handle(r, operation{id: "createProfile", method: "POST", path: path, status: 201, needs: notary.ManageProfiles,
		errors: []int{409}, summary: "Create a profile", doc: "A profile is a set of rules for issuing certificates."},
		r.createProfile)
	handle(r, operation{id: "getProfile", method: "GET", path: path + "/{id}", status: 200, needs: notary.ReadProfiles,
		summary: "Get a profile", doc: "The latest version, or an earlier one with `version`."}, r.profile)
	handle(r, operation{id: "updateProfile", method: "PUT", path: path + "/{id}", status: 200,
		needs:  notary.ManageProfiles,
		errors: []int{409}, summary: "Update a profile", doc: "Replaces all rules and creates a new version."},
		r.updateProfile)
	handle(r, operation{id: "deleteProfile", method: "DELETE", path: path + "/{id}", status: 202,
		needs:  notary.ManageProfiles,
		errors: []int{409}, summary: "Delete a profile", doc: "Built-in profiles cannot be deleted."}, r.deleteProfile)
	handle(r, operation{id: "checkProfile", method: "POST", path: path + "/{id}/check", status: 200,
		needs:  notary.ReadProfiles,
		errors: []int{409, 422}, summary: "Test a profile",
		doc: "Checks a CSR or recent requests against the profile or against changed rules. Nothing is issued."},
		r.checkProfile)
}

func (r *routes) listProfiles(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.Profile], error) {
	all, err := r.ca.Profiles(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.Profile, len(all))
	for i, p := range all {
		out[i] = profileToAPI(p)
	}
	return result(out), nil
}

func (r *routes) createProfile(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CreateProfile }) (*created, error) {
	rules, err := rulesFromAPI(in.Body.ProfileRules)
	if err != nil {
		return nil, err
	}
	return createdID(r.ca.CreateProfile(ctx, caller, in.Body.Name, rules))
}

func (r *routes) profile(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Version int `query:"version" minimum:"1" doc:"An earlier version; default the latest"`
}) (*answer[api.Profile], error) {
	p, err := r.ca.Profile(ctx, caller, in.ID, in.Version)
	if err != nil {
		return nil, err
	}
	return result(profileToAPI(p)), nil
}

func (r *routes) updateProfile(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UpdateProfile
}) (*answer[api.UpdatedProfile], error) {
	rules, err := rulesFromAPI(in.Body.ProfileRules)
	if err != nil {
		return nil, err
	}
	from, err := fromVersion(in.Body.Version)
	if err != nil {
		return nil, err
	}
	version, err := r.ca.UpdateProfile(ctx, caller, in.ID, from, rules)
	if err != nil {
		return nil, err
	}
	return result(api.UpdatedProfile{Message: api.Success, Version: version}), nil
}

func fromVersion(version *int) (int, error) {
	switch {
	case version == nil:
		return 0, nil
	case *version < 1:
		return 0, notary.FieldErrorf("version", "version must be at least 1")
	}
	return *version, nil
}

func (r *routes) deleteProfile(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.DeleteProfile(ctx, caller, in.ID))
}

func (r *routes) checkProfile(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.CheckProfile
}) (*answer[api.ProfileCheck], error) {
	o := ca.TryOptions{CSR: in.Body.CSR, Last: in.Body.Last, AuthorityID: int64(in.Body.CertificateAuthorityID)}
	if in.Body.Profile != nil {
		rules, err := rulesFromAPI(*in.Body.Profile)
		if err != nil {
			return nil, ca.InField("profile", err)
		}
		o.Rules = &rules
	}
	trial, err := r.ca.TryProfile(ctx, caller, in.ID, o)
	if err != nil {
		return nil, err
	}
	return result(checkToAPI(trial)), nil
}
