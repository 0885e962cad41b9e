package cli

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/app/apptest"
	"notary/internal/pki"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

// load drives servers with many concurrent clients, and records what they have acknowledged.
type load struct {
	client    *client.Client   // for preparation and verification
	nodes     []*client.Client // receive the load; if nil, client does
	authority int64

	mu           sync.Mutex
	requests     []*ledger
	lostCreates  int            // outcome unknown
	failures     []string       // not explained by a transition
	acknowledged int            // calls
	unanswered   int            // calls that were not done or whose outcome is unknown
	refused      int            // of these, how many were refused with a time to retry
	answers      map[string]int // errors of these
	crl          int64          // the highest CRL number seen
}

type operation int

const (
	create operation = iota
	sign
	revoke
)

func operations(n int) []operation {
	all := make([]operation, 0, 3*n)
	for range n {
		all = append(all, create, sign, revoke)
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// run performs the work with several clients until it is done or ctx ends, without aborting calls in progress.
func (l *load) run(ctx context.Context, clients int, work []operation) {
	queue := make(chan operation, len(work))
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
				l.do(context.WithoutCancel(ctx), d)
			}
		})
	}
	running.Wait()
}

func (l *load) do(ctx context.Context, d operation) {
	target := l.anyRequest()
	if d == create || target == nil {
		l.create(ctx)
		return
	}
	begun := target.begin()
	node := l.node()
	var err error
	if d == sign {
		err = node.SignCertificateRequest(ctx, target.id,
			api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)})
	} else {
		_, err = node.RevokeCertificate(ctx, target.id, api.RevokeCertificateRequest{OnlyCurrent: true})
	}
	if failure := target.end(d, err, begun); failure != "" {
		l.failed(failure)
	}
	l.count(ctx, err)
}

func (l *load) node() *client.Client {
	if len(l.nodes) == 0 {
		return l.client
	}
	return l.nodes[rand.IntN(len(l.nodes))]
}

// count counts a call, and pauses after one without an answer. A server that refuses must give a time to retry.
func (l *load) count(ctx context.Context, err error) {
	l.mu.Lock()
	var e *notary.Error
	switch {
	case err == nil:
		l.acknowledged++
	case isUnavailable(err) && errors.As(err, &e):
		l.unanswered++
		l.answers[e.Error()]++
		if e.RetryAfter > 0 {
			l.refused++
		} else if e.Err == nil { // set by the client if no answer came
			l.failures = append(l.failures, fmt.Sprintf("refused without a Retry-After: %v", err))
		}
	}
	l.mu.Unlock()
	if isUnavailable(err) {
		pause(ctx, 50*time.Millisecond)
	}
}

func (l *load) create(ctx context.Context) {
	csr, err := newTestCSR()
	if err != nil {
		l.failed(err.Error())
		return
	}
	id, err := l.node().CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr})
	l.mu.Lock()
	switch {
	case err == nil:
		l.requests = append(l.requests, &ledger{id: id, csr: csr})
	case unknown(err):
		l.lostCreates++
	case !isUnavailable(err):
		l.failures = append(l.failures, fmt.Sprintf("create: %v", err))
	}
	l.mu.Unlock()
	l.count(ctx, err)
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

// watchCRL fetches the CRL from each server in turn until ctx ends; its number never decreases.
func (l *load) watchCRL(ctx context.Context, t *testing.T) {
	for turn := 0; ctx.Err() == nil; turn++ {
		node := l.client
		if len(l.nodes) > 0 {
			node = l.nodes[turn%len(l.nodes)]
		}
		der, err := node.CRL(ctx, l.authority)
		if err != nil {
			if !isUnavailable(err) {
				t.Errorf("the CRL: %v", err)
			}
			pause(ctx, 50*time.Millisecond)
			continue
		}
		l.sawCRL(t, der)
	}
}

// underLoad performs the work while watching the CRL.
func (l *load) underLoad(ctx context.Context, t *testing.T, clients int, work []operation) {
	watching, enough := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() { l.watchCRL(watching, t) })
	l.run(ctx, clients, work)
	enough()
	watcher.Wait()
}

func newTestCSR() (string, error) {
	key, err := pki.GenerateKey(notary.ECDSAP256)
	if err != nil {
		return "", err
	}
	name := fmt.Sprintf("h%d.example.com", rand.Uint64())
	csr, err := pki.NewCSR(key, pkix.Name{CommonName: name}, notary.Names{DNS: []string{name}})
	if err != nil {
		return "", err
	}
	return csr.PEM, nil
}

func prepare(t testing.TB, c *client.Client) *load {
	t.Helper()
	account := api.CreateAccount{Email: "load@example.com", Password: testkit.Password}
	_, err := c.CreateAccount(t.Context(), account)
	testkit.Check(t, err)
	token, err := c.Login(t.Context(), api.Login{Email: account.Email, Password: account.Password})
	testkit.Check(t, err)
	l := &load{client: c.WithToken(token), answers: map[string]int{}}
	l.authority, err = l.client.CreateCertificateAuthority(t.Context(),
		api.CreateCertificateAuthority{SelfSigned: true, CommonName: "Load Root"})
	testkit.Check(t, err)
	return l
}

func connect(t testing.TB, url string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{Server: url, TLS: &tls.Config{InsecureSkipVerify: true}})
	testkit.Check(t, err)
	t.Cleanup(c.CloseIdleConnections)
	return c
}

// Clients create, sign and revoke requests in random order. Calls fail only as the transition table allows, and all
// acknowledged changes are stored.
func TestManyClientsAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	url, stop := apptest.Start(t, c)
	l := prepare(t, connect(t, url))

	l.underLoad(t.Context(), t, 64, operations(2000))
	l.wantAllAnswered(t)
	l.verify(t)
	testkit.Check(t, stop())
	checkWhole(t, c.DB)
}

func checkWhole(t *testing.T, database string) {
	t.Helper()
	st, err := store.Open(t.Context(), database, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	testkit.Check(t, archive.CheckInvariants(t.Context(), st))
	testkit.Check(t, st.Close())
}

// sample creates and signs a request, and returns its ID.
func (l *load) sample(t testing.TB) int64 {
	t.Helper()
	l.create(t.Context())
	id := l.requests[0].id
	testkit.Check(t, l.client.SignCertificateRequest(t.Context(), id,
		api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)}))
	return id
}

// fill copies the sample n times in the database of a stopped server.
func fill(t testing.TB, path string, sample int64, n int) {
	t.Helper()
	st, err := store.Open(t.Context(), path, time.Now, testkit.Patient...)
	testkit.Check(t, err)
	testkit.Fill(t, st, sample, n)
	testkit.Check(t, st.Close())
}
