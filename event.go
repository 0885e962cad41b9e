package notary

import (
	"strings"
	"time"
)

// Event is one entry of the record of who did what. It is written in the transaction of the change that it
// describes. It holds data; [Event.Sentence] puts it into words.
type Event struct {
	ID        int64
	At        time.Time
	Action    string // what was done, such as "request.sign"
	Object    Ref    // to what
	Refs      []Ref  // other objects that took part, such as the issuing authority
	Principal Ref    // who did it
	Address   string // the IP address that the call came from; "" for the program itself
	RequestID string // the X-Request-Id of the call; "" for the program itself

	// The members of the object that changed. What a new object has, or what was done beside the object, is in
	// After. They are recorded as JSON objects in canonical form.
	Before, After Fields

	Text string // what an earlier version recorded in words; "" for other events
}

// The kinds of principals.
const (
	AccountPrincipal = "account"
	SystemPrincipal  = "system" // the program itself

	AnonymousPrincipal = "anonymous" // a client that was not identified
)

// Ref names an object or a principal.
type Ref struct {
	Kind string `json:"kind"`           // such as "request"
	ID   int64  `json:"id"`             // 0 if it has none
	Name string `json:"name,omitempty"` // the name that it had then, such as a common name
}

// maxRefName is the maximum length of a name in an event, in octets. Names in certificates have no limit.
const maxRefName = 200

// NewRef returns a reference to an object. A long name is cut.
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

// firstName returns the common name or, without one, the first subject alternative name.
func firstName(commonName string, names Names) string {
	if commonName != "" || names.Len() == 0 {
		return commonName
	}
	return names.All()[0]
}

// Principal returns a reference to the caller.
func (c Caller) Principal() Ref {
	switch {
	case c.Known():
		return NewRef(AccountPrincipal, c.AccountID, c.Email)
	case c.Email == SystemCaller.Email:
		return NewRef(SystemPrincipal, 0, c.Email)
	}
	return NewRef(AnonymousPrincipal, 0, "")
}

// Account returns a reference to the caller's account.
func (c Caller) Account() Ref { return NewRef("account", c.AccountID, c.Email) }

// EventBy returns the event of an action of the caller on an object. The store adds the time.
func EventBy(c Caller, action string, object Ref) Event {
	return Event{Action: action, Object: object, Principal: c.Principal(), Address: c.Address, RequestID: c.RequestID}
}

// With returns the event with further objects that took part. Those without an id are left out.
func (e Event) With(refs ...Ref) Event {
	for _, ref := range refs {
		if ref.ID != 0 {
			e.Refs = append(e.Refs, ref)
		}
	}
	return e
}

// Change returns the event with the members of the object that changed.
func (e Event) Change(before, after Fields) Event {
	e.Before, e.After = before, after
	return e
}

// Set is Change without a former state: what a new object has, or what was done.
func (e Event) Set(after Fields) Event { return e.Change(nil, after) }

// Refers reports whether an object of this kind and id took part in the event.
func (e *Event) Refers(kind string, id int64) bool {
	_, found := e.ref(kind, id)
	return found
}

// FirstRef returns the first of the objects of a kind that took part in the event.
func (e *Event) FirstRef(kind string) (Ref, bool) { return e.ref(kind, 0) }

// ref returns the first reference to an object of a kind and, unless it is 0, id.
func (e *Event) ref(kind string, id int64) (Ref, bool) {
	for _, ref := range e.Refs {
		if ref.Kind == kind && (id == 0 || ref.ID == id) {
			return ref, true
		}
	}
	return Ref{}, false
}

// Fields are the members of a JSON object: strings, numbers, booleans, and lists and objects of these.
type Fields map[string]any

// EventKinds are the kinds of objects that have events.
var EventKinds = []string{"request", "certificate", "authority", "profile", "account", "group", "grant", "clock", "call", "inventory", "settings",
	"database"}

// AccountEventKinds are those whose events only those who manage accounts may see.
var AccountEventKinds = []string{"account", "group", "grant"}

// EventQuery asks for one page of the record, the newest events first. What is zero does not
// narrow; the conditions that are given must all hold.
type EventQuery struct {
	Kind     string   // one of [EventKinds]
	NotKinds []string // kinds that are left out
	ObjectID int64    // the object; only with its kind
	Email    string   // the name of the principal, as it was then
	Action   string   // such as "request.sign"

	Principal string // its id or its name
	RequestID string // of the call

	From   time.Time // at this time or later
	Until  time.Time // before this time
	Limit  int       // the most events on the page, from 1 to [MaxPage]
	After  Cursor    // the page follows it; "" for the first page, that of the newest
	Before Cursor    // the page ends before it; not together with After
}

// Summary counts what there is, for an overview and for metrics.
type Summary struct {
	Requests     map[RequestStatus]int64
	Certificates int64 // ever recorded, those of authorities included
	Revoked      int64 // of these
	// Expiring counts the certificates that expire within so many days, for each of [ExpiryWindows]:
	// see [Filter.Expiring].
	Expiring map[int]int64

	Damaged int64 // database records of which a [Damage] is known to this node
}

// ExpiryWindows are the windows of [Summary.Expiring], in days.
var ExpiryWindows = []int{1, 7, 30, 90}
