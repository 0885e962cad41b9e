package api

import "time"

// Overview is the content of the overview page.
type Overview struct {
	Summary              *Summary             `json:"summary" doc:"null for callers who see only their own requests"`
	Certificates         *CertificateCounts   `json:"certificates" doc:"By status; null for callers who see only their own requests"`
	Weeks                []Week               `json:"weeks" nullable:"false" doc:"Certificates that expire in each of the next 26 weeks, as listed by the filter expiring. Weeks begin at midnight UTC, and the first excludes the time already past; empty for callers who see only their own requests"`
	Authorities          []AuthorityState     `json:"authorities" nullable:"false" doc:"For callers who may see authorities"`
	Outstanding          []CertificateRequest `json:"outstanding" nullable:"false" doc:"The first ten requests pending approval"`
	Expiring             []CertificateRequest `json:"expiring" nullable:"false" doc:"The ten requests whose current certificates are the next to expire, as listed by the filter expiring"`
	ExpiringCertificates []Certificate        `json:"expiring_certificates" nullable:"false" doc:"The ten certificates that are the next to expire, as listed by the filter expiring, including imported ones"`
	Events               []Event              `json:"events" nullable:"false" doc:"The last ten visible events"`

	Tokens []APIToken `json:"tokens" nullable:"false" doc:"The first ten of the caller's API tokens, or of all for Admins, that need attention: unused, suspended, or over their quota within the last day"`

	Warnings []string `json:"warnings,omitempty" required:"false" nullable:"false" doc:"Settings that need attention, for callers who manage authorities"`

	BlockedCertificates []Certificate `json:"blocked_certificates,omitempty" required:"false" nullable:"false" doc:"The first ten valid certificates whose keys are compromised or on the list of blocked keys: replace and revoke them"`
	BlockedMore         bool          `json:"blocked_more,omitzero" required:"false" doc:"Whether there are more of blocked_certificates"`

	DamagedRecords []DamagedRecord `json:"damaged_records,omitempty" required:"false" nullable:"false" doc:"The first ten database records that this node could not fully read; summary.damaged_records counts all"`
}

// CertificateCounts counts the certificates of the inventory by status.
type CertificateCounts struct {
	InForce int64 `json:"in_force" doc:"Neither revoked nor expired"`
	Expired int64 `json:"expired" doc:"Not revoked"`
	Revoked int64 `json:"revoked"`
}

// DamagedRecord is a database record that the server skipped or could read only in part.
type DamagedRecord struct {
	Kind    string `json:"kind" doc:"Such as revocation, certificate or authority"`
	ID      int64  `json:"id"`
	Problem string `json:"problem"`
}

// Week counts the certificates that expire in a week.
type Week struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until" doc:"Exclusive"`
	Count int64     `json:"count"`
}

// AuthorityState describes the health of an authority.
type AuthorityState struct {
	ID               int64      `json:"id"`
	CommonName       string     `json:"common_name"`
	Status           string     `json:"status" enum:"pending,active,disabled,expired,revoked"`
	NotAfter         *time.Time `json:"not_after" doc:"Expiry of its certificate; null while pending"`
	EndsSoon         bool       `json:"ends_soon" doc:"Whether its certificate expires within 90 days or has expired"`
	Issued           int64      `json:"issued" doc:"Number of certificates ever issued"`
	InForce          int64      `json:"in_force" doc:"Certificates that are neither revoked nor expired"`
	Revocations      int64      `json:"revocations"`
	CRLNumber        *int64     `json:"crl_number" doc:"Of the latest full CRL; null before the first"`
	ThisUpdate       *time.Time `json:"this_update"`
	NextUpdate       *time.Time `json:"next_update"`
	CRLDue           bool       `json:"crl_due" doc:"Whether a CRL is due for renewal: less than half of its lifetime is left; if the CA is offline, there is none, it lacks revocations, or it expires within 30 days or a quarter of its lifetime"`
	Unpublished      int64      `json:"unpublished_revocations" doc:"Revocations that the full CRL lacks; those of an offline CA wait for the upload of its CRL"`
	Offline          bool       `json:"offline" doc:"Whether its key is kept elsewhere"`
	Shards           int        `json:"shards" doc:"Number of partitioned CRLs"`
	OCSPResponderEnd *time.Time `json:"ocsp_responder_end" doc:"Expiry of its OCSP responder certificate; null before the first"`
}
