package rest

import (
	"cmp"
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) authorityLife(path string) {
	one := path + "/{id}"
	handle(r, operation{id: "listCertificatesOfAuthority", method: "GET", path: one + "/certificates", status: 200,
		needs: notary.ReadAuthorities, summary: "List the CA certificates of a certificate authority",
		doc: "All certificates for its key, including cross-certificates and former ones."}, r.authorityCertificates)
	handle(r, operation{id: "useAuthorityCertificate", method: "PUT", path: one + "/certificate", status: 200,
		needs: notary.ManageAuthorities, errors: []int{409, 422},
		summary: "Choose the current certificate of a certificate authority",
		doc:     "New chains start with it, and it is published as the CA's own."}, r.useCertificate)
	handle(r, operation{id: "crossSignCertificateAuthority", method: "POST", path: one + "/cross_sign", status: 201,
		needs: notary.ManageAuthorities, errors: []int{409, 422, 429}, summary: "Cross-sign a certificate authority",
		doc: "Another CA held here issues an additional certificate for its key. The current certificate does not change."},
		r.crossSign)
	handle(r, operation{id: "rollOverCertificateAuthority", method: "POST", path: one + "/roll_over", status: 201,
		needs: notary.ManageAuthorities, errors: []int{409, 422, 429}, summary: "Roll over a certificate authority",
		doc: "Creates its successor: a CA with the same name and a new key."}, r.rollOver)
	handle(r, operation{id: "getImpactOfAuthority", method: "GET", path: one + "/impact", status: 200,
		needs: notary.ReadAuthorities, summary: "Get the impact of revoking a certificate authority",
		doc: "Counts the valid certificates below it, at any depth, that its revocation would invalidate."}, r.impact)
}

func (r *routes) authorityCertificates(ctx context.Context, caller notary.Caller,
	in *ByID) (*answer[[]api.AuthorityCertificate], error) {
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
	Body *api.RollOverCertificateAuthority // optional
}) (*created, error) {
	var o ca.RollOverOptions
	if b := in.Body; b != nil {
		o = ca.RollOverOptions{KeyAlgorithm: notary.KeyAlgorithm(b.KeyAlgorithm), NotAfter: optionalInstant(b.NotValidAfter)}
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
