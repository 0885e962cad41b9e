package revocation_test

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/revocation"
	"notary/internal/testkit"
)

func TestCRLIsBuiltOnce(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	first, err := w.Revocation.CRL(t.Context(), root)
	testkit.Check(t, err)
	if first.Number != w.Clock.Now().UnixMicro() || !first.ThisUpdate.Equal(w.Clock.Now()) ||
		!first.NextUpdate.Equal(w.Clock.Now().Add(48*time.Hour)) {
		t.Errorf("the first list is number %d, from %v to %v", first.Number, first.ThisUpdate, first.NextUpdate)
	}
	block, rest := pem.Decode([]byte(first.PEM()))
	if block == nil || block.Type != "X509 CRL" || !bytes.Equal(block.Bytes, first.DER) || len(rest) != 0 {
		t.Errorf("as PEM it is\n%s", first.PEM())
	}
	for name, change := range map[string]func(){
		"nothing":     func() {},
		"a signature": func() { w.Signed(t, w.Admin(), root) },
		"a rejection": func() { testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), w.Request(t, w.Admin()), "")) },
		"an end": func() {
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, false))
			testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, true))
		},
		"another authority's revocation": func() {
			testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), w.Root(t, notary.Ed25519)),
				notary.Superseded))
		},
		"the jobs": func() { testkit.Check(t, w.Revocation.RefreshCRLs(t.Context())) },
	} {
		change()
		again, err := w.Revocation.CRL(t.Context(), root)
		testkit.Check(t, err)
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("after %s the list is another (-first +again):\n%s", name, diff)
		}
	}
}

func TestCRLIsBuiltOnRequest(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	fetchCRL(t, w, root)
	var serials []string
	for range 5 {
		id := w.Signed(t, w.Admin(), root)
		serials = append(serials, request(t, w, id).Certificate.Serial)
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	}
	list := fetchCRL(t, w, root)
	if n := issuedCRLs(t, w, root); n != 2 {
		t.Errorf("five revocations built %d CRLs, want 2", n)
	}
	for _, serial := range serials {
		if listed(list, serial) == nil {
			t.Errorf("the serial number %s is missing", serial)
		}
	}
	if len(list.RevokedCertificateEntries) != len(serials) {
		t.Errorf("the list has %d entries, want %d", len(list.RevokedCertificateEntries), len(serials))
	}
	again := fetchCRL(t, w, root)
	if again.Number.Cmp(list.Number) != 0 {
		t.Errorf("another request built number %d", again.Number)
	}
}

// Each client finds its acknowledged revocation, and CRL numbers never decrease.
func TestCRLListsAcknowledgedRevocations(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	const n = 50
	var ids [n]int64
	var serials [n]string
	for i := range n {
		ids[i] = w.Signed(t, w.Admin(), root)
		serials[i] = request(t, w, ids[i]).Certificate.Serial
	}
	var mu sync.Mutex
	ders := map[int64][]byte{}
	for i, err := range testkit.Race(n, func(i int) error {
		before, err := w.Revocation.CRL(t.Context(), root)
		if err != nil {
			return err
		}
		if err := w.RevokeRequest(t.Context(), w.Admin(), ids[i], notary.Superseded); err != nil {
			return err
		}
		after, err := w.Revocation.CRL(t.Context(), root)
		if err != nil {
			return err
		}
		list, err := readCRL(t.Context(), w, root)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for _, crl := range []*notary.CRL{before, after} {
			if known, ok := ders[crl.Number]; ok && !bytes.Equal(known, crl.DER) {
				return fmt.Errorf("there are two lists of the number %d", crl.Number)
			}
			ders[crl.Number] = crl.DER
		}
		switch {
		case listed(list, serials[i]) == nil:
			return fmt.Errorf("CRL %d lacks the latest revocation", list.Number)
		case after.Number <= before.Number || list.Number.Int64() < after.Number:
			return fmt.Errorf("the numbers are %d, %d, %d", before.Number, after.Number, list.Number)
		}
		return nil
	}) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if len(ders) > n+1 {
		t.Errorf("%d CRLs were built for %d revocations", len(ders), n)
	}
	list := fetchCRL(t, w, root)
	if got := len(list.RevokedCertificateEntries); got != n {
		t.Errorf("the last list has %d entries, want %d", got, n)
	}
}

