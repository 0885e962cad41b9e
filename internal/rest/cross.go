package rest

import (
	"cmp"
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

// authorityLife are the calls for further certificates of an authority, and for its end.
func (r *routes) authorityLife(path string) {
	handle(r, operation{method: "GET", path: path + "/{id}/certificates", status: 200, summary: "List the certificates of an authority's key"}, r.authorityCertificates)
	handle(r, operation{method: "PUT", path: path + "/{id}/certificate", status: 200, summary: "Choose which of an authority's certificates is in use"}, r.useCertificate)
	handle(r, operation{method: "POST", path: path + "/{id}/cross_sign", status: 201, summary: "Have another authority held here sign a further certificate for an authority"}, r.crossSign)
	handle(r, operation{method: "POST", path: path + "/{id}/roll_over", status: 201, summary: "Make the successor of an authority, with a new key"}, r.rollOver)
	handle(r, operation{method: "GET", path: path + "/{id}/impact", status: 200, summary: "Count what stands and falls with an authority: the live certificates below it"}, r.impact)
}

func (r *routes) authorityCertificates(ctx context.Context, caller notary.Caller, in *ByID) (*answer[[]api.AuthorityCertificate], error) {
	all, inUse, err := r.ca.AuthorityCertificates(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := make([]api.AuthorityCertificate, len(all))
	for i, c := range all {
		out[i] = api.AuthorityCertificate{Certificate: certificateToAPI(c), InUse: c.ID == inUse}
	}
	return result(out), nil
}

func (r *routes) useCertificate(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UseAuthorityCertificate
}) (*message, error) {
	return done(r.ca.UseCertificate(ctx, caller, in.ID, int64(in.Body.CertificateID)))
}

func (r *routes) crossSign(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.CrossSignCertificateAuthority
}) (*created, error) {
	profile := cmp.Or(in.Body.Profile, notary.IntermediateProfile)
	return createdID(r.ca.CrossSign(ctx, caller, in.ID, int64(in.Body.CertificateAuthorityID), profile))
}

func (r *routes) rollOver(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body *api.RollOverCertificateAuthority // it may be left out
}) (*created, error) {
	var o ca.RollOverOptions
	if b := in.Body; b != nil {
		o = ca.RollOverOptions{KeyAlgorithm: notary.KeyAlgorithm(b.KeyAlgorithm), NotAfter: instant(b.NotValidAfter)}
	}
	return createdID(r.ca.RollOver(ctx, caller, in.ID, o))
}

func (r *routes) chains(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.CertificateChains], error) {
	chains, all, err := r.ca.Chains(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := api.CertificateChains{Chains: make([]api.CertificateChain, len(chains)), Complete: all}
	for i, c := range chains {
		out.Chains[i] = api.CertificateChain{CertificateChain: c.PEM(), Names: c.Names, Problem: c.Problem}
	}
	return result(out), nil
}
