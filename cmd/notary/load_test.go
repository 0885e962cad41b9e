package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/testkit"
)

// load drives a server with many clients at once, and keeps a ledger of what the server has
// acknowledged.
type load struct {
	client    *client.Client
	authority int64

	mu       sync.Mutex
	requests []*ledger
	failures []string // what no transition explains
	crl      int64    // the highest CRL number seen
}

// ledger is what is known of one request. The calls whose answer never came may have been
// done or not.
type ledger struct {
	id  int64
	csr string

	mu                     sync.Mutex
	signs, revokes         int // acknowledged
	lostSigns, lostRevokes int // without an answer
	running, begun         int // calls under way, and ever begun
}

// deed is one thing that a client does to a request.
type deed int

const (
	create deed = iota
	sign
	revoke
)

// deeds are n of each kind in random order.
func deeds(n int) []deed {
	all := make([]deed, 0, 3*n)
	for range n {
		all = append(all, create, sign, revoke)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// run does the deeds with so many clients, until they are done or ctx ends.
func (l *load) run(ctx context.Context, clients int, work []deed) {
	queue := make(chan deed, len(work))
	for _, d := range work {
		queue <- d
	}
	close(queue)
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for d := range queue {
				if ctx.Err() != nil {
					return
				}
				l.do(ctx, d)
			}
		})
	}
	running.Wait()
}

func (l *load) do(ctx context.Context, d deed) {
	target := l.anyRequest()
	if d == create || target == nil {
		l.create(ctx)
		return
	}
	begun := target.begin()
	var err error
	if d == sign {
		err = l.client.SignCertificateRequest(ctx, target.id, api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)})
	} else {
		err = l.client.RevokeCertificate(ctx, target.id, api.Revoke{})
	}
	if failure := target.end(d, err, begun); failure != "" {
		l.failed(failure)
	}
}

func (l *load) create(ctx context.Context) {
	csr, err := newTestCSR()
	if err != nil {
		l.failed(err.Error())
		return
	}
	id, err := l.client.CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr})
	if noAnswer(err) {
		return
	}
	if err != nil {
		l.failed(fmt.Sprintf("create: %v", err))
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, &ledger{id: id, csr: csr})
}

func (l *load) anyRequest() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.requests) == 0 {
		return nil
	}
	return l.requests[rand.IntN(len(l.requests))]
}

func (l *load) failed(what string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures = append(l.failures, what)
}

// begin counts one more call. It gives the call's number, or -1 where another call for the
// same request is under way.
func (r *ledger) begin() (begun int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running++
	r.begun++
	if r.running > 1 {
		return -1
	}
	return r.begun
}

// end takes down the answer, and gives what is wrong with it.
func (r *ledger) end(d deed, err error, begun int) (failure string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.running--
	alone := begun == r.begun && r.running == 0
	before := r.status()
	switch {
	case noAnswer(err):
		r.lose(d)
		return ""
	case err == nil && d == sign:
		r.signs++
	case err == nil:
		r.revokes++
	case notary.KindOf(err) != notary.Conflict:
		return fmt.Sprintf("request %d: %v", r.id, err)
	}
	if !alone || r.lostSigns+r.lostRevokes > 0 {
		return "" // whatever came first explains it
	}
	if _, want := before.Next(actionOf(d)); (want == nil) != (err == nil) {
		return fmt.Sprintf("request %d was %s: %v", r.id, before, err)
	}
	return ""
}

func (r *ledger) lose(d deed) {
	if d == sign {
		r.lostSigns++
	} else {
		r.lostRevokes++
	}
}

func (r *ledger) status() notary.RequestStatus {
	switch {
	case r.revokes > 0:
		return notary.Revoked
	case r.signs > 0:
		return notary.Active
	default:
		return notary.Outstanding
	}
}

func actionOf(d deed) notary.Action {
	if d == sign {
		return notary.Sign
	}
	return notary.Revoke
}

// noAnswer says whether the call may have been done or not.
func noAnswer(err error) bool { return notary.KindOf(err) == notary.Unavailable }

// verify compares the server with the ledger, over the API: every request is there as it was
// submitted, with every certificate and revocation that was acknowledged, and every revoked
// serial number is on the CRL.
func (l *load) verify(t *testing.T) {
	t.Helper()
	for _, failure := range l.failures {
		t.Error(failure)
	}
	certificates, revoked := l.inventory(t)
	stored := map[int64]api.CertificateRequest{}
	for req, err := range l.client.CertificateRequests(t.Context()) {
		testkit.Check(t, err)
		stored[req.ID] = req
	}
	for _, r := range l.requests {
		req, ok := stored[r.id]
		if !ok || req.CSR != r.csr {
			t.Errorf("request %d was acknowledged and is not there as it was submitted", r.id)
		}
		if n := certificates[r.id]; n < r.signs || n > r.signs+r.lostSigns {
			t.Errorf("request %d has %d certificates: %d were acknowledged, %d got no answer", r.id, n, r.signs, r.lostSigns)
		}
		if n := revoked[r.id]; n < r.revokes || n > r.revokes+r.lostRevokes {
			t.Errorf("request %d has %d revocations: %d were acknowledged, %d got no answer", r.id, n, r.revokes, r.lostRevokes)
		}
		if want := r.status(); r.lostSigns+r.lostRevokes == 0 && req.Status != string(want) {
			t.Errorf("request %d is %s, want %s", r.id, req.Status, want)
		}
	}
}

