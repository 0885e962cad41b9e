package ca_test

import (
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// If the caller's account is deleted during a bulk call, items in progress may finish, and the others fail as
// unauthenticated.
func TestBulkStopsWithTheCallersAccount(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, a := range bulkActions(w, root) {
		t.Run(name, func(t *testing.T) {
			caller := w.NewCaller(t, w.Admin(), notary.CertificateManager)
			ids := a.requests(t, w, root, 4*atOnce)
			reported, done := 0, 0
			testkit.Check(t, a.do(t.Context(), caller, ca.Many{IDs: ids}, func(o ca.Outcome) error {
				if reported++; reported == 3 {
					testkit.Check(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), caller.Principal.ID))
				}
				if o.Err == nil {
					done++
				} else {
					testkit.WantKind(t, o.Err, notary.Unauthenticated)
					testkit.WantText(t, o.Err, "was deleted")
				}
				return nil
			}))
			if reported != len(ids) || done < 3 || done > 3+atOnce {
				t.Errorf("%d outcomes, %d done", reported, done)
			}
			if n := count(t, w, ids, a.to); n != done {
				t.Errorf("%d are %s, but %d were reported", n, a.to, done)
			}
			err := a.do(t.Context(), caller, ca.Many{IDs: ids}, func(ca.Outcome) error {
				t.Error("an outcome was reported")
				return nil
			})
			testkit.WantKind(t, err, notary.Unauthenticated)
		})
	}
}

func TestListsStopWithTheCallersAccount(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	sample := w.Signed(t, w.Admin(), w.Root(t, notary.ECDSAP256))
	testkit.Fill(t, w.Store, sample, 350)
	for name, list := range map[string]func(notary.Caller, func()) error{
		"requests": func(caller notary.Caller, fn func()) error {
			return w.CA.EachRequest(t.Context(), caller, notary.Filter{}, func(*notary.Request) error {
				fn()
				return nil
			})
		},
		"certificates": func(caller notary.Caller, fn func()) error {
			return w.CA.EachCertificate(t.Context(), caller, notary.Filter{}, func(*notary.Certificate) error {
				fn()
				return nil
			})
		},
	} {
		caller := w.NewCaller(t, w.Admin(), notary.CertificateManager)
		n := 0
		err := list(caller, func() {
			if n++; n == 110 {
				testkit.Check(t, w.Auth.ChangeRole(t.Context(), w.Admin(), caller.Principal.ID,
					notary.CertificateRequestor))
			}
		})
		testkit.WantKind(t, err, notary.Unauthenticated)
		testkit.WantText(t, err, "the role of")
		if n < 110 || n > 210 {
			t.Errorf("%s: %d objects were listed", name, n)
		}
	}
}
