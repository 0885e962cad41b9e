package ca_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/testkit"
)

const conflict notary.RequestStatus = "conflict"

// transitions is the contract: the status after each action.
var transitions = map[notary.RequestStatus]map[notary.Action]notary.RequestStatus{
	notary.Outstanding: {
		notary.Sign: notary.Active, notary.Upload: notary.Active, notary.Reject: notary.Rejected,
		notary.Revoke: conflict, notary.RemoveCertificate: conflict, notary.Reopen: conflict},
	notary.Active: {
		notary.Sign: notary.Active, notary.Upload: notary.Active, notary.Reject: conflict,
		notary.Revoke: notary.Revoked, notary.RemoveCertificate: notary.Outstanding, notary.Reopen: conflict},
	notary.Rejected: {
		notary.Sign: conflict, notary.Upload: conflict, notary.Reject: conflict,
		notary.Revoke: conflict, notary.RemoveCertificate: conflict, notary.Reopen: notary.Outstanding},
	notary.Revoked: {
		notary.Sign: conflict, notary.Upload: conflict, notary.Reject: conflict,
		notary.Revoke: conflict, notary.RemoveCertificate: conflict, notary.Reopen: notary.Outstanding},
}

// events are those that each successful action records.
var events = map[notary.Action][]string{
	notary.Sign:              {"request.sign"},
	notary.Upload:            {"request.upload"},
	notary.Reject:            {"request.reject"},
	notary.Revoke:            {"certificate.revoke", "request.revoke"},
	notary.RemoveCertificate: {"request.remove_certificate"},
	notary.Reopen:            {"request.reopen"},
}

type transitionWorld struct {
	*testkit.World
	root    int64
	outside *testkit.Outside
}

func newTransitionWorld(t *testing.T) *transitionWorld {
	w := testkit.New(t)
	return &transitionWorld{w, w.Root(t, notary.ECDSAP256), testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())}
}

func (w *transitionWorld) in(t *testing.T, status notary.RequestStatus) int64 {
	t.Helper()
	id := w.Request(t, w.Caller(notary.CertificateRequestor))
	steps := map[notary.RequestStatus][]notary.Action{
		notary.Outstanding: {},
		notary.Active:      {notary.Sign},
		notary.Rejected:    {notary.Reject},
		notary.Revoked:     {notary.Sign, notary.Revoke},
	}
	for _, action := range steps[status] {
		testkit.Check(t, w.act(t, id, action))
	}
	wantStatus(t, w.World, id, status)
	return id
}

func (w *transitionWorld) act(t *testing.T, id int64, action notary.Action) error {
	t.Helper()
	switch action {
	case notary.Sign:
		return sign(t, w.World, id, w.root)
	case notary.Upload:
		_, err := w.CA.Upload(t.Context(), w.Admin(), id, w.outside.Chain(t, publicKey(t, w.World, id)))
		return err
	case notary.Reject:
		return w.CA.Reject(t.Context(), w.Admin(), id, "")
	case notary.Revoke:
		return w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded)
	case notary.RemoveCertificate:
		return w.CA.RemoveCertificate(t.Context(), w.Admin(), id)
	case notary.Reopen:
		return w.CA.Reopen(t.Context(), w.Admin(), id)
	}
	t.Fatalf("there is no action %q", action)
	return nil
}

// Every action in every status results in the next status with its events, inventory and CRL, or in a conflict
// without changes.
func TestTransitions(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	for _, status := range notary.RequestStatuses {
		if len(transitions[status]) != len(events) {
			t.Errorf("the table has %d actions for %s, want %d", len(transitions[status]), status, len(events))
		}
		for action, next := range transitions[status] {
			t.Run(string(status)+" "+string(action), func(t *testing.T) {
				id := w.in(t, status)
				before, certificates := request(t, w.World, id), inventory(t, w.World)
				list := fetchCRL(t, w.World, w.root)
				var err error
				recorded := w.EventsOf(t, func() { err = w.act(t, id, action) })
				if next == conflict {
					testkit.WantKind(t, err, notary.Conflict)
					w.wantUnchanged(t, before, certificates, list.Number.Int64(), recorded)
					return
				}
				testkit.Check(t, err)
				wantStatus(t, w.World, id, next)
				if diff := cmp.Diff(events[action], recorded); diff != "" {
					t.Errorf("events (-want +got):\n%s", diff)
				}
				w.wantCertificates(t, id, action, next, len(certificates))
				w.wantListed(t, before, action == notary.Revoke)
			})
		}
	}
}

