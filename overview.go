package notary

import "time"

// Overview is the content of the overview page, limited to what the caller may see.
type Overview struct {
	// For callers who may read all requests; otherwise nil and empty.
	Summary      *Summary
	Certificates CertificateCounts
	Weeks        []Week // [OverviewWeeks] from today on, the first without the hours already past
	Events       []*Event
	Damaged      []Damage // the first [OverviewLength] damaged records found by this node; Summary counts them all

	// Blocked are the first valid certificates with blocked or compromised keys.
	Blocked     []*Certificate
	BlockedMore bool

	Authorities []*AuthorityState // for callers who may read authorities

	Tokens []*Token // the first of the caller's API tokens, or of all for Admins, that need attention

	PublishWarning string // for callers who manage authorities: what is wrong with publish_url; "" if nothing is

	// Limited to what the caller may see.
	Outstanding      []*Request     // the first requests pending approval
	Expiring         []*Certificate // the next certificates to expire: see [Filter.Expiring]
	ExpiringRequests []*Request     // requests whose current certificates are the next to expire
}

// The sizes of the parts of an [Overview].
const (
	OverviewWeeks  = 26
	OverviewLength = 10 // requests and events
)

// CertificateCounts counts the certificates of the inventory by state.
type CertificateCounts struct {
	InForce int64 // neither revoked nor expired
	Expired int64 // not revoked
	Revoked int64
}

// Week counts the certificates that expire within seven days: see [Filter.Expiring].
type Week struct {
	From, Until time.Time // midnight UTC, or a full hour today; Until is exclusive
	Count       int64
}

// AuthorityState is the health of an authority.
type AuthorityState struct {
	Authority   *Authority
	Status      AuthorityStatus
	InForce     int64 // valid certificates that it issued: see [CertificateCounts]
	Issued      int64 // ever
	Revocations int64 // including those of unknown certificates

	// For the full CRL; zero if none was issued yet.
	CRLNumber              int64
	ThisUpdate, NextUpdate time.Time

	// Unpublished is the number of revocations and corrections that the full CRL lacks. The next CRL of a key held
	// here has them within seconds.
	Unpublished int64

	Shards       int       // number of partitioned CRLs
	ResponderEnd time.Time // expiry of the responder certificate; zero if there is none yet

	EndsSoon bool // its certificate expires within 90 days or has expired
	// CRLDue reports whether less than half of the CRL's lifetime is left. See [AuthorityState.OfflineDue] for an
	// offline CA.
	CRLDue bool
}

// OfflineDue reports whether an offline authority should sign a new CRL because there is none, it lacks a revocation,
// or it expires within 30 days or a quarter of its lifetime, whichever is shorter.
func (s *AuthorityState) OfflineDue(now time.Time) bool {
	if s.Unpublished > 0 || s.CRLNumber == 0 {
		return true
	}
	const early = 30 * 24 * time.Hour
	return s.NextUpdate.Before(now.Add(min(early, s.NextUpdate.Sub(s.ThisUpdate)/4)))
}

// Statistics are the counts for monitoring.
type Statistics struct {
	Summary
	Counts      CertificateCounts
	Authorities []AuthorityCounts
	Tokens      TokenCounts

	QuotaExceeded int64 // certificates that this node refused to issue because of the quota of a token
}

// TokenCounts counts the active API tokens.
type TokenCounts struct {
	Active int64
	Unused int64 // of those: see [Token.Unused]
}

// AuthorityCounts counts the certificates that an authority issued.
type AuthorityCounts struct {
	ID          int64
	CommonName  string
	NotAfter    time.Time // zero while pending
	Issued      int64
	InForce     int64
	Revocations int64 // including those of unknown certificates
	CRLFindings int64 // lint findings in the CRLs that this node built last

	NextUpdate  time.Time // of the full CRL; zero if there is none
	Unpublished int64     // as in [AuthorityState]
}
