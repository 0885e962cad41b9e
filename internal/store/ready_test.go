package store_test

import (
	"testing"

	"notary/internal/testkit"
)

func TestReady(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	testkit.Check(t, w.Store.Ready(t.Context()))
}
