package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

func responderCertificate(authority int64, serial int, end time.Time) *notary.Certificate {
	cert := newCertificate(authority, serial, end)
	cert.Profile = notary.OCSPProfile
	return cert
}

func setResponder(t *testing.T, s *store.Store, before int64, cert *notary.Certificate) (id int64, err error) {
	t.Helper()
	err = s.Write(t.Context(), func(tx *store.Tx) error {
		if id, err = tx.InsertCertificate(cert); err != nil {
			return err
		}
		return tx.SetResponder(cert.AuthorityID, before, id, []byte("sealed by "+cert.Serial))
	})
	return id, err
}

// Only one of two concurrent replacements of a responder succeeds.
func TestSetResponder(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	end := clock.Now().AddDate(0, 0, 7)
	a := newAuthority(t, s)
	if cert, key, err := s.Responder(t.Context(), a.ID); cert != nil || key != nil || err != nil {
		t.Errorf("a new authority's responder is %v, %q (%v)", cert, key, err)
	}
	first, err := setResponder(t, s, 0, responderCertificate(a.ID, 1, end))
	testkit.Check(t, err)
	_, err = setResponder(t, s, 0, responderCertificate(a.ID, 2, end))
	testkit.WantKind(t, err, notary.Conflict)
	second, err := setResponder(t, s, first, responderCertificate(a.ID, 3, end))
	testkit.Check(t, err)
	_, err = setResponder(t, s, first, responderCertificate(a.ID, 4, end))
	testkit.WantKind(t, err, notary.Conflict)

	want := responderCertificate(a.ID, 3, end)
	want.ID, want.CreatedAt = second, clock.Now()
	got, key, err := s.Responder(t.Context(), a.ID)
	testkit.Check(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the responder's certificate (-want +got):\n%s", diff)
	}
	if string(key) != "sealed by "+want.Serial {
		t.Errorf("its sealed key is %q", key)
	}
	for _, serial := range []int{2, 4} {
		found, err := s.CertificateByFingerprint(t.Context(), responderCertificate(a.ID, serial, end).Fingerprint)
		if found != nil || err != nil {
			t.Errorf("the certificate %d, which lost, is recorded (%v)", serial, err)
		}
	}
}

// A responder certificate does not prevent the deletion of its authority, which erases its key.
func TestDeleteAuthorityWithResponder(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := newAuthority(t, s)
	id, err := setResponder(t, s, 0, responderCertificate(a.ID, 1, clock.Now().AddDate(0, 0, 7)))
	testkit.Check(t, err)
	if n, err := s.CountValidIssuedBy(t.Context(), a, clock.Now()); n != 0 || err != nil {
		t.Errorf("%d certificates prevent the deletion (%v)", n, err)
	}
	byHand := responderCertificate(a.ID, 2, clock.Now().AddDate(0, 0, 7))
	byHand.RequesterID = 1
	insertCertificate(t, s, byHand)
	if n, err := s.CountValidIssuedBy(t.Context(), a, clock.Now()); n != 1 || err != nil {
		t.Errorf("with a requested one, %d certificates prevent the deletion (%v)", n, err)
	}
	write(t, s, func(tx *store.Tx) error { return tx.DeleteAuthority(a) })
	if cert, key, err := s.Responder(t.Context(), a.ID); cert != nil || key != nil || err != nil {
		t.Errorf("the responder is still there: %v, %q (%v)", cert, key, err)
	}
	if _, err := s.Certificate(t.Context(), id); err != nil {
		t.Errorf("its certificate: %v", err)
	}
}

// The status is known separately for each authority.
func TestCertificateStatus(t *testing.T) {
	t.Parallel()
	database := testkit.Database(t)
	s, clock := openAt(t, database)
	end := clock.Now().AddDate(0, 0, 90)
	a, other := newAuthority(t, s), newAuthority(t, s)
	good := insertCertificate(t, s, newCertificate(a.ID, 1, end))
	bad := insertCertificate(t, s, newCertificate(a.ID, 2, end))
	write(t, s, func(tx *store.Tx) error { return tx.InsertRevocation(bad, notary.KeyCompromise) })
	revoked := &notary.Revocation{Serial: bad.Serial, At: clock.Now(), Reason: notary.KeyCompromise}
	_, err := testkit.SQL(t, database).ExecContext(t.Context(), `
		INSERT INTO revocation (authority_id, shard, serial, revoked_at, reason, listed_until)
			VALUES (1, 0, '0a', 5, 'superseded', 9);
		UPDATE counter SET value = value + 1 WHERE name = 'revoked' AND object_id = 1 AND value > 0;
		INSERT INTO counter (name, at, object_id, part, slot, value) VALUES ('unknown', 0, 0, 0, 0, 1)`)
	testkit.Check(t, err)
	for name, tt := range map[string]struct {
		authority int64
		serial    string
		known     bool
		want      *notary.Revocation
	}{
		"good":    {a.ID, good.Serial, true, nil},
		"revoked": {a.ID, bad.Serial, true, revoked},
		"on an imported list": {a.ID, "0a", true, &notary.Revocation{Serial: "0a", At: time.Unix(5, 0).UTC(),
			Reason: notary.Superseded}},
		"never issued":         {a.ID, "0badcafe", false, nil},
		"of another authority": {other.ID, bad.Serial, false, nil},
		"of nobody":            {999, good.Serial, false, nil},
	} {
		known, got, err := s.CertificateStatus(t.Context(), tt.authority, tt.serial)
		testkit.Check(t, err)
		if diff := cmp.Diff(tt.want, got); known != tt.known || diff != "" {
			t.Errorf("%s: known %v, want %v; (-want +got):\n%s", name, known, tt.known, diff)
		}
	}
}
