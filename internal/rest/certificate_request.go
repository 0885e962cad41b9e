package rest

import (
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) certificateRequests() {
	const path = "/api/v1/certificate_requests"
	handleList[requestList](r, operation{method: "GET", path: path, status: 200, summary: "List certificate requests: all without parameters, otherwise a page"},
		listing[*notary.Request, api.CertificateRequest]{r.ca.EachRequest, r.ca.Requests, r.requestToAPI})
	handle(r, operation{method: "POST", path: path, status: 201, summary: "Submit a certificate request"}, r.createRequest)
	handle(r, operation{method: "GET", path: path + "/{id}", status: 200, summary: "Get a certificate request"}, r.request)
	handle(r, operation{method: "DELETE", path: path + "/{id}", status: 202, summary: "Delete a certificate request"}, r.deleteRequest)
	handleDocument[api.Certificate](r, operation{method: "GET", path: path + "/{id}/certificate", status: 200, summary: "Get the certificate in use of a request: JSON, PEM chain, DER or PKCS #7, by Accept"},
		r.requestCertificate, typePEM, typeDER, typePKCS7)
	handle(r, operation{method: "GET", path: path + "/{id}/certificates", status: 200, summary: "List all certificates that were ever issued or uploaded for a request"}, r.requestCertificates)
	handle(r, operation{method: "POST", path: path + "/{id}/certificate", status: 201, summary: "Upload a certificate signed elsewhere"}, r.uploadCertificate)
	handle(r, operation{method: "DELETE", path: path + "/{id}/certificate", status: 200, summary: "Take the certificate from a request"}, r.removeCertificate)
	handle(r, operation{method: "POST", path: path + "/{id}/reject", status: 202, summary: "Reject a request that has never had a certificate"}, r.rejectRequest)
	handle(r, operation{method: "POST", path: path + "/{id}/sign", status: 202, summary: "Sign a request with an authority held here"}, r.signRequest)
	handle(r, operation{method: "POST", path: path + "/{id}/certificate/revoke", status: 202, summary: "Revoke every valid certificate of a request, or the current one alone"}, r.revokeRequest)
	handle(r, operation{method: "POST", path: path + "/{id}/reopen", status: 202, summary: "Make a rejected or revoked request outstanding again"}, r.reopenRequest)
	handleBulk(r, operation{method: "POST", path: path + "/sign", status: 200, summary: "Sign many requests"}, r.signMany)
	handleBulk(r, operation{method: "POST", path: path + "/revoke", status: 200, summary: "Revoke the certificates of many requests"}, r.revokeMany)
	handleBulk(r, operation{method: "POST", path: path + "/reject", status: 200, summary: "Reject many requests"}, r.rejectMany)
	handleBulk(r, operation{method: "POST", path: path + "/delete", status: 200, summary: "Delete many requests"}, r.deleteMany)
	handle(r, operation{method: "POST", path: path + "/sign/preview", status: 200, summary: "Preview what signing many requests would do"}, r.previewSign)
	handle(r, operation{method: "POST", path: path + "/count", status: 200, summary: "Count the requests that a filter matches, as the calls on many expect it"}, r.countRequests)
	handle(r, operation{method: "POST", path: path + "/check", status: 200, summary: "Say what a profile would say of a signing request, before it is submitted"}, r.checkRequest)
}

func (r *routes) createRequest(ctx context.Context, caller notary.Caller, in *struct{ Body api.CreateCertificateRequest }) (*created, error) {
	return createdID(r.ca.Submit(ctx, caller, in.Body.CSR))
}

func (r *routes) checkRequest(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CheckCertificateRequest
}) (*answer[api.RequestCheck], error) {
	trial, err := r.ca.TryRequest(ctx, caller, in.Body.CSR, in.Body.Profile)
	if err != nil {
		return nil, err
	}
	return result(api.RequestCheck{OK: trial.OK(), Verdicts: verdictsToAPI(&trial.Trial), Lint: findingsToAPI(trial.Findings),
		Recorded: trial.Recorded, Request: trial.RequestID}), nil
}

