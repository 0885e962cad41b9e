package ca_test

import (
	"crypto/x509/pkix"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// Roots are active immediately, other authorities pending.
func TestCreateAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	keys := map[notary.KeyAlgorithm]string{
		"": "ECDSA P-256", notary.ECDSAP256: "ECDSA P-256", notary.ECDSAP384: "ECDSA P-384",
		notary.ECDSAP521: "ECDSA P-521", notary.Ed25519: "Ed25519", notary.RSA2048: "RSA 2048",
		notary.RSA3072: "RSA 3072",
	}
	for alg, key := range keys {
		for _, selfSigned := range []bool{true, false} {
			id := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: selfSigned, KeyAlgorithm: alg, PathLen: 1,
				DNSNames: []string{"ca.example.com"},
				Subject:  pkix.Name{CommonName: "Root", Organization: []string{"Example"}, Country: []string{"DE"}}})
			a := authority(t, w, id)
			if a.Key != key || a.CommonName != "Root" || !a.Enabled || a.PathLen != 1 {
				t.Errorf("%q: created %+v", alg, a)
			}
			want := map[bool]notary.AuthorityStatus{true: notary.AuthorityActive,
				false: notary.AuthorityPending}[selfSigned]
			wantAuthority(t, w, id, want)
			if a.SelfSigned() != selfSigned || a.IssuerID() != 0 {
				t.Errorf("%q: self-signed %v, issuer %d", alg, a.SelfSigned(), a.IssuerID())
			}
			if !selfSigned {
				continue
			}
			cert := parsed(t, a.Certificate)
			if !cert.IsCA || cert.MaxPathLen != 1 || cert.Subject.Organization[0] != "Example" ||
				cert.DNSNames[0] != "ca.example.com" {
				t.Errorf("%q: the certificate is %+v", alg, cert)
			}
			verify(t, w, &notary.Certificate{DER: a.Certificate.DER, Issuers: notary.NewIssuers(a.Certificate.DER)})
		}
	}
}

func TestCreateAuthorityErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for name, tt := range map[string]struct {
		edit  func(*ca.AuthorityOptions)
		field string
	}{
		"no common name": {func(o *ca.AuthorityOptions) { o.Subject = pkix.Name{} }, "common_name"},
		"a long common name": {func(o *ca.AuthorityOptions) {
			o.Subject.CommonName = strings.Repeat("a", 65)
		}, "common_name"},
		"a long country": {func(o *ca.AuthorityOptions) { o.Subject.Country = []string{"DEU"} }, "country_name"},
		"no algorithm":   {func(o *ca.AuthorityOptions) { o.KeyAlgorithm = "rsa-1024" }, "key_algorithm"},
		"a short path":   {func(o *ca.AuthorityOptions) { o.PathLen = -2 }, "path_length"},
		"a long path":    {func(o *ca.AuthorityOptions) { o.PathLen = 1000 }, "path_length"},
		"an end now":     {func(o *ca.AuthorityOptions) { o.NotAfter = w.Clock.Now() }, "not_valid_after"},
		"an end in the past": {func(o *ca.AuthorityOptions) {
			o.NotAfter = w.Clock.Now().Add(-time.Hour)
		}, "not_valid_after"},
		"an end beyond reason": {func(o *ca.AuthorityOptions) {
			o.NotAfter = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		}, "not_valid_after"},
		"an address": {func(o *ca.AuthorityOptions) { o.DNSNames = []string{"10.0.0.7"} }, "sans_dns"},
		"no name":    {func(o *ca.AuthorityOptions) { o.DNSNames = []string{"-"} }, "sans_dns"},
	} {
		t.Run(name, func(t *testing.T) {
			o := ca.AuthorityOptions{SelfSigned: true, Subject: pkix.Name{CommonName: "Root"}, PathLen: -1}
			tt.edit(&o)
			_, err := w.CA.CreateAuthority(t.Context(), w.Admin(), o)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, tt.field)
		})
	}
	if all, err := w.CA.Authorities(t.Context(), w.Admin()); len(all) != 0 || err != nil {
		t.Errorf("%d authorities were created (%v)", len(all), err)
	}
}

func TestSignAuthorityLoop(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other := w.Root(t, notary.ECDSAP256)
	upper := w.Intermediate(t, root, notary.ECDSAP256)
	lower := w.Intermediate(t, upper, notary.ECDSAP256)
	lowest := w.Intermediate(t, lower, notary.ECDSAP256)
	for _, tt := range []struct {
		name       string
		id, issuer int64
		want       string
	}{
		{"itself", upper, upper, "by itself or a subordinate"},
		{"its child", upper, lower, "by itself or a subordinate"},
		{"its grandchild", upper, lowest, "by itself or a subordinate"},
		{"a root by another", root, other, "is a root"},
		{"a root by its child", root, upper, "is a root"},
		{"a root by itself", root, root, "is a root"},
	} {
		before := authority(t, w, tt.id)
		err := w.CA.SignAuthority(t.Context(), w.Admin(), tt.id, tt.issuer)
		if notary.KindOf(err) != notary.Conflict {
			t.Errorf("%s: got error %v, want a conflict", tt.name, err)
			continue
		}
		testkit.WantText(t, err, tt.want)
		if diff := cmp.Diff(before, authority(t, w, tt.id)); diff != "" {
			t.Errorf("%s: the refusal changed the authority (-before +after):\n%s", tt.name, diff)
		}
	}
	// A different issuer, and the same one again, are renewals.
	for _, issuer := range []int64{other, root, root} {
		testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), upper, issuer))
		if got := authority(t, w, upper).IssuerID(); got != issuer {
			t.Errorf("the issuer is %d, want %d", got, issuer)
		}
		testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), upper))
	}
	if _, err := w.CA.UploadAuthority(t.Context(), w.Admin(), root, ""); notary.KindOf(err) != notary.Conflict {
		t.Errorf("uploading for a root returned %v", err)
	}
}

