package notary

import "time"

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

// Summary counts what there is, for an overview and for metrics.
type Summary struct {
	Requests     map[RequestStatus]int64
	Certificates int64 // ever recorded, those of authorities included
	Revoked      int64 // of these
	// Expiring counts certificates in use (of active requests and of authorities) that
	// expire within so many days, for each of [ExpiryWindows].
	Expiring map[int]int64
}

// ExpiryWindows are the windows of [Summary.Expiring], in days.
var ExpiryWindows = []int{1, 7, 30, 90}
