package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// An entry stays on the CRL permanently until its certificate is known, and then leaves after its expiry.
func TestImportedRevocations(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		if id, err = tx.InsertAuthority(&notary.Authority{Enabled: true, CRLNumber: 41}, []byte("sealed")); err != nil {
			return err
		}
		return creation(tx, "authority", id)
	})
	cert := newCertificate(id, 1, clock.Now().Add(time.Hour))
	cert.Shard = 2
	entries := []notary.Revocation{{Serial: "ff", At: clock.Now(), Reason: notary.CertificateHold,
		HoldInstruction: "1.2.840.10040.2.1", InvalidityDate: clock.Now().AddDate(-100, 0, 0)},
		{Serial: cert.Serial, At: clock.Now(), Reason: notary.Superseded}}
	write(t, s, func(tx *store.Tx) error { return tx.ImportRevocations(id, entries) })
	onCRL := slices.Clone(entries)
	for i := range onCRL {
		onCRL[i].Imported = true
	}
	wantEntries(t, s, id, clock.Now().AddDate(100, 0, 0), onCRL...)

	write(t, s, func(tx *store.Tx) (err error) {
		if err := tx.AddShardURL(id, cert.Shard, "http://crl.example.com/1-2.crl"); err != nil {
			return err
		}
		if cert.ID, err = tx.InsertCertificate(cert); err != nil {
			return err
		}
		v, err := tx.LinkRevocation(cert)
		if diff := cmp.Diff(&entries[1], v); diff != "" {
			t.Errorf("the revocation (-want +got):\n%s", diff)
		}
		return err
	})
	onCRL[1].Imported = false
	wantEntries(t, s, id, clock.Now(), onCRL...)
	wantEntries(t, s, id, clock.Now().AddDate(100, 0, 0), onCRL[0])
	if n, err := s.RevocationCount(t.Context(), id, cert.Shard); n != 1 || err != nil {
		t.Errorf("the shard of the certificate has %d revocations (%v), want 1", n, err)
	}
	got, err := s.Certificate(t.Context(), cert.ID)
	testkit.Check(t, err)
	if diff := cmp.Diff(&entries[1], got.Revocation); diff != "" {
		t.Errorf("the certificate's revocation (-want +got):\n%s", diff)
	}
	write(t, s, func(tx *store.Tx) error {
		if v, err := tx.LinkRevocation(newCertificate(id, 2, clock.Now())); v != nil || err != nil {
			t.Errorf("another certificate has the revocation %v (%v)", v, err)
		}
		_, err := tx.NextCRLNumber(id, 0, 2, 0)
		return err
	})
	if got := getAuthority(t, s, id).CRLNumber; got != clock.Now().UnixMicro() {
		t.Errorf("the number of the next CRL is %d", got)
	}
}

func wantEntries(t *testing.T, s *store.Store, id int64, last time.Time, want ...notary.Revocation) {
	t.Helper()
	var got []notary.Revocation
	known, err := s.EachRevocation(t.Context(), id, 0, last, func(v notary.Revocation) error {
		got = append(got, v)
		return nil
	})
	testkit.Check(t, err)
	bySerial := cmpopts.SortSlices(func(a, b notary.Revocation) bool { return a.Serial < b.Serial })
	if diff := cmp.Diff(want, got, bySerial); diff != "" || known != 2 {
		t.Errorf("%d known, entries (-want +got):\n%s", known, diff)
	}
}
