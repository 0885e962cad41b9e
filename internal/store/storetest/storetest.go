// Package storetest fills databases for the tests of packages store and archive.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// Open opens a new database. At the end of the test, it checks the invariants and closes the database.
func Open(t testing.TB, options ...store.Option) (*store.Store, *testkit.Clock) {
	t.Helper()
	return OpenAt(t, testkit.Migrated(t), options...)
}

// OpenAt is like [Open] for an existing database.
func OpenAt(t testing.TB, database string, options ...store.Option) (*store.Store, *testkit.Clock) {
	t.Helper()
	clock := testkit.NewClock()
	s, err := store.Open(t.Context(), database, clock.Now, slices.Concat(testkit.Patient, options)...)
	testkit.Check(t, err)
	t.Cleanup(func() {
		testkit.Check(t, archive.CheckInvariants(context.Background(), s))
		testkit.Check(t, s.Close())
	})
	return s, clock
}

// Write runs a transaction, which must succeed.
func Write(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	testkit.Check(t, s.Write(t.Context(), fn))
}

// Creation records the event that every creation requires.
func Creation(tx *store.Tx, what string, id int64) error {
	return tx.Event(notary.EventBy(notary.SystemCaller, what+".create", notary.NewRef(what, id, "")))
}

// InsertRequest inserts the n-th request of a requester.
func InsertRequest(tx *store.Tx, requester int64, n int) (int64, error) {
	id, err := tx.InsertRequest(&notary.Request{
		CSR:         fmt.Sprintf("the CSR %d-%d", requester, n),
		Fingerprint: fmt.Sprintf("%032x%032x", requester, n), Content: fmt.Sprintf("%064x", n),
		RequesterID: requester, Email: "user@example.com", CommonName: "a.example.com",
		Names: notary.Names{DNS: []string{"a.example.com"}, IP: []string{"10.0.0.7"}}, Key: "ECDSA P-256",
	})
	if err != nil {
		return 0, err
	}
	return id, Creation(tx, "request", id)
}

// NewRequest inserts the n-th request of a requester in a new transaction, and returns it.
func NewRequest(t testing.TB, s *store.Store, requester int64, n int) *notary.Request {
	t.Helper()
	var id int64
	Write(t, s, func(tx *store.Tx) (err error) {
		id, err = InsertRequest(tx, requester, n)
		return err
	})
	return GetRequest(t, s, id)
}

// GetRequest returns a request, which must exist.
func GetRequest(t testing.TB, s *store.Store, id int64) *notary.Request {
	t.Helper()
	req, err := s.Request(t.Context(), id)
	testkit.Check(t, err)
	return req
}

// NewAuthority adds an authority without a certificate.
func NewAuthority(t testing.TB, s *store.Store) *notary.Authority {
	t.Helper()
	var id int64
	Write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertAuthority(&notary.Authority{Enabled: true, CSR: "the CSR", CommonName: "Root",
			Key: "Ed25519", PathLen: -1}, []byte("sealed"))
		if err != nil {
			return err
		}
		return Creation(tx, "authority", id)
	})
	return GetAuthority(t, s, id)
}

// GetAuthority returns an authority, which must exist.
func GetAuthority(t testing.TB, s *store.Store, id int64) *notary.Authority {
	t.Helper()
	a, err := s.Authority(t.Context(), id)
	testkit.Check(t, err)
	return a
}

// NewCertificate returns a certificate with the given serial number. Its DER is a placeholder, because the store never
// parses it. Its chain is valid DER, because the store splits it.
func NewCertificate(authority int64, serial int, notAfter time.Time) *notary.Certificate {
	c := &notary.Certificate{
		AuthorityID: authority, CommonName: "a.example.com",
		Names: notary.Names{DNS: []string{"a.example.com"}, URI: []string{"spiffe://example.org/a"}},
		Key:   "ECDSA P-256", KeyFingerprint: fmt.Sprintf("%032x%032x", serial, authority),
		Serial:    fmt.Sprintf("%032x", serial),
		NotBefore: notAfter.AddDate(0, 0, -90), NotAfter: notAfter, Profile: "server",
		Issuers: notary.NewIssuers([]byte{0x30, 0x00}, []byte{0x30, 0x03, 0x02, 0x01, 0x07}),
	}
	SetDER(c, fmt.Sprintf("%d of authority %d", serial, authority))
	return c
}

