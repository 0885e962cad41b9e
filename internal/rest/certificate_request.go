package rest

import (
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) certificateRequests() {
	const path = "/api/v1/certificate_requests"
	const one = path + "/{id}"
	handleList[requestList](r, operation{id: "listCertificateRequests", method: "GET", path: path, status: 200,
		summary: "List certificate requests", doc: wholeOrPage + ownOnly},
		listing[*notary.Request, api.CertificateRequest]{r.ca.AllRequests, r.ca.Requests, r.requestToAPI})
	handle(r, operation{id: "createCertificateRequest", method: "POST", path: path, status: 201,
		needs: notary.CreateRequests, errors: []int{404, 409}, summary: "Create a certificate request",
		doc: "Submits a CSR (PKCS #10) for approval. The same CSR can be submitted only once. The profile, CA and " +
			"expiry are kept as what the requester asks for; the signer decides."}, r.createRequest)
	handle(r, operation{id: "getCertificateRequest", method: "GET", path: one, status: 200,
		summary: "Get a certificate request", doc: ownOnly}, r.request)
	handle(r, operation{id: "deleteCertificateRequest", method: "DELETE", path: one, status: 202,
		needs: notary.DecideRequests, summary: "Delete a certificate request",
		doc: "Its certificates stay in the inventory and can still be revoked."}, r.deleteRequest)
	handle(r, operation{id: "changeCertificateRequest", method: "PATCH", path: one, status: 200,
		needs: notary.CreateRequests, summary: "Change the note and labels of a certificate request",
		doc: "Labels that are not given are kept. The certificates of the request get the same labels. Owners, members of " +
			"the group that owns it, the roles Admin and Certificate Manager, and grants of `request.annotate` can change " +
			"them."}, r.changeRequest)
	handle(r, operation{id: "transferCertificateRequest", method: "PUT", path: one + "/owner", status: 200,
		needs: notary.CreateRequests, errors: []int{409}, summary: "Transfer a certificate request to another owner",
		doc: "All its certificates move with it, and the former owner no longer sees them. Owners, and members of the " +
			"group that owns it, can transfer to their other groups; the roles Admin and Certificate Manager, and grants " +
			"of `request.transfer`, to any account that can submit requests and to any group."}, r.transferRequest)
	handleDocument[api.Certificate](r, operation{id: "getCertificateOfRequest", method: "GET", path: one + "/certificate",
		status: 200, summary: "Get the current certificate of a request", doc: byAccept + ownOnly},
		r.requestCertificate, typePEM, typeDER, typePKCS7)
	handle(r, operation{id: "listCertificatesOfRequest", method: "GET", path: one + "/certificates", status: 200,
		summary: "List all certificates of a request",
		doc:     "Every certificate ever issued or uploaded for the request. " + ownOnly}, r.requestCertificates)
	handle(r, operation{id: "uploadCertificate", method: "POST", path: one + "/certificate", status: 201,
		needs: notary.DecideRequests, errors: []int{409, 422}, summary: "Upload a certificate issued elsewhere",
		doc: "The leaf comes first in the chain. Every signature must verify, and the leaf must have the key of the request."},
		r.uploadCertificate)
	handle(r, operation{id: "removeCertificate", method: "DELETE", path: one + "/certificate", status: 200,
		needs: notary.DecideRequests, errors: []int{409}, summary: "Detach the certificate from a request",
		doc: "Returns the request to Outstanding. The certificate remains valid and in the inventory."}, r.removeCertificate)
	handle(r, operation{id: "rejectCertificateRequest", method: "POST", path: one + "/reject", status: 202,
		needs: notary.DecideRequests, errors: []int{409}, summary: "Reject a certificate request",
		doc: "Refused if the request has ever had a certificate."}, r.rejectRequest)
	handle(r, operation{id: "signCertificateRequest", method: "POST", path: one + "/sign", status: 202,
		needs: notary.DecideRequests, errors: []int{409, 422, 429}, summary: "Sign a certificate request",
		doc: "Issues a certificate from a CA held here. Signing an Active request renews it."}, r.signRequest)
	handle(r, operation{id: "revokeCertificateOfRequest", method: "POST", path: one + "/certificate/revoke", status: 202,
		needs: notary.DecideRequests, errors: []int{409, 422}, summary: "Revoke the certificates of a request",
		doc: "Revokes every valid certificate of the request, or with `only_current` only the current one."}, r.revokeRequest)
	handle(r, operation{id: "reopenCertificateRequest", method: "POST", path: one + "/reopen", status: 202,
		needs: notary.DecideRequests, errors: []int{409}, summary: "Reopen a rejected or revoked request",
		doc: "Returns the request to Outstanding. Refused after keyCompromise."}, r.reopenRequest)
	r.manyRequests(path)
	handle(r, operation{id: "checkCertificateRequest", method: "POST", path: path + "/check", status: 200,
		needs: notary.CreateRequests, errors: []int{404, 409, 422}, summary: "Check a CSR against a profile",
		doc: "Returns the verdict of every rule in the profile and the lint findings. Nothing is recorded."}, r.checkRequest)
}

