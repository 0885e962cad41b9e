package ca_test

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func entriesOf(t testing.TB, w *testkit.World, id int64) (number int64, entries map[string]notary.Revocation) {
	t.Helper()
	list := fetchCRL(t, w, id)
	entries = map[string]notary.Revocation{}
	for _, e := range list.RevokedCertificateEntries {
		v := notary.Revocation{Serial: pki.SerialString(e.SerialNumber), At: e.RevocationTime}
		for reason, code := range notary.RevocationReasons {
			if code == e.ReasonCode {
				v.Reason = reason
			}
		}
		entries[v.Serial] = v
	}
	return list.Number.Int64(), entries
}

// An imported authority signs, its next CRL has a higher number and the same entries, and earlier certificates can be
// revoked.
func TestImportAuthority(t *testing.T) {
	t.Parallel()
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			o := testkit.OutsideRoot(t, alg, w.Clock.Now())
			before := []*x509.Certificate{o.Issue(t, testkit.Key(t, alg).Public()), o.Issue(t, testkit.Key(t, alg).Public()),
				o.Issue(t, testkit.Key(t, alg).Public())}
			at := w.Clock.Now().Add(-time.Hour)
			held := notary.Revocation{Serial: pki.SerialString(before[0].SerialNumber), At: at, Reason: notary.CertificateHold}
			gone := notary.Revocation{Serial: "0a0b", At: at, Reason: notary.Superseded}
			in := importOf(t, o)
			in.CRL = lastCRL(t, w, o, 41, held, gone)
			var id int64
			recorded := w.EventsOf(t, func() {
				var err error
				id, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
				testkit.Check(t, err)
			})
			if diff := cmp.Diff([]string{"authority.create", "authority.import", "authority.crl"}, recorded); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
			wantAuthority(t, w, id, notary.AuthorityActive)
			if a := authority(t, w, id); !a.SelfSigned() || a.Key != pki.KeyName(o.Key.Public()) ||
				a.CommonName != o.Certificate.Subject.CommonName {
				t.Errorf("imported %+v", a)
			}
			number, entries := entriesOf(t, w, id)
			if diff := cmp.Diff(map[string]notary.Revocation{held.Serial: held, gone.Serial: gone}, entries); diff != "" ||
				number <= 41 {
				t.Errorf("the next list has the number %d, and (-want +got):\n%s", number, diff)
			}

			done, err := w.CA.ImportCertificates(t.Context(), w.Admin(), id, testkit.PEM(append(before, o.Certificate)...))
			testkit.Check(t, err)
			if diff := cmp.Diff(ca.ImportedCertificates{Imported: 3, Known: 1, Revoked: 1}, done); diff != "" {
				t.Errorf("imported (-want +got):\n%s", diff)
			}
			revoked := 0
			for _, c := range inventory(t, w) {
				if c.Revocation != nil {
					revoked++
					if diff := cmp.Diff(&held, c.Revocation); diff != "" || c.AuthorityID != id {
						t.Errorf("its revocation (-want +got):\n%s", diff)
					}
				} else if c.Serial == pki.SerialString(before[1].SerialNumber) {
					testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), c.ID, notary.Superseded))
				}
			}
			first := number
			number, entries = entriesOf(t, w, id)
			if len(entries) != 3 || number <= first || revoked != 1 {
				t.Errorf("the list %d has %d entries, and %d certificates were revoked before; want 3 and 1", number, len(entries),
					revoked)
			}
			leaf := w.Signed(t, w.Admin(), id)
			verify(t, w, request(t, w, leaf).Certificate)
			w.Reopen(t)
			testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), id))
		})
	}
}

// A hold on an imported CRL is kept but cannot be requested.
func TestHoldCannotBeRequested(t *testing.T) {
	t.Parallel()
	_, err := notary.ParseRevocationReason(string(notary.CertificateHold))
	testkit.WantKind(t, err, notary.Invalid)
}

