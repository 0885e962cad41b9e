package cli

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/client"
	"notary/internal/pki"
)

type hintedError struct {
	error
	hint string
}

func (e hintedError) Unwrap() error { return e.error }

func withHint(err error, format string, args ...any) error {
	return hintedError{err, fmt.Sprintf(format, args...)}
}

func (p *program) report(command *cobra.Command, err error) {
	fmt.Fprintln(p.err, "error:", printable(sentence(err)))
	if hint := p.hintFor(command, err); hint != "" {
		fmt.Fprintln(p.err, "hint:", printable(hint))
	}
}

// sentence returns the text of an error for the user. It omits the cause inside a [*notary.Error].
func sentence(err error) string {
	var e *notary.Error
	switch {
	case !errors.As(err, &e):
		return err.Error()
	case e.Field != "" && !strings.Contains(e.Message, e.Field):
		return e.Field + ": " + e.Message
	default:
		return e.Message
	}
}

func (p *program) hintFor(command *cobra.Command, err error) string {
	var hinted hintedError
	switch {
	case errors.As(err, &hinted):
		return hinted.hint
	case isUsage(err):
		return fmt.Sprintf("see %s --help", command.CommandPath())
	}
	var e *notary.Error
	if !errors.As(err, &e) || command.Name() == "start" { // start calls no server, and its errors are logged
		return ""
	}
	if isLocal(command) {
		return localHint(e)
	}
	switch e.Kind {
	case notary.Unauthenticated:
		if p.token != "" || p.env("NOTARY_TOKEN") != "" {
			return "the token comes from --token or NOTARY_TOKEN: use another, or omit it and log in with: notary login"
		}
		return "log in with: notary login"
	case notary.NotFound:
		return "list them with: " + listOf(command, e.Field)
	case notary.RateLimited:
		return "try again" + after(e.RetryAfter)
	case notary.Unavailable:
		return unavailableHint(e)
	case notary.OutcomeUnknown:
		return "the server may have carried out the call: check before you try again"
	case notary.Internal:
		return "the server's log has the cause"
	default:
		return ""
	}
}

// localCommand annotates commands that do not call a server.
const localCommand = "local"

func isLocal(command *cobra.Command) bool {
	_, ok := command.Annotations[localCommand]
	return ok
}

// localHint returns the cause of an internal error or of an unavailable database. Commands that call no server have no
// log to look it up in.
func localHint(e *notary.Error) string {
	if e.Err != nil && (e.Kind == notary.Internal || e.Kind == notary.Unavailable) {
		return "the cause: " + strings.ReplaceAll(e.Err.Error(), "\n\t", " ") // the driver lists hosts on separate lines
	}
	return ""
}

func unavailableHint(e *notary.Error) string {
	var changed *client.CertificateChangedError
	var untrusted *tls.CertificateVerificationError
	switch {
	case errors.As(e, &changed):
		return fmt.Sprintf("it now presents SHA-256 %s; if that is the server's own certificate, accept it with: "+
			"notary login --accept-new-certificate", pki.Fingerprint(changed.Presented.Raw))
	case errors.As(e, &untrusted):
		return "log in first to remember the server's certificate: notary login (or specify its CA with --ca-cert)"
	case errors.Is(e, syscall.ECONNREFUSED):
		return "start one with: notary start (or specify another with --server)"
	case e.RetryAfter > 0:
		return "try again" + after(e.RetryAfter)
	case errors.Is(e, client.ErrOutcomeUnknown):
		return "the server may have carried out the call: check before you try again"
	default:
		return ""
	}
}

func after(wait time.Duration) string {
	if wait <= 0 {
		return " later"
	}
	return " in " + wait.String()
}

func listOf(command *cobra.Command, field string) string {
	words := strings.Fields(command.CommandPath())
	switch {
	case field == "certificate_authority_id":
		return "notary authority list"
	case field == "certificate_id":
		return "notary authority certificates " + command.Flags().Arg(0)
	case command.Name() == "end-session":
		return "notary account sessions"
	case len(words) < 3:
		return "notary request list"
	default:
		return "notary " + words[1] + " list"
	}
}