func (r *routes) countRequests(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CountCertificateRequests
}) (*answer[api.Count], error) {
	m, err := many(api.Bulk{Filter: in.Body.Filter})
	if err != nil {
		return nil, err
	}
	if m.Filter == nil {
		m.Filter = &notary.Filter{}
	}
	n, err := r.ca.CountMatching(ctx, caller, *m.Filter)
	if err != nil {
		return nil, err
	}
	return result(api.Count{Count: n}), nil
}

func (r *routes) request(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.CertificateRequest], error) {
	req, err := r.ca.Request(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(r.requestToAPI(req)), nil
}

func (r *routes) deleteRequest(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.Delete(ctx, caller, in.ID))
}

func (r *routes) requestCertificates(ctx context.Context, caller notary.Caller, in *ByID) (*answer[[]api.Certificate], error) {
	all, err := r.ca.CertificatesOfRequest(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := []api.Certificate{}
	for _, c := range all {
		out = append(out, certificateToAPI(c))
	}
	return result(out), nil
}

type uploadInput struct {
	ByID
	Body api.UploadCertificate
}

func (r *routes) uploadCertificate(ctx context.Context, caller notary.Caller, in *uploadInput) (*created, error) {
	return createdID(r.ca.Upload(ctx, caller, in.ID, in.Body.Certificate))
}

func (r *routes) removeCertificate(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.RemoveCertificate(ctx, caller, in.ID))
}

// rejectInput may go without a body.
type rejectInput struct {
	ByID
	Body *api.Reject
}

func (r *routes) rejectRequest(ctx context.Context, caller notary.Caller, in *rejectInput) (*message, error) {
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	return done(r.ca.Reject(ctx, caller, in.ID, reason))
}

type signInput struct {
	ByID
	Body api.SignCertificateRequest
}

func (r *routes) signRequest(ctx context.Context, caller notary.Caller, in *signInput) (*message, error) {
	options, err := signOptions(in.Body)
	if err != nil {
		return nil, err
	}
	return done(r.ca.Sign(ctx, caller, in.ID, options))
}

func signOptions(in api.SignCertificateRequest) (ca.SignOptions, error) {
	if in.SigningMethod != "" && in.SigningMethod != "ca" {
		return ca.SignOptions{}, &notary.Error{Kind: notary.Unprocessable, Field: "signing_method",
			Message: "the only signing method is ca"}
	}
	return ca.SignOptions{AuthorityID: int64(in.CertificateAuthorityID), Profile: in.Profile, NotAfter: instant(in.NotValidAfter),
		NoRenewal: in.NoRenewal, KeepFormer: in.KeepFormer}, nil
}

// revokeInput may go without a body.
type revokeInput struct {
	ByID
	Body *api.Revoke
}

func (in *revokeInput) reason() (notary.RevocationReason, error) {
	if in.Body == nil {
		return notary.Unspecified, nil
	}
	return notary.ParseRevocationReason(in.Body.Reason)
}

func (r *routes) revokeRequest(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body *api.RevokeCertificateRequest // may be missing
}) (*answer[api.Revocations], error) {
	options, err := revokeOptions(in.Body)
	if err != nil {
		return nil, err
	}
	return revocations(r.ca.RevokeRequest(ctx, caller, in.ID, options))
}

func revokeOptions(in *api.RevokeCertificateRequest) (o ca.RevokeOptions, err error) {
	if in == nil {
		in = &api.RevokeCertificateRequest{}
	}
	o.OnlyCurrent = in.OnlyCurrent
	o.Reason, err = notary.ParseRevocationReason(in.Reason)
	return o, err
}

func (r *routes) reopenRequest(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.Reopen(ctx, caller, in.ID))
}
