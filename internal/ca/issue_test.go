package ca_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func newCSR(t *testing.T) string {
	t.Helper()
	return testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "one-call.example.com")
}

func issueBy(authority int64) ca.IssueOptions {
	return ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: authority}}
}

// A CSR that the caller submitted before, by any call, is a renewal of its request.
func TestIssue(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	csr := newCSR(t)
	var first *ca.Issued
	events := w.EventsOf(t, func() {
		var err error
		first, err = w.CA.Issue(t.Context(), w.Admin(), csr, issueBy(root))
		testkit.Check(t, err)
	})
	if len(events) != 2 {
		t.Errorf("events %q, want one of the submission and one of the signature", events)
	}
	req := request(t, w, first.RequestID)
	if req.Status != notary.Active || req.CSR != csr || req.Certificate.ID != first.Certificate.ID ||
		first.Status != notary.Active {
		t.Errorf("issued %+v, and the request is %+v", first, req)
	}
	recorded, err := w.CA.Certificate(t.Context(), w.Admin(), first.Certificate.ID)
	testkit.Check(t, err)
	if got, want := first.Certificate.ChainPEM(), recorded.ChainPEM(); got != want {
		t.Errorf("the chain of the answer differs from the recorded one:\n%s\n%s", got, want)
	}

	again, err := w.CA.Issue(t.Context(), w.Admin(), csr, ca.IssueOptions{})
	testkit.Check(t, err)
	if again.RequestID != first.RequestID || again.Certificate.ID == first.Certificate.ID {
		t.Errorf("the renewal is %+v, the first was %+v", again, first)
	}
	submitted := w.Request(t, w.Admin())
	signed, err := w.CA.Issue(t.Context(), w.Admin(), request(t, w, submitted).CSR, issueBy(root))
	testkit.Check(t, err)
	if signed.RequestID != submitted {
		t.Errorf("a submitted CSR was issued for request %d, want %d", signed.RequestID, submitted)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

func TestIssueRecordsNothingOnError(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	broken := errors.New("broken on purpose")
	rejected := w.Request(t, w.Admin())
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), rejected, ""))
	for name, tt := range map[string]struct {
		csr  string
		o    ca.IssueOptions
		kind notary.Kind
	}{
		"no authority":      {newCSR(t), ca.IssueOptions{}, notary.Invalid},
		"unknown authority": {newCSR(t), issueBy(99), notary.NotFound},
		"unknown profile": {newCSR(t),
			ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root, Profile: "none"}}, notary.Invalid},
		"pending authority": {newCSR(t), issueBy(w.Pending(t)), notary.Conflict},
		"no CSR":            {"nonsense", issueBy(root), notary.Invalid},
		"rejected before":   {request(t, w, rejected).CSR, issueBy(root), notary.Conflict},
		"key of an authority": {testkit.CSR(t, authorityKeyOf(t, w, root), "ca.example.com"), issueBy(root),
			notary.Unprocessable},
		"protocol": {newCSR(t), ca.IssueOptions{SignOptions: ca.SignOptions{AuthorityID: root},
			Also: func(*store.Tx, *ca.Issued) error { return broken }}, notary.Internal},
	} {
		before := w.Dump(t)
		_, err := w.CA.Issue(t.Context(), w.Admin(), tt.csr, tt.o)
		if kind := notary.KindOf(err); kind != tt.kind {
			t.Errorf("%s: %v is %q, want %q", name, err, kind, tt.kind)
		}
		if diff := cmp.Diff(before, w.Dump(t)); diff != "" {
			t.Errorf("%s was recorded:\n%s", name, diff)
		}
	}
}

