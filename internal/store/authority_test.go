package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

func TestAuthority(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	end := clock.Now().AddDate(3, 0, 0)
	var id int64
	constraints := notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"example.com"}},
		Excluded: notary.Subtrees{IP: []string{"10.0.0.0/8"}, Email: []string{"me@example.com"},
			URI: []string{".example.com"}}}
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertAuthority(&notary.Authority{Enabled: true, CSR: "the CSR", CommonName: "Root",
			Key: "RSA 3072", NotAfter: end, PathLen: 2, Constraints: constraints, CRLNumber: 41}, []byte("sealed"))
		if err != nil {
			return err
		}
		return creation(tx, "authority", id)
	})
	want := &notary.Authority{ID: 1, Enabled: true, CSR: "the CSR", CommonName: "Root", Key: "RSA 3072",
		NotAfter: end, PathLen: 2, Constraints: constraints, CRLNumber: 41, CreatedAt: clock.Now()}
	if diff := cmp.Diff(want, getAuthority(t, s, id)); diff != "" {
		t.Errorf("a new authority (-want +got):\n%s", diff)
	}
	sealed, err := s.SealedKey(t.Context(), id)
	if string(sealed) != "sealed" || err != nil {
		t.Errorf("its sealed key is %q (%v)", sealed, err)
	}

	give(t, s, id, newCertificate(id, 1, end))
	want.Certificate = newCertificate(id, 1, end)
	want.Certificate.ID, want.Certificate.CreatedAt = 1, clock.Now()
	if diff := cmp.Diff(want, getAuthority(t, s, id)); diff != "" {
		t.Errorf("an authority with a certificate (-want +got):\n%s", diff)
	}
	all, err := s.Authorities(t.Context())
	testkit.Check(t, err)
	if diff := cmp.Diff([]*notary.Authority{want}, all); diff != "" {
		t.Errorf("all authorities (-want +got):\n%s", diff)
	}
}

func give(t testing.TB, s *store.Store, id int64, cert *notary.Certificate) *notary.Authority {
	t.Helper()
	a := getAuthority(t, s, id)
	write(t, s, func(tx *store.Tx) error {
		certID, err := tx.InsertCertificate(cert)
		if err != nil {
			return err
		}
		return tx.SetAuthorityCertificate(a, certID)
	})
	return getAuthority(t, s, id)
}

// The key of a deleted authority is erased from the database; its certificates remain.
func TestDeleteAuthority(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	end := clock.Now().AddDate(1, 0, 0)
	a := give(t, s, newAuthority(t, s).ID, newCertificate(1, 1, end))
	leaf := insertCertificate(t, s, newCertificate(a.ID, 2, end))
	if has, err := s.HasAuthorities(t.Context()); !has || err != nil {
		t.Errorf("before the deletion, HasAuthorities is %v (%v)", has, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DeleteAuthority(a) })

	for name, err := range map[string]error{
		"Authority": second(s.Authority(t.Context(), a.ID)),
		"SealedKey": second(s.SealedKey(t.Context(), a.ID)),
		"EnableAuthority": s.Write(t.Context(), func(tx *store.Tx) error {
			return tx.EnableAuthority(a.ID, true)
		}),
		"NextCRLNumber": s.Write(t.Context(), func(tx *store.Tx) error {
			return second(tx.NextCRLNumber(a.ID, 0, 0, 0))
		}),
	} {
		if notary.KindOf(err) != notary.NotFound {
			t.Errorf("%s of a deleted authority gives %v", name, err)
		}
	}
	err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteAuthority(a) })
	testkit.WantKind(t, err, notary.Conflict)
	if has, err := s.HasAuthorities(t.Context()); has || err != nil {
		t.Errorf("after the deletion, HasAuthorities is %v (%v)", has, err)
	}
	if all, err := s.Authorities(t.Context()); len(all) != 0 || err != nil {
		t.Errorf("the list still has %d (%v)", len(all), err)
	}
	if _, err := s.Certificate(t.Context(), leaf.ID); err != nil {
		t.Errorf("its certificates: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

// A signature is recorded only if the authority and profile are unchanged since it was made.
func TestRequireUsable(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile func(*store.Tx, *notary.Authority) error
		kind      notary.Kind
	}{
		"unchanged": {func(*store.Tx, *notary.Authority) error { return nil }, ""},
		"disabled": {func(tx *store.Tx, a *notary.Authority) error {
			return tx.EnableAuthority(a.ID, false)
		}, notary.Conflict},
		"deleted": {func(tx *store.Tx, a *notary.Authority) error {
			return tx.DeleteAuthority(a)
		}, notary.Conflict},
		"revoked": {func(tx *store.Tx, a *notary.Authority) error {
			return tx.InsertRevocation(a.Certificate, notary.KeyCompromise)
		}, notary.Conflict},
		"renewed": {func(tx *store.Tx, a *notary.Authority) error {
			id, err := tx.InsertCertificate(newCertificate(a.ID, 2, a.Certificate.NotAfter))
			if err != nil {
				return err
			}
			return tx.SetAuthorityCertificate(a, id)
		}, notary.Conflict},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, clock := open(t)
			a := give(t, s, newAuthority(t, s).ID, newCertificate(1, 1, clock.Now().AddDate(1, 0, 0)))
			p := newProfile(t, s, "mine")
			write(t, s, func(tx *store.Tx) error { return tt.meanwhile(tx, a) })
			err := s.Write(t.Context(), func(tx *store.Tx) error { return tx.RequireUsable(a, p) })
			testkit.WantKind(t, err, tt.kind)
		})
	}
}

func TestSetAuthorityCertificateRace(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	kinds := testkit.Kinds(testkit.Race(2, func(i int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			id, err := tx.InsertCertificate(newCertificate(0, 1+i, clock.Now().AddDate(1, 0, i)))
			if err != nil {
				return err
			}
			return tx.SetAuthorityCertificate(a, id)
		})
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 1}, kinds); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}
