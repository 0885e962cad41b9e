package api

// Bulk selects the requests of a bulk call by ID, or by a filter together with the expected matches.
type Bulk struct {
	IDs       []int64        `json:"ids,omitempty" nullable:"false" doc:"At most 10000, each once"`
	Filter    *RequestFilter `json:"filter,omitempty" doc:"Instead of ids; must not be empty, and may match at most 100000 requests"`
	Expected  *int64         `json:"expected,omitempty" minimum:"0" doc:"With a filter and without selection: the number of requests it matches. If that has changed, nothing is done"`
	Selection string         `json:"selection,omitempty" maxLength:"64" doc:"With a filter: the selection returned by the count or preview. If the requests or their states have changed since, nothing is done"`
}

// BulkSign is the body of a call that signs many requests with an authority held here.
type BulkSign struct {
	Bulk
	SignCertificateRequest
}

// SignPreview describes what a bulk signing call would do.
type SignPreview struct {
	Count     int64       `json:"count" doc:"Number of selected requests, for use as expected"`
	Selection string      `json:"selection,omitempty" doc:"With a filter: identifies the requests and their states, for use as selection"`
	Groups    []SignGroup `json:"groups" nullable:"false" doc:"Requests that are treated alike, the largest group first"`
}

// SignGroup describes a group of requests that a bulk signing call would treat alike.
type SignGroup struct {
	Count                        int64  `json:"count"`
	CertificateAuthorityID       *int64 `json:"certificate_authority_id" doc:"The authority that would sign; null if none is known or allowed"`
	Profile                      string `json:"profile" doc:"The profile under which they would be signed"`
	Renewal                      bool   `json:"renewal" doc:"Whether they already have a certificate"`
	FormerCertificateAuthorityID *int64 `json:"former_certificate_authority_id" doc:"The authority of their previous certificates; null without one"`
	FormerProfile                string `json:"former_profile" doc:"The profile of their previous certificates; empty without one"`
	Error                        string `json:"error,omitempty" doc:"Why they would not be signed"`
}

// BulkRevoke is the body of a call that revokes the certificates of many requests.
type BulkRevoke struct {
	Bulk
	RevokeCertificateRequest
}

// BulkRevokeCertificates is the body of a call that revokes many certificates of the inventory. The current certificate
// of an authority cannot be revoked in this way.
type BulkRevokeCertificates struct {
	IDs      []int64            `json:"ids,omitempty" nullable:"false" doc:"At most 10000, each once"`
	Filter   *CertificateFilter `json:"filter,omitempty" doc:"Instead of ids; must not be empty, and may match at most 100000 certificates"`
	Expected *int64             `json:"expected,omitempty" minimum:"0" doc:"With a filter and without selection: the number of certificates it matches. If that has changed, nothing is done"`

	Selection string `json:"selection,omitempty" maxLength:"64" doc:"With a filter: the selection returned by the count. If the certificates have changed since, nothing is done"`
	Revoke
}

// CountCertificates is the body of a call that counts the certificates that match a filter.
type CountCertificates struct {
	Filter *CertificateFilter `json:"filter,omitempty" doc:"Which certificates; must not be empty"`
}

// BulkReject is the body of a call that rejects many requests for the same reason.
type BulkReject struct {
	Bulk
	Reject
}

// CountCertificateRequests is the body of a call that counts the requests that match a filter.
type CountCertificateRequests struct {
	Filter *RequestFilter `json:"filter,omitempty" doc:"Which requests; must not be empty"`
}

// Count is the number of objects that a filter matches, with their selection.
type Count struct {
	Count     int64  `json:"count" doc:"For use as expected"`
	Selection string `json:"selection" doc:"Identifies the matches and their states (a SHA-256 in hex), for use as selection"`
}

// Outcome is the result for one object of a bulk call.
type Outcome struct {
	ID        int64  `json:"id"`
	Status    string `json:"status" enum:"success,failed"`
	Error     string `json:"error,omitempty" doc:"One sentence: what is wrong and what to do"`
	Code      string `json:"code,omitempty" doc:"A stable identifier, such as conflict"`
	Field     string `json:"field,omitempty" doc:"The offending input field, if any"`
	RequestID string `json:"request_id,omitempty" doc:"Identifies an unexpected error in the server's log"`

	Revoked    []RevokedCertificate    `json:"revoked,omitempty" nullable:"false" doc:"For revocations: as in the response to a single revocation"`
	NotRevoked []NotRevokedCertificate `json:"not_revoked,omitempty" nullable:"false" doc:"For revocations: as in the response to a single revocation"`
}

// Failed is the status of an [Outcome] that is not a [Success].
const Failed = "failed"