// Once a request pending approval is signed, the same call returns its certificate.
func TestIssueWithoutSignPermission(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, requestor := w.Root(t, notary.ECDSAP256), w.Caller(notary.CertificateRequestor)
	csr := newCSR(t)
	issue := func() (*ca.Issued, error) { return w.CA.Issue(t.Context(), requestor, csr, issueBy(root)) }
	first, err := issue()
	testkit.Check(t, err)
	second, err := issue()
	testkit.Check(t, err)
	want := &ca.Issued{RequestID: first.RequestID, Status: notary.Outstanding}
	for _, got := range []*ca.Issued{first, second} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("before the decision (-want +got):\n%s", diff)
		}
	}
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), first.RequestID, ca.SignOptions{AuthorityID: root}))
	signed, err := issue()
	testkit.Check(t, err)
	if signed.Certificate == nil || signed.Certificate.ID != request(t, w, first.RequestID).Certificate.ID {
		t.Errorf("after the decision: %+v", signed)
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), first.RequestID, notary.Superseded))
	_, err = issue()
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "revoked")

	csr = newCSR(t)
	second, err = issue()
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), second.RequestID, ca.SignOptions{AuthorityID: root}))
	w.Clock.Advance(request(t, w, second.RequestID).Certificate.NotAfter.Sub(w.Clock.Now()) + time.Second)
	_, err = issue()
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "expired")
	_, err = w.CA.Issue(t.Context(), w.Caller(notary.ReadOnly), csr, issueBy(root))
	testkit.WantKind(t, err, notary.Forbidden)
}

// A repeated call with the same key returns the first result, for a day and per account.
func TestIssueIdempotency(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, csr := w.Root(t, notary.ECDSAP256), newCSR(t)
	issue := func(caller notary.Caller, digest string) (*ca.Issued, error) {
		o := issueBy(root)
		o.Key, o.Digest = "my key", digest
		return w.CA.Issue(t.Context(), caller, csr, o)
	}
	first, err := issue(w.Admin(), "body")
	testkit.Check(t, err)
	before := w.Dump(t)
	second, err := issue(w.Admin(), "body")
	testkit.Check(t, err)
	if second.Certificate.ID != first.Certificate.ID || second.Certificate.ChainPEM() != first.Certificate.ChainPEM() {
		t.Errorf("the repeated call returned %+v, the first %+v", second, first)
	}
	_, err = issue(w.Admin(), "another body")
	testkit.WantKind(t, err, notary.Unprocessable)
	if diff := cmp.Diff(before, w.Dump(t)); diff != "" {
		t.Errorf("the repeated calls recorded:\n%s", diff)
	}
	other, err := issue(w.Caller(notary.CertificateManager), "another body")
	testkit.Check(t, err)
	if other.RequestID == first.RequestID {
		t.Error("another account's key has the same request")
	}
	w.Clock.Advance(24*time.Hour + time.Second)
	third, err := issue(w.Admin(), "another body")
	testkit.Check(t, err)
	if third.Certificate.ID == first.Certificate.ID {
		t.Error("the key was kept longer than a day")
	}
}

// If several calls with one key run concurrently, one records; without a key, each is a renewal.
func TestConcurrentIssue(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, tt := range map[string]struct {
		key   string
		certs int
	}{"with a key": {"my key", 1}, "without a key": {"", 4}} {
		csr, ids, requests := newCSR(t), make([]int64, 4), make([]int64, 4)
		errs := testkit.Race(4, func(i int) error {
			o := issueBy(root)
			o.Key = tt.key
			issued, err := w.CA.Issue(t.Context(), w.Admin(), csr, o)
			for notary.KindOf(err) == notary.Conflict { // concurrent renewals: retry like a client
				issued, err = w.CA.Issue(t.Context(), w.Admin(), csr, o)
			}
			if err == nil {
				ids[i], requests[i] = issued.Certificate.ID, issued.RequestID
			}
			return err
		})
		for _, err := range errs {
			testkit.Check(t, err)
		}
		distinct := map[int64]bool{}
		for i := range ids {
			distinct[ids[i]] = true
			if requests[i] != requests[0] {
				t.Errorf("%s: requests %v", name, requests)
			}
		}
		if len(distinct) != tt.certs {
			t.Errorf("%s: certificates %v, want %d", name, ids, tt.certs)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}
