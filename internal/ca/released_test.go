package ca_test

import (
	"crypto"
	"crypto/x509"
	"slices"
	"testing"

	"golang.org/x/crypto/ocsp"

	"notary"
	"notary/internal/auth"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// recomputed gives the reason why a later migration changes columns ("table.column") or a whole "table".
var recomputed = map[string]string{
	"goose_db_version":      "records the migrations",
	"account.password_hash": "is in table password since version 21; TestUpgradeKeepsPasswords compares it",
	"counter":               "has keys in columns since version 19; CheckInvariants compares the counts with the rows",
}

// gaining lists the tables to which a migration may add rows.
var gaining = []string{"agreement"}

func TestUpgradeKeepsEveryRow(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		columns := testkit.Columns(t, r.Database)
		for table := range columns {
			columns[table] = slices.DeleteFunc(columns[table], func(column string) bool {
				return recomputed[table+"."+column] != ""
			})
			if recomputed[table] != "" {
				delete(columns, table)
			}
		}
		before := testkit.Rows(t, r.Database, columns)
		s, err := store.Open(t.Context(), r.Database, r.Clock.Now, testkit.Patient...)
		testkit.Check(t, err)
		testkit.Check(t, archive.CheckInvariants(t.Context(), s))
		testkit.Check(t, s.Close())
		after := testkit.Rows(t, r.Database, columns)
		for table, rows := range before {
			if len(rows) == 0 {
				t.Errorf("%s: the released database has no row", table)
			}
			lost, added := difference(rows, after[table]), difference(after[table], rows)
			if len(lost) > 0 || (len(added) > 0 && !slices.Contains(gaining, table)) {
				t.Errorf("%s: lost %q, gained %q", table, lost, added)
			}
		}
	})
}

func TestUpgradeKeepsPasswords(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		before := testkit.Rows(t, r.Database, map[string][]string{"account": {"id", "password_hash"}})["account"]
		s, err := store.Open(t.Context(), r.Database, r.Clock.Now)
		testkit.Check(t, err)
		testkit.Check(t, s.Close())
		after := testkit.Rows(t, r.Database, map[string][]string{"password": {"account_id", "hash"}})["password"]
		if len(before) == 0 || len(difference(before, after)) > 0 || len(before) != len(after) {
			t.Errorf("%d passwords, want the %d of the released database", len(after), len(before))
		}
	})
}

func difference(a, b []string) (only []string) {
	count := map[string]int{}
	for _, row := range b {
		count[row]++
	}
	for _, row := range a {
		if count[row]--; count[row] < 0 {
			only = append(only, row)
		}
	}
	return only
}

func TestUpgradedDatabaseWorks(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		states := map[notary.AuthorityStatus]int{}
		all, err := w.Store.Authorities(t.Context())
		testkit.Check(t, err)
		for _, a := range all {
			status := a.Status(w.Clock.Now())
			states[status]++
			if status == notary.AuthorityActive {
				wantWorking(t, w, a)
			}
		}
		for _, status := range []notary.AuthorityStatus{notary.AuthorityActive, notary.AuthorityPending,
			notary.AuthorityDisabled, notary.AuthorityRevoked} {
			if states[status] == 0 {
				t.Errorf("the released database has no authority that is %s", status)
			}
		}
		wantRecords(t, w)
		w.Reopen(t)
		testkit.Check(t, w.Revocation.RefreshCRLs(t.Context()))
	})
}

