package archive_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/store/storetest"
	"notary/internal/testkit"
)

func TestSQLiteCheckInvariants(t *testing.T) {
	t.Parallel()
	whole := storetest.WholeDatabase(t)
	_, err := testkit.SQL(t, whole).ExecContext(t.Context(), `DELETE FROM event_position`) // some tests write their own
	testkit.Check(t, err)
	empty, _ := storetest.OpenAt(t, filepath.Join(t.TempDir(), "notary.db"))
	rules := archive.Rules(empty)
	const (
		request = `(SELECT MIN(id) FROM request WHERE status = 'Active')`
		revoked = `(SELECT MIN(id) FROM request WHERE status = 'Revoked')`
		inUse   = `(SELECT certificate_id FROM request WHERE id = ` + request + `)`
		grouped = "exactly the certificates that are neither revoked nor renewed by the program have a digest of their " +
			"names"
		labelsFound = "every label is in the search index, and every entry of the index has an object"
	)
	tests := []struct {
		name   string
		damage string
		broken []string // rules
	}{
		{"an active request with the certificate of another", `
			UPDATE certificate SET request_id = ` + revoked + ` WHERE id = ` + inUse,
			[]string{"an active request has a certificate of its own that is not revoked"}},
		{"an active request with a certificate of nobody", `
			UPDATE certificate SET request_id = NULL WHERE id = ` + inUse,
			[]string{"an active request has a certificate of its own that is not revoked"}},
		{"an active request with a revoked certificate", `
			INSERT INTO revocation (certificate_id, authority_id, shard, serial, revoked_at, reason, listed_until)
				SELECT id, authority_id, shard, serial, 1, 'unspecified', 1 FROM certificate WHERE id = ` + inUse + `;
			UPDATE counter SET value = value + 1
				WHERE name = 'revoked' AND object_id = (SELECT authority_id FROM certificate WHERE id = ` + inUse + `)`,
			[]string{"an active request has a certificate of its own that is not revoked", grouped}},
		{"a valid certificate without its names", `UPDATE certificate SET name_set = NULL WHERE id = ` + inUse,
			[]string{grouped}},
		{"a certificate that is replaced by an earlier one", `
			UPDATE certificate SET replaced_by = (SELECT MIN(id) FROM certificate) WHERE id = ` + inUse,
			[]string{"a certificate is replaced by a later one for the same names and owner"}},
		{"a certificate with the names of a later one", `
			UPDATE certificate SET name_set = (SELECT name_set FROM certificate WHERE id = ` + inUse +
			`), not_before = 0, not_after = 1
				WHERE id = (SELECT certificate_id FROM authority WHERE id = 1)`,
			[]string{"no certificate is current if another one replaces it"}},
		{"a revoked request without a revocation", `
			UPDATE certificate SET request_id = NULL WHERE request_id = ` + revoked,
			[]string{"a revoked request has a revoked certificate"}},
		{"a lost CSR", `DELETE FROM request_csr WHERE request_id = ` + request,
			[]string{"a request has its CSR"}},
		{"a lost DER", `DELETE FROM certificate_der WHERE certificate_id = ` + inUse,
			[]string{"a certificate has its DER"}},
		{"a revocation with another serial number", `UPDATE revocation SET serial = 'ff'`,
			[]string{"a revocation names the issuer and serial number of its certificate"}},
		{"a revocation at another authority", `
			UPDATE certificate SET authority_id = 1 WHERE id IN (SELECT certificate_id FROM revocation)`,
			[]string{"a revocation names the issuer and serial number of its certificate",
				"the counts of issued certificates are correct"}},
		{"a revocation of something from outside", `
			UPDATE certificate SET authority_id = NULL WHERE id IN (SELECT certificate_id FROM revocation)`,
			[]string{"a revocation names the issuer and serial number of its certificate",
				"the counts of issued certificates are correct"}},
		{"a CRL number that fell", `UPDATE authority SET crl_number = crl_number - 1 WHERE crl_number > 0`,
			[]string{"no CRL is ahead of its authority's number"}},
		{"an authority with a request's certificate", `
			UPDATE certificate SET request_id = ` + revoked + ` WHERE id = (SELECT certificate_id FROM authority WHERE id = 1)`,
			[]string{"the current certificate of an authority refers to it"}},
		{"a request without its event", `DELETE FROM event WHERE action = 'request.create' AND object_id = ` + request,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"a gap in the positions of events", `INSERT INTO event_position (position, event_id) SELECT 2, MIN(id) FROM event`,
			[]string{"the positions of events have no gaps, and each has its event"}},
		{"a position without an event", `INSERT INTO event_position (position, event_id) VALUES (1, 1000000)`,
			[]string{"the positions of events have no gaps, and each has its event"}},
		{"an authority without its event", `DELETE FROM event WHERE action = 'authority.create' AND object_id = 1`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"an account without its event", `DELETE FROM event WHERE action = 'account.create' AND object_id = 1`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"a group without its event", `INSERT INTO account_group (name, created_at) VALUES ('operators', 1)`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"a grant without its event", `INSERT INTO access_grant (principal_id, terms, created_at) VALUES (1, '{}', 1)`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"a rule without its event", `INSERT INTO rule (version, created_at) VALUES (1, 1)`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"a token without its event", `UPDATE event SET action = 'token.revoke' WHERE action = 'token.create'`,
			[]string{"every request, authority, account, group, grant, token and rule has the event of its creation"}},
		{"an account that is no principal", `UPDATE principal SET kind = 'other' WHERE id = 1`,
			[]string{"every account has a principal of the same name"}},
		{"a principal that is no API token", `UPDATE principal SET kind = 'token' WHERE id = 1`,
			[]string{"every account has a principal of the same name",
				"every API token is a principal of the same name, deleted if it is revoked"}},
		{"a deleted principal with an account", `UPDATE principal SET deleted_at = 1 WHERE id = 1`,
			[]string{"every account has a principal of the same name"}},
		{"a member that does not exist", `INSERT INTO membership (group_id, account_id) VALUES (99, 1)`,
			[]string{"every foreign key is valid"}},
		{"a request with another end than its certificate", `UPDATE request SET not_after = not_after + 1 WHERE id = ` +
			request,
			[]string{"a request has the issuer and expiry of its current certificate"}},
		{"a request that is not found", `DELETE FROM request_name WHERE request_id = ` + request,
			[]string{"every name is in the search index, and every entry of the index has an object"}},
		{"a certificate that is not found", `DELETE FROM certificate_name WHERE certificate_id = 1`,
			[]string{"every name is in the search index, and every entry of the index has an object"}},
		{"a request that no label finds", `UPDATE request SET labels = '{"a":"b"}' WHERE id = ` + request,
			[]string{"a certificate has the labels of its request", labelsFound}},
		{"a certificate that no label finds", `UPDATE certificate SET labels = '{"a":"b"}' WHERE id = ` + inUse,
			[]string{"a certificate has the labels of its request", labelsFound}},
		{"a label that leads nowhere", `INSERT INTO request_label VALUES ('a', 9999)`, []string{labelsFound}},
		{"a label of a certificate that leads nowhere", `INSERT INTO certificate_label VALUES ('a', 9999)`,
			[]string{labelsFound}},
		{"a name that leads nowhere", `INSERT INTO request_name VALUES ('=a.example.com', 9999)`,
			[]string{"every name is in the search index, and every entry of the index has an object"}},
		{"certificates not counted", `UPDATE counter SET value = value - 1 WHERE name = 'certificates'`,
			[]string{"the count of certificates is correct"}},
		{"certificates of an authority not counted",
			`UPDATE counter SET value = value - 1 WHERE name = 'issued' AND object_id = 2`,
			[]string{"the counts of issued certificates are correct"}},
		{"a request counted twice", `UPDATE counter SET value = value + 1 WHERE name = 'requests Outstanding'`,
			[]string{"the counts of requests by status are correct"}},
		{"requests not counted", `DELETE FROM counter WHERE name = 'requests Rejected'`,
			[]string{"the counts of requests by status are correct"}},
		{"revocations not counted", `UPDATE counter SET value = 0 WHERE name = 'revoked'`,
			[]string{"the counts of revocations by authority are correct"}},
		{"revocations of a shard not counted", `
			INSERT INTO crl_shard SELECT authority_id, 1, 'http://example.com/1.crl' FROM certificate WHERE id = ` + inUse + `;
			UPDATE certificate SET shard = 1 WHERE id IN (SELECT certificate_id FROM revocation);
			UPDATE revocation SET shard = 1`,
			[]string{"the counts of revocations by shard are correct"}},
		{"a shard without a URL", `UPDATE certificate SET shard = 2 WHERE id = ` + inUse,
			[]string{"every shard that certificates refer to has a URL"}},
		{"a responder of another authority", `INSERT INTO responder SELECT 1, id, x'00' FROM certificate WHERE id = ` + inUse,
			[]string{"an OCSP responder has a certificate of its authority, which is not deleted"}},
		{"an account not counted", `UPDATE counter SET value = value - 1 WHERE name = 'accounts'`,
			[]string{"the counts of accounts and Admins are correct, and there is an Admin"}},
		{"an Admin not counted", `UPDATE counter SET value = value + 1 WHERE name = 'admins'`,
			[]string{"the counts of accounts and Admins are correct, and there is an Admin"}},
		{"no Admin", `UPDATE account SET role = 1 WHERE role = 0; UPDATE counter SET value = 0 WHERE name = 'admins'`,
			[]string{"the counts of accounts and Admins are correct, and there is an Admin"}},
		{"a reference that leads nowhere", `UPDATE certificate SET issuer_chain_id = 9999 WHERE id = ` + inUse,
			[]string{"every foreign key is valid"}},
		{"a row that breaks its table's rule", `UPDATE authority SET sealed_key = NULL WHERE id = 1`,
			[]string{"the file is intact"}},
		{"a live one counted twice", `UPDATE counter SET value = value + 1 WHERE name = 'live'`, nil},
		{"a live one not counted", `DELETE FROM counter WHERE name = 'live'`, nil},
		{"a live one of nobody", `INSERT INTO counter VALUES ('live', 978307200, 7, 0, 0, 1)`, nil},
		{"an unknown one that does not exist", `INSERT INTO counter VALUES ('unknown', 0, 0, 0, 0, 1)`,
			[]string{"the count of revocations without a certificate is correct"}},
		{"an expiry counted twice", `UPDATE counter SET value = value + 1 WHERE name = 'expiring'`, nil},
		{"an expiry not counted", `DELETE FROM counter WHERE name = 'expiring'`, nil},
		{"an expiry that does not exist", `INSERT INTO counter VALUES ('expiring', 978307200, 0, 0, 0, 1)`, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := checkCopy(t, whole, tt.damage)
			if err == nil {
				t.Fatal("the damage was not found")
			}
			for _, rule := range rules {
				if got, want := strings.Contains(err.Error(), rule), slices.Contains(tt.broken, rule); got != want {
					t.Errorf("the rule %q is reported as broken: %v, want %v", rule, got, want)
				}
			}
			if tt.broken == nil {
				testkit.WantText(t, err, `broken: the counter "`)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		testkit.Check(t, checkCopy(t, whole, `SELECT 1`))
	})
	for _, rule := range rules { // every rule needs a test of its damage
		if !slices.ContainsFunc(tests, func(tt struct {
			name, damage string
			broken       []string
		}) bool {
			return slices.Contains(tt.broken, rule)
		}) {
			t.Errorf("no test breaks the rule that %s", rule)
		}
	}
}

func checkCopy(t *testing.T, path, damage string) error {
	t.Helper()
	path = storetest.CopyOf(t, path)
	db := testkit.SQL(t, path)
	_, err := db.ExecContext(t.Context(), damage)
	testkit.Check(t, err)
	testkit.Check(t, db.Close())
	s, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	defer func() { testkit.Check(t, s.Close()) }()
	return archive.CheckInvariants(t.Context(), s)
}
