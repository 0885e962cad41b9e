package api

// Paging asks for a part of a list.
type Paging struct {
	Limit  int    `json:"limit,omitempty" query:"limit" minimum:"1" maximum:"1000" doc:"The most objects on the page; 100 without it"`
	After  string `json:"after,omitempty" query:"after" minLength:"1" doc:"The value of next in the answer before: the page follows it"`
	Before string `json:"before,omitempty" query:"before" minLength:"1" doc:"The value of previous in an answer: the page ends before it; not together with after"`
	Sort   string `json:"sort,omitempty" query:"sort" enum:"id,-id,not_after,-not_after,common_name,-common_name" doc:"The order, by id without it; a minus sign turns it around"`
}

// Filter narrows a list of requests or of certificates: what is given must all hold. It is
// the query parameters of the lists, and part of the body of bulk calls.
type Filter struct {
	Email                  string `json:"email,omitempty" query:"email" minLength:"1" doc:"Of who submitted it"`
	CertificateAuthorityID ID     `json:"certificate_authority_id,omitempty" query:"certificate_authority_id" doc:"The issuer; for a request, of the certificate in use"`
	SerialNumber           string `json:"serial_number,omitempty" query:"serial_number" minLength:"1" doc:"Hexadecimal, with or without colons; for a request, of any certificate that it has had"`
	Fingerprint            string `json:"fingerprint,omitempty" query:"fingerprint" minLength:"1" doc:"SHA-256 of the DER, of the certificate or of the CSR: hexadecimal, with or without colons"`
	Key                    string `json:"key,omitempty" query:"key" minLength:"1" doc:"Such as RSA 2048, ECDSA P-256 or Ed25519"`
	Name                   string `json:"name,omitempty" query:"name" minLength:"1" doc:"A whole name: DNS name, IP address, e-mail address, URI or common name"`
	NamePrefix             string `json:"name_prefix,omitempty" query:"name_prefix" minLength:"1" doc:"What a name begins with"`
	Domain                 string `json:"domain,omitempty" query:"domain" minLength:"1" doc:"A domain that a name is, or lies below"`
	Q                      string `json:"q,omitempty" query:"q" minLength:"1" doc:"Words, all of which must be found: each begins a label of a name, an e-mail address, a serial number, a fingerprint or a kind of key, or is a status of requests"`
	ExpiresAfter           string `json:"expires_after,omitempty" query:"expires_after" format:"date-time" doc:"The end of validity is this or later"`
	ExpiresBefore          string `json:"expires_before,omitempty" query:"expires_before" format:"date-time" doc:"The end of validity is earlier"`
	Expiring               string `json:"expiring,omitempty" query:"expiring" minLength:"1" example:"30d" doc:"Only certificates that expire within this period, such as 30d, or this number of days, to the hour; for requests, the certificate in use. Expired and revoked ones are left out, and those that a later certificate for the same names and owner replaces"`
}

// RequestFilter narrows the list of requests.
type RequestFilter struct {
	Status string `json:"status,omitempty" query:"status" enum:"Outstanding,Active,Rejected,Revoked"`
	Filter
}

// CertificateFilter narrows the inventory.
type CertificateFilter struct {
	Revoked string `json:"revoked,omitempty" query:"revoked" enum:"true,false" doc:"Only those that are, or are not, revoked"`
	Filter
}

// RequestQuery asks for a page of the requests.
type RequestQuery struct {
	Paging
	RequestFilter
}

// CertificateQuery asks for a page of the inventory.
type CertificateQuery struct {
	Paging
	CertificateFilter
}

// Page is a part of a list. It may hold fewer objects than were asked for, even none,
// although there is a next one.
type Page[T any] struct {
	Result   []T    `json:"result" nullable:"false"`
	Next     string `json:"next,omitempty" doc:"What to send as after for the page that follows; absent on the last page"`
	Previous string `json:"previous,omitempty" doc:"What to send as before for the page that comes before this one; absent on the first page"`
}

// Summary counts what there is.
type Summary struct {
	CertificateRequests map[string]int64 `json:"certificate_requests" doc:"By status"`
	Certificates        int64            `json:"certificates" doc:"In the inventory, authorities' own included"`
	Revoked             int64            `json:"revoked" doc:"Certificates in the inventory that are revoked"`
	Expiring            []Expiring       `json:"expiring" nullable:"false" doc:"Certificates that expire soon, as the filter expiring lists them; each number includes the ones before it"`

	DamagedRecords int64 `json:"damaged_records,omitzero" required:"false" doc:"Database records that this node skipped or read in part since it started because they are damaged"`
}

// Expiring counts the certificates that expire soon: those that [Filter.Expiring] lists.
type Expiring struct {
	Days  int   `json:"days" doc:"From now"`
	Count int64 `json:"count"`
}
