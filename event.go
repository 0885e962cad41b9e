package notary

import (
	"strings"
	"time"
)

// Event is an entry of the audit log, written in the same transaction as the change. [Event.Sentence] formats it as
// text.
type Event struct {
	ID        int64
	At        time.Time
	Action    string // such as "request.sign"
	Object    Ref    // the object of the action
	Refs      []Ref  // other objects involved, such as the issuing authority
	Principal Ref    // who performed it
	Address   string // client IP address; "" for the program itself
	RequestID string // X-Request-Id of the call; "" for the program itself

	// Before and After hold the fields that changed; they are stored as canonical JSON objects. After also holds the
	// fields of a new object and details of the action.
	Before, After Fields

	Text string // description recorded by an earlier version; "" for other events
}

// The kinds of principals.
const (
	AccountPrincipal = "account"
	TokenPrincipal   = "token"
	SystemPrincipal  = "system" // the program itself

	AnonymousPrincipal = "anonymous" // an unauthenticated client
)

// Ref is a reference to an object or principal.
type Ref struct {
	Kind string `json:"kind"`           // such as "request"
	ID   int64  `json:"id"`             // 0 if it has none
	Name string `json:"name,omitempty"` // its name at the time, such as a common name
}

// maxRefName is the maximum length of a name in an event, in octets.
const maxRefName = 200

// NewRef returns a reference to an object, truncating its name to maxRefName.
func NewRef(kind string, id int64, name string) Ref {
	if len(name) > maxRefName {
		name = strings.ToValidUTF8(name[:maxRefName], "")
	}
	return Ref{kind, id, name}
}

// Ref returns a reference to the request.
func (r *Request) Ref() Ref { return NewRef("request", r.ID, firstName(r.CommonName, r.Names)) }

// Ref returns a reference to the certificate.
func (c *Certificate) Ref() Ref { return NewRef("certificate", c.ID, firstName(c.CommonName, c.Names)) }

// Ref returns a reference to the authority.
func (a *Authority) Ref() Ref { return NewRef("authority", a.ID, a.CommonName) }

// Ref returns a reference to the profile.
func (p *Profile) Ref() Ref { return NewRef("profile", p.ID, p.Name) }

// Ref returns a reference to the account.
func (a *Account) Ref() Ref { return NewRef("account", a.ID, a.Email) }

func firstName(commonName string, names Names) string {
	if commonName != "" || names.Len() == 0 {
		return commonName
	}
	return names.All()[0]
}

// Ref returns a reference to the caller's principal.
func (c Caller) Ref() Ref {
	if c.Principal == (Ref{}) {
		return Ref{Kind: AnonymousPrincipal}
	}
	return NewRef(c.Principal.Kind, c.Principal.ID, c.Principal.Name)
}

// EventBy returns an event in which the caller performs the action on the object. The store sets the time.
func EventBy(c Caller, action string, object Ref) Event {
	return Event{Action: action, Object: object, Principal: c.Ref(), Address: c.Address, RequestID: c.RequestID}
}

// With returns the event with refs added, except refs without an ID.
func (e Event) With(refs ...Ref) Event {
	for _, ref := range refs {
		if ref.ID != 0 {
			e.Refs = append(e.Refs, ref)
		}
	}
	return e
}

// Change returns the event with its changed fields set.
func (e Event) Change(before, after Fields) Event {
	e.Before, e.After = before, after
	return e
}

// Set is like [Event.Change] for an object without a previous state.
func (e Event) Set(after Fields) Event { return e.Change(nil, after) }

// Refers reports whether Refs contains the object.
func (e *Event) Refers(kind string, id int64) bool {
	_, found := e.ref(kind, id)
	return found
}

// FirstRef returns the first of Refs that has the given kind, and reports whether there is one.
func (e *Event) FirstRef(kind string) (Ref, bool) { return e.ref(kind, 0) }

func (e *Event) ref(kind string, id int64) (Ref, bool) {
	for _, ref := range e.Refs {
		if ref.Kind == kind && (id == 0 || ref.ID == id) {
			return ref, true
		}
	}
	return Ref{}, false
}

// Fields are the members of a JSON object: strings, numbers, booleans, lists and objects.
type Fields map[string]any

// EventKinds are the kinds of objects that have events.
var EventKinds = []string{"request", "certificate", "authority", "profile", "account", "group", "grant", "token", "clock",
	"rule", "call", "inventory", "settings",
	"database"}

// AccountEventKinds are the kinds whose events require permission to manage accounts.
var AccountEventKinds = []string{"account", "group", "grant", "token"}

// EventQuery requests one page of the audit log, newest first. All nonzero fields must match.
type EventQuery struct {
	Kind     string   // one of [EventKinds]
	NotKinds []string // kinds to leave out
	ObjectID int64    // requires Kind
	Email    string   // name of the principal at the time, such as an email address
	Action   string   // such as "request.sign"

	Principal string // ID or name
	RequestID string // of the call

	From   time.Time // inclusive
	Until  time.Time // exclusive
	Limit  int       // page size, from 1 to [MaxPage]
	After  Cursor    // return the page after it; "" for the newest events
	Before Cursor    // return the page before it; not together with After
}

// Summary holds counts for the overview and metrics.
type Summary struct {
	Requests     map[RequestStatus]int64
	Certificates int64 // ever recorded, including those of authorities
	Revoked      int64 // of these certificates
	// Expiring counts the certificates that expire within each of [ExpiryWindows]: see [Filter.Expiring].
	Expiring map[int]int64

	Damaged int64 // damaged database records that this node has found: see [Damage]
}

// ExpiryWindows are the windows of [Summary.Expiring], in days.
var ExpiryWindows = []int{1, 7, 30, 90}
