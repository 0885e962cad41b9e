package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) overviews() {
	handle(r, operation{id: "getOverview", method: "GET", path: "/api/v1/overview", status: 200,
		summary: "Get the overview",
		doc:     "Counts, pending requests, upcoming expirations and recent events that the caller may see."}, r.overview)
	handle(r, operation{id: "getStateOfAuthority", method: "GET", path: "/api/v1/certificate_authorities/{id}/state",
		status: 200,
		needs:  notary.ReadAuthorities, summary: "Get the state of a certificate authority",
		doc: "Its certificate, CRL, OCSP responder and certificate counts."}, r.authorityState)
}

func (r *routes) overview(ctx context.Context, caller notary.Caller, _ *none) (*answer[api.Overview], error) {
	o, err := r.ca.Overview(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := api.Overview{Weeks: []api.Week{}, Authorities: []api.AuthorityState{},
		Outstanding: r.requestsToAPI(o.Outstanding),
		Expiring:    r.requestsToAPI(o.ExpiringRequests), ExpiringCertificates: []api.Certificate{},
		Events: eventsToAPI(o.Events)}
	for _, c := range o.Expiring {
		out.ExpiringCertificates = append(out.ExpiringCertificates, certificateToAPI(c))
	}
	for _, c := range o.Blocked {
		out.BlockedCertificates = append(out.BlockedCertificates, certificateToAPI(c))
	}
	out.BlockedMore = o.BlockedMore
	if o.Summary != nil {
		sum := summaryToAPI(*o.Summary)
		out.Summary = &sum
		out.Certificates = &api.CertificateCounts{InForce: o.Certificates.InForce, Expired: o.Certificates.Expired,
			Revoked: o.Certificates.Revoked}
	}
	if o.PublishWarning != "" {
		out.Warnings = []string{o.PublishWarning}
	}
	out.Tokens = tokensToAPI(o.Tokens, r.auth.Now())
	for _, w := range o.Weeks {
		out.Weeks = append(out.Weeks, api.Week{From: w.From, Until: w.Until, Count: w.Count})
	}
	for _, d := range o.Damaged {
		out.DamagedRecords = append(out.DamagedRecords, api.DamagedRecord{Kind: d.Kind, ID: d.ID, Problem: d.Problem})
	}
	for _, a := range o.Authorities {
		out.Authorities = append(out.Authorities, stateToAPI(a))
	}
	return result(out), nil
}

func (r *routes) authorityState(ctx context.Context, caller notary.Caller,
	in *ByID) (*answer[api.AuthorityState], error) {
	state, err := r.ca.AuthorityState(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(stateToAPI(state)), nil
}

func stateToAPI(s *notary.AuthorityState) api.AuthorityState {
	out := api.AuthorityState{ID: s.Authority.ID, CommonName: s.Authority.CommonName, Status: string(s.Status),
		EndsSoon: s.EndsSoon,
		Issued:   s.Issued, InForce: s.InForce, Revocations: s.Revocations, CRLNumber: optional(s.CRLNumber),
		ThisUpdate: optionalTime(s.ThisUpdate), NextUpdate: optionalTime(s.NextUpdate), CRLDue: s.CRLDue,
		Unpublished: s.Unpublished, Offline: s.Authority.Offline, Shards: s.Shards,
		OCSPResponderEnd: optionalTime(s.ResponderEnd)}
	if c := s.Authority.Certificate; c != nil {
		out.NotAfter = &c.NotAfter
	}
	return out
}

func (r *routes) requestsToAPI(requests []*notary.Request) []api.CertificateRequest {
	out := make([]api.CertificateRequest, len(requests))
	for i, req := range requests {
		out[i] = r.requestToAPI(req)
	}
	return out
}
