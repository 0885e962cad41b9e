package api

// Paging selects a page of a list and the sort order.
type Paging struct {
	Limit  int    `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"1000" doc:"Page size; default 100"`
	After  string `json:"after,omitempty" query:"after" minLength:"1" doc:"The value of next in the previous response: returns the page after it"`
	Before string `json:"before,omitempty" query:"before" minLength:"1" doc:"The value of previous in a response: returns the page before it; not together with after"`
	Sort   string `json:"sort,omitempty" query:"sort" enum:"id,-id,not_after,-not_after,common_name,-common_name" doc:"Sort order; default by ID. A minus sign means descending"`
}

// Filter narrows a list of requests or certificates. All given conditions must match. Its fields are query parameters
// of lists and members of the bodies of bulk calls.
type Filter struct {
	Email                  string   `json:"email,omitempty" query:"email" minLength:"1" doc:"The account that submitted the request"`
	Owner                  string   `json:"owner,omitempty" query:"owner" minLength:"1" example:"web-team" doc:"The owner: the email address of an account, the name of a group, or group: and its ID"`
	CertificateAuthorityID ID       `json:"certificate_authority_id,omitempty" query:"certificate_authority_id" doc:"The issuer; for a request, of the current certificate"`
	SerialNumber           string   `json:"serial_number,omitempty" query:"serial_number" minLength:"1" doc:"Hexadecimal, with or without colons; for a request, of any of its certificates"`
	Fingerprint            string   `json:"fingerprint,omitempty" query:"fingerprint" minLength:"1" doc:"SHA-256 of the DER, of the certificate or of the CSR: hexadecimal, with or without colons"`
	Key                    string   `json:"key,omitempty" query:"key" minLength:"1" doc:"Such as RSA 2048, ECDSA P-256 or Ed25519"`
	Name                   string   `json:"name,omitempty" query:"name" minLength:"1" doc:"A whole name: DNS name, IP address, email address, URI or common name"`
	NamePrefix             string   `json:"name_prefix,omitempty" query:"name_prefix" minLength:"1" doc:"The beginning of a name"`
	Domain                 string   `json:"domain,omitempty" query:"domain" minLength:"1" doc:"A domain that a name equals or is below"`
	Label                  []string `json:"label,omitempty" query:"label,explode" nullable:"false" example:"team:payments" doc:"A label: a key, or a key and a value separated by a colon or an equals sign; upper and lower case are the same. All of several must match"`
	Q                      string   `json:"q,omitempty" query:"q" minLength:"1" doc:"Words, all of which must match: each is the beginning of a label of a name, an email address, a serial number, a fingerprint or a kind of key, or is a status of requests or a label such as label=team:payments"`
	ExpiresAfter           string   `json:"expires_after,omitempty" query:"expires_after" format:"date-time" doc:"Expires at this time or later"`
	ExpiresBefore          string   `json:"expires_before,omitempty" query:"expires_before" format:"date-time" doc:"Expires before this time"`
	Expiring               string   `json:"expiring,omitempty" query:"expiring" minLength:"1" example:"30d" doc:"Only valid certificates that expire within this period, such as 30d, or this number of days, rounded to the hour; for requests, the current certificate. Those that a later certificate for the same names and owner replaces are omitted"`
}

// RequestFilter narrows the list of requests.
type RequestFilter struct {
	Status string `json:"status,omitempty" query:"status" enum:"Outstanding,Active,Rejected,Revoked"`
	Filter
}

// CertificateFilter narrows the inventory.
type CertificateFilter struct {
	Revoked string `json:"revoked,omitempty" query:"revoked" enum:"true,false" doc:"Only certificates that are, or are not, revoked"`
	Filter
}

// RequestQuery holds the query parameters for one page of certificate requests.
type RequestQuery struct {
	Paging
	RequestFilter
}

// CertificateQuery holds the query parameters for one page of the inventory.
type CertificateQuery struct {
	Paging
	CertificateFilter
}

// Page is a part of a list. It may hold fewer objects than requested, even none, although there is a next page.
type Page[T any] struct {
	Result   []T    `json:"result" nullable:"false"`
	Next     string `json:"next,omitempty" doc:"Send it as after for the next page; absent on the last page"`
	Previous string `json:"previous,omitempty" doc:"Send it as before for the previous page; absent on the first page"`
}

// Summary counts requests and certificates.
type Summary struct {
	CertificateRequests map[string]int64 `json:"certificate_requests" doc:"By status"`
	Certificates        int64            `json:"certificates" doc:"In the inventory, including those of authorities"`
	Revoked             int64            `json:"revoked" doc:"Certificates in the inventory that are revoked"`
	Expiring            []Expiring       `json:"expiring" nullable:"false" doc:"Certificates that expire soon, as listed by the filter expiring; each number includes the previous ones"`

	DamagedRecords int64 `json:"damaged_records,omitzero" required:"false" doc:"Damaged database records that this node skipped or read in part since it started"`
}

// Expiring counts certificates that expire soon, as listed by [Filter.Expiring].
type Expiring struct {
	Days  int   `json:"days" doc:"From now"`
	Count int64 `json:"count"`
}
