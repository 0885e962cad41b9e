package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"
)

// maxPage is the maximum size of a page's HTML in octets.
const maxPage = 100_000

func (b *bench) measurePages(ctx context.Context) error {
	for _, p := range b.pages() {
		if !b.wanted(p.name) {
			continue
		}
		err := b.runBeside(ctx, b.at1000, func(s *site) (operation, error) { return p.operation(s), nil },
			func(small figure) comparison { return medianOf(small, at(someRows), budgetPage) })
		if err != nil {
			return err
		}
	}
	return nil
}

type webPage struct {
	name string
	path func(r *rand.Rand, rows int64) string
}

func (b *bench) pages() []webPage {
	// Even on a small site, more than a page of certificates expires before soon.
	soon := time.Now().AddDate(0, 0, 60).UTC().Format(time.RFC3339)
	authority := fmt.Sprintf("/authorities/%d", b.authority.issuing[0])
	return []webPage{
		{"page, overview", fixed("/")},
		{"page, requests", fixed("/requests")},
		{"page, requests by status", fixed("/requests?status=Active")},
		{"page, requests that are searched for", fixed("/requests?q=prod")}, // also matches more than a page
		{"page, one request", func(r *rand.Rand, rows int64) string {
			return fmt.Sprintf("/requests/%d", 1+r.Int64N(rows))
		}},
		{"page, new request", fixed("/requests/new")},
		{"page, certificates", fixed("/certificates")},
		{"page, certificates that expire soon",
			fixed("/certificates?" + url.Values{"expires_before": {soon}}.Encode())},
		{"page, one certificate", func(r *rand.Rand, rows int64) string {
			return fmt.Sprintf("/certificates/%d", 100+r.Int64N(rows/2))
		}},
		{"page, authorities", fixed("/authorities")},
		{"page, one authority", fixed(authority)},
		{"page, profiles", fixed("/profiles")},
		{"page, accounts", fixed("/accounts")},
		{"page, events", fixed("/events")},
		{"page, settings", fixed("/settings")},
		{"page, my account", fixed("/me")},
	}
}

func fixed(path string) func(*rand.Rand, int64) string {
	return func(*rand.Rand, int64) string { return path }
}

// operation returns an operation that requests the page with a single client, to measure the time to the last octet
// without queueing.
func (p webPage) operation(s *site) operation {
	rows := int64(s.rows)
	return operation{name: p.name, clients: 1, half: true,
		next: func(r *rand.Rand) (call, bool) {
			return call{method: "GET", path: p.path(r, rows), accept: "text/html", browser: true}, true
		},
		check: func(_ call, body []byte) error {
			switch {
			case len(body) > maxPage:
				return fmt.Errorf("the page has %d octets, more than %d", len(body), maxPage)
			case !bytes.Contains(body, []byte("<h1")) || bytes.Contains(body, []byte("Sign in to Notary")):
				return fmt.Errorf("not the expected page: %s", excerpt(body))
			}
			return nil
		}, all: true}
}