// SetDER sets the DER of a certificate to an encoded string, and the fingerprint accordingly.
func SetDER(c *notary.Certificate, text string) {
	c.DER = append([]byte{0x0c, byte(len(text))}, text...)
	c.Fingerprint = FingerprintOf(c.DER)
}

// FingerprintOf returns the fingerprint of a DER certificate.
func FingerprintOf(der []byte) string {
	digest := sha256.Sum256(der)
	return hex.EncodeToString(digest[:])
}

// Activate adds a certificate for the request and makes the request Active.
func Activate(t testing.TB, s *store.Store, req *notary.Request, cert *notary.Certificate) *notary.Request {
	t.Helper()
	Write(t, s, func(tx *store.Tx) error {
		cert.RequestID, cert.RequesterID, cert.OwnerGroupID = req.ID, req.RequesterID, req.OwnerGroupID
		id, err := tx.InsertCertificate(cert)
		if err != nil {
			return err
		}
		return tx.Transition(req, notary.Active, id)
	})
	return GetRequest(t, s, req.ID)
}

// NewAccount creates an account with the role and the email address role-n@example.com.
func NewAccount(t testing.TB, s *store.Store, role notary.Role, n int) *notary.Account {
	t.Helper()
	var id int64
	Write(t, s, func(tx *store.Tx) (err error) {
		id, err = InsertAccount(tx, role, n, false)
		return err
	})
	a, err := s.Account(t.Context(), id)
	testkit.Check(t, err)
	return a
}

// InsertAccount adds the n-th account with the role.
func InsertAccount(tx *store.Tx, role notary.Role, n int, first bool) (int64, error) {
	email := fmt.Sprintf("%s-%d@example.com", strings.ReplaceAll(strings.ToLower(role.String()), " ", "-"), n)
	id, err := tx.InsertAccount(&notary.Account{Email: email, Role: role}, "hash of "+email, first)
	if err != nil {
		return 0, err
	}
	return id, Creation(tx, "account", id)
}

// Lives returns n requests: a tenth are revoked, a tenth are outstanding, and the others are active.
func Lives(issuers []int64, now time.Time, n int) func(func(store.Life) bool) {
	return func(yield func(store.Life) bool) {
		for i := range n {
			name := fmt.Sprintf("web-%d.zone-%d.example.com", i, i%1000)
			l := store.Life{Request: notary.Request{CSR: "the CSR",
				Fingerprint: fmt.Sprintf("%016x%048x", uint64(i)*0x9E3779B97F4A7C15, i), Status: notary.Active,
				RequesterID: int64(i%50 + 1), Email: fmt.Sprintf("owner-%d@example.com", i%50), CommonName: name,
				Names: notary.Names{DNS: []string{name}}, Key: []string{"RSA 2048", "ECDSA P-256"}[i%2], CreatedAt: now,
				UpdatedAt: now}}
			l.Events = []notary.Event{{At: now, Action: "request.create"}}
			c := NewCertificate(issuers[i/10%len(issuers)], i*7919, now.Add(time.Duration(i%5000)*time.Hour))
			c.CommonName, c.Names, c.Key, c.KeyFingerprint = name, l.Request.Names, l.Request.Key, l.Request.Fingerprint
			c.Serial = l.Request.Fingerprint[:32]
			SetDER(c, name)
			switch {
			case i%10 == 0:
				l.Request.Status, c.Revocation = notary.Revoked, &notary.Revocation{At: now, Reason: notary.Superseded}
			case i%10 == 1:
				l.Request.Status, c = notary.Outstanding, nil
			}
			if c != nil {
				l.Certificates = []*notary.Certificate{c}
			}
			if !yield(l) {
				return
			}
		}
	}
}

// NewProfile creates a profile with the given name.
func NewProfile(t testing.TB, s *store.Store, name string) *notary.Profile {
	t.Helper()
	var id int64
	Write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertProfile(&notary.Profile{Name: name, Rules: notary.Rules{Description: "the first"}})
		return err
	})
	p, err := s.Profile(t.Context(), id)
	testkit.Check(t, err)
	return p
}

