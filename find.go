package notary

import "time"

// Filter narrows a list of requests or certificates. All nonzero fields must match.
type Filter struct {
	Email         string        // email address of the submitting account
	Owner         int64         // ID of the owner, whose address is Email; set by the use cases
	Scope         *Scope        `json:"-"` // what the caller may see; nil for everything, or if Owner is set
	OwnedBy       string        // email address of an account, name of a group, or "group:" and its ID
	OwnerEmail    string        // address of the owning account; set by the use cases from OwnedBy
	OwnerGroup    int64         // ID of the owning group; set by the use cases from OwnedBy
	Status        RequestStatus // requests only
	Revoked       *bool         // certificates only
	AuthorityID   int64         // the issuer; for a request, of its current certificate
	Serial        string        // lower-case hex; for a request, of any of its certificates
	Fingerprint   string        // SHA-256 in lower-case hex, of the certificate or the CSR
	Key           string        // such as "RSA 2048"
	Name          string        // a name or the common name equals this
	NamePrefix    string        // a name begins with this
	Domain        string        // a name is this domain or a subdomain
	Search        []string      // words, all of which must match: see package query
	Labels        []string      `json:",omitempty"` // keys, or keys with values such as "team:payments"; all must match
	ExpiresAfter  time.Time     // the last second of validity is at or after this time
	ExpiresBefore time.Time     // the last second of validity is before this time

	// Expiring selects valid certificates that expire within this time and that no later certificate for the same names
	// and owner replaces. Requests are selected by their current certificate. See [EndOfWindow].
	Expiring time.Duration
	Now      time.Time `json:"-"` // start of the Expiring window; set by the use cases
}

// Scope restricts a list to objects that the account or one of its groups owns, or that one of the grants covers. The
// list may contain other objects, which the use cases remove: see package query.
type Scope struct {
	AccountID int64
	Email     string  // of the account
	Groups    []int64 // that the account is a member of
	Grants    []GrantTerms
}

// Window returns the filter with its expiry bounds narrowed to the Expiring window.
func (f Filter) Window() Filter {
	if now := f.Now.Truncate(time.Second); f.ExpiresAfter.Before(now) {
		f.ExpiresAfter = now
	}
	if end := EndOfWindow(f.Now, f.Expiring); f.ExpiresBefore.IsZero() || end.Before(f.ExpiresBefore) {
		f.ExpiresBefore = end
	}
	return f
}

// MaxWindow is the largest value of [Filter.Expiring].
const MaxWindow = 100 * 365 * 24 * time.Hour

// EndOfWindow returns the exclusive end of the expiry window, rounded up to the next hour because counts are kept by
// hour.
func EndOfWindow(now time.Time, within time.Duration) time.Time {
	return now.UTC().Add(within).Truncate(time.Hour).Add(time.Hour)
}

// Sort is the order of a list; ties are ordered by ID.
type Sort string

// The sort orders. A minus sign means descending.
const (
	ByID             Sort = "id"
	ByIDDown         Sort = "-id"
	ByNotAfter       Sort = "not_after"
	ByNotAfterDown   Sort = "-not_after"
	ByCommonName     Sort = "common_name"
	ByCommonNameDown Sort = "-common_name"
)

// Sorts lists the orders, the default first.
var Sorts = []Sort{ByID, ByIDDown, ByNotAfter, ByNotAfterDown, ByCommonName, ByCommonNameDown}

// Cursor is an opaque position in a list, valid only for the same list, filter and order.
type Cursor string

// Query requests one page of a list.
type Query struct {
	Filter Filter
	Sort   Sort
	Limit  int    // page size, from 1 to [MaxPage]
	After  Cursor // return the page after it; "" for the first page
	Before Cursor // return the page before it; not together with After
}

// The default and maximum page size.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// Page is a part of a list. A search proceeds in steps, so a page may hold fewer objects than requested, even none,
// although more follow.
type Page[T any] struct {
	Items []T
	Next  Cursor // start of the next page; "" on the last one
	// Previous is the end of the previous page; "" on the first one.
	Previous Cursor
}
