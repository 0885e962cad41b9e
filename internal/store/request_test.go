package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func TestRequest(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	authority := newAuthority(t, s)
	req := newRequest(t, s, 7, 1)
	want := &notary.Request{
		ID: 1, CSR: "the CSR 7-1", Fingerprint: req.Fingerprint, Content: req.Content, Status: notary.Outstanding,
		RequesterID: 7, Email: "user@example.com", CommonName: "a.example.com",
		Names: notary.Names{DNS: []string{"a.example.com"}, IP: []string{"10.0.0.7"}}, Key: "ECDSA P-256",
		CreatedAt: clock.Now(), UpdatedAt: clock.Now(),
	}
	if diff := cmp.Diff(want, req); diff != "" {
		t.Errorf("a new request (-want +got):\n%s", diff)
	}

	clock.Advance(time.Hour)
	cert := newCertificate(authority.ID, 5, clock.Now().AddDate(0, 0, 90))
	req = activate(t, s, req, cert)
	want.Status, want.UpdatedAt = notary.Active, clock.Now()
	cert.ID, cert.CreatedAt = 1, clock.Now()
	want.Certificate, want.Latest = cert, notary.Issuance{AuthorityID: authority.ID, Profile: cert.Profile}
	if diff := cmp.Diff(want, req); diff != "" {
		t.Errorf("an active request (-want +got):\n%s", diff)
	}
	if _, err := s.Request(t.Context(), 2); notary.KindOf(err) != notary.NotFound {
		t.Errorf("a missing request returns %v", err)
	}
}

func TestInsertRequestTwice(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	kinds := testkit.Kinds(testkit.Race(8, func(int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, 1, 1)
			return err
		})
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 7}, kinds); diff != "" {
		t.Errorf("the same CSR eight times (-want +got):\n%s", diff)
	}
	kinds = testkit.Kinds(testkit.Race(8, func(i int) error {
		return s.Write(t.Context(), func(tx *store.Tx) error {
			_, err := insertRequest(tx, int64(2+i/2), 1)
			return err
		})
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 4, notary.Conflict: 4}, kinds); diff != "" {
		t.Errorf("the same CSR twice from each of four (-want +got):\n%s", diff)
	}
}

func TestFindingsOfARequest(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	want := []notary.Finding{{Lint: "csr_version", Level: notary.FindingNotice, Description: "version 1",
		Citation: "RFC 2986: 4.1"}}
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		if id, err = tx.InsertRequest(&notary.Request{CSR: "the CSR", Fingerprint: "1", Content: "1", RequesterID: 1,
			Findings: want}); err != nil {
			return err
		}
		return creation(tx, "request", id)
	})
	got, err := s.Request(t.Context(), id)
	testkit.Check(t, err)
	if diff := cmp.Diff(want, got.Findings); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// EachRequest misses and repeats nothing at the end of a page, and allows concurrent writes.
func TestEachRequest(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, store.Page - 1, store.Page, store.Page + 1, 2 * store.Page, 2*store.Page + 1} {
		s, _ := open(t)
		write(t, s, func(tx *store.Tx) error {
			for i := range n {
				for _, requester := range []int64{1, 2} {
					if _, err := insertRequest(tx, requester, i); err != nil {
						return err
					}
				}
			}
			return nil
		})
		list := func(owner int64) []int64 {
			var ids []int64
			f := notary.Filter{Owner: owner}
			if owner != 0 {
				f.Email = "user@example.com"
			}
			testkit.Check(t, s.EachRequest(t.Context(), f, func(req *notary.Request) error {
				if owner != 0 && req.RequesterID != owner {
					t.Errorf("the list of %d has a request of %d", owner, req.RequesterID)
				}
				ids = append(ids, req.ID)
				return nil
			}))
			return ids
		}
		if diff := cmp.Diff(every(1, 1, 2*n), list(0)); diff != "" {
			t.Errorf("with %d requests, all are (-want +got):\n%s", 2*n, diff)
		}
		if diff := cmp.Diff(every(2, 2, n), list(2)); diff != "" {
			t.Errorf("with %d requests, those of one are (-want +got):\n%s", 2*n, diff)
		}
		if got := list(3); got != nil {
			t.Errorf("an account without requests gets %d", got)
		}
	}
}

