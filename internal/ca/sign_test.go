package ca_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestSign(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for _, authorityKey := range algorithms {
		issuer := w.Intermediate(t, w.Root(t, authorityKey), authorityKey)
		for _, key := range algorithms {
			t.Run(string(authorityKey)+" signs "+string(key), func(t *testing.T) {
				id := requestFor(t, w, testkit.Key(t, key), "a.example.com")
				testkit.Check(t, sign(t, w, id, issuer))
				cert := request(t, w, id).Certificate
				verify(t, w, cert)
				if cert.AuthorityID != issuer || cert.RequestID != id || len(cert.Issuers.DER()) != 2 {
					t.Errorf("the inventory has authority %d, request %d and %d issuers, want %d, %d and 2",
						cert.AuthorityID, cert.RequestID, len(cert.Issuers.DER()), issuer, id)
				}
				if _, err := w.Revocation.CRL(t.Context(), issuer); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func verify(t testing.TB, w *testkit.World, cert *notary.Certificate) {
	t.Helper()
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	for i, der := range cert.Issuers.DER() {
		issuer, err := x509.ParseCertificate(der)
		testkit.Check(t, err)
		if i == len(cert.Issuers.DER())-1 {
			roots.AddCert(issuer)
		} else {
			intermediates.AddCert(issuer)
		}
	}
	_, err := parsed(t, cert).Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates,
		CurrentTime: w.Clock.Now(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	testkit.Check(t, err)
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	const server, client = x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	for profile, want := range map[string][]x509.ExtKeyUsage{
		"server": {server}, "client": {client}, "server-client": {server, client}, "": {server, client},
	} {
		id := w.Request(t, w.Admin())
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: profile}))
		cert := request(t, w, id).Certificate
		if got := parsed(t, cert).ExtKeyUsage; !slices.Equal(got, want) {
			t.Errorf("the profile %q results in the usages %v, want %v", profile, got, want)
		}
		if name := max(profile, "server-client"); profile == "" && cert.Profile != name || profile != "" &&
			cert.Profile != profile {
			t.Errorf("the profile %q is recorded as %q", profile, cert.Profile)
		}
	}
	id := w.Request(t, w.Admin())
	err := w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: root, Profile: "root"})
	testkit.WantKind(t, err, notary.Invalid)
	testkit.WantField(t, err, "profile")
	testkit.WantText(t, err, "use server, client, server-client")
	wantStatus(t, w, id, notary.Outstanding)
}

// The validity is the requested or default one, and never exceeds the issuer's.
func TestValidity(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	now := w.Clock.Now()
	const day = 24 * time.Hour
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1, NotAfter: now.Add(10 * day)})
	long := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1, NotAfter: now.Add(1000 * day)})
	middle := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1, NotAfter: now.Add(2000 * day)})
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), middle, long))
	for _, tt := range []struct {
		name      string
		authority int64
		asked     time.Time
		want      time.Time
	}{
		{"the default", long, time.Time{}, now.Add(90*day - time.Minute - time.Second)},
		{"asked for", long, now.Add(5 * day), now.Add(5 * day)},
		{"the next second", long, now.Add(time.Second), now.Add(time.Second)},
		{"the default, cut to the issuer", short, time.Time{}, now.Add(10 * day)},
		{"asked for, cut to the issuer", short, now.Add(11 * day), now.Add(10 * day)},
		{"the issuer's own end", short, now.Add(10 * day), now.Add(10 * day)},
		{"cut to the issuer's issuer", middle, now.Add(1500 * day), now.Add(1000 * day)},
	} {
		id := w.Request(t, w.Admin())
		testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), id,
			ca.SignOptions{AuthorityID: tt.authority, NotAfter: tt.asked}))
		cert := request(t, w, id).Certificate
		if !cert.NotAfter.Equal(tt.want) || !parsed(t, cert).NotAfter.Equal(tt.want) {
			t.Errorf("%s: it ends at %v, want %v", tt.name, cert.NotAfter, tt.want)
		}
	}
	if got := authority(t, w, middle).Certificate.NotAfter; !got.Equal(now.Add(1000 * day)) {
		t.Errorf("the intermediate ends at %v, want its issuer's end", got)
	}
	for _, past := range []time.Time{now, now.Add(-time.Second), now.AddDate(-50, 0, 0),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)} {
		id := w.Request(t, w.Admin())
		err := w.CA.Sign(t.Context(), w.Admin(), id, ca.SignOptions{AuthorityID: long, NotAfter: past})
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "not_valid_after")
		wantStatus(t, w, id, notary.Outstanding)
	}
}

