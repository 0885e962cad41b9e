package notary

import (
	"strings"
	"time"
)

// Event is one line of the record of who did what. It is written in the transaction of the
// change that it tells of.
type Event struct {
	ID        int64
	At        time.Time
	AccountID int64  // who; 0 for the program itself
	Email     string // who, as it was then
	Address   string // from where
	Action    string // what, such as "request.sign"
	ObjectID  int64  // on what; the action's first word says which kind of object
	Detail    string // what else a reader needs, such as "authority 3, certificate 17"
}

// EventBy starts the event of something that the caller does to an object. The store fills
// in the time.
func EventBy(c Caller, action string, objectID int64, detail string) Event {
	return Event{AccountID: c.AccountID, Email: c.Email, Address: c.Address,
		Action: action, ObjectID: objectID, Detail: detail}
}

// Kind is the first word of the action, which says what kind of object the event is of.
func (e Event) Kind() string {
	kind, _, _ := strings.Cut(e.Action, ".")
	return kind
}

// EventKinds are the kinds of objects of which there are events.
var EventKinds = []string{"request", "certificate", "authority", "profile", "account", "group", "grant"}

// AccountEventKinds are those whose events only those who manage accounts may see.
var AccountEventKinds = []string{"account", "group", "grant"}

// EventQuery asks for one page of the record, the newest events first. What is zero does not
// narrow; the conditions that are given must all hold.
type EventQuery struct {
	Kind     string    // one of [EventKinds]
	NotKinds []string  // kinds that are left out
	ObjectID int64     // the object; only with its kind
	Email    string    // who, as it was then
	Action   string    // such as "request.sign"
	From     time.Time // at this time or later
	Until    time.Time // before this time
	Limit    int       // the most events on the page, from 1 to [MaxPage]
	After    Cursor    // the page follows it; "" for the first page, that of the newest
	Before   Cursor    // the page ends before it; not together with After
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
