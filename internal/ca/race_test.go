package ca_test

import (
	"crypto/rand"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// interrupter is a source of random serial numbers that calls do at its first read, after signing has read its data and
// before it writes.
type interrupter struct {
	once sync.Once
	do   func()
}

func (i *interrupter) Read(p []byte) (int, error) {
	i.once.Do(i.do)
	return rand.Read(p)
}

func interrupted(t *testing.T, w *testkit.World, do func()) *ca.Service {
	t.Helper()
	s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, Rand: &interrupter{do: do}})
	testkit.Check(t, err)
	return s.CA
}

// If a decision overtakes a signature, the signature is rejected without a trace.
func TestSignIsOvertaken(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	on := func(action notary.Action) func(t *testing.T, id, _ int64) {
		return func(t *testing.T, id, _ int64) { testkit.Check(t, w.act(t, id, action)) }
	}
	for name, tt := range map[string]struct {
		status    notary.RequestStatus
		overtaken func(t *testing.T, id, authorityID int64)
	}{
		"by a signature":               {notary.Outstanding, on(notary.Sign)},
		"by an upload":                 {notary.Outstanding, on(notary.Upload)},
		"by a rejection":               {notary.Outstanding, on(notary.Reject)},
		"by a renewal":                 {notary.Active, on(notary.Sign)},
		"by a revocation":              {notary.Active, on(notary.Revoke)},
		"by the certificate's removal": {notary.Active, on(notary.RemoveCertificate)},
		"by the request's deletion": {notary.Outstanding, func(t *testing.T, id, _ int64) {
			testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id))
		}},
		"by a revocation and a reopening": {notary.Active, func(t *testing.T, id, _ int64) {
			testkit.Check(t, w.act(t, id, notary.Revoke))
			testkit.Check(t, w.act(t, id, notary.Reopen))
		}},
		"by the key's compromise": {notary.Active, func(t *testing.T, id, _ int64) {
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.KeyCompromise))
		}},
		"by the authority's end": {notary.Outstanding, func(t *testing.T, _, authorityID int64) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), authorityID, false))
		}},
		"by the authority's revocation": {notary.Outstanding, func(t *testing.T, _, authorityID int64) {
			testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), authorityID, notary.CACompromise))
		}},
		"by the authority's renewal": {notary.Outstanding, func(t *testing.T, _, authorityID int64) {
			testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), authorityID, w.root))
		}},
		"by the authority's deletion": {notary.Outstanding, func(t *testing.T, _, authorityID int64) {
			testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), authorityID, true))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			issuer := w.Intermediate(t, w.root, notary.ECDSAP256)
			id := w.in(t, tt.status)
			var certificates map[int64]*notary.Certificate
			var after *notary.Request
			var events int
			s := interrupted(t, w.World, func() {
				tt.overtaken(t, id, issuer)
				after, _ = w.CA.Request(t.Context(), w.Admin(), id)
				certificates, events = inventory(t, w.World), len(w.Events(t))
			})
			err := s.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: issuer})
			testkit.WantKind(t, err, notary.Conflict)
			if certificates == nil {
				t.Fatal("nothing happened in between")
			}
			got, _ := w.CA.Request(t.Context(), w.Admin(), id)
			if diff := cmp.Diff(after, got); diff != "" {
				t.Errorf("the refused signature changed the request (-before +after):\n%s", diff)
			}
			if diff := cmp.Diff(certificates, inventory(t, w.World)); diff != "" {
				t.Errorf("the refused signature changed the inventory (-before +after):\n%s", diff)
			}
			if got := len(w.Events(t)); got != events {
				t.Errorf("the refused signature left %d events", got-events)
			}
		})
	}
}

// An issuer must still be usable when its signature is recorded.
func TestSignAuthorityIsOvertaken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, overtake := range map[string]func(id int64){
		"by the issuer's end": func(int64) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, false))
		},
		"by another signature": func(id int64) {
			testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), id, root))
		},
		"by its deletion": func(id int64) {
			testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, false))
		},
	} {
		t.Run(name, func(t *testing.T) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, true))
			id := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
			s := interrupted(t, w, func() { overtake(id) })
			err := s.SignAuthority(t.Context(), w.Admin(), id, root)
			testkit.WantKind(t, err, notary.Conflict)
		})
	}
}