// An old CRL is regenerated: on request at half of its validity, and by the periodic job at a quarter.
func TestCRLRegeneration(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	for _, tt := range []struct {
		name string
		age  time.Duration
		jobs bool
		want int // number of CRLs issued
	}{
		{"young, asked for", 24*hour - time.Second, false, 1},
		{"at half its life, asked for", 24 * hour, false, 2},
		{"long dead, asked for", 1000 * hour, false, 2},
		{"young, periodically", 12*hour - time.Second, true, 1},
		{"at a quarter of its validity, periodically", 12 * hour, true, 2},
		{"expired long ago, periodically", 1000 * hour, true, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := testkit.New(t)
			root := w.Root(t, notary.ECDSAP256)
			fetchCRL(t, w, root)
			w.Clock.Advance(tt.age)
			if tt.jobs {
				testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
				if n := issuedCRLs(t, w, root); n != tt.want {
					t.Errorf("the jobs left %d lists, want %d", n, tt.want)
				}
			}
			list := fetchCRL(t, w, root)
			if n := issuedCRLs(t, w, root); n != tt.want {
				t.Errorf("%d lists are issued, want %d", n, tt.want)
			}
			if now := w.Clock.Now(); list.NextUpdate.Before(now.Add(24 * hour)) {
				t.Errorf("at %v the list ends at %v already", now, list.NextUpdate)
			}
		})
	}
}

// Authorities are refreshed independently of each other.
func TestRefreshCRLs(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	disabled, revoked := w.Intermediate(t, root, notary.ECDSAP256), w.Intermediate(t, root, notary.ECDSAP256)
	pending := newAuthority(t, w, ca.AuthorityOptions{PathLen: -1})
	short := newAuthority(t, w, ca.AuthorityOptions{SelfSigned: true, PathLen: -1,
		NotAfter: w.Clock.Now().Add(time.Hour)})
	deleted := w.Root(t, notary.ECDSAP256)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	testkit.Check(t, w.RevokeAuthority(t.Context(), w.Admin(), revoked, notary.Superseded))
	testkit.Check(t, w.CA.DeleteAuthority(t.Context(), w.Admin(), deleted, false))
	issued := func() map[int64]int {
		all := map[int64]int{}
		for _, id := range []int64{root, disabled, revoked, pending, short, deleted} {
			if n := issuedCRLs(t, w, id); n > 0 {
				all[id] = n
			}
		}
		return all
	}
	for _, tt := range []struct {
		wait time.Duration
		want map[int64]int
	}{
		{0, map[int64]int{root: 1, disabled: 1, revoked: 1, short: 1}},
		{time.Hour, map[int64]int{root: 1, disabled: 1, revoked: 1, short: 1}},
		{12 * time.Hour, map[int64]int{root: 2, disabled: 2, revoked: 2, short: 1}}, // one has expired
	} {
		w.Clock.Advance(tt.wait)
		testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
		if diff := cmp.Diff(tt.want, issued()); diff != "" {
			t.Errorf("after %v the lists issued are (-want +got):\n%s", tt.wait, diff)
		}
	}
}