func (r *routes) manyRequests(path string) {
	handleBulk(r, operation{id: "signCertificateRequests", method: "POST", path: path + "/sign", status: 200,
		needs: notary.DecideRequests, errors: []int{404, 409, 422}, summary: "Sign many certificate requests",
		doc: eachOutcome}, r.signMany)
	handleBulk(r, operation{id: "revokeCertificatesOfRequests", method: "POST", path: path + "/revoke", status: 200,
		needs: notary.DecideRequests, errors: []int{409, 422}, summary: "Revoke the certificates of many requests",
		doc: eachOutcome}, r.revokeMany)
	handleBulk(r, operation{id: "rejectCertificateRequests", method: "POST", path: path + "/reject", status: 200,
		needs: notary.DecideRequests, errors: []int{409, 422}, summary: "Reject many certificate requests",
		doc: eachOutcome}, r.rejectMany)
	handleBulk(r, operation{id: "deleteCertificateRequests", method: "POST", path: path + "/delete", status: 200,
		needs: notary.DecideRequests, errors: []int{409, 422}, summary: "Delete many certificate requests",
		doc: eachOutcome}, r.deleteMany)
	handle(r, operation{id: "previewSigning", method: "POST", path: path + "/sign/preview", status: 200,
		needs: notary.DecideRequests, errors: []int{404, 409, 422}, summary: "Preview signing many certificate requests",
		doc: "Groups the requests by the profile and CA that would sign them. Nothing is changed."}, r.previewSign)
	handle(r, operation{id: "countCertificateRequests", method: "POST", path: path + "/count", status: 200,
		needs: notary.DecideRequests, errors: []int{422}, summary: "Count the requests that match a filter",
		doc: "Pass `selection` to a bulk call, which then does nothing if the matches or their statuses have changed."},
		r.countRequests)
}

func (r *routes) createRequest(ctx context.Context, caller notary.Caller,
	in *struct{ Body api.CreateCertificateRequest }) (*created, error) {
	group, err := ownerGroup(caller, in.Body.Owner)
	if err != nil {
		return nil, err
	}
	body := in.Body
	return createdID(r.ca.SubmitWith(ctx, caller, body.CSR, ca.SubmitOptions{OwnerGroupID: group,
		Annotation: ca.Annotation{Note: body.Note, Labels: body.Labels,
			Wishes: notary.Wishes{Profile: body.Profile, AuthorityID: int64(body.CertificateAuthorityID),
				NotAfter: optionalInstant(body.NotValidAfter)}}}))
}

func (r *routes) changeRequest(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ChangeCertificateRequest
}) (*message, error) {
	change := ca.Change{Labels: in.Body.Labels}
	if in.Body.Note.Given {
		change.Note = &in.Body.Note.Value
	}
	return done(r.ca.Annotate(ctx, caller, in.ID, change))
}

func (r *routes) checkRequest(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CheckCertificateRequest
}) (*answer[api.RequestCheck], error) {
	trial, err := r.ca.TryRequest(ctx, caller, in.Body.CSR, in.Body.Profile)
	if err != nil {
		return nil, err
	}
	return result(api.RequestCheck{OK: trial.OK(), Verdicts: verdictsToAPI(&trial.Trial),
		Lint:     findingsToAPI(trial.Findings),
		Recorded: trial.Recorded, Request: trial.RequestID}), nil
}

func (r *routes) countRequests(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CountCertificateRequests
}) (*answer[api.Count], error) {
	m, err := bulkSelection(api.Bulk{Filter: in.Body.Filter})
	if err != nil {
		return nil, err
	}
	if m.Filter == nil {
		m.Filter = &notary.Filter{}
	}
	matched, err := r.ca.Select(ctx, caller, *m.Filter)
	if err != nil {
		return nil, err
	}
	return result(api.Count{Count: matched.Count, Selection: matched.Digest}), nil
}

func (r *routes) request(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.CertificateRequest], error) {
	req, err := r.ca.Request(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	out := r.requestToAPI(req)
	out.Findings = findingsToAPI(req.Notable())
	if req.Submitter != (notary.Ref{}) {
		submitter := api.Ref(req.Submitter)
		out.SubmittedBy = &submitter
	}
	return result(out), nil
}

func (r *routes) deleteRequest(ctx context.Context, caller notary.Caller, in *ByID) (*message, error) {
	return done(r.ca.Delete(ctx, caller, in.ID))
}

func (r *routes) transferRequest(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.NewOwner
}) (*message, error) {
	return done(r.ca.Transfer(ctx, caller, in.ID, ca.NewOwner(in.Body)))
}

func (r *routes) requestCertificates(ctx context.Context, caller notary.Caller,
	in *ByID) (*answer[[]api.Certificate], error) {
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

// rejectInput is the input of a call with an optional body.
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
			Message: "signing_method must be ca"}
	}
	return ca.SignOptions{AuthorityID: int64(in.CertificateAuthorityID), Profile: in.Profile,
		NotAfter:  optionalInstant(in.NotValidAfter),
		NoRenewal: in.NoRenewal, KeepFormer: in.KeepFormer, Subject: in.Subject, Names: in.Names, PathLen: in.PathLength,
		Constraints: constraintsFromAPI(in.NameConstraints)}, nil
}

// revokeInput is the input of a call with an optional body.
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
	Body *api.RevokeCertificateRequest // optional
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
