package ca_test

import (
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// importedCertificates imports a CA and a certificate for each host that it issued before, and returns their IDs.
func importedCertificates(t *testing.T, w *testkit.World, hosts ...string) (authorityID int64, ids []int64) {
	t.Helper()
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	authorityID, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	for _, host := range hosts {
		issued := o.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), func(c *x509.Certificate) {
			c.Subject.CommonName, c.DNSNames = host, []string{host}
		})
		_, err := w.CA.ImportCertificates(t.Context(), w.Admin(), authorityID, testkit.PEM(issued))
		testkit.Check(t, err)
		ids = append(ids, slices.Max(slices.Collect(maps.Keys(inventory(t, w)))))
	}
	return authorityID, ids
}

// An imported certificate belongs to nobody until it is transferred. Every transfer is an event.
func TestTransferOfACertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	team := newTeam(t, w, "team", bob)
	_, ids := importedCertificates(t, w, "a.example.com")
	id := ids[0]
	manager := w.Caller(notary.CertificateManager)
	annRef, teamRef := ann.Ref().String(), fmt.Sprintf("group %d (team)", team)
	for _, step := range []struct {
		to       ca.NewOwner
		want     notary.Owner
		sees     notary.Caller
		seesNone notary.Caller
		text     string
	}{
		{toAccount(ann), notary.Owner{AccountID: ann.Principal.ID}, ann, bob, "owner: " + annRef},
		{toGroup(team), notary.Owner{GroupID: team}, bob, ann, "owner: " + annRef + " → " + teamRef},
		{ca.OwnerNamed(ann.Principal.Name), notary.Owner{AccountID: ann.Principal.ID}, ann, bob,
			"owner: " + teamRef + " → " + annRef},
	} {
		before := w.Events(t)
		testkit.Check(t, w.CA.TransferCertificate(t.Context(), manager, id, step.to))
		events := w.Events(t)[len(before):]
		if len(events) != 1 || events[0].Action != "certificate.transfer" || events[0].Object.ID != id ||
			events[0].Details() != step.text {
			t.Errorf("the events are %+v, want %s", events, step.text)
		}
		cert, err := w.CA.Certificate(t.Context(), step.sees, id)
		testkit.Check(t, err)
		if cert.Owner() != step.want || cert.Email != ann.Principal.Name {
			t.Errorf("the certificate belongs to %+v (%s), want %+v", cert.Owner(), cert.Email, step.want)
		}
		if _, seen := seenBy(t, w, step.sees); !cmp.Equal(seen, []int64{id}) {
			t.Errorf("the owner's list has %v", seen)
		}
		testkit.WantKind(t, second(w.CA.Certificate(t.Context(), step.seesNone, id)), notary.NotFound)
		testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
	}
}

func TestCertificatesThatAreNotTransferred(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann := newRequestor(t, w)
	of := w.Signed(t, ann, root)
	imported, _ := importedCertificates(t, w)
	v1 := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	v1.Certificate = testkit.Reissue(t, v1.Certificate, v1.Key, testkit.Form{Version1: true, Serial: []byte{7}})
	old, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, v1))
	testkit.Check(t, err)
	for name, id := range map[string]int64{
		"of a request":                 request(t, w, of).Certificate.ID,
		"of a CA":                      authority(t, w, root).Certificate.ID,
		"of an imported CA":            authority(t, w, imported).Certificate.ID,
		"of an imported CA, version 1": authority(t, w, old).Certificate.ID,
	} {
		events := w.EventsOf(t, func() {
			err = w.CA.TransferCertificate(t.Context(), w.Admin(), id, toAccount(ann))
		})
		if notary.KindOf(err) != notary.Conflict || len(events) > 0 {
			t.Errorf("%s: %v, %v", name, err, events)
		}
		cert, err := w.CA.Certificate(t.Context(), w.Admin(), id)
		testkit.Check(t, err)
		if offered, err := w.CA.MayTransfer(t.Context(), w.Admin(), cert); offered || err != nil {
			t.Errorf("%s: a transfer is offered (%v)", name, err)
		}
	}
	err = w.CA.TransferCertificate(t.Context(), w.Admin(), request(t, w, of).Certificate.ID, toAccount(ann))
	testkit.WantText(t, err, fmt.Sprintf("belongs to certificate request %d: transfer the request", of))
}

