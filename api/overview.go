package api

import "time"

// Overview is what there is at a glance.
type Overview struct {
	Summary              *Summary             `json:"summary" doc:"null for who sees only its own requests"`
	Certificates         *CertificateCounts   `json:"certificates" doc:"By status; null for who sees only its own requests"`
	Weeks                []Week               `json:"weeks" nullable:"false" doc:"Certificates that expire in each of 26 weeks, as the filter expiring lists them. The weeks begin at midnight UTC, the first without the time that has passed; empty for who sees only its own requests"`
	Authorities          []AuthorityState     `json:"authorities" nullable:"false" doc:"Of who may see authorities"`
	Outstanding          []CertificateRequest `json:"outstanding" nullable:"false" doc:"The first ten that wait for a decision"`
	Expiring             []CertificateRequest `json:"expiring" nullable:"false" doc:"The ten whose certificates in use are the next to expire, as the filter expiring lists them"`
	ExpiringCertificates []Certificate        `json:"expiring_certificates" nullable:"false" doc:"The ten certificates that are the next to expire, as the filter expiring lists them, imported ones included"`
	Events               []Event              `json:"events" nullable:"false" doc:"The last ten that one may see"`

	Warnings []string `json:"warnings,omitempty" required:"false" nullable:"false" doc:"Settings that need attention, for who manages authorities"`

	BlockedCertificates []Certificate `json:"blocked_certificates,omitempty" required:"false" nullable:"false" doc:"The first ten certificates in force whose keys are compromised or on the list of blocked keys: replace and revoke them"`
	BlockedMore         bool          `json:"blocked_more,omitzero" required:"false" doc:"Whether there are more of blocked_certificates"`

	DamagedRecords []DamagedRecord `json:"damaged_records,omitempty" required:"false" nullable:"false" doc:"The first ten database records that this node could not read or use in full; see summary.damaged_records for their number"`
}

// CertificateCounts are the certificates of the inventory by status.
type CertificateCounts struct {
	InForce int64 `json:"in_force" doc:"Neither revoked nor expired"`
	Expired int64 `json:"expired" doc:"Not revoked"`
	Revoked int64 `json:"revoked"`
}

// DamagedRecord is a database record that was skipped or read in part.
type DamagedRecord struct {
	Kind    string `json:"kind" doc:"Such as revocation, certificate or authority"`
	ID      int64  `json:"id"`
	Problem string `json:"problem"`
}

// Week counts the certificates that expire in seven days.
type Week struct {
	From  time.Time `json:"from"`
	Until time.Time `json:"until" doc:"Not in it"`
	Count int64     `json:"count"`
}

// AuthorityState is how an authority is doing.
type AuthorityState struct {
	ID               int64      `json:"id"`
	CommonName       string     `json:"common_name"`
	Status           string     `json:"status" enum:"pending,active,disabled,expired,revoked"`
	NotAfter         *time.Time `json:"not_after" doc:"The end of its certificate; null while it has none"`
	EndsSoon         bool       `json:"ends_soon" doc:"Its certificate ends within 90 days, or has ended"`
	Issued           int64      `json:"issued" doc:"Certificates, ever"`
	InForce          int64      `json:"in_force" doc:"Certificates that are neither revoked nor expired"`
	Revocations      int64      `json:"revocations"`
	CRLNumber        *int64     `json:"crl_number" doc:"Of the newest list with all revocations; null before the first"`
	ThisUpdate       *time.Time `json:"this_update"`
	NextUpdate       *time.Time `json:"next_update"`
	CRLDue           bool       `json:"crl_due" doc:"A list should have been made anew: it has less than half its time left"`
	Shards           int        `json:"shards" doc:"Lists besides that one"`
	OCSPResponderEnd *time.Time `json:"ocsp_responder_end" doc:"The end of its OCSP responder's certificate; null before the first"`
}
