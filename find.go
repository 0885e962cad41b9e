package notary

import "time"

// Filter narrows a list of requests or of certificates. What is zero does not narrow; the
// conditions that are given must all hold.
type Filter struct {
	Email         string        // of the account that submitted it, as it was then
	Owner         int64         // that account; given only with its e-mail
	Status        RequestStatus // of requests only
	Revoked       *bool         // of certificates only
	AuthorityID   int64         // the issuer; for a request, of the certificate in use
	Serial        string        // lower-case hex; for a request, of any certificate it has had
	Fingerprint   string        // SHA-256, lower-case hex: of the certificate, or of the CSR
	Key           string        // such as "RSA 2048"
	Name          string        // one of the names, or the common name, is this
	NamePrefix    string        // … begins with this
	Domain        string        // … is this domain or lies below it
	Search        []string      // words, each of which begins a label of a name, an e-mail, a key, …
	ExpiresAfter  time.Time     // the last second of validity is this one or a later one
	ExpiresBefore time.Time     // the last second of validity lies before this one

	// Expiring narrows to the certificates that expire within this time, for requests those in use:
	// valid ones that no later certificate for the same names and owner replaces. See [EndOfWindow].
	Expiring time.Duration
	Now      time.Time `json:"-"` // when Expiring begins; set by the use cases
}

// Window returns the filter with the bounds on the end of validity that Expiring sets.
func (f Filter) Window() Filter {
	if now := f.Now.Truncate(time.Second); f.ExpiresAfter.Before(now) {
		f.ExpiresAfter = now
	}
	if end := EndOfWindow(f.Now, f.Expiring); f.ExpiresBefore.IsZero() || end.Before(f.ExpiresBefore) {
		f.ExpiresBefore = end
	}
	return f
}

// MaxWindow is the longest time that [Filter.Expiring] may look ahead.
const MaxWindow = 100 * 365 * 24 * time.Hour

// EndOfWindow returns before when a certificate that expires within this time from now expires: the
// end of the hour, because the counts are kept by the hour.
func EndOfWindow(now time.Time, within time.Duration) time.Time {
	return now.UTC().Add(within).Truncate(time.Hour).Add(time.Hour)
}

// Sort is the order of a list; what is equal is in the order of the ids.
type Sort string

// The orders. A minus sign turns one around.
const (
	ByID             Sort = "id"
	ByIDDown         Sort = "-id"
	ByNotAfter       Sort = "not_after"
	ByNotAfterDown   Sort = "-not_after"
	ByCommonName     Sort = "common_name"
	ByCommonNameDown Sort = "-common_name"
)

// Sorts are all the orders, the default first.
var Sorts = []Sort{ByID, ByIDDown, ByNotAfter, ByNotAfterDown, ByCommonName, ByCommonNameDown}

// Cursor is the place in a list at which a page ended or began. Only the store can read it; it
// fits the list, filter and order that it came from.
type Cursor string

// Query asks for one page of a list.
type Query struct {
	Filter Filter
	Sort   Sort
	Limit  int    // the most objects on the page, from 1 to [MaxPage]
	After  Cursor // the page follows it; "" for the first page
	Before Cursor // the page ends before it; not together with After
}

// The size of a page where none is asked for, and the largest.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// Page is a part of a list. It may hold fewer objects than were asked for, even none,
// although others follow: a rare thing in a large list is looked for in steps.
type Page[T any] struct {
	Items []T
	Next  Cursor // where the next page begins; "" after the last one
	// Previous is before what the page before this one ends; "" on the first page.
	Previous Cursor
}