func every(first, step int64, n int) []int64 {
	var all []int64
	for i := range n {
		all = append(all, first+int64(i)*step)
	}
	return all
}

func TestEachRequestStops(t *testing.T) {
	t.Parallel()
	s, _ := open(t)
	for i := range 5 {
		newRequest(t, s, 1, i)
	}
	enough := errors.New("enough")
	seen := 0
	err := s.EachRequest(t.Context(), notary.Filter{}, func(req *notary.Request) error {
		if seen++; seen == 3 {
			return enough
		}
		return s.Write(t.Context(), func(tx *store.Tx) error { return tx.DeleteRequest(req) })
	})
	if !errors.Is(err, enough) || seen != 3 {
		t.Errorf("after %d requests the list ended with %v", seen, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = s.EachRequest(ctx, notary.Filter{}, func(*notary.Request) error { return nil })
	testkit.WantKind(t, err, notary.Unavailable)
}

// If two transitions from the same status run concurrently, one succeeds and the other gets a conflict.
func TestTransitionRaces(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	authority := newAuthority(t, s)
	var serial atomic.Int64
	active := func(t *testing.T, req *notary.Request) *notary.Request {
		return activate(t, s, req, newCertificate(authority.ID, int(serial.Add(1)), clock.Now().AddDate(0, 0, 90)))
	}
	move := func(to notary.RequestStatus) func(*store.Tx, *notary.Request) error {
		return func(tx *store.Tx, req *notary.Request) error { return tx.Transition(req, to, 0) }
	}
	renew := func(tx *store.Tx, req *notary.Request) error {
		cert := newCertificate(authority.ID, int(serial.Add(1)), clock.Now().AddDate(0, 0, 90))
		cert.RequestID = req.ID
		id, err := tx.InsertCertificate(cert)
		if err != nil {
			return err
		}
		return tx.Transition(req, notary.Active, id)
	}
	remove := func(tx *store.Tx, req *notary.Request) error { return tx.DeleteRequest(req) }
	for i, tt := range []struct {
		name   string
		active bool
		one    func(*store.Tx, *notary.Request) error
		other  func(*store.Tx, *notary.Request) error
	}{
		{"reject, reject", false, move(notary.Rejected), move(notary.Rejected)},
		{"reject, sign", false, move(notary.Rejected), renew},
		{"sign, sign", false, renew, renew},
		{"renew, renew", true, renew, renew},
		{"renew, revoke", true, renew, move(notary.Outstanding)},
		{"delete, sign", false, remove, renew},
		{"delete, delete", false, remove, remove},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := newRequest(t, s, 1, i)
			if tt.active {
				req = active(t, req)
			}
			steps := []func(*store.Tx, *notary.Request) error{tt.one, tt.other}
			kinds := testkit.Kinds(testkit.Race(2, func(i int) error {
				return s.Write(t.Context(), func(tx *store.Tx) error { return steps[i](tx, req) })
			}))
			if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 1}, kinds); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			testkit.Check(t, archive.CheckInvariants(t.Context(), s))
		})
	}
}

func TestDeleteRequest(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	authority := newAuthority(t, s)
	req := activate(t, s, newRequest(t, s, 7, 1), newCertificate(authority.ID, 1, clock.Now().AddDate(0, 0, 90)))
	write(t, s, func(tx *store.Tx) error { return tx.DeleteRequest(req) })

	_, err := s.Request(t.Context(), req.ID)
	testkit.WantKind(t, err, notary.NotFound)
	cert, err := s.Certificate(t.Context(), req.Certificate.ID)
	testkit.Check(t, err)
	want := *req.Certificate
	want.RequestID = 0
	if diff := cmp.Diff(&want, cert); diff != "" {
		t.Errorf("its certificate (-want +got):\n%s", diff)
	}
	again := newRequest(t, s, 7, 1) // the same CSR may be submitted again
	if again.ID == req.ID {
		t.Errorf("the id %d was assigned twice", req.ID)
	}
	write(t, s, func(tx *store.Tx) error { return tx.AdoptCertificate(cert, again) })
	err = s.Write(t.Context(), func(tx *store.Tx) error { return tx.AdoptCertificate(cert, again) })
	testkit.WantKind(t, err, notary.Conflict)
}
