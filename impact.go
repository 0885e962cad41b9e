package notary

import "time"

// Impact describes what depends on an authority: the valid end-entity certificates issued by it and by its subordinates
// at any depth. It excludes OCSP responder certificates.
type Impact struct {
	Certificates int64 // number of these certificates
	AtLeast      bool  // some were not read: the counts are lower bounds

	// First and Last are the earliest and latest expiry of the certificates read.
	First, Last time.Time

	Requesters  []RequesterImpact   // those with the most certificates, in descending order
	Others      int64               // certificates of all other requesters
	Months      []MonthImpact       // in order
	Authorities []SubordinateImpact // subordinates, by ID
}

// RequesterImpact counts the certificates requested by one account.
type RequesterImpact struct {
	Email        string // "" if unknown, as for imported certificates
	Certificates int64
}

// MonthImpact counts the certificates that expire in a calendar month (UTC).
type MonthImpact struct {
	Month        time.Time // its beginning
	Certificates int64
}

// SubordinateImpact describes a subordinate of the given authority, at any depth.
type SubordinateImpact struct {
	ID           int64
	CommonName   string
	Deleted      bool      // its key was deleted; its certificates remain
	NotAfter     time.Time // latest expiry of its valid certificates below the given authority
	Certificates int64     // that it issued itself
	AtLeast      bool      // as in [Impact]

	// Elsewhere reports whether the subordinate stays trusted without the given authority, as a root or by another
	// chain.
	Elsewhere bool
}
