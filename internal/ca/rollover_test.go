package ca_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func rollOver(t testing.TB, w *testkit.World, id int64) int64 {
	t.Helper()
	successor, err := w.CA.RollOver(t.Context(), w.Admin(), id, ca.RollOverOptions{})
	testkit.Check(t, err)
	return successor
}

// Certificates from either key of a root verify under both, for every type of key, and each has its own CRL.
func TestRollOverOfARoot(t *testing.T) {
	t.Parallel()
	for _, alg := range algorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			old := named(t, w, "Root", 0, func(o *ca.AuthorityOptions) {
				o.KeyAlgorithm, o.DNSNames = alg, []string{"ca.example.com"}
			})
			shards := 4
			testkit.Check(t, w.CA.ChangePublication(t.Context(), w.Admin(), old, ca.PublicationChange{Shards: &shards}))
			before := w.Signed(t, w.Admin(), old)
			w.Clock.Advance(1000 * time.Hour)
			var successor int64
			events := w.EventsOf(t, func() { successor = rollOver(t, w, old) })
			if diff := cmp.Diff([]string{"authority.create", "authority.roll_over"}, events); diff != "" {
				t.Errorf("the events (-want +got):\n%s", diff)
			}
			wantAuthority(t, w, old, notary.AuthorityDisabled)
			wantAuthority(t, w, successor, notary.AuthorityActive)
			a, b := authority(t, w, old), authority(t, w, successor)
			if b.PredecessorID != old || b.Key != a.Key || b.CommonName != "Root" || !b.SelfSigned() ||
				b.Publication.Shards != 4 {
				t.Errorf("the successor is %+v", b)
			}
			oldRoot, newRoot := parsed(t, a.Certificate), parsed(t, b.Certificate)
			if !bytes.Equal(oldRoot.RawSubject, newRoot.RawSubject) ||
				pki.SameKey(oldRoot.PublicKey, newRoot.PublicKey) ||
				!slices.Equal(oldRoot.DNSNames, newRoot.DNSNames) ||
				bytes.Equal(oldRoot.SubjectKeyId, newRoot.SubjectKeyId) {
				t.Errorf("the new root is for %s, with the key identifier %x", newRoot.Subject, newRoot.SubjectKeyId)
			}

			after := w.Signed(t, w.Admin(), successor)
			for _, id := range []int64{before, after} {
				wantChains(t, chainsOf(t, w, request(t, w, id).Certificate.ID), []string{"Root"},
					[]string{"Root", "Root"})
			}
			testkit.WantKind(t, sign(t, w, w.Request(t, w.Admin()), old), notary.Conflict)
			for _, id := range []int64{old, successor} {
				if bundle, err := w.Issuers.Bundle(t.Context(), id); err != nil || len(bundle.Certificates) != 3 {
					t.Errorf("of authority %d %d certificates are published (%v)", id, len(bundle.Certificates), err)
				}
			}

			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), before, notary.Superseded))
			lists := []*x509.RevocationList{fetchCRL(t, w, old), fetchCRL(t, w, successor)}
			if len(lists[0].RevokedCertificateEntries) != 1 || len(lists[1].RevokedCertificateEntries) != 0 ||
				!bytes.Equal(lists[0].AuthorityKeyId, oldRoot.SubjectKeyId) ||
				!bytes.Equal(lists[1].AuthorityKeyId, newRoot.SubjectKeyId) {
				t.Errorf("the lists have %d and %d entries", len(lists[0].RevokedCertificateEntries),
					len(lists[1].RevokedCertificateEntries))
			}
			testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
			testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
		})
	}
}

// A link certificate is revoked like any other, on the CRL of the key that signed it.
func TestRevokeLink(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	old := named(t, w, "Root", 0)
	certificate := leaf(t, w, old)
	successor := rollOver(t, w, old)
	ids, _ := certificatesOf(t, w, old)
	link := inventory(t, w)[ids[1]]
	if link.AuthorityID != successor {
		t.Fatalf("the certificates of the old one are %v", ids)
	}
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), link.ID, notary.CessationOfOperation))
	if listed(fetchCRL(t, w, successor), link.Serial) == nil {
		t.Error("it is not on the list of the successor")
	}
	wantChains(t, chainsOf(t, w, certificate.ID), []string{"Root"})
	wantAuthority(t, w, old, notary.AuthorityDisabled)
	wantAuthority(t, w, successor, notary.AuthorityActive)
}

// The successor of a subordinate CA is signed by its issuer, with the same profile, constraints and path length.
func TestRollOverOfASubordinateCA(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := named(t, w, "Root", 0)
	old := named(t, w, "Lower", root, func(o *ca.AuthorityOptions) {
		o.PathLen, o.Constraints.Permitted.DNS = 0, []string{"example.com"}
	})
	before := leaf(t, w, old)
	successor, err := w.CA.RollOver(t.Context(), w.Admin(), old, ca.RollOverOptions{KeyAlgorithm: notary.Ed25519,
		NotAfter: w.Clock.Now().AddDate(0, 1, 0)})
	testkit.Check(t, err)
	a := authority(t, w, successor)
	cert := parsed(t, a.Certificate)
	if a.IssuerID() != root || a.Key != "Ed25519" || cert.MaxPathLen != 0 || !cert.MaxPathLenZero ||
		!slices.Equal(cert.PermittedDNSDomains, []string{"example.com"}) ||
		!a.Certificate.NotAfter.Equal(w.Clock.Now().AddDate(0, 1, 0)) {
		t.Errorf("the successor is %+v with %+v", a, cert)
	}
	wantAuthority(t, w, old, notary.AuthorityDisabled)
	wantChains(t, chainsOf(t, w, before.ID), []string{"Lower", "Root"})
	wantChains(t, chainsOf(t, w, leaf(t, w, successor).ID), []string{"Lower", "Root"})
	testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), before.ID, notary.Superseded))
	if listed(fetchCRL(t, w, old), before.Serial) == nil || listed(fetchCRL(t, w, successor), before.Serial) != nil {
		t.Error("the two have the same list")
	}
	// Revoking the old one does not affect the successor.
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), old, notary.CessationOfOperation))
	wantAuthority(t, w, successor, notary.AuthorityActive)
}

