package notary

import "time"

// RequestStatus is the state of a [Request].
type RequestStatus string

// The states of a request.
const (
	Outstanding RequestStatus = "Outstanding" // no decision yet
	Active      RequestStatus = "Active"      // has a certificate
	Rejected    RequestStatus = "Rejected"
	Revoked     RequestStatus = "Revoked" // its certificate was revoked
)

// RequestStatuses lists all states, in display order.
var RequestStatuses = []RequestStatus{Outstanding, Active, Rejected, Revoked}

// Request is a submitted certificate signing request (RFC 2986) and its state.
type Request struct {
	ID          int64
	CSR         string // PEM, byte for byte as submitted
	Fingerprint string // SHA-256 of the CSR's DER, lower-case hex

	// Content is the SHA-256, in lower-case hex, of the signed part of the CSR. An account or group can have only one
	// request with the same content.
	Content string

	Status      RequestStatus
	RequesterID int64  // account that submitted it, or the last account to which it was transferred; may be deleted
	Email       string // email address of that account

	// OwnerGroupID is the group that owns the request, which may be deleted; 0 if an account owns it.
	OwnerGroupID int64

	// Submitter is the principal that submitted the request, such as an API token. It is zero in lists and if the event of
	// the submission is missing.
	Submitter Ref

	CommonName string
	Names      Names
	Key        string // such as "ECDSA P-256"
	CreatedAt  time.Time
	UpdatedAt  time.Time
	Rejection  string // reason for the rejection; "" if none was given or the request is not Rejected

	// Findings are the remarks made at submission, about content that no profile issues and departures from standards.
	Findings []Finding

	Wishes Wishes // what the requester asks for
	Note   string // free text
	Labels Labels

	// Decision is what the active rules decided when the request was created or when a rule last signed it; nil if none
	// matched or the submitter signed the request.
	Decision *RuleDecision

	// Certificate is the current certificate; nil unless the request is Active.
	Certificate *Certificate

	// Latest is the issuance of the request's latest certificate, even if that is no longer current. Lists leave it zero.
	Latest Issuance
}

// Owner is the account or group that a request or certificate belongs to. At most one of the fields is set.
type Owner struct{ AccountID, GroupID int64 }

// Owner returns the owner of the request.
func (r *Request) Owner() Owner { return ownerOf(r.RequesterID, r.OwnerGroupID) }

func ownerOf(requesterID, ownerGroupID int64) Owner {
	if ownerGroupID != 0 {
		return Owner{GroupID: ownerGroupID}
	}
	return Owner{AccountID: requesterID}
}

// Notable returns the findings of the current certificate if it was issued under a profile, and otherwise those from
// submission.
func (r *Request) Notable() []Finding {
	if c := r.Certificate; c != nil && c.Profile != "" {
		return c.Findings
	}
	return r.Findings
}

// Action is an operation on a request.
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

// transitions is the state machine of a request. An action without a transition is a [Conflict] error.
var transitions = map[RequestStatus]map[Action]RequestStatus{
	Outstanding: {Sign: Active, Upload: Active, Reject: Rejected},
	Active:      {Sign: Active, Upload: Active, Revoke: Revoked, RemoveCertificate: Outstanding},
	Rejected:    {Reopen: Outstanding},
	Revoked:     {Reopen: Outstanding},
}

// Next returns the state after the action, or a [Conflict] error that explains why the action is not possible.
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
			return "the certificate of this request is already revoked: only keyCompromise is accepted as a " +
				"later reason"
		}
		return "this request is " + string(s) + ": reopen it first"
	case a == Reject:
		return "this request has a certificate: revoke the certificate instead of rejecting the request"
	case a == Reopen:
		return "this request is " + string(s) + ": only rejected and revoked requests can be reopened"
	default:
		return "this request has no certificate"
	}
}
