package server

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
)

func TestFailure(t *testing.T) {
	t.Parallel()
	hidden := &notary.Error{Kind: notary.Internal, Message: internalMessage}
	for name, tt := range map[string]struct {
		err  error
		want *notary.Error
		log  string // a level and a text; "" for an empty log
	}{
		"an internal error": {&notary.Error{Kind: notary.Internal, Message: "could not read", Field: "csr",
			Err: errors.New("secret")},
			hidden, "ERROR secret"},
		"any other error": {errors.New("secret"), hidden, "ERROR secret"},
		"a wrapped error": {fmt.Errorf("wrapped: %w", notary.FieldErrorf("csr", "wrong")),
			notary.FieldErrorf("csr", "wrong"), ""},
		"an error with a cause": {&notary.Error{Kind: notary.Unavailable, Message: "busy", RetryAfter: time.Second,
			Err: errors.New("secret")},
			&notary.Error{Kind: notary.Unavailable, Message: "busy", RetryAfter: time.Second}, "WARN secret"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log := slog.New(slog.NewTextHandler(&out, nil))
			got := Failure(t.Context(), log, tt.err)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the error (-want +got):\n%s", diff)
			}
			if level, text, _ := strings.Cut(tt.log, " "); !strings.Contains(out.String(), level) ||
				!strings.Contains(out.String(), text) ||
				tt.log == "" && out.Len() > 0 {
				t.Errorf("the log is %q, want %q", out.String(), tt.log)
			}
			before := out.Len()
			if again := Failure(t.Context(), log, got); !cmp.Equal(got, again) || out.Len() != before {
				t.Errorf("shown again: %v, %q", again, out.String()[before:])
			}
		})
	}
}

func TestEveryKindOfErrorHasAStatus(t *testing.T) {
	t.Parallel()
	for _, kind := range []notary.Kind{notary.Invalid, notary.Unauthenticated, notary.Forbidden, notary.NotFound,
		notary.Conflict,
		notary.Unprocessable, notary.RefusedByRule, notary.TooLarge, notary.RateLimited, notary.Unavailable,
		notary.OutcomeUnknown, notary.Internal} {
		if Status(kind) == 0 {
			t.Errorf("%s has no status", kind)
		}
	}
}

func TestSetRetryAfter(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]string{0: "", time.Millisecond: "1", 90 * time.Second: "90"} {
		h := http.Header{}
		SetRetryAfter(h, &notary.Error{RetryAfter: after})
		if got := h.Get("Retry-After"); got != want {
			t.Errorf("%v: %q, want %q", after, got, want)
		}
	}
}