// Once its request is deleted, a certificate is transferred alone, by the same rules as a request.
func TestWhoTransfersCertificates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	ann, bob, eve := newRequestor(t, w), newRequestor(t, w), newRequestor(t, w)
	team, both, others := newTeam(t, w, "team", ann, bob), newTeam(t, w, "both", ann), newTeam(t, w, "others", eve)
	granted := newRequestor(t, w)
	grantTo(t, w, granted, notary.GrantTerms{Actions: []string{"request.view"}})
	grantTo(t, w, granted, notary.GrantTerms{Actions: []string{"certificate.transfer"}, OwnerGroups: []int64{team},
		Owners: []int64{ann.Principal.ID}})
	reader := w.NewCaller(t, w.Admin(), notary.ReadOnly)
	for name, test := range map[string]struct {
		caller notary.Caller
		of     int64 // group; 0 for ann
		to     ca.NewOwner
		want   notary.Kind
	}{
		"the owner to its group":            {ann, 0, toGroup(team), ""},
		"a member to another group":         {ann, team, ca.OwnerNamed("both"), ""},
		"the owner to a group of others":    {ann, 0, toGroup(others), notary.Forbidden},
		"the owner to an account":           {ann, 0, toAccount(bob), notary.Forbidden},
		"a member to a group of others":     {bob, team, toGroup(both), notary.Forbidden},
		"somebody else":                     {eve, 0, toGroup(others), notary.NotFound},
		"somebody else by name":             {eve, team, ca.OwnerNamed("others"), notary.NotFound},
		"Read Only":                         {reader, 0, toGroup(team), notary.Forbidden},
		"a Certificate Manager":             {w.Caller(notary.CertificateManager), team, toAccount(eve), ""},
		"to an account that cannot submit":  {w.Admin(), team, toAccount(reader), notary.Invalid},
		"to the present owner":              {w.Admin(), team, toGroup(team), notary.Conflict},
		"to nobody":                         {w.Admin(), 0, ca.NewOwner{Kind: "group"}, notary.Invalid},
		"a grant within its limits":         {granted, 0, toGroup(team), ""},
		"a grant, to an owner outside it":   {granted, 0, toGroup(others), notary.Forbidden},
		"a grant, from an owner outside it": {granted, both, toGroup(team), notary.Forbidden},
	} {
		of := submitFor(t, w, ann, test.of, "a.example.com")
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), of, ca.SignOptions{AuthorityID: root}))
		id := request(t, w, of).Certificate.ID
		testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), of))
		before, err := w.Store.Certificate(t.Context(), id)
		testkit.Check(t, err)
		if err := w.CA.TransferCertificate(t.Context(), test.caller, id, test.to); notary.KindOf(err) != test.want {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
		after, err := w.Store.Certificate(t.Context(), id)
		testkit.Check(t, err)
		if (after.Owner() == before.Owner()) != (test.want != "") {
			t.Errorf("%s: the owner is %+v, it was %+v", name, after.Owner(), before.Owner())
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// If an upload assigns the certificate to a request while it is transferred, the later change is refused.
func TestTransferOfAnUploadedCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	ann, bob := newRequestor(t, w), newRequestor(t, w)
	key := testkit.Key(t, notary.ECDSAP256)
	of := requestFor(t, w, key, "a.example.com")
	chain := o.Chain(t, key.Public())
	id, err := w.CA.Upload(t.Context(), w.Admin(), of, chain)
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), of))
	of = requestFor(t, w, key, "b.example.com")
	seen, err := w.Store.Certificate(t.Context(), id)
	testkit.Check(t, err)
	testkit.Check(t, second(w.CA.Upload(t.Context(), w.Admin(), of, chain)))
	testkit.WantKind(t, w.Store.Write(t.Context(), func(tx *store.Tx) error {
		return tx.TransferCertificate(seen, &notary.Account{ID: ann.Principal.ID, Email: ann.Principal.Name}, 0)
	}), notary.Conflict)
	cert, err := w.CA.Certificate(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	if cert.RequestID != of || cert.Owner() != request(t, w, of).Owner() {
		t.Errorf("the certificate belongs to %+v and to request %d", cert.Owner(), cert.RequestID)
	}
	testkit.WantKind(t, w.CA.TransferCertificate(t.Context(), w.Admin(), id, toAccount(bob)), notary.Conflict)
}