// A subordinate CA refers to its issuer if that is held here, whichever is imported first.
func TestImportBelowAnotherAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	first, second := root.Intermediate(t, notary.ECDSAP256), root.Intermediate(t, notary.ECDSAP256)
	take := func(o *testkit.Outside, entries ...notary.Revocation) int64 {
		in := importOf(t, o)
		if len(entries) > 0 {
			in.CRL = lastCRL(t, w, o, 5, entries...)
		}
		id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
		testkit.Check(t, err)
		return id
	}
	firstID := take(first)
	if got := authority(t, w, firstID).IssuerID(); got != 0 {
		t.Errorf("the issuer is %d, want none", got)
	}
	third := root.Intermediate(t, notary.ECDSAP256)
	revoked := notary.Revocation{Serial: pki.SerialString(third.Certificate.SerialNumber), At: w.Clock.Now(),
		Reason: notary.CACompromise}
	rootID := take(root, revoked)
	if got := authority(t, w, firstID).IssuerID(); got != rootID {
		t.Errorf("the issuer of the first is %d once its root is imported, want %d", got, rootID)
	}
	secondID, thirdID := take(second), take(third)
	if got := authority(t, w, secondID).IssuerID(); got != rootID {
		t.Errorf("the issuer of the second is %d, want %d", got, rootID)
	}
	done, err := w.CA.ImportCertificates(t.Context(), w.Admin(), rootID,
		testkit.PEM(first.Certificate, second.Certificate))
	testkit.Check(t, err)
	if diff := cmp.Diff(ca.ImportedCertificates{Known: 2}, done); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	if got := authority(t, w, firstID).IssuerID(); got != rootID {
		t.Errorf("the issuer of the first is %d, want %d", got, rootID)
	}
	wantAuthority(t, w, thirdID, notary.AuthorityRevoked)
	for _, id := range []int64{firstID, secondID} {
		testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), id, notary.Superseded))
		if listed(fetchCRL(t, w, rootID), authority(t, w, id).Certificate.Serial) == nil {
			t.Errorf("the authority %d is not on the root's list", id)
		}
	}
}

func TestImportErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	other := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	held := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, held))
	testkit.Check(t, err)
	before := len(inventory(t, w))
	for name, c := range map[string]struct {
		o     *testkit.Outside
		edit  func(*ca.Import)
		kind  notary.Kind
		field string
	}{
		"no key":       {o, func(in *ca.Import) { in.Key = nil }, notary.Invalid, "private_key"},
		"a broken key": {o, func(in *ca.Import) { in.Key = in.Key[:60] }, notary.Invalid, "private_key"},
		"no chain":     {o, func(in *ca.Import) { in.Chain = "" }, notary.Invalid, "certificate_chain"},
		"another's chain": {o, func(in *ca.Import) { in.Chain = testkit.PEM(other.Certificate) }, notary.Invalid,
			"certificate_chain"},
		"a key in the chain": {o, func(in *ca.Import) { in.Chain += string(in.Key) }, notary.Invalid, "certificate_chain"},
		"another's list":     {o, func(in *ca.Import) { in.CRL = lastCRL(t, w, other, 1) }, notary.Invalid, "crl"},
		"itself on its list": {o, func(in *ca.Import) {
			in.CRL = lastCRL(t, w, o, 1, notary.Revocation{Serial: pki.SerialString(o.Certificate.SerialNumber),
				At: w.Clock.Now(), Reason: notary.Superseded})
		}, notary.Invalid, "crl"},
		"a number before that of the list": {o, func(in *ca.Import) { in.CRL, in.CRLNumber = lastCRL(t, w, o, 41), 40 },
			notary.Invalid, "crl_number"},
		"a negative number":     {o, func(in *ca.Import) { in.CRLNumber = -1 }, notary.Invalid, "crl_number"},
		"one that is held here": {held, func(*ca.Import) {}, notary.Conflict, "private_key"},
	} {
		t.Run(name, func(t *testing.T) {
			in := importOf(t, c.o)
			c.edit(&in)
			_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
			testkit.WantKind(t, err, c.kind)
			testkit.WantField(t, err, c.field)
			if strings.Contains(err.Error(), string(importOf(t, c.o).Key[40:60])) {
				t.Errorf("the error tells of the key: %v", err)
			}
		})
	}
	if after := len(inventory(t, w)); after != before {
		t.Errorf("%d certificates were recorded", after-before)
	}
}

