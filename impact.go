package notary

import "time"

// Impact describes what depends on an authority: the valid end-entity certificates issued by it and its subordinates at
// any depth, without responder certificates.
type Impact struct {
	// Certificates is the number of these certificates; a lower bound if AtLeast is set.
	Certificates int64
	AtLeast      bool

	// First and Last are the earliest and latest expiry of the certificates read.
	First, Last time.Time

	Requesters  []RequesterImpact   // those with the most certificates, in descending order
	Others      int64               // certificates of all other requesters
	Months      []MonthImpact       // in order
	Authorities []SubordinateImpact // subordinates, by ID
}

// RequesterImpact counts the certificates requested by one account.
type RequesterImpact struct {
	Email        string // "" if unknown: the certificates were imported or uploaded
	Certificates int64
}

// MonthImpact counts the certificates that expire in a calendar month (UTC).
type MonthImpact struct {
	Month        time.Time // its beginning
	Certificates int64
}

// SubordinateImpact is an authority with a valid certificate from the given authority or one of its subordinates.
type SubordinateImpact struct {
	ID           int64
	CommonName   string
	Deleted      bool // its key was deleted; its certificates remain
	NotAfter     time.Time
	Certificates int64 // that it issued itself
	AtLeast      bool

	// Elsewhere reports whether it stays trusted without the given authority, because it is a root or has another
	// chain.
	Elsewhere bool
}
