package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/store/storetest"
	"notary/internal/testkit"
)

func kept(ctx context.Context, t *testing.T, tx *store.Tx) map[string]string {
	t.Helper()
	all := map[string]string{}
	authorities, err := tx.Authorities(ctx)
	testkit.Check(t, err)
	for _, a := range authorities {
		row := *a
		row.Certificate, row.CRLNumber = nil, 0 // not cached
		all[store.Authorities] += fmt.Sprintf("%+v\n", row)
		if a.Certificate != nil {
			all[store.Authorities] += fmt.Sprintf("%d %+v\n", a.Certificate.ID, a.Certificate.Revocation)
		}
	}
	profiles, err := tx.Profiles(ctx)
	testkit.Check(t, err)
	for _, p := range profiles {
		if p.Builtin { // recorded at the first start
			continue
		}
		all[store.Profiles] += fmt.Sprintf("%+v\n", *p)
	}
	return all
}

// Every method of Tx that changes cached data invalidates it. New methods must be added to the walk.
func TestEveryChangeInvalidatesCaches(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	changed := 0
	write(t, s, func(tx *store.Tx) error {
		before, counts := kept(t.Context(), t, tx), map[string]int64{}
		walkTx(t.Context(), tx, clock.Now(), func(step string, err error) {
			if err != nil && notary.KindOf(err) != notary.NotFound {
				t.Fatalf("%s: %v", step, err)
			}
			after := kept(t.Context(), t, tx)
			for _, topic := range []string{store.Authorities, store.Profiles} {
				now := store.Changes(tx, topic)
				if after[topic] != before[topic] {
					changed++
					if now == counts[topic] {
						t.Errorf("%s changes the %s and does not invalidate them", step, topic)
					}
				}
				counts[topic] = now
			}
			before = after
		})
		return nil
	})
	if changed < 7 {
		t.Errorf("only %d steps changed anything", changed)
	}
}

// An authority's chain depends on the certificates of the CAs above it, which may belong to requests.
func TestCertificatesOfCAsInvalidateTheAuthorities(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	a := storetest.NewAuthority(t, s)
	const (
		endEntity = "\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x02\x30\x00"
		authority = "\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x05\x30\x03\x01\x01\xff"
	)
	n := 0
	for name, c := range map[string]struct {
		der       string
		ofRequest bool
		profile   string
		want      bool
	}{
		"from elsewhere":       {"", false, "", true},
		"of a responder":       {endEntity, false, "ocsp", false},
		"of a request":         {endEntity, true, "server", false},
		"of a CA":              {authority, false, "intermediate", true},
		"of a CA by a request": {authority, true, "intermediate", true},
	} {
		n++
		cert := newCertificate(a.ID, n, clock.Now().Add(time.Hour))
		storetest.SetDER(cert, name+c.der)
		cert.Profile = c.profile
		if c.ofRequest {
			cert.RequestID = storetest.NewRequest(t, s, 1, n).ID
		}
		write(t, s, func(tx *store.Tx) (err error) {
			cert.ID, err = tx.InsertCertificate(cert)
			if got := store.Changes(tx, store.Authorities) > 0; got != c.want {
				t.Errorf("%s: recording it invalidates the authorities: %t", name, got)
			}
			return err
		})
		write(t, s, func(tx *store.Tx) error {
			err := tx.InsertRevocation(cert, notary.Unspecified)
			if got := store.Changes(tx, store.Authorities) > 0; got != c.want {
				t.Errorf("%s: revoking it invalidates the authorities: %t", name, got)
			}
			return err
		})
	}
}