// A subordinate CA that was signed for a certificate request can be imported once the request is deleted.
func TestImportOfASubordinateOfARequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, key := w.Root(t, notary.ECDSAP256), testkit.Key(t, notary.ECDSAP256)
	of := requestFor(t, w, key, "sub.example.com")
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), of, ca.SignOptions{AuthorityID: root,
		Profile: notary.IntermediateProfile}))
	cert := request(t, w, of).Certificate
	in := importOf(t, &testkit.Outside{Key: key, Certificate: parsed(t, cert)})
	in.Chain = cert.ChainPEM()
	_, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "certificate_chain")
	testkit.WantText(t, err, fmt.Sprintf("certificate request %d: delete", of))
	wantStatus(t, w, of, notary.Active)

	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), of))
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	if a := authority(t, w, id); a.Certificate.ID != cert.ID || a.IssuerID() != root {
		t.Errorf("the authority uses the certificate %d of issuer %d, want %d and %d", a.Certificate.ID, a.IssuerID(),
			cert.ID, root)
	}
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), id))
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// A deleted authority that is imported again is restored with all its records.
func TestImportOfADeletedAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 5, notary.Revocation{Serial: "0a", At: w.Clock.Now(), Reason: notary.Superseded})
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	revoked, signed := w.Signed(t, w.Admin(), id), w.Signed(t, w.Admin(), id)
	serial := request(t, w, signed).Certificate.Serial
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), revoked, notary.Superseded))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))

	at := w.Clock.Now().Add(-time.Hour).Truncate(time.Second)
	last := w.Clock.Now().UnixMicro() + 1000 // greater than the numbers used here
	in.CRL = lastCRL(t, w, o, last, notary.Revocation{Serial: "0a", At: w.Clock.Now(), Reason: notary.Superseded},
		notary.Revocation{Serial: "0b", At: w.Clock.Now(), Reason: notary.Superseded},
		notary.Revocation{Serial: serial, At: at, Reason: notary.AffiliationChanged})
	again, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	if again != id {
		t.Errorf("it came back as %d, want %d", again, id)
	}
	wantAuthority(t, w, id, notary.AuthorityActive)
	wantStatus(t, w, signed, notary.Revoked)
	number, entries := entriesOf(t, w, id)
	if number <= last || len(entries) != 4 {
		t.Errorf("the list %d has %d entries, want one after %d with 4", number, len(entries), last)
	}
	if got := entries[serial]; got.Reason != notary.AffiliationChanged || !got.At.Equal(at) {
		t.Errorf("what was revoked elsewhere is listed as %+v, want with its own time and reason", got)
	}

	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	in.CRL = lastCRL(t, w, o, last)
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "crl")
	testkit.WantText(t, err, fmt.Sprint("number ", number))
}

// It is restored only with the subject that its certificates name as their issuer.
func TestImportOfADeletedAuthorityWithAnotherSubject(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	other := *o
	other.Certificate = nil
	other.Certificate = other.Issue(t, o.Key.Public(), func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
	})
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, &other))
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantField(t, err, "certificate_chain")
	_, err = w.CA.ImportAuthority(t.Context(), w.Admin(), importOf(t, o))
	testkit.Check(t, err)
}

func TestImportOfALongCRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	const many = 100_000
	entries := make([]notary.Revocation, many)
	for i := range entries {
		entries[i] = notary.Revocation{Serial: fmt.Sprintf("%016x", uint64(i+1)<<32), At: w.Clock.Now(),
			Reason: notary.Unspecified}
	}
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 1, entries...)
	id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	if n := len(fetchCRL(t, w, id).RevokedCertificateEntries); n != many {
		t.Errorf("the next list has %d entries, want %d", n, many)
	}
}

// After an authority was operated elsewhere, its next CRL has a higher number, even if nothing was revoked.
func TestCRLAfterAnImportIsNew(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	in := importOf(t, testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now()))
	previous := int64(0)
	for _, last := range []int64{0, 50, 1 << 61, 51} {
		in.CRLNumber = last
		id, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
		testkit.Check(t, err)
		if number, _ := entriesOf(t, w, id); number <= max(last, previous) {
			t.Errorf("the list after %d has the number %d", max(last, previous), number)
		} else {
			previous = number
		}
		testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), id, true))
	}
}
