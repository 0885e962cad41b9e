package testkit

import (
	"context"

	"notary/internal/keystore"
	"notary/internal/node"
	"notary/internal/store"
)

// Node holds the services of one node on a database.
type Node = node.Node

// NodeOptions configures a [Node].
type NodeOptions = node.Options

// OpenNode opens a node on a database, as "notary start" does.
func OpenNode(ctx context.Context, st *store.Store, keys keystore.Keys, o NodeOptions) (*Node, error) {
	return node.Open(ctx, st, keys, o)
}