// If the issuer is an external CA or was deleted, the old authority remains active until the successor's certificate
// is uploaded.
func TestRollOverWaitsForItsCertificate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	asAuthority := func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	}
	upload := func(id int64) {
		t.Helper()
		_, err := w.CA.UploadAuthority(t.Context(), w.Admin(), id, outside.Chain(t, csrKey(t, authority(t, w, id).CSR),
			asAuthority))
		testkit.Check(t, err)
	}
	old := w.Pending(t)
	upload(old)
	successor := rollOver(t, w, old)
	wantAuthority(t, w, successor, notary.AuthorityPending)
	wantAuthority(t, w, old, notary.AuthorityActive)
	leaf(t, w, old)
	upload(successor)
	wantAuthority(t, w, successor, notary.AuthorityActive)
	wantAuthority(t, w, old, notary.AuthorityDisabled)

	root := named(t, w, "Root", 0)
	orphan := named(t, w, "Orphan", root)
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, true))
	next := rollOver(t, w, orphan)
	wantAuthority(t, w, next, notary.AuthorityPending)
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), next, named(t, w, "Other Root", 0)))
	wantAuthority(t, w, orphan, notary.AuthorityDisabled)
	// A renewal of the successor does not disable an authority that was enabled again.
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), orphan, true))
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), next, authority(t, w, next).IssuerID()))
	wantAuthority(t, w, orphan, notary.AuthorityActive)
}

// An authority that cannot sign or has a successor cannot be rolled over, and a failed roll-over leaves no records.
func TestRollOverErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := named(t, w, "Root", 0)
	disabled := named(t, w, "Disabled", 0)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	rolled := named(t, w, "Rolled", 0)
	rollOver(t, w, rolled)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), rolled, true))
	parent := named(t, w, "Parent", root)
	orphan := named(t, w, "Orphan", parent)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), parent, false))
	before, err := w.CA.Authorities(t.Context(), w.Admin())
	testkit.Check(t, err)
	for name, tt := range map[string]struct {
		id   int64
		o    ca.RollOverOptions
		kind notary.Kind
		want string
	}{
		"pending":              {w.Pending(t), ca.RollOverOptions{}, notary.Conflict, "is pending"},
		"disabled":             {disabled, ca.RollOverOptions{}, notary.Conflict, "is disabled"},
		"rolled over":          {rolled, ca.RollOverOptions{}, notary.Conflict, "successor of"},
		"its parent disabled":  {orphan, ca.RollOverOptions{}, notary.Conflict, "it cannot sign"},
		"an end in the past":   {root, ca.RollOverOptions{NotAfter: w.Clock.Now()}, notary.Invalid, "in the future"},
		"an unknown algorithm": {root, ca.RollOverOptions{KeyAlgorithm: "rsa-1024"}, notary.Invalid, "rsa-1024"},
		"nothing":              {nothing, ca.RollOverOptions{}, notary.NotFound, "no certificate authority"},
	} {
		_, err := w.CA.RollOver(t.Context(), w.Admin(), tt.id, tt.o)
		if notary.KindOf(err) != tt.kind {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		testkit.WantText(t, err, tt.want)
	}
	after, err := w.CA.Authorities(t.Context(), w.Admin())
	testkit.Check(t, err)
	if len(after) != len(before)+1 { // the pending one
		t.Errorf("there are %d authorities instead of %d", len(after), len(before)+1)
	}
	wantAuthority(t, w, orphan, notary.AuthorityActive)
}

func TestConcurrentRollOvers(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := named(t, w, "Root", 0)
	outcomes := make(chan error, 4)
	for range cap(outcomes) {
		go func() {
			_, err := w.CA.RollOver(context.WithoutCancel(t.Context()), w.Admin(), root, ca.RollOverOptions{})
			outcomes <- err
		}()
	}
	good := 0
	for range cap(outcomes) {
		if err := <-outcomes; err == nil {
			good++
		} else {
			testkit.WantKind(t, err, notary.Conflict)
		}
	}
	if good != 1 {
		t.Errorf("%d roll-overs succeeded", good)
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// A successor can be rolled over again. Each roll-over adds link certificates.
func TestRollOverAgain(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	first := named(t, w, "Root", 0)
	certificate := leaf(t, w, first)
	second := rollOver(t, w, first)
	third := rollOver(t, w, second)
	wantAuthority(t, w, second, notary.AuthorityDisabled)
	wantAuthority(t, w, third, notary.AuthorityActive)
	wantChains(t, chainsOf(t, w, certificate.ID), []string{"Root"}, []string{"Root", "Root"},
		[]string{"Root", "Root", "Root"})
}
