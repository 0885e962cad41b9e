package notary

import "time"

// Overview is the content of the overview page. Each list has at most [OverviewLength] elements, except Weeks and
// Authorities.
type Overview struct {
	// Fields for callers who may read all requests; nil or zero for others.
	Summary      *Summary
	Certificates CertificateCounts
	Weeks        []Week // the next [OverviewWeeks] weeks; the first excludes the hours already past
	Events       []*Event
	Damaged      []Damage // the first damaged records found by this node; Summary counts all of them

	// Blocked are the first valid certificates with blocked or compromised keys. BlockedMore reports whether there are
	// more.
	Blocked     []*Certificate
	BlockedMore bool

	Authorities []*AuthorityState // for callers who may read authorities

	Tokens []*Token // the first API tokens that need attention: of the caller or, for Admins, of all accounts

	PublishWarning string // problem with the setting publish_url, for callers who manage authorities; "" for none

	// Fields for every caller, limited to what the caller may see.
	Outstanding      []*Request     // the first requests pending approval
	Expiring         []*Certificate // the next certificates to expire: see [Filter.Expiring]
	ExpiringRequests []*Request     // requests whose current certificates are the next to expire
}

// The lengths of the lists in an [Overview].
const (
	OverviewWeeks  = 26
	OverviewLength = 10
)

// CertificateCounts counts the certificates of the inventory by state.
type CertificateCounts struct {
	InForce int64 // neither revoked nor expired
	Expired int64 // expired without being revoked
	Revoked int64
}

// Week counts the certificates that expire in a week: see [Filter.Expiring].
type Week struct {
	From, Until time.Time // midnight UTC, except that the first week starts at the current hour; Until is exclusive
	Count       int64
}

// AuthorityState describes the health of an authority.
type AuthorityState struct {
	Authority   *Authority
	Status      AuthorityStatus
	InForce     int64 // valid certificates that it issued: see [CertificateCounts]
	Issued      int64 // certificates ever issued
	Revocations int64 // including corrected reasons and revocations of unknown certificates

	// Of the latest full CRL; zero before the first.
	CRLNumber              int64
	ThisUpdate, NextUpdate time.Time

	// Unpublished is the number of revocations and corrected reasons that the full CRL lacks. Unless the authority is
	// offline, a new CRL with them follows within seconds.
	Unpublished int64

	Shards       int       // number of partitioned CRLs
	ResponderEnd time.Time // expiry of the responder certificate; zero if there is none yet

	EndsSoon bool // whether its certificate expires within 90 days or has expired
	// CRLDue reports whether any of its CRLs has less than half of its lifetime left. For an offline authority, it is
	// [AuthorityState.OfflineDue].
	CRLDue bool
}

// OfflineDue reports whether an offline authority should sign a new CRL: it has none, its CRL lacks a revocation or
// corrected reason, or its CRL expires within 30 days or a quarter of its lifetime, whichever is shorter.
func (s *AuthorityState) OfflineDue(now time.Time) bool {
	if s.Unpublished > 0 || s.CRLNumber == 0 {
		return true
	}
	const early = 30 * 24 * time.Hour
	return s.NextUpdate.Before(now.Add(min(early, s.NextUpdate.Sub(s.ThisUpdate)/4)))
}

// Statistics holds the counts for monitoring.
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
	Unused int64 // active tokens that are unused: see [Token.Unused]
}

// AuthorityCounts holds the counts of an authority for monitoring.
type AuthorityCounts struct {
	ID          int64
	CommonName  string
	NotAfter    time.Time // zero while pending
	Issued      int64     // certificates ever issued
	InForce     int64     // as in [AuthorityState]
	Revocations int64     // including those of unknown certificates
	CRLFindings int64     // lint findings in the latest CRLs that this node built

	NextUpdate  time.Time // of the full CRL; zero if there is none
	Unpublished int64     // as in [AuthorityState]
}
