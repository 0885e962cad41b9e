package notary

import (
	"cmp"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Kind is the class of an [Error], shown to clients as "code".
type Kind string

// The kinds of errors. Package api maps them to HTTP statuses, and package cli to hints.
const (
	Invalid         Kind = "invalid"         // the input can never be accepted
	Unauthenticated Kind = "unauthenticated" // the caller is not logged in
	Forbidden       Kind = "forbidden"       // the caller lacks permission
	NotFound        Kind = "not_found"
	Conflict        Kind = "conflict"        // not possible in the present state
	Unprocessable   Kind = "unprocessable"   // well-formed, but refused by policy
	RefusedByRule   Kind = "refused_by_rule" // the active rules refuse the request
	TooLarge        Kind = "too_large"
	RateLimited     Kind = "rate_limited"
	Unavailable     Kind = "unavailable"     // temporary; nothing was changed
	OutcomeUnknown  Kind = "outcome_unknown" // the change may or may not have been made: check first
	Internal        Kind = "internal"
)

// Error is the error type of the whole program.
type Error struct {
	Kind       Kind
	Message    string        // one sentence for the user: what is wrong, then what to do
	Field      string        // the offending input field, by its name in the API; may be empty
	RetryAfter time.Duration // for RateLimited, Unavailable and OutcomeUnknown: when to retry
	Err        error         // the cause, for the log only; may be nil
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an error of the given kind. It does not support %w because the message is for users.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// FieldErrorf returns an [Invalid] error about one input field.
func FieldErrorf(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Message: fmt.Sprintf(format, args...), Field: field}
}

// InternalError wraps err in an [Internal] error whose message is "could not " followed by doing. If err is temporary,
// it returns an [Unavailable] error instead.
func InternalError(doing string, err error) *Error {
	var cause *Error
	if errors.As(err, &cause) && cause.Kind == Unavailable {
		return cause
	}
	if e := Exhausted(err); e != nil {
		return e
	}
	return &Error{Kind: Internal, Message: "could not " + doing, Err: err}
}

var exhaustions = []struct {
	errno   syscall.Errno
	message string
}{
	{syscall.EMFILE, "the server has no file descriptors left: try again, and raise its limit (ulimit -n) if " +
		"this happens often"},
	{syscall.ENFILE, "the server's machine has no file descriptors left: try again in a moment"},
	{syscall.ENOSPC, "the server's disk is full: free some space, then try again"},
	{syscall.EDQUOT, "the server's disk quota is used up: free some space, then try again"},
	{syscall.ENOMEM, "the server has no memory left: try again in a moment"},
}

// Exhausted returns an [Unavailable] error if err means that the server is out of file descriptors, disk space or
// memory, and nil otherwise.
func Exhausted(err error) *Error {
	for _, e := range exhaustions {
		if errors.Is(err, e.errno) {
			return &Error{Kind: Unavailable, RetryAfter: 5 * time.Second, Message: e.message, Err: err}
		}
	}
	return nil
}

// WithField returns err with the given field if err is a [*Error] that has no field.
func WithField(err error, field string) error {
	return MapField(err, func(own string) string { return cmp.Or(own, field) })
}

// ReplaceField returns err with the given field if err is a [*Error], even if it already has a field.
func ReplaceField(err error, field string) error {
	return MapField(err, func(string) string { return field })
}

// MapField returns err with its field replaced by the result of fn if err is a [*Error].
func MapField(err error, fn func(field string) string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	field := fn(e.Field)
	if field == e.Field {
		return err
	}
	mapped := *e
	mapped.Field = field
	return &mapped
}

// KindOf returns the kind of err. It returns [Internal] if err is not a [*Error], and "" if err is nil.
func KindOf(err error) Kind {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}
