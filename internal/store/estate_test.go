package store_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// estate holds random data, in the database and in memory.
type estate struct {
	rand     *rand.Rand
	store    *store.Store
	clock    *testkit.Clock
	issuers  []*notary.Authority
	requests int
	serials  map[int64][]string // see serialsOf
}

var (
	hosts = []string{"web", "web-1", "db", "mail", "a", "api", "v_1", "100%", `b\c`}
	zones = []string{"example.com", "prod.example.com", "example.org", "corp", "münchen.example", "web.example.com"}
	keys  = []string{"ECDSA P-256", "RSA 2048", "Ed25519"}
	mails = []string{"ann@example.com", "bob@example.org", "a@corp"}
)

func newEstate(t *testing.T, objects int, options ...store.Option) *estate {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	e := &estate{rand: rand.New(rand.NewPCG(seed, 1)), serials: map[int64][]string{}}
	e.store, e.clock = open(t, options...)
	for range 2 {
		e.issuers = append(e.issuers, newAuthority(t, e.store))
	}
	for range objects {
		e.live(t)
	}
	return e
}

func pick[T any](e *estate, from []T) T { return from[e.rand.IntN(len(from))] }

func (e *estate) name() string { return pick(e, hosts) + "." + pick(e, zones) }

// live creates a request and takes it through a random life cycle.
func (e *estate) live(t *testing.T) {
	t.Helper()
	e.requests++
	req := &notary.Request{CSR: "the CSR", Fingerprint: fmt.Sprintf("%064x", e.rand.Uint64()), Key: pick(e, keys),
		RequesterID: 1 + e.rand.Int64N(3), CommonName: e.name()}
	req.Email, req.OwnerGroupID = mails[req.RequesterID-1], max(0, e.rand.Int64N(6)-3)
	req.Names.DNS = []string{req.CommonName, e.name()}
	if e.rand.IntN(4) == 0 {
		req.Names.IP = []string{fmt.Sprintf("10.0.%d.%d", e.rand.IntN(2), e.rand.IntN(20))}
		req.Names.URI = []string{"spiffe://" + pick(e, zones) + "/web"}
	}
	if e.rand.IntN(6) == 0 {
		req.CommonName = "Web Root Ünit " + fmt.Sprint(e.rand.IntN(3))
	}
	write(t, e.store, func(tx *store.Tx) (err error) {
		if req.ID, err = tx.InsertRequest(req); err == nil {
			err = creation(tx, "request", req.ID)
		}
		return err
	})
	req = getRequest(t, e.store, req.ID)
	for range e.rand.IntN(3) {
		req = activate(t, e.store, req, e.certificate(req))
	}
	switch e.rand.IntN(5) {
	case 0:
		e.end(t, req)
	case 1:
		write(t, e.store, func(tx *store.Tx) error { return tx.DeleteRequest(req) })
	}
}

func (e *estate) certificate(req *notary.Request) *notary.Certificate {
	issuer := pick(e, e.issuers).ID
	c := newCertificate(issuer, int(e.rand.Int64()>>8), e.clock.Now().Add(time.Duration(e.rand.IntN(40))*time.Hour))
	c.CommonName, c.Names, c.Key, c.Email = req.CommonName, req.Names, req.Key, req.Email
	return c
}

func (e *estate) end(t *testing.T, req *notary.Request) {
	t.Helper()
	write(t, e.store, func(tx *store.Tx) error {
		if req.Certificate == nil {
			return tx.Transition(req, notary.Rejected, 0)
		}
		if err := tx.InsertRevocation(req.Certificate, notary.Superseded); err != nil {
			return err
		}
		return tx.Transition(req, notary.Revoked, 0)
	})
}

func (e *estate) sort() notary.Sort { return pick(e, notary.Sorts) }

// filter returns a filter of up to three random conditions.
func (e *estate) filter() notary.Filter {
	var f notary.Filter
	for range e.rand.IntN(4) {
		switch e.rand.IntN(13) {
		case 11:
			f.OwnerEmail = pick(e, mails)
		case 12:
			f.OwnerGroup = 1 + e.rand.Int64N(3)
		case 0:
			f.Email = pick(e, mails)
		case 1:
			f.Status = pick(e, notary.RequestStatuses)
		case 2:
			yes := e.rand.IntN(2) == 0
			f.Revoked = &yes
		case 3:
			f.AuthorityID = pick(e, e.issuers).ID
		case 4:
			f.Key = pick(e, keys)
		case 5:
			f.Name = pick(e, []string{e.name(), "10.0.1.7", "web root ünit 1"})
		case 6:
			f.NamePrefix = pick(e, []string{"web", "WEB-1.", "a", "10.0.", "v_", "100%", "web root", "spiffe://"})
		case 7:
			f.Domain = pick(e, append(zones, "com", "Example.com", "xample.com", "1.example.com"))
		case 8:
			f.Search = []string{pick(e, []string{"web", "prod", "exam", "corp", "root", "v_1", "%", "_", `\`, "münch",
				"bob", "10.0", "0000", "zz", "rsa", "p-256", "2048", "ed2", "ecd", "active", "Revoked"})}
		case 9:
			f.ExpiresAfter = e.clock.Now().Add(time.Duration(e.rand.IntN(40)) * time.Hour)
		case 10:
			f.ExpiresBefore = e.clock.Now().Add(time.Duration(e.rand.IntN(40)) * time.Hour)
		}
	}
	if f.Email != "" && e.rand.IntN(3) == 0 {
		f.Owner = int64(1 + slices.Index(mails, f.Email))
	}
	return f
}
