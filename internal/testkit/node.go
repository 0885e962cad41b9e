package testkit

import (
	"context"

	"notary/internal/keystore"
	"notary/internal/node"
	"notary/internal/store"
)

// Node holds what a node has open on a database.
type Node = node.Node

// NodeOptions are the options of a [Node].
type NodeOptions = node.Options

// OpenNode opens another node on a database, as the program does.
func OpenNode(ctx context.Context, st *store.Store, keys keystore.Keys, o NodeOptions) (*Node, error) {
	return node.Open(ctx, st, keys, o)
}
