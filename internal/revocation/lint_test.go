package revocation_test

import (
	"bytes"
	"crypto/x509"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	"github.com/zmap/zlint/v3/lint"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// zlintFindings returns the findings of all of zlint's CRL lints, including those for public CAs.
func zlintFindings(t *testing.T, der []byte) (names []string) {
	t.Helper()
	list, err := zx509.ParseRevocationList(der)
	testkit.Check(t, err)
	for name, result := range zlint.LintRevocationList(list).Results {
		if result.Status >= lint.Warn {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// No CRL has an entry revoked after its thisUpdate, even if a node's clock is ahead or an imported entry is dated in
// the future.
func TestNoEntryIsLaterThanThisUpdate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 41, notary.Revocation{Serial: "0a0b", At: w.Clock.Now().AddDate(1, 0, 0),
		Reason: notary.Superseded})
	imported, err := w.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	root := w.Root(t, notary.ECDSAP256)
	ahead, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: func() time.Time {
		return w.Clock.Now().Add(5 * time.Minute)
	},
		PublishURL: testkit.PublishURL})
	testkit.Check(t, err)
	for name, revoke := range map[string]func() int64{
		"in this second": func() int64 { revoked(t, w, root); return root },
		"by a clock ahead": func() int64 {
			w.Clock.Advance(3 * time.Minute)
			revoked(t, w, root)
			w.Clock.Advance(-3 * time.Minute)
			return root
		},
		"imported": func() int64 { return imported },
		"on a node with a clock behind": func() int64 {
			revoked(t, w, root)
			_, err := ahead.Revocation.CRL(t.Context(), root)
			testkit.Check(t, err)
			return root
		},
	} {
		id := revoke()
		for range 2 { // at once and regenerated
			crl, err := w.Revocation.CRL(t.Context(), id)
			testkit.Check(t, err)
			list, err := x509.ParseRevocationList(crl.DER)
			testkit.Check(t, err)
			for _, e := range list.RevokedCertificateEntries {
				if e.RevocationTime.After(list.ThisUpdate) {
					t.Errorf("%s: an entry of %s on a list of %s", name, e.RevocationTime, list.ThisUpdate)
				}
			}
			if len(list.RevokedCertificateEntries) == 0 {
				t.Errorf("%s: the list is empty", name)
			}
			if found := zlintFindings(t, crl.DER); len(found) > 0 {
				t.Errorf("%s: zlint finds %v", name, found)
			}
			w.Clock.Advance(25 * time.Hour)
		}
	}
	// OCSP does not date revocations in the future either.
	if got := status(t, w, w.Revocation, imported, "0a0b"); got.RevokedAt.After(got.ThisUpdate) {
		t.Errorf("OCSP at %s reports the revocation at %s", got.ThisUpdate, got.RevokedAt)
	}
}

// A lint finding is logged once and counted, and the CRL is published nevertheless.
func TestLintFindingsOnACRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	o := testkit.OutsideRoot(t, notary.ECDSAP256, w.Clock.Now())
	early := notary.Revocation{Serial: "0a0b", At: time.Date(1997, 1, 1, 0, 0, 0, 0, time.UTC),
		Reason: notary.Superseded}
	in := importOf(t, o)
	in.CRL = lastCRL(t, w, o, 41, early)
	var log bytes.Buffer
	s, err := testkit.OpenNode(t.Context(), w.Store, w.Keys,
		testkit.NodeOptions{Now: w.Clock.Now, Log: slog.New(slog.NewTextHandler(&log, nil))})
	testkit.Check(t, err)
	id, err := s.CA.ImportAuthority(t.Context(), w.Admin(), in)
	testkit.Check(t, err)
	for range 3 {
		crl, err := s.Revocation.CRL(t.Context(), id)
		testkit.Check(t, err)
		list, err := x509.ParseRevocationList(crl.DER)
		testkit.Check(t, err)
		if entry := listed(list, early.Serial); entry == nil || !entry.RevocationTime.Equal(early.At) {
			t.Errorf("the list has %+v", entry)
		}
		w.Clock.Advance(25 * time.Hour)
	}
	if n := strings.Count(log.String(), "lint finding"); n != 1 ||
		!strings.Contains(log.String(), "e_crl_revocation_date_too_early") {
		t.Errorf("logged %d times:\n%s", n, log.String())
	}
	statistics, err := s.CA.Statistics(t.Context())
	testkit.Check(t, err)
	if len(statistics.Authorities) != 1 || statistics.Authorities[0].CRLFindings != 1 {
		t.Errorf("counted %+v", statistics.Authorities)
	}
}

// The last CRL of an expired authority stays published, revocations are still recorded, and callers get an error with
// the reason.
func TestExpiredAuthorityIssuesNoCRL(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	end := w.Clock.Now().Add(20 * time.Hour)
	sub := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1, NotAfter: end})
	testkit.Check(t, w.CA.SignAuthority(t.Context(), w.Admin(), sub, root))
	mute := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1, NotAfter: end})
	id := w.Signed(t, w.Admin(), sub)
	revoked(t, w, sub)
	last := published(t, w, sub, 0)
	w.Clock.Advance(30 * time.Hour)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	keep(t, w)
	crl, err := w.Revocation.CRL(t.Context(), sub)
	testkit.Check(t, err)
	if crl.Number != last.Number.Int64() || !crl.Final || issuedCRLs(t, w, sub) != 1 {
		t.Errorf("the list is number %d (final: %t), want the last one, %d", crl.Number, crl.Final, last.Number)
	}
	if list := published(t, w, sub, 0); list.Number.Cmp(last.Number) != 0 {
		t.Errorf("published is number %d", list.Number)
	}
	_, err = w.Revocation.CRL(t.Context(), mute)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "expired at", "issues no new CRL")

	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), sub, notary.Superseded))
	if crl, err = w.Revocation.CRL(t.Context(), sub); err != nil || !crl.Final {
		t.Errorf("once it is revoked, too: %v", err)
	}
}