// WholeDatabase returns the path of a closed SQLite database with requests in every status and rows in every table.
func WholeDatabase(t testing.TB) string {
	t.Helper()
	w := testkit.NewAt(t, filepath.Join(t.TempDir(), "notary.db"))
	requestor := w.Caller(notary.CertificateRequestor)
	root := w.Root(t, notary.ECDSAP256)
	issuer := w.Intermediate(t, root, notary.Ed25519)
	w.Request(t, requestor)
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), w.Request(t, requestor), ""))
	w.Signed(t, requestor, issuer)
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, requestor, issuer), notary.Superseded))
	testkit.Check(t, w.RevokeRequest(t.Context(), w.Admin(), w.Signed(t, requestor, issuer), notary.KeyCompromise))
	_, err := w.Revocation.CRL(t.Context(), issuer)
	testkit.Check(t, err)
	addGroup(t, w)
	addRule(t, w, issuer)
	_, err = w.Auth.Login(t.Context(), requestor.Principal.Name, testkit.Password, auth.Client{})
	testkit.Check(t, err)
	testkit.ResponderOf(t, w, w.Revocation, issuer)
	testkit.Check(t, store.NewSequencer(w.Store).Run(t.Context()))
	path := CopyOf(t, w.Database)
	_, err = testkit.SQL(t, path).ExecContext(t.Context(), rareRows)
	testkit.Check(t, err)
	return path
}

// rareRows fills the tables that would need more setup to fill through package ca.
const rareRows = `
	INSERT INTO crl_shard (authority_id, shard, url) VALUES (1, 1, 'http://pki.example.com/crl/1-1.crl');
	INSERT INTO certificate_lint (certificate_id, findings) SELECT MAX(id), '[]' FROM certificate;
	INSERT INTO outside_key (fingerprint) VALUES ('00');
	INSERT INTO clock (id, at, boot, uptime, event_id, stopped) VALUES (1, 1, '', 1, 1, '')`

func addGroup(t testing.TB, w *testkit.World) {
	t.Helper()
	group, err := w.Auth.CreateGroup(t.Context(), w.Admin(), "staff")
	testkit.Check(t, err)
	member := w.Caller(notary.CertificateManager).Principal.ID
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), group, []int64{member}, nil))
	_, err = w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{GroupID: group,
		GrantTerms: notary.GrantTerms{Actions: []string{"certificate.revoke"}}})
	testkit.Check(t, err)
}

// addRule activates a rule that signs requests of tokens. It then creates a token that obtains a certificate, with a
// label, a note and an idempotency key.
func addRule(t testing.TB, w *testkit.World, issuer int64) {
	t.Helper()
	id, err := w.CA.CreateRule(t.Context(), w.Admin(), notary.RuleTerms{Name: "pipelines", Priority: 10,
		Expression: `principal.kind == "token"`, Effect: notary.SignEffect, AuthorityID: issuer, Profile: "server"})
	testkit.Check(t, err)
	_, err = w.CA.ActivateRule(t.Context(), w.Admin(), id, 0)
	testkit.Check(t, err)
	_, secret, err := w.Auth.CreateToken(t.Context(), w.Admin(), &notary.Token{Name: "ci",
		ExpiresAt: w.Clock.Now().Add(time.Hour), Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}})
	testkit.Check(t, err)
	token, err := w.Auth.Caller(t.Context(), secret, "192.0.2.7")
	testkit.Check(t, err)
	_, err = w.CA.Issue(t.Context(), token, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.ci.example.com"),
		ca.IssueOptions{Labels: notary.Labels{"team": "build"}, Note: "nightly", Key: "1", Digest: "2",
			SignOptions: ca.SignOptions{Profile: "server"}})
	testkit.Check(t, err)
}

// CopyOf returns the path of a copy of a SQLite database.
func CopyOf(t testing.TB, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	_, err := testkit.SQL(t, path).ExecContext(t.Context(), `VACUUM INTO $1`, to)
	testkit.Check(t, err)
	return to
}

// Reopen opens a database and closes it at the end of the test.
func Reopen(t testing.TB, database string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	t.Cleanup(func() { testkit.Check(t, s.Close()) })
	return s
}
