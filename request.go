package notary

import "time"

// RequestStatus says what has been decided on a [Request].
type RequestStatus string

// The states of a request.
const (
	Outstanding RequestStatus = "Outstanding" // nobody has decided
	Active      RequestStatus = "Active"      // it has a certificate in use
	Rejected    RequestStatus = "Rejected"
	Revoked     RequestStatus = "Revoked" // its certificate was revoked
)

// RequestStatuses are all the states, in the order of a request's life.
var RequestStatuses = []RequestStatus{Outstanding, Active, Rejected, Revoked}

// Request is a certificate signing request (RFC 2986) that somebody submitted, with what
// became of it.
type Request struct {
	ID          int64
	CSR         string // PEM, byte for byte as submitted
	Fingerprint string // SHA-256 of the CSR's DER, lower-case hex

	// Content is the SHA-256, in lower-case hex, of the part of the CSR that is signed. An account
	// can record the same content once; the signature, which others can vary, does not count.
	Content string

	Status      RequestStatus
	RequesterID int64  // the account that submitted it, even when that is gone
	Email       string // that account's e-mail
	CommonName  string
	Names       Names
	Key         string // such as "ECDSA P-256"
	CreatedAt   time.Time
	UpdatedAt   time.Time
	Rejection   string // the reason that was given for rejecting it; "" for none, and unless it is Rejected

	// Findings are what was notable when it was submitted: what it asks for and no profile issues,
	// and where it departs from a standard.
	Findings []Finding

	// Certificate is the one in use; nil unless the request is Active.
	Certificate *Certificate

	// Latest is how its latest certificate was issued, even if the request does not have it any more.
	// Lists leave it out.
	Latest Issuance
}

// Notable returns the findings about the request as it stands: those of the certificate in use if
// a profile issued it, and otherwise those of its submission.
func (r *Request) Notable() []Finding {
	if c := r.Certificate; c != nil && c.Profile != "" {
		return c.Findings
	}
	return r.Findings
}

// Action is something that is done to a request.
type Action string

// The actions that change a request's status.
const (
	Sign              Action = "sign"
	Upload            Action = "upload"
	Reject            Action = "reject"
	Revoke            Action = "revoke"
	RemoveCertificate Action = "remove_certificate"
	Reopen            Action = "reopen"
)

// transitions is the whole life of a request. What is not in it is a conflict.
var transitions = map[RequestStatus]map[Action]RequestStatus{
	Outstanding: {Sign: Active, Upload: Active, Reject: Rejected},
	Active:      {Sign: Active, Upload: Active, Revoke: Revoked, RemoveCertificate: Outstanding},
	Rejected:    {Reopen: Outstanding},
	Revoked:     {Reopen: Outstanding},
}

// Next is the status that follows when the action is done, or a [Conflict] that says what
// is possible instead.
func (s RequestStatus) Next(a Action) (RequestStatus, error) {
	if next, ok := transitions[s][a]; ok {
		return next, nil
	}
	return "", &Error{Kind: Conflict, Message: refusal(s, a)}
}

func refusal(s RequestStatus, a Action) string {
	switch {
	case s == Rejected || s == Revoked:
		if a == Revoke && s == Revoked {
			return "the certificate of this request is revoked already: only keyCompromise is accepted as a later reason"
		}
		return "this request is " + string(s) + ": reopen it first"
	case a == Reject:
		return "this request has a certificate: revoke that instead of rejecting the request"
	case a == Reopen:
		return "this request is " + string(s) + ": only a rejected or revoked one can be reopened"
	default:
		return "this request has no certificate"
	}
}
