package ca_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// A copy of a CSR submitted by someone else does not prevent the owner from submitting it, and reveals nothing.
func TestSameCSRFromAnotherAccount(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	owner, other := w.Caller(notary.CertificateRequestor), w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")
	first, err := w.CA.Submit(t.Context(), other, csr)
	testkit.Check(t, err)
	trial, err := w.CA.TryRequest(t.Context(), owner, csr, "")
	testkit.Check(t, err)
	if trial.Recorded || trial.RequestID != 0 {
		t.Errorf("the owner learns of the other's request: %+v", trial)
	}
	kinds := testkit.Kinds(testkit.Race(8, func(int) error {
		_, err := w.CA.Submit(t.Context(), owner, csr)
		return err
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Conflict: 7}, kinds); diff != "" {
		t.Errorf("the owner's submissions (-want +got):\n%s", diff)
	}
	if _, err := w.CA.Request(t.Context(), owner, first); notary.KindOf(err) != notary.NotFound {
		t.Errorf("the owner sees the other's request: %v", err)
	}
	if trial, err = w.CA.TryRequest(t.Context(), owner, csr, ""); err != nil || !trial.Recorded ||
		trial.RequestID == first {
		t.Errorf("the owner's own request is not found: %+v, %v", trial, err)
	}
}

func TestSameCSRContentWithAnotherSignature(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	key := testkit.Key(t, notary.ECDSAP256)
	_, err := w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "a.example.com"))
	testkit.Check(t, err)
	_, err = w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "a.example.com"))
	testkit.WantKind(t, err, notary.Conflict)
	_, err = w.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, key, "b.example.com"))
	testkit.Check(t, err)
}

func TestUpgradeRecordsContents(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		n := 0
		testkit.Check(t, w.CA.EachRequest(t.Context(), w.Admin(), notary.Filter{}, func(req *notary.Request) error {
			n++
			if want, err := pki.CSRContent(req.CSR); err != nil || req.Content != want {
				t.Errorf("request %d: content %q instead of %q (%v)", req.ID, req.Content, want, err)
			}
			return nil
		}))
		if n == 0 {
			t.Error("the released database has no request")
		}
	})
}

// The oldest of several earlier requests with the same content and requester gets the content hash.
func TestUpgradeKeepsRequestsWithTheSameContent(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	key := testkit.Key(t, notary.ECDSAP256)
	one, again := testkit.CSR(t, key, "a.example.com"), testkit.CSR(t, key, "a.example.com")
	first, err := w.CA.Submit(t.Context(), w.Admin(), one)
	testkit.Check(t, err)
	second := requestFor(t, w, key, "b.example.com")
	w.Exec(t, `UPDATE request SET content = ''`)
	w.Exec(t, `UPDATE request_csr SET csr = $1 WHERE request_id = $2`, again, second)
	w.Exec(t, `INSERT INTO agreement (name, value) VALUES ('request contents are recorded up to request', '0')`)
	w.Reopen(t)
	content, err := pki.CSRContent(one)
	testkit.Check(t, err)
	if req := request(t, w, first); req.Content != content {
		t.Errorf("the first request has the content %q", req.Content)
	}
	if req := request(t, w, second); req.Content != "" {
		t.Errorf("the second request has the content %q", req.Content)
	}
	_, err = w.CA.Submit(t.Context(), w.Admin(), again)
	testkit.WantKind(t, err, notary.Conflict)
}
