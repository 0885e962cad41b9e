package store_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// open opens a database of the test's own. When the test ends, it must be whole.
func open(t testing.TB, options ...store.Option) (*store.Store, *testkit.Clock) {
	t.Helper()
	return openAt(t, testkit.Database(t), options...)
}

func openAt(t testing.TB, database string, options ...store.Option) (*store.Store, *testkit.Clock) {
	t.Helper()
	clock := testkit.NewClock()
	s, err := store.Open(t.Context(), database, clock.Now, slices.Concat(testkit.Patient, options)...)
	testkit.Check(t, err)
	t.Cleanup(func() {
		testkit.Check(t, s.CheckInvariants(context.Background()))
		testkit.Check(t, s.Close())
	})
	return s, clock
}

// write writes and wants no error.
func write(t testing.TB, s *store.Store, fn func(*store.Tx) error) {
	t.Helper()
	testkit.Check(t, s.Write(t.Context(), fn))
}

// creation is the event without which nothing can be created.
func creation(tx *store.Tx, what string, id int64) error {
	return tx.Event(notary.EventBy(notary.SystemCaller, what+".create", id, ""))
}

// insertRequest adds the request number n of its requester.
func insertRequest(tx *store.Tx, requester int64, n int) (int64, error) {
	id, err := tx.InsertRequest(&notary.Request{
		CSR:         fmt.Sprintf("the CSR %d-%d", requester, n),
		Fingerprint: fmt.Sprintf("%032x%032x", requester, n), Content: fmt.Sprintf("%064x", n),
		RequesterID: requester, Email: "somebody@example.com", CommonName: "a.example.com",
		Names: notary.Names{DNS: []string{"a.example.com"}, IP: []string{"10.0.0.7"}}, Key: "ECDSA P-256",
	})
	if err != nil {
		return 0, err
	}
	return id, creation(tx, "request", id)
}

func newRequest(t testing.TB, s *store.Store, requester int64, n int) *notary.Request {
	t.Helper()
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = insertRequest(tx, requester, n)
		return err
	})
	return getRequest(t, s, id)
}

func getRequest(t testing.TB, s *store.Store, id int64) *notary.Request {
	t.Helper()
	req, err := s.Request(t.Context(), id)
	testkit.Check(t, err)
	return req
}

func newAuthority(t testing.TB, s *store.Store) *notary.Authority {
	t.Helper()
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertAuthority(&notary.Authority{Enabled: true, CSR: "the CSR", CommonName: "Root",
			Key: "Ed25519", PathLen: -1}, []byte("sealed"))
		if err != nil {
			return err
		}
		return creation(tx, "authority", id)
	})
	return getAuthority(t, s, id)
}

func getAuthority(t testing.TB, s *store.Store, id int64) *notary.Authority {
	t.Helper()
	a, err := s.Authority(t.Context(), id)
	testkit.Check(t, err)
	return a
}

// newCertificate is a certificate with that serial number. The store does not look inside;
// the chain is of things that are DER, as the store takes them apart.
func newCertificate(authority int64, serial int, notAfter time.Time) *notary.Certificate {
	c := &notary.Certificate{
		AuthorityID: authority, CommonName: "a.example.com",
		Names: notary.Names{DNS: []string{"a.example.com"}, URI: []string{"spiffe://example.org/a"}},
		Key:   "ECDSA P-256", KeyFingerprint: fmt.Sprintf("%032x%032x", serial, authority), Serial: fmt.Sprintf("%032x", serial),
		NotBefore: notAfter.AddDate(0, 0, -90), NotAfter: notAfter, Profile: "server",
		IssuerChain: [][]byte{{0x30, 0x00}, {0x30, 0x03, 0x02, 0x01, 0x07}},
	}
	setDER(c, fmt.Sprintf("%d of authority %d", serial, authority))
	return c
}

// setDER gives c the DER of a string, and its fingerprint.
func setDER(c *notary.Certificate, text string) {
	c.DER = append([]byte{0x0c, byte(len(text))}, text...)
	c.Fingerprint = fingerprintOf(c.DER)
}

func fingerprintOf(der []byte) string {
	digest := sha256.Sum256(der)
	return hex.EncodeToString(digest[:])
}

// activate gives the request a certificate.
func activate(t testing.TB, s *store.Store, req *notary.Request, cert *notary.Certificate) *notary.Request {
	t.Helper()
	write(t, s, func(tx *store.Tx) error {
		cert.RequestID, cert.RequesterID = req.ID, req.RequesterID
		id, err := tx.InsertCertificate(cert)
		if err != nil {
			return err
		}
		return tx.Transition(req, notary.Active, id)
	})
	return getRequest(t, s, req.ID)
}

// newAccount makes an account that has the role and the e-mail role@example.com, numbered.
func newAccount(t testing.TB, s *store.Store, role notary.Role, n int) *notary.Account {
	t.Helper()
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = insertAccount(tx, role, n, false)
		return err
	})
	a, err := s.Account(t.Context(), id)
	testkit.Check(t, err)
	return a
}

func insertAccount(tx *store.Tx, role notary.Role, n int, first bool) (int64, error) {
	email := fmt.Sprintf("%s-%d@example.com", strings.ReplaceAll(strings.ToLower(role.String()), " ", "-"), n)
	id, err := tx.InsertAccount(&notary.Account{Email: email, Role: role}, "hash of "+email, first)
	if err != nil {
		return 0, err
	}
	return id, creation(tx, "account", id)
}

// lives are requests, most with a certificate, a tenth of them revoked.
func lives(issuers []int64, now time.Time, n int) func(func(store.Life) bool) {
	return func(yield func(store.Life) bool) {
		for i := range n {
			name := fmt.Sprintf("web-%d.zone-%d.example.com", i, i%1000)
			l := store.Life{Request: notary.Request{CSR: "the CSR", Fingerprint: fmt.Sprintf("%016x%048x", uint64(i)*0x9E3779B97F4A7C15, i), Status: notary.Active,
				RequesterID: int64(i%50 + 1), Email: fmt.Sprintf("owner-%d@example.com", i%50), CommonName: name,
				Names: notary.Names{DNS: []string{name}}, Key: []string{"RSA 2048", "ECDSA P-256"}[i%2], CreatedAt: now, UpdatedAt: now}}
			l.Events = []notary.Event{{At: now, Action: "request.create"}}
			c := newCertificate(issuers[i/10%len(issuers)], i*7919, now.Add(time.Duration(i%5000)*time.Hour))
			c.CommonName, c.Names, c.Key, c.KeyFingerprint = name, l.Request.Names, l.Request.Key, l.Request.Fingerprint
			c.Serial = l.Request.Fingerprint[:32]
			setDER(c, name)
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

// newProfile makes a profile with that name.
func newProfile(t testing.TB, s *store.Store, name string) *notary.Profile {
	t.Helper()
	var id int64
	write(t, s, func(tx *store.Tx) (err error) {
		id, err = tx.InsertProfile(&notary.Profile{Name: name, Rules: notary.Rules{Description: "the first"}})
		return err
	})
	p, err := s.Profile(t.Context(), id)
	testkit.Check(t, err)
	return p
}
