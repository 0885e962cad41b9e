// Package node opens the services of one node on a database, for the program and for tests.
package node

import (
	"context"
	"io"
	"log/slog"
	"time"

	"notary/internal/ca"
	"notary/internal/damage"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/revocation"
	"notary/internal/store"
)

// Node holds the open services of a node.
type Node struct {
	Issuers    *issuers.Issuers
	Revocation *revocation.Service
	CA         *ca.Service
}

// Options configures the services of a [Node].
type Options struct {
	Now        func() time.Time // default time.Now
	Rand       io.Reader        // default crypto/rand.Reader
	Log        *slog.Logger     // default slog.Default
	PublishURL string
	MayIssue   func() error // see [ca.Options]
	PaceChecks bool         // see [ca.Options]
}

// Open opens the services of a node on the database of st. They need not be closed.
func Open(ctx context.Context, st *store.Store, keys keystore.Keys, o Options) (*Node, error) {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	n := &Node{}
	var err error
	n.Issuers, err = issuers.New(ctx, st, keys, damage.Watch(st, o.Log),
		issuers.Options{Now: o.Now, Rand: o.Rand, PublishURL: o.PublishURL})
	if err != nil {
		return nil, err
	}
	if n.Revocation, err = revocation.New(ctx, st, keys, n.Issuers, o.Log); err != nil {
		return nil, err
	}
	n.CA, err = ca.New(ctx, st, keys, n.Issuers, n.Revocation,
		ca.Options{Log: o.Log, MayIssue: o.MayIssue, PaceChecks: o.PaceChecks})
	return n, err
}
