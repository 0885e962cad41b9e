package notary

import "time"

// Impact is what stands and falls with an authority: what it and the authorities below it, at
// any depth, have issued to machines and people and is neither expired nor revoked. The
// certificates of OCSP responders and of the authorities themselves are not counted.
type Impact struct {
	// Certificates is how many there are; or, with AtLeast, how many were read of more.
	Certificates int64
	AtLeast      bool

	// First and Last are the first and the last second of validity of any of them, as far as
	// they were read; zero where there is none.
	First, Last time.Time

	Requesters  []RequesterImpact   // those with the most, the most first
	Others      int64               // the certificates of all other requesters
	Months      []MonthImpact       // in order
	Authorities []SubordinateImpact // below it, by their ids
}

// RequesterImpact is how many of the certificates one account submitted the requests of.
type RequesterImpact struct {
	Email        string // "" where nobody is known: they were imported or uploaded
	Certificates int64
}

// MonthImpact is how many of the certificates expire in a month of UTC.
type MonthImpact struct {
	Month        time.Time // its first second
	Certificates int64
}

// SubordinateImpact is an authority with a valid certificate from the one that is asked for,
// or from one below that.
type SubordinateImpact struct {
	ID           int64
	CommonName   string
	Deleted      bool // its key is gone, but not what it issued
	NotAfter     time.Time
	Certificates int64 // that it issued itself
	AtLeast      bool

	// Elsewhere says that it stays trusted without the one that is asked for: it is a root, or
	// has a certificate by another way.
	Elsewhere bool
}
