package ca_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// What happens between the signature and its transaction decides whether it is recorded: after the client is gone, or
// the account is deleted, demoted or without its grant, nothing is.
func TestIssueIsInterrupted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		role      notary.Role
		interrupt func(t *testing.T, w *testkit.World, me notary.Caller, grant int64)
		want      notary.Kind
	}{
		"the client disconnects": {notary.CertificateManager, nil, notary.Unavailable},
		"the account is deleted": {notary.CertificateManager,
			func(t *testing.T, w *testkit.World, me notary.Caller, _ int64) {
				testkit.Check(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), me.Principal.ID))
			}, notary.Unauthenticated},
		"the role is changed": {notary.CertificateManager,
			func(t *testing.T, w *testkit.World, me notary.Caller, _ int64) {
				testkit.Check(t, w.Auth.ChangeRole(t.Context(), w.Admin(), me.Principal.ID, notary.ReadOnly))
			}, notary.Unauthenticated},
		"the grant is deleted": {notary.CertificateRequestor,
			func(t *testing.T, w *testkit.World, _ notary.Caller, grant int64) {
				testkit.Check(t, w.Auth.DeleteGrant(t.Context(), w.Admin(), grant))
			}, notary.Forbidden},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			me := w.NewCaller(t, w.Admin(), test.role)
			grant := int64(0)
			if test.role == notary.CertificateRequestor {
				grant = grantTo(t, w, me, notary.GrantTerms{Actions: []string{"request.sign"}})
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s := interrupted(t, w, func() {
				if test.interrupt == nil {
					cancel()
				} else {
					test.interrupt(t, w, me, grant)
				}
			})
			_, err := s.Issue(ctx, me, newCSR(t), ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root}})
			if kind := notary.KindOf(err); kind != test.want {
				t.Errorf("%v is %q, want %q", err, kind, test.want)
			}
			requests, certificates := seenBy(t, w, w.Admin())
			if diff := cmp.Diff([]int64{authority(t, w, root).Certificate.ID}, certificates); diff != "" || len(requests) > 0 {
				t.Errorf("recorded the requests %v and certificates %v", requests, certificates)
			}
		})
	}
}