// An authority signs only while it and its issuers are trusted.
func TestSignNeedsAnActiveAuthority(t *testing.T) {
	t.Parallel()
	const year = 366 * 24 * time.Hour
	for name, tt := range map[string]struct {
		end  func(t *testing.T, w *testkit.World, root, issuer int64)
		kind notary.Kind
		want string
	}{
		"nothing happened": {func(*testing.T, *testkit.World, int64, int64) {}, "", ""},
		"disabled": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), issuer, false))
		}, notary.Conflict, "is disabled: it cannot sign"},
		"enabled again": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), issuer, false))
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), issuer, true))
		}, "", ""},
		"expired": {func(t *testing.T, w *testkit.World, _, _ int64) {
			w.Clock.Advance(6 * year)
		}, notary.Conflict, "is expired: it cannot sign"},
		"revoked": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), issuer, notary.CessationOfOperation))
		}, notary.Conflict, "is revoked: it cannot sign"},
		"revoked and enabled": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), issuer, notary.CessationOfOperation))
			testkit.WantKind(t, w.CA.EnableAuthority(t.Context(), w.Admin(), issuer, true), notary.Conflict)
		}, notary.Conflict, "is revoked: it cannot sign"},
		"revoked as a certificate": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			cert := authority(t, w, issuer).Certificate.ID
			testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cert, notary.KeyCompromise))
		}, notary.Conflict, "is revoked: it cannot sign"},
		"deleted": {func(t *testing.T, w *testkit.World, _, issuer int64) {
			testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), issuer, false))
		}, notary.NotFound, "there is no certificate authority"},
		"its parent disabled": {func(t *testing.T, w *testkit.World, root, _ int64) {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, false))
		}, "", ""}, // it signs nothing new, but its signatures remain valid
		"its parent deleted": {func(t *testing.T, w *testkit.World, root, _ int64) {
			testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), root, true))
		}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			issuer := w.Intermediate(t, root, notary.ECDSAP256)
			w.Signed(t, w.Admin(), root) // now it is cached
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), issuer), notary.Superseded))
			tt.end(t, w, root, issuer)
			for _, restarted := range []bool{false, true} {
				if restarted {
					w.Reopen(t)
				}
				id := w.Request(t, w.Admin())
				err := sign(t, w, id, issuer)
				testkit.WantKind(t, err, tt.kind)
				if tt.kind != "" {
					testkit.WantText(t, err, tt.want)
					wantStatus(t, w, id, notary.Outstanding)
				}
			}
		})
	}
}

// In a chain of three, the state of the first or second affects what the third may do.
func TestSignNeedsActiveAncestors(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		end  func(t *testing.T, w *testkit.World, root, middle int64)
		want string
	}{
		"the parent revoked": {func(t *testing.T, w *testkit.World, _, middle int64) {
			testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), middle, notary.KeyCompromise))
		}, "is revoked: relying parties would not trust"},
		"the parent's certificate revoked": {func(t *testing.T, w *testkit.World, _, middle int64) {
			cert := authority(t, w, middle).Certificate.ID
			testkit.Check(t, w.RevokeCertificate(t.Context(), w.Admin(), cert, notary.KeyCompromise))
		}, "is revoked: relying parties would not trust"},
		"everything above expired": {func(_ *testing.T, w *testkit.World, _, _ int64) {
			w.Clock.Advance(11 * 366 * 24 * time.Hour)
		}, "expired"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			middle := w.Intermediate(t, root, notary.ECDSAP256)
			lowest := w.Intermediate(t, middle, notary.ECDSAP256)
			leaf := w.Signed(t, w.Admin(), lowest)
			tt.end(t, w, root, middle)
			err := sign(t, w, w.Request(t, w.Admin()), lowest)
			testkit.WantKind(t, err, notary.Conflict)
			testkit.WantText(t, err, tt.want)
			err = w.CA.SignAuthority(t.Context(), w.Admin(), newAuthority(t, w, ca.AuthorityOptions{PathLen: -1}),
				lowest)
			testkit.WantKind(t, err, notary.Conflict)
			wantStatus(t, w, leaf, notary.Active) // its certificates remain visible
		})
	}
}

func TestPendingAuthority(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	pending := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	wantAuthority(t, w, pending, notary.AuthorityPending)
	_, crlErr := w.Revocation.CRL(t.Context(), pending)
	for name, err := range map[string]error{
		"sign":   sign(t, w, w.Request(t, w.Admin()), pending),
		"revoke": w.RevokeAuthority(t.Context(), w.Admin(), pending, notary.Unspecified),
		"CRL":    crlErr,
	} {
		if notary.KindOf(err) != notary.Conflict {
			t.Errorf("%s returned %v, want a conflict", name, err)
		}
	}
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
}

func TestSignUnknown(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	err := sign(t, w, w.Request(t, w.Admin()), nothing)
	testkit.WantKind(t, err, notary.NotFound)
	testkit.WantField(t, err, "certificate_authority_id")
	err = sign(t, w, nothing, w.Root(t, notary.ECDSAP256))
	testkit.WantKind(t, err, notary.NotFound)
	if !strings.Contains(err.Error(), "certificate request") {
		t.Errorf("the error %q does not name the missing object", err)
	}
}

func TestSignRefusedByPolicy(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		Subject: pkix.Name{CommonName: "ca.example.com"}})
	id := requestFor(t, w, testkit.Key(t, notary.ECDSAP256), "ca.example.com")
	err := sign(t, w, id, root)
	testkit.WantKind(t, err, notary.Unprocessable)
	testkit.WantText(t, err, "the request has the subject of the CA itself")
	wantStatus(t, w, id, notary.Outstanding)
}
