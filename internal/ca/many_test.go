package ca

import (
	"context"
	"testing"

	"notary"
)

// A panic while processing one of many requests fails only that request.
func TestPanicFailsOneRequest(t *testing.T) {
	t.Parallel()
	err := unlessStopped(t.Context(), nil, 1, func(context.Context, int64) error { panic("unforeseen") })
	if notary.KindOf(err) != notary.Internal {
		t.Errorf("got %v, want an internal error", err)
	}
}