// inventory counts certificates and revocations by request, and looks for every revoked
// serial number on the CRL.
func (l *load) inventory(t *testing.T) (certificates, revoked map[int64]int) {
	t.Helper()
	listed := l.listed(t)
	certificates, revoked = map[int64]int{}, map[int64]int{}
	for c, err := range l.client.Certificates(t.Context()) {
		testkit.Check(t, err)
		if c.CertificateRequestID == nil {
			continue
		}
		certificates[*c.CertificateRequestID]++
		if c.RevokedAt == nil {
			continue
		}
		revoked[*c.CertificateRequestID]++
		if !listed[c.SerialNumber] {
			t.Errorf("certificate %d is revoked and not on the CRL", c.ID)
		}
	}
	return certificates, revoked
}

// listed are the serial numbers on the CRL, whose number must never fall.
func (l *load) listed(t *testing.T) map[string]bool {
	t.Helper()
	der, err := l.client.CRL(t.Context(), l.authority)
	testkit.Check(t, err)
	crl, err := x509.ParseRevocationList(der)
	testkit.Check(t, err)
	if n := crl.Number.Int64(); n < l.crl {
		t.Errorf("the CRL number fell from %d to %d", l.crl, n)
	} else {
		l.crl = n
	}
	listed := map[string]bool{}
	for _, entry := range crl.RevokedCertificateEntries {
		listed[pki.SerialString(entry.SerialNumber)] = true
	}
	return listed
}

// watchCRL fetches the CRL again and again until ctx ends: lists are built under load too,
// and their number never falls.
func (l *load) watchCRL(ctx context.Context, t *testing.T) {
	for ctx.Err() == nil {
		der, err := l.client.CRL(ctx, l.authority)
		if err != nil {
			continue
		}
		crl, err := x509.ParseRevocationList(der)
		if err != nil {
			t.Error(err)
			return
		}
		l.mu.Lock()
		if n := crl.Number.Int64(); n < l.crl {
			t.Errorf("the CRL number fell from %d to %d", l.crl, n)
		} else {
			l.crl = n
		}
		l.mu.Unlock()
	}
}

func newTestCSR() (string, error) {
	key, err := pki.GenerateKey(notary.ECDSAP256)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("h%d.example.com", rand.Uint64())
	return pki.NewCSR(key, pkix.Name{CommonName: name}, notary.Names{DNS: []string{name}})
}

// prepare makes the first account and an authority, and logs in.
func prepare(t testing.TB, c *client.Client) *load {
	t.Helper()
	account := api.CreateAccount{Email: "load@example.com", Password: testkit.Password}
	_, err := c.CreateAccount(t.Context(), account)
	testkit.Check(t, err)
	token, err := c.Login(t.Context(), api.Login{Email: account.Email, Password: account.Password})
	testkit.Check(t, err)
	l := &load{client: c.WithToken(token)}
	l.authority, err = l.client.CreateCertificateAuthority(t.Context(),
		api.CreateCertificateAuthority{SelfSigned: true, CommonName: "Load Root"})
	testkit.Check(t, err)
	return l
}

// connect makes a client of a server whose certificate it does not check.
func connect(t testing.TB, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: url, TLS: &tls.Config{InsecureSkipVerify: true}})
	testkit.Check(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// 64 clients create, sign and revoke 2,000 requests in random order. No call fails but by
// the transition table, and everything that was acknowledged is there afterwards.
func TestManyClientsAtOnce(t *testing.T) {
	c := localConfig(t)
	url, stop := startServer(t, c)
	l := prepare(t, connect(t, url))

	watching, enough := context.WithCancel(t.Context())
	var watcher sync.WaitGroup
	watcher.Go(func() { l.watchCRL(watching, t) })
	l.run(t.Context(), 64, deeds(2000))
	enough()
	watcher.Wait()

	for _, r := range l.requests {
		if r.lostSigns+r.lostRevokes > 0 {
			t.Errorf("request %d: a call got no answer", r.id)
		}
	}
	l.verify(t)
	testkit.Check(t, stop())
	checkWhole(t, c.db)
}

// checkWhole opens the database of a server that has ended, and checks it.
func checkWhole(t *testing.T, path string) {
	t.Helper()
	st, err := store.Open(t.Context(), path, time.Now)
	testkit.Check(t, err)
	testkit.Check(t, st.CheckInvariants(t.Context()))
	testkit.Check(t, st.Close())
}

// sample makes one request that is signed, and gives its id.
func (l *load) sample(t testing.TB) int64 {
	t.Helper()
	l.create(t.Context())
	id := l.requests[0].id
	testkit.Check(t, l.client.SignCertificateRequest(t.Context(), id,
		api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)}))
	return id
}

// fill copies the sample n times in the database of a server that has ended.
func fill(t testing.TB, path string, sample int64, n int) {
	t.Helper()
	st, err := store.Open(t.Context(), path, time.Now)
	testkit.Check(t, err)
	testkit.Fill(t, st, sample, n)
	testkit.Check(t, st.Close())
}
