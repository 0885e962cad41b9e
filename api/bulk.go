package api

// Bulk names the requests that a bulk call is for: by their ids, or by a filter together
// with what it is expected to match.
type Bulk struct {
	IDs       []int64        `json:"ids,omitempty" nullable:"false" doc:"At most 10000, each once"`
	Filter    *RequestFilter `json:"filter,omitempty" doc:"Instead of ids; with something in it, and matching at most 100000 requests"`
	Expected  *int64         `json:"expected,omitempty" minimum:"0" doc:"With a filter and without selection: how many requests it matches. Where that is not so, nothing is done"`
	Selection string         `json:"selection,omitempty" maxLength:"64" doc:"With a filter: the selection from the count or preview. If the requests or their states have changed since, nothing is done"`
}

// BulkSign has many requests signed by an authority held here.
type BulkSign struct {
	Bulk
	SignCertificateRequest
}

// SignPreview is what a bulk signature would do.
type SignPreview struct {
	Count     int64       `json:"count" doc:"How many requests are selected, as expected takes it"`
	Selection string      `json:"selection,omitempty" doc:"With a filter: identifies the requests and their states, as selection takes it"`
	Groups    []SignGroup `json:"groups" nullable:"false" doc:"The requests that are treated alike, the largest group first"`
}

// SignGroup is what a bulk signature would do to requests that are treated alike.
type SignGroup struct {
	Count                        int64  `json:"count"`
	CertificateAuthorityID       *int64 `json:"certificate_authority_id" doc:"The authority that would sign; null if none is known or allowed"`
	Profile                      string `json:"profile" doc:"The profile by which they would be signed"`
	Renewal                      bool   `json:"renewal" doc:"Whether they have a certificate already"`
	FormerCertificateAuthorityID *int64 `json:"former_certificate_authority_id" doc:"The authority of their former certificates; null without one"`
	FormerProfile                string `json:"former_profile" doc:"The profile of their former certificates; empty without one"`
	Error                        string `json:"error,omitempty" doc:"Why they would not be signed"`
}

// BulkRevoke revokes the certificates of many requests.
type BulkRevoke struct {
	Bulk
	RevokeCertificateRequest
}

// BulkRevokeCertificates revokes many certificates of the inventory. Those in use by an authority fail.
type BulkRevokeCertificates struct {
	IDs      []int64            `json:"ids,omitempty" nullable:"false" doc:"At most 10000, each once"`
	Filter   *CertificateFilter `json:"filter,omitempty" doc:"Instead of ids; with something in it, and matching at most 100000 certificates"`
	Expected *int64             `json:"expected,omitempty" minimum:"0" doc:"With a filter and without selection: how many certificates it matches. If that has changed, nothing is done"`

	Selection string `json:"selection,omitempty" maxLength:"64" doc:"With a filter: the selection from the count. If the certificates have changed since, nothing is done"`
	Revoke
}

// CountCertificates asks how many certificates a filter matches.
type CountCertificates struct {
	Filter *CertificateFilter `json:"filter,omitempty" doc:"Which certificates; with something in it"`
}

// BulkReject rejects many requests, for one reason.
type BulkReject struct {
	Bulk
	Reject
}

// CountCertificateRequests asks how many requests a filter matches.
type CountCertificateRequests struct {
	Filter *RequestFilter `json:"filter,omitempty" doc:"Which requests; with something in it"`
}

// Count is what a filter matches.
type Count struct {
	Count     int64  `json:"count" doc:"As expected takes it"`
	Selection string `json:"selection" doc:"Identifies the matches and their states (a SHA-256 in hex), as selection takes it"`
}

// Outcome says what became of one of many.
type Outcome struct {
	ID        int64  `json:"id"`
	Status    string `json:"status" enum:"success,failed"`
	Error     string `json:"error,omitempty" doc:"One sentence: what is wrong and what to do"`
	Code      string `json:"code,omitempty" doc:"A stable word, such as conflict"`
	Field     string `json:"field,omitempty" doc:"The input at fault, where it is one"`
	RequestID string `json:"request_id,omitempty" doc:"Names an unexpected fault in the server's log"`

	Revoked    []RevokedCertificate    `json:"revoked,omitempty" nullable:"false" doc:"Of a revocation: as in the answer to that of one"`
	NotRevoked []NotRevokedCertificate `json:"not_revoked,omitempty" nullable:"false" doc:"Of a revocation: as in the answer to that of one"`
}

// Failed is the other status of an [Outcome] beside [Success].
const Failed = "failed"
