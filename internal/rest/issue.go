package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

const (
	maxWait      = time.Minute
	maxWaiting   = 128         // calls that may wait for approval concurrently; further ones do not wait
	pollInterval = time.Second // polling interval while a call waits
	maxKey       = 255         // characters of an Idempotency-Key
)

func (r *routes) issuing() {
	o := operation{id: "issueCertificate", method: "POST", path: "/api/v1/certificates", status: 201,
		needs: notary.CreateRequests, errors: []int{404, 409, 422, 429}, summary: "Issue a certificate",
		doc: "Submits a CSR and signs it in one call. If signing is refused, nothing is recorded. A CSR that the caller " +
			"or a group of the caller submitted before renews that request. For callers without permission to sign, the " +
			"active rules decide: they sign (201) or leave the request pending approval (202); once it is signed, the same " +
			"call returns the certificate (201). A rule that refuses applies to every caller: the request is recorded as " +
			"Rejected, and the code of the error is `refused_by_rule`."}
	op := o.describe()
	schema := r.huma.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[api.Result[api.Issued]](), true, "")
	op.Responses = map[string]*huma.Response{}
	for status, description := range map[string]string{"201": "The certificate",
		"202": "The request is pending approval"} {
		op.Responses[status] = &huma.Response{Description: description, Headers: headerRefs("Location"),
			Content: map[string]*huma.MediaType{typeJSON: {Schema: schema}}}
	}
	register(r, op, r.issue)
}

type issueInput struct {
	Wait string `query:"wait" doc:"How long to wait for approval, at most 60s" example:"60s"`
	Key  string `header:"Idempotency-Key" doc:"Repeating the same key and body within a day returns the result of the first call"`
	Body api.IssueCertificate
}

type issuedAnswer struct {
	Status   int
	Location string `header:"Location" hidden:"true"`
	Body     api.Result[api.Issued]
}

func (r *routes) issue(ctx context.Context, caller notary.Caller, in *issueInput) (*issuedAnswer, error) {
	wait, err := in.wait()
	if err != nil {
		return nil, err
	}
	options, err := in.options(caller)
	if err != nil {
		return nil, err
	}
	issued, err := r.ca.Issue(ctx, caller, in.Body.CSR, options)
	if err == nil && issued.Certificate == nil && wait > 0 {
		issued, err = r.await(ctx, caller, issued, wait)
	}
	if err != nil {
		return nil, err
	}
	return issuedToAPI(issued), nil
}

func (in *issueInput) wait() (time.Duration, error) {
	if in.Wait == "" {
		return 0, nil
	}
	wait, err := time.ParseDuration(in.Wait)
	if err != nil || wait < 0 || wait > maxWait {
		return 0, notary.FieldErrorf("wait", "wait must be a duration from 0s to 60s, such as 30s")
	}
	return wait, nil
}

func (in *issueInput) options(caller notary.Caller) (ca.IssueOptions, error) {
	o := ca.IssueOptions{Key: in.Key, SignOptions: ca.SignOptions{AuthorityID: int64(in.Body.CertificateAuthorityID),
		Profile: in.Body.Profile, NotAfter: optionalInstant(in.Body.NotValidAfter)},
		Note: in.Body.Note, Labels: in.Body.Labels}
	var err error
	if o.OwnerGroupID, err = ownerGroup(caller, in.Body.Owner); err != nil {
		return o, err
	}
	if len(in.Key) > maxKey {
		return o, notary.FieldErrorf("Idempotency-Key", "the Idempotency-Key has %d characters: at most %d are allowed",
			len(in.Key), maxKey)
	}
	body, err := json.Marshal(in.Body)
	if err != nil {
		return o, notary.InternalError("encode the body", err)
	}
	sum := sha256.Sum256(body)
	o.Digest = hex.EncodeToString(sum[:])
	return o, nil
}

// await polls until the request is decided. It returns issued if the wait ends first, the server stops or too many
// calls are waiting.
func (r *routes) await(ctx context.Context, caller notary.Caller, issued *ca.Issued,
	wait time.Duration) (*ca.Issued, error) {
	select {
	case r.waiting <- struct{}{}:
		defer func() { <-r.waiting }()
	default:
		return issued, nil
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	look := time.NewTicker(pollInterval)
	defer look.Stop()
	for {
		select {
		case <-look.C:
		case <-r.stopping:
			return issued, nil
		case <-ctx.Done():
			return issued, nil
		}
		now, err := r.ca.IssuedMeanwhile(ctx, caller, issued.RequestID)
		if ctx.Err() != nil {
			return issued, nil
		}
		if err != nil || now.Certificate != nil {
			return now, err
		}
	}
}

func issuedToAPI(issued *ca.Issued) *issuedAnswer {
	out := api.Issued{CertificateRequestID: issued.RequestID, Status: string(issued.Status)}
	if c := issued.Certificate; c != nil {
		end := c.NotAfter.UTC()
		out.ID, out.CertificateChain, out.SerialNumber, out.NotAfter = c.ID, c.ChainPEM(), c.Serial, &end
		return &issuedAnswer{http.StatusCreated, fmt.Sprintf("/api/v1/certificates/%d", c.ID),
			api.Result[api.Issued]{Result: out}}
	}
	return &issuedAnswer{http.StatusAccepted, fmt.Sprintf("/api/v1/certificate_requests/%d", issued.RequestID),
		api.Result[api.Issued]{Result: out}}
}