func (w *transitionWorld) wantUnchanged(t *testing.T, before *notary.Request,
	certificates map[int64]*notary.Certificate, crlNumber int64, recorded []string) {
	t.Helper()
	if diff := cmp.Diff(before, request(t, w.World, before.ID)); diff != "" {
		t.Errorf("the refusal changed the request (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(certificates, inventory(t, w.World)); diff != "" {
		t.Errorf("the refusal changed the inventory (-before +after):\n%s", diff)
	}
	if n := fetchCRL(t, w.World, w.root).Number.Int64(); n != crlNumber {
		t.Errorf("the refused action built a new CRL: number %d after %d", n, crlNumber)
	}
	if recorded != nil {
		t.Errorf("the refusal put on record: %q", recorded)
	}
}

// wantCertificates checks that signing and uploading add a certificate to the inventory, that no action removes one,
// and that only an active request has a current one.
func (w *transitionWorld) wantCertificates(t *testing.T, id int64, action notary.Action, next notary.RequestStatus,
	before int) {
	t.Helper()
	want := before
	if slices.Contains([]notary.Action{notary.Sign, notary.Upload}, action) {
		want++
	}
	if got := len(inventory(t, w.World)); got != want {
		t.Errorf("the inventory has %d certificates, want %d", got, want)
	}
	if inUse := request(t, w.World, id).Certificate; (inUse != nil) != (next == notary.Active) {
		t.Errorf("the request is %s and has the certificate %v", next, inUse)
	}
}

// wantListed checks that the CRL lists the former current certificate if and only if it was revoked.
func (w *transitionWorld) wantListed(t *testing.T, before *notary.Request, revoked bool) {
	t.Helper()
	if before.Certificate == nil {
		return
	}
	list := fetchCRL(t, w.World, w.root)
	entry := listed(list, before.Certificate.Serial)
	if (entry != nil) != revoked {
		t.Errorf("the CRL has the certificate: %v, want %v", entry != nil, revoked)
	}
	if entry != nil && (entry.ReasonCode != 4 || !entry.RevocationTime.Equal(list.ThisUpdate)) { // just revoked
		t.Errorf("the CRL has reason %d at %v, want 4 (superseded) at %v", entry.ReasonCode, entry.RevocationTime,
			list.ThisUpdate)
	}
}

// A request that has had a certificate cannot be rejected, however it became Outstanding again.
func TestRejectAfterCertificate(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	for _, way := range [][]notary.Action{
		{notary.Sign, notary.RemoveCertificate},
		{notary.Upload, notary.RemoveCertificate},
		{notary.Sign, notary.Revoke, notary.Reopen},
	} {
		id := w.in(t, notary.Outstanding)
		for _, action := range way {
			testkit.Check(t, w.act(t, id, action))
		}
		err := w.act(t, id, notary.Reject)
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantText(t, err, "has had a certificate", "revoke certificate")
		testkit.Check(t, w.act(t, id, notary.Sign)) // it can be signed again
	}
}

func TestRenewal(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	id := w.in(t, notary.Active)
	first := request(t, w.World, id).Certificate
	testkit.Check(t, w.act(t, id, notary.Sign))
	second := request(t, w.World, id).Certificate
	testkit.Check(t, w.act(t, id, notary.Upload))
	third := request(t, w.World, id).Certificate
	if first.ID == second.ID || second.ID == third.ID || first.Serial == second.Serial {
		t.Fatalf("the renewals are not new: %d, %d, %d", first.ID, second.ID, third.ID)
	}
	all := inventory(t, w.World)
	for _, cert := range []*notary.Certificate{first, second, third} {
		if diff := cmp.Diff(cert, all[cert.ID]); diff != "" {
			t.Errorf("the certificate %d (-when issued +now):\n%s", cert.ID, diff)
		}
	}
	// Revoking an older certificate does not affect the request.
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), first.ID, notary.Superseded))
	wantStatus(t, w.World, id, notary.Active)
	if listed(fetchCRL(t, w.World, w.root), first.Serial) == nil {
		t.Error("the older certificate is not on the CRL")
	}
}

// An uploaded certificate must be revoked by its issuer.
func TestRevokeUploaded(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	id := w.in(t, notary.Outstanding)
	testkit.Check(t, w.act(t, id, notary.Upload))
	err := w.act(t, id, notary.Revoke)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "revoke it where it was issued")
	wantStatus(t, w.World, id, notary.Active)
}

// The certificates of a deleted request remain visible to the requester and revocable.
func TestDelete(t *testing.T) {
	t.Parallel()
	w := newTransitionWorld(t)
	requestor := w.Caller(notary.CertificateRequestor)
	for _, status := range notary.RequestStatuses {
		id := w.in(t, status)
		before := request(t, w.World, id)
		certificates := len(inventory(t, w.World))
		recorded := w.EventsOf(t, func() { testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), id)) })
		if diff := cmp.Diff([]string{"request.delete"}, recorded); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		if got := len(inventory(t, w.World)); got != certificates {
			t.Errorf("deleting a request that is %s leaves %d certificates of %d", status, got, certificates)
		}
		_, err := w.CA.Request(t.Context(), requestor, id)
		testkit.WantKind(t, err, notary.NotFound)
		testkit.WantKind(t, w.CA.Delete(t.Context(), w.Admin(), id), notary.NotFound)
		if before.Certificate == nil {
			continue
		}
		if _, err := w.CA.Certificate(t.Context(), requestor, before.Certificate.ID); err != nil {
			t.Errorf("its requester cannot see the certificate: %v", err)
		}
		testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), before.Certificate.ID, notary.KeyCompromise))
		if listed(fetchCRL(t, w.World, w.root), before.Certificate.Serial) == nil {
			t.Error("it is not on the CRL")
		}
	}
}