// CRL numbers increase across restarts and nodes, and none is used twice.
func TestCRLNumberIncreases(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	var numbers []int64
	revokeAndFetch := func(s *revocation.Service) int64 {
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), root), notary.Superseded))
		crl, err := s.CRL(t.Context(), root)
		testkit.Check(t, err)
		return crl.Number
	}
	for range 3 {
		numbers = append(numbers, revokeAndFetch(w.Revocation), revokeAndFetch(w.Revocation))
		w.Reopen(t)
	}
	second, err := testkit.OpenNode(t.Context(), w.Store, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	numbers = append(numbers, revokeAndFetch(second.Revocation), revokeAndFetch(w.Revocation),
		revokeAndFetch(second.Revocation))
	if !slices.IsSorted(numbers) || len(slices.Compact(slices.Clone(numbers))) != len(numbers) {
		t.Errorf("the numbers are %v, want each higher than the one before", numbers)
	}

	// Both build concurrently.
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, w.Admin(), root), notary.Superseded))
	services := []*revocation.Service{w.Revocation, second.Revocation}
	made := make([]int64, 2)
	for _, err := range testkit.Race(2, func(i int) error {
		crl, err := services[i].CRL(t.Context(), root)
		if err == nil {
			made[i] = crl.Number
		}
		return err
	}) {
		testkit.Check(t, err)
	}
	// The second may have found the CRL of the first.
	if min(made[0], made[1]) <= numbers[len(numbers)-1] {
		t.Errorf("two builders used the numbers %v after %v", made, numbers)
	}
	stored, err := w.Store.CRL(t.Context(), root, 0)
	testkit.Check(t, err)
	if stored.Number != max(made[0], made[1]) {
		t.Errorf("number %d is stored, want the higher of %v", stored.Number, made)
	}
}

// Relying parties need no account. A CRL that does not exist is not found.
func TestCRLUnknown(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	_, err := w.Revocation.CRL(t.Context(), missingID)
	testkit.WantKind(t, err, notary.NotFound)
}

// Each reason has its code; unspecified is omitted (RFC 5280, section 5.3.1).
func TestCRLReasons(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	want := map[notary.RevocationReason]int{
		notary.Unspecified: 0, notary.KeyCompromise: 1, notary.CACompromise: 2, notary.AffiliationChanged: 3,
		notary.Superseded: 4, notary.CessationOfOperation: 5, notary.PrivilegeWithdrawn: 9, notary.AACompromise: 10,
	}
	serials := map[notary.RevocationReason]string{}
	for reason := range want {
		id := w.Signed(t, w.Admin(), root)
		serials[reason] = request(t, w, id).Certificate.Serial
		testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, reason))
		w.Clock.Advance(time.Second)
	}
	list := fetchCRL(t, w, root)
	for reason, code := range want {
		entry := listed(list, serials[reason])
		if entry == nil || entry.ReasonCode != code {
			t.Errorf("%s: the entry is %+v, want reason %d", reason, entry, code)
			continue
		}
		if got := len(entry.Extensions) > 0; got != (code != 0) {
			t.Errorf("%s: the entry has a reason: %v", reason, got)
		}
	}
}

// After the clock was set back, a CRL from the future is replaced.
func TestCRLFromTheFuture(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	w.Clock.Advance(2 * time.Hour)
	early := fetchCRL(t, w, root)
	w.Clock.Advance(-2 * time.Hour)
	late := fetchCRL(t, w, root)
	if late.ThisUpdate.After(w.Clock.Now()) || late.Number.Cmp(early.Number) <= 0 {
		t.Errorf("it is %v, and the list is number %v of %v", w.Clock.Now(), late.Number, late.ThisUpdate)
	}
}

// While no new CRL can be written, the last one is served until its nextUpdate.
func TestCRLOutlastsADatabaseThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	first := fetchCRL(t, w, root)
	w.Exec(t, `ALTER TABLE crl RENAME COLUMN known TO hidden`) // no number can be assigned
	w.Clock.Advance(30 * time.Hour)
	if still := fetchCRL(t, w, root); still.Number.Cmp(first.Number) != 0 {
		t.Errorf("the list is number %v, want %v", still.Number, first.Number)
	}
	w.Clock.Advance(30 * time.Hour)
	_, err := w.Revocation.CRL(t.Context(), root)
	testkit.WantKind(t, err, notary.Internal)
	w.Exec(t, `ALTER TABLE crl RENAME COLUMN hidden TO known`)
}