// After an upgrade only the imported authority's key is marked as known outside.
func TestUpgradeMarksImportedKeys(t *testing.T) {
	t.Parallel()
	testkit.EachReleased(t, func(t *testing.T, r *testkit.Released) {
		w := r.World(t)
		all, err := w.Store.Authorities(t.Context())
		testkit.Check(t, err)
		var marked []string
		for _, a := range all {
			if a.KeyKnownOutside {
				marked = append(marked, a.CommonName)
			}
			if a.Certificate == nil {
				continue
			}
			known, err := w.Store.KeyKnownOutside(t.Context(), keyFingerprint(t, parsed(t, a.Certificate).PublicKey))
			testkit.Check(t, err)
			if known != a.KeyKnownOutside {
				t.Errorf("%s: the authority is marked %t, its key %t", a.CommonName, a.KeyKnownOutside, known)
			}
		}
		imported, err := w.Store.Authority(t.Context(), importedByReleased)
		testkit.Check(t, err)
		if !slices.Equal(marked, []string{imported.CommonName}) {
			t.Errorf("marked are %q, want %q alone", marked, imported.CommonName)
		}
	})
}

const importedByReleased = 14

func keyFingerprint(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	fingerprint, err := pki.KeyFingerprint(key)
	testkit.Check(t, err)
	return fingerprint
}

func wantWorking(t *testing.T, w *testkit.World, a *notary.Authority) {
	t.Helper()
	before := fetchCRL(t, w, a.ID)
	id := requestFor(t, w, testkit.Key(t, notary.ECDSAP256), "upgraded.example.com")
	testkit.Check(t, sign(t, w, id, a.ID))
	cert := request(t, w, id).Certificate
	issuer := parsed(t, a.Certificate)
	testkit.Check(t, parsed(t, cert).CheckSignatureFrom(issuer))
	wantOCSP(t, w, a.ID, issuer, cert.Serial, ocsp.Good)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), id, notary.Superseded))
	wantOCSP(t, w, a.ID, issuer, cert.Serial, ocsp.Revoked)
	after := fetchCRL(t, w, a.ID)
	if after.Number.Cmp(before.Number) <= 0 || listed(after, cert.Serial) == nil {
		t.Errorf("authority %d: the CRL after number %d has the number %d and lists %t", a.ID, before.Number, after.Number,
			listed(after, cert.Serial) != nil)
	}
	for _, entry := range before.RevokedCertificateEntries {
		if !slices.ContainsFunc(after.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
			return e.SerialNumber.Cmp(entry.SerialNumber) == 0 && e.ReasonCode == entry.ReasonCode &&
				e.RevocationTime.Equal(entry.RevocationTime)
		}) {
			t.Errorf("authority %d: the new CRL does not list %x as before", a.ID, entry.SerialNumber)
		}
	}
}

func wantOCSP(t *testing.T, w *testkit.World, authority int64, issuer *x509.Certificate, serial string, want int) {
	t.Helper()
	answer, err := ocsp.ParseResponse(w.Revocation.OCSP(t.Context(), authority,
		ask(t, issuer, serial, crypto.SHA256)).DER, issuer)
	testkit.Check(t, err)
	if answer.Status != want {
		t.Errorf("OCSP answers %d for %s, want %d", answer.Status, serial, want)
	}
}

func wantRecords(t *testing.T, w *testkit.World) {
	t.Helper()
	token, err := w.Auth.Login(t.Context(), w.Admin().Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.9"})
	testkit.Check(t, err)
	if caller, err := w.Auth.Caller(t.Context(), token, "192.0.2.9"); err != nil || caller.Role != notary.Admin {
		t.Errorf("the token is of %+v (%v)", caller, err)
	}
	for _, c := range inventory(t, w) {
		if c.Revocation != nil && c.AuthorityID > 0 && authority(t, w,
			c.AuthorityID).Status(w.Clock.Now()) == notary.AuthorityActive {
			wantOCSP(t, w, c.AuthorityID, parsed(t, authority(t, w, c.AuthorityID).Certificate), c.Serial, ocsp.Revoked)
		}
	}
	compromised := 0
	testkit.Check(t, w.CA.EachRequest(t.Context(), w.Admin(), notary.Filter{Name: "keycompromise.example.com"},
		func(req *notary.Request) error {
			compromised++
			testkit.WantKind(t, w.CA.Reopen(t.Context(), w.Admin(), req.ID), notary.Conflict)
			return nil
		}))
	if compromised == 0 {
		t.Error("the released database has no compromised key")
	}
}
