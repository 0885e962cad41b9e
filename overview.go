package notary

import "time"

// Overview is what there is at a glance, as far as somebody may see it.
type Overview struct {
	// Of who may see all requests; nil and empty for the others.
	Summary      *Summary
	Certificates CertificateCounts
	Weeks        []Week // [OverviewWeeks] from today on, the first without the hours that have passed
	Events       []*Event
	Damaged      []Damage // the first [OverviewLength] damaged records found by this node; Summary counts all

	// Blocked are the first certificates in force whose keys are blocked or compromised; BlockedMore
	// reports whether there are others.
	Blocked     []*Certificate
	BlockedMore bool

	Authorities []*AuthorityState // of who may see authorities

	PublishWarning string // of who manages authorities: what is wrong with publish_url; "" if nothing is

	// Of what one may see.
	Outstanding      []*Request     // the first that wait for a decision
	Expiring         []*Certificate // the next to expire: see [Filter.Expiring]
	ExpiringRequests []*Request     // those whose certificates in use are the next to expire
}

// The length of the parts of an [Overview].
const (
	OverviewWeeks  = 26
	OverviewLength = 10 // requests and events
)

// CertificateCounts are the certificates of the inventory by what can be said of them.
type CertificateCounts struct {
	InForce int64 // neither revoked nor expired
	Expired int64 // not revoked
	Revoked int64
}

// Week counts the certificates that expire in a span of seven days: see [Filter.Expiring].
type Week struct {
	From, Until time.Time // midnight in UTC, or a whole hour of today; until is not in it
	Count       int64
}

// AuthorityState is how an authority is doing.
type AuthorityState struct {
	Authority   *Authority
	Status      AuthorityStatus
	InForce     int64 // certificates that it issued and that are in force: see [CertificateCounts]
	Issued      int64 // ever
	Revocations int64 // that are known, of certificates that are not known included

	// Of its list with all revocations; zero where there is none yet.
	CRLNumber              int64
	ThisUpdate, NextUpdate time.Time

	Shards       int       // lists besides that one
	ResponderEnd time.Time // of the OCSP responder's certificate; zero where there is none yet

	EndsSoon bool // its certificate ends within 90 days, or has ended
	CRLDue   bool // one of its lists should have been made anew: it has less than half its time left
}

// Statistics are counts for monitoring.
type Statistics struct {
	Summary
	Counts      CertificateCounts
	Authorities []AuthorityCounts
}

// AuthorityCounts are the certificates that an authority issued.
type AuthorityCounts struct {
	ID          int64
	CommonName  string
	NotAfter    time.Time // zero while it is pending
	Issued      int64
	InForce     int64
	Revocations int64 // of certificates that are not known included
	CRLFindings int64 // of the linter, in the CRLs that this node built last
}