// A renewal that began before an authority's revocation must not restore the authority.
func TestRenewalIsOvertakenByRevocation(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Intermediate(t, root, notary.ECDSAP256)
	s := interrupted(t, w, func() {
		testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), id, notary.Superseded))
	})
	testkit.WantKind(t, s.SignAuthority(t.Context(), w.Admin(), id, root), notary.Conflict)
	if got := authority(t, w, id).Status(w.Clock.Now()); got != notary.AuthorityRevoked {
		t.Errorf("the authority is %s, want it revoked", got)
	}
}

func TestConcurrentDecisions(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	for name, tt := range map[string]struct {
		status  notary.RequestStatus
		actions []notary.Action
	}{
		"reject and sign":    {notary.Outstanding, []notary.Action{notary.Reject, notary.Sign}},
		"reject and upload":  {notary.Outstanding, []notary.Action{notary.Reject, notary.Upload}},
		"reject twice":       {notary.Outstanding, []notary.Action{notary.Reject, notary.Reject}},
		"revoke twice":       {notary.Active, []notary.Action{notary.Revoke, notary.Revoke}},
		"revoke and remove":  {notary.Active, []notary.Action{notary.Revoke, notary.RemoveCertificate}},
		"remove twice":       {notary.Active, []notary.Action{notary.RemoveCertificate, notary.RemoveCertificate}},
		"reopen twice":       {notary.Rejected, []notary.Action{notary.Reopen, notary.Reopen}},
		"revoke eight times": {notary.Active, slices.Repeat([]notary.Action{notary.Revoke}, 8)},
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				id := w.in(t, tt.status)
				kinds := testkit.Kinds(testkit.Race(len(tt.actions), func(i int) error {
					return w.act(t, id, tt.actions[i])
				}))
				want := map[notary.Kind]int{"": 1, notary.Conflict: len(tt.actions) - 1}
				if diff := cmp.Diff(want, kinds); diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
			}
			testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
		})
	}
}

// After concurrent renewals and revocations, the request is in the state of the last one, and revoked certificates
// are on the CRL.
func TestRenewalsAndRevocationsMixed(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	id := w.in(t, notary.Active)
	kinds := testkit.Kinds(testkit.Race(12, func(i int) error {
		return w.act(t, id, []notary.Action{notary.Sign, notary.Sign, notary.Revoke, notary.Reopen}[i%4])
	}))
	for kind := range kinds {
		if kind != "" && kind != notary.Conflict {
			t.Errorf("%d calls ended with %q", kinds[kind], kind)
		}
	}
	list := fetchCRL(t, w.World, w.root)
	for _, cert := range inventory(t, w.World) {
		if got := listed(list, cert.Serial) != nil; got != (cert.Revocation != nil) {
			t.Errorf("certificate %d is revoked: %v, and on the CRL: %v", cert.ID, cert.Revocation != nil, got)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// If a certificate of an authority becomes current while it is being revoked, the authority is revoked or nothing is.
func TestRevokeCertificateIsOvertaken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	lower := named(t, w, "Lower", named(t, w, "One", 0))
	id := crossSign(t, w, lower, named(t, w, "Two", 0))
	cross := inventory(t, w)[id]
	var once sync.Once
	claimed, outcome := make(chan struct{}), make(chan error)
	go func() {
		<-claimed
		outcome <- w.RevokeCertificate(t.Context(), w.Admin(), cross.ID, notary.Superseded)
	}()
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error {
		if _, err := tx.LockCertificate(t.Context(), cross); err != nil {
			return err
		}
		once.Do(func() { close(claimed) })
		time.Sleep(100 * time.Millisecond) // the revocation may have begun by now
		a, err := tx.Authority(t.Context(), lower)
		if err != nil {
			return err
		}
		return tx.SetAuthorityCertificate(a, cross.ID)
	}))
	want := notary.AuthorityRevoked
	if err := <-outcome; err != nil {
		testkit.WantKind(t, err, notary.Conflict)
		want = notary.AuthorityActive
	}
	if got := authority(t, w, lower).Status(w.Clock.Now()); got != want {
		t.Errorf("the authority is %s", got)
	}
	ids, _ := certificatesOf(t, w, lower)
	for _, id := range ids {
		if revoked := inventory(t, w)[id].Revocation != nil; revoked != (want == notary.AuthorityRevoked) {
			t.Errorf("certificate %d is revoked: %v, the authority is %s", id, revoked, want)
		}
	}
}
