package issuers_test

import (
	"testing"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/testkit"
)

// Any write to an authority or profile invalidates the caches of all nodes.
func TestEveryWriteInvalidatesTheCaches(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	want := func(what string, enabled bool, version int) {
		t.Helper()
		for _, node := range []*testkit.Node{w.Node, other} {
			a, err := node.Issuers.Get(t.Context(), root)
			testkit.Check(t, err)
			p, err := node.Issuers.Profile(t.Context(), "server")
			testkit.Check(t, err)
			if a.Enabled != enabled || p.Version != version {
				t.Errorf("%s: enabled is %t, the profile has version %d", what, a.Enabled, p.Version)
			}
		}
	}
	want("at first", true, 1)
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.EnableAuthority(root, false) }))
	want("a method of the store", false, 1)
	testkit.Check(t, w.Store.DB().Write(t.Context(), func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE authority SET enabled = 1 WHERE id = $1`, root)
		return err
	}))
	want("a statement of its own", true, 1)
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error {
		p, err := tx.ProfileByName(t.Context(), "server")
		if err != nil {
			return err
		}
		_, err = tx.UpdateProfile(p, p.Rules)
		return err
	}))
	want("a profile", true, 2)
}