// The path length limits the number of CAs below an authority (RFC 5280, section 4.2.1.9).
func TestPathLength(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: 1})
	upper := w.Intermediate(t, root, notary.ECDSAP256)
	lower := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	err := w.CA.SignAuthority(t.Context(), w.Admin(), lower, upper)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "allows 1 subordinate")
	wantAuthority(t, w, lower, notary.AuthorityPending)
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), upper))

	none := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: 0})
	testkit.WantKind(t, w.CA.SignAuthority(t.Context(), w.Admin(), lower, none), notary.Unprocessable)
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), none))

	wide := newAuthority(t, w, ca.AuthorityOptions{PathLen: 1})
	testkit.WantKind(t, w.CA.SignAuthority(t.Context(), w.Admin(), wide, root), notary.Unprocessable)
}

func TestNewOpensEveryKey(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one, two := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	start := func() error {
		return second(testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now}))
	}
	testkit.Check(t, start())

	_, err := testkit.OpenNode(t.Context(), w.Store, testkit.Keystore(t), testkit.NodeOptions{Now: w.Clock.Now})
	kind := notary.Internal
	if testkit.OnPostgres() { // nodes compare their secrets first
		kind = notary.Conflict
	}
	testkit.WantKind(t, err, kind)
	testkit.WantText(t, err, "cannot be decrypted with the key file")

	// A sealed key opens only for its own authority, even if an attacker can write to the database.
	w.Exec(t, `CREATE TEMP TABLE saved AS SELECT sealed_key FROM authority WHERE id = $1;
		UPDATE authority SET sealed_key = (SELECT sealed_key FROM authority WHERE id = $2) WHERE id = $1`, one, two)
	err = start()
	testkit.WantKind(t, err, notary.Internal)
	testkit.WantText(t, err, "tampered with")

	// The key of a deleted authority is not opened.
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), one, false))
	testkit.Check(t, start())
}

func TestDeleteAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	remove := func(id int64, force bool) error { return w.CA.DeleteAuthority(t.Context(), w.Admin(), id, force) }
	var requests []int64
	for range 3 {
		requests = append(requests, w.Signed(t, w.Admin(), root))
	}
	err := remove(root, false)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "3 certificates", "are still valid", "revoke all valid certificates first, or force")
	wantAuthority(t, w, root, notary.AuthorityActive)

	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), requests[0], notary.Superseded))
	testkit.WantText(t, remove(root, false), "2 certificates")
	testkit.Check(t, w.CA.Delete(t.Context(), w.Admin(), requests[1])) // its certificate remains valid
	testkit.WantText(t, remove(root, false), "2 certificates")
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), requests[2], notary.Superseded))
	testkit.WantText(t, remove(root, false), "1 certificate of this CA is still valid")
	w.Clock.Advance(91 * 24 * time.Hour)
	recorded := w.EventsOf(t, func() { testkit.Check(t, remove(root, false)) })
	if diff := cmp.Diff([]string{"authority.delete"}, recorded); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	testkit.WantKind(t, remove(root, false), notary.NotFound)
	_, err = w.Revocation.CRL(t.Context(), root)
	testkit.WantKind(t, err, notary.NotFound)

	// A forced deletion leaves valid certificates as they are; they can no longer be revoked.
	root = w.Root(t, notary.ECDSAP256)
	child := w.Intermediate(t, root, notary.ECDSAP256)
	id := w.Signed(t, w.Admin(), root)
	testkit.WantText(t, remove(root, false), "2 certificates") // including the subordinate CA's
	testkit.Check(t, remove(root, true))
	wantStatus(t, w, id, notary.Active)
	for name, err := range map[string]error{
		"request": w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded),
		"certificate": w.RevokeCertificate(t.Context(), w.Admin(), request(t, w, id).Certificate.ID,
			notary.Superseded),
		"intermediate": w.RevokeAuthority(t.Context(), w.Admin(), child, notary.Superseded),
	} {
		if notary.KindOf(err) != notary.Unprocessable || !strings.Contains(err.Error(), "was deleted") {
			t.Errorf("%s: got error %v, want that its authority was deleted", name, err)
		}
	}
	testkit.Check(t, remove(child, false))
	testkit.Check(t, remove(newAuthority(t, w, ca.AuthorityOptions{PathLen: -1}), false)) // pending
}

func TestAuthorityEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var id int64
	for _, tt := range []struct {
		do   func() error
		want []string
	}{
		{func() (err error) {
			id, err = w.CA.CreateAuthority(t.Context(), w.Admin(), ca.AuthorityOptions{
				Subject: pkix.Name{CommonName: "Authority"}, PathLen: -1})
			return err
		}, []string{"authority.create"}},
		{func() error { return w.CA.SignAuthority(t.Context(), w.Admin(), id, root) }, []string{"authority.sign"}},
		{func() error {
			return w.CA.EnableAuthority(t.Context(), w.Admin(), id, false)
		}, []string{"authority.disable"}},
		{func() error { return w.CA.EnableAuthority(t.Context(), w.Admin(), id, true) }, []string{"authority.enable"}},
		{func() error {
			return w.RevokeAuthority(t.Context(), w.Admin(), id, notary.CACompromise)
		}, []string{"certificate.revoke", "authority.revoke"}},
		{func() error { return w.CA.DeleteAuthority(t.Context(), w.Admin(), id, false) }, []string{"authority.delete"}},
	} {
		recorded := w.EventsOf(t, func() { testkit.Check(t, tt.do()) })
		if diff := cmp.Diff(tt.want, recorded); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
	err := w.CA.EnableAuthority(t.Context(), w.Admin(), id, true)
	var e *notary.Error
	if !errors.As(err, &e) || e.Kind != notary.NotFound {
		t.Errorf("enabling a deleted authority returned %v", err)
	}
}

// A revoked authority is on its issuer's CRL and disabled, and cannot be renewed or revoked again. Its CRL is still
// served.
func TestRevokeAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := w.Intermediate(t, root, notary.Ed25519)
	leaf := w.Signed(t, w.Admin(), id)
	serial := authority(t, w, id).Certificate.Serial
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), id, notary.CACompromise))

	wantAuthority(t, w, id, notary.AuthorityRevoked)
	entry := listed(fetchCRL(t, w, root), serial)
	if entry == nil || entry.ReasonCode != 2 {
		t.Errorf("the entry on the root's list is %+v, want reason 2 (cACompromise)", entry)
	}
	if authority(t, w, id).Enabled {
		t.Error("it is still enabled")
	}
	for name, err := range map[string]error{
		"revoke again": w.RevokeAuthority(t.Context(), w.Admin(), id, notary.Superseded),
		"renew":        w.CA.SignAuthority(t.Context(), w.Admin(), id, root),
		"upload":       second(w.CA.UploadAuthority(t.Context(), w.Admin(), id, "")),
	} {
		if notary.KindOf(err) != notary.Conflict || !strings.Contains(err.Error(), "revoked") {
			t.Errorf("%s: got error %v, want a conflict", name, err)
		}
	}
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), leaf, notary.Superseded))
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	if n := len(fetchCRL(t, w, id).RevokedCertificateEntries); n != 1 {
		t.Errorf("its own list has %d entries, want 1", n)
	}
}

// A revoked authority has no older valid certificate under which its signatures would verify.
func TestRevokeAuthorityRevokesEveryCertificate(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(w *testkit.World, id int64) error{
		"as an authority": func(w *testkit.World, id int64) error {
			return w.RevokeAuthority(t.Context(), w.Admin(), id, notary.CACompromise)
		},
		"as a certificate": func(w *testkit.World, id int64) error {
			return w.RevokeCertificate(t.Context(), w.Admin(), authority(t, w, id).Certificate.ID, notary.CACompromise)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			sub := w.Intermediate(t, root, notary.ECDSAP256)
			older := authority(t, w, sub).Certificate
			testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), sub, root))
			testkit.Check(t, revoke(w, sub))
			a := authority(t, w, sub)
			wantReasons(t, w, map[*notary.Certificate]notary.RevocationReason{
				older: notary.CACompromise, a.Certificate: notary.CACompromise})
			if a.Enabled {
				t.Error("the authority is still enabled")
			}
			testkit.WantKind(t, w.CA.EnableAuthority(t.Context(), w.Admin(), sub, true), notary.Conflict)
		})
	}
}

// A root's own CRL cannot revoke the root: no relying party would trust it.
func TestRootCannotRevokeItself(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	for name, revoke := range map[string]func() error{
		"as an authority": func() error {
			return w.RevokeAuthority(t.Context(), w.Admin(), root, notary.KeyCompromise)
		},
		"as a certificate": func() error {
			return w.RevokeCertificate(t.Context(), w.Admin(), authority(t, w, root).Certificate.ID,
				notary.KeyCompromise)
		},
	} {
		err := revoke()
		testkit.WantKind(t, err, notary.Unprocessable)
		testkit.WantText(t, err, "a root cannot revoke itself")
		wantAuthority(t, w, root, notary.AuthorityActive)
		if n := len(fetchCRL(t, w, root).RevokedCertificateEntries); n != 0 {
			t.Errorf("%s: the list has %d entries", name, n)
		}
	}
	testkit.Check(t, sign(t, w, w.Request(t, w.Admin()), root))
}
