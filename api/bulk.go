package api

// Bulk names the requests that a bulk call is for: by their ids, or by a filter together
// with the number of requests that it is expected to match.
type Bulk struct {
	IDs      []int64        `json:"ids,omitempty" nullable:"false" doc:"At most 10000, each once"`
	Filter   *RequestFilter `json:"filter,omitempty" doc:"Instead of ids; with something in it, and matching at most 100000 requests"`
	Expected *int64         `json:"expected,omitempty" minimum:"0" doc:"With a filter: how many requests it matches. Where that is not so, nothing is done"`
}

// BulkSign has many requests signed by an authority held here.
type BulkSign struct {
	Bulk
	SignCertificateRequest
}

// BulkRevoke revokes the certificates of many requests.
type BulkRevoke struct {
	Bulk
	Revoke
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

// Count is how many there are.
type Count struct {
	Count int64 `json:"count"`
}

// Outcome says what became of one of many.
type Outcome struct {
	ID        int64  `json:"id"`
	Status    string `json:"status" enum:"success,failed"`
	Error     string `json:"error,omitempty" doc:"One sentence: what is wrong and what to do"`
	Code      string `json:"code,omitempty" doc:"A stable word, such as conflict"`
	Field     string `json:"field,omitempty" doc:"The input at fault, where it is one"`
	RequestID string `json:"request_id,omitempty" doc:"Names an unexpected fault in the server's log"`
}

// Failed is the other status of an [Outcome] beside [Success].
const Failed = "failed"
