package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"time"

	"notary"
	"notary/api"
)

const (
	requestsPath     = "/api/v1/certificate_requests"
	certificatesPath = "/api/v1/certificates"
	authoritiesPath  = "/api/v1/certificate_authorities"
	pageSize         = 100
)

type known struct {
	name, domain, team, label, serial string

	authority int64
	revoked   bool
}

func knownOf(r *notary.Request, c *notary.Certificate) known {
	k := known{name: r.CommonName, serial: c.Serial, authority: c.AuthorityID, revoked: c.Revocation != nil}
	k.domain = domainOf(k.name)
	k.team, _, _ = strings.Cut(k.domain, ".")
	k.label, _, _ = strings.Cut(k.name, ".")
	return k
}

func getting(name, path string) operation {
	return operation{name: name, next: func(*rand.Rand) (call, bool) { return call{method: "GET", path: path}, true }}
}

func getOne(s *site) operation {
	rows := int64(s.rows)
	return operation{name: "get one",
		next: func(r *rand.Rand) (call, bool) {
			return call{method: "GET", path: fmt.Sprintf("%s/%d", requestsPath, 1+r.Int64N(rows))}, true
		},
		check: func(c call, body []byte) error {
			_, id, _ := strings.Cut(c.path, requestsPath+"/")
			return contains(body, `"id":`+id+",")
		}}
}

func page(name string, s *site, sort, after string) operation {
	op := getting(name, withCursor(pagePath(sort, pageSize), after))
	want := min(pageSize, s.rows)
	op.check = func(_ call, body []byte) error {
		if n := bytes.Count(body, []byte(`"csr":"`)); n != want {
			return fmt.Errorf("the page has %d requests instead of %d", n, want)
		}
		return nil
	}
	return op
}

func pagePath(sort string, limit int) string {
	return fmt.Sprintf("%s?limit=%d&sort=%s", requestsPath, limit, url.QueryEscape(sort))
}

func (b *bench) searching(name, path string, query func(known) url.Values) operation {
	var paths []string
	for _, k := range b.known {
		if k.domain == "" || strings.HasPrefix(k.label, "*") {
			continue // skip IP addresses, email addresses and wildcards
		}
		paths = append(paths, path+"?"+query(k).Encode())
	}
	return operation{name: name,
		next: func(r *rand.Rand) (call, bool) { return call{method: "GET", path: pick(r, paths)}, true },
		check: func(c call, body []byte) error {
			if contains(body, `"id":`) != nil && nextCursor(body) == "" {
				return fmt.Errorf("the search %s finds nothing", c.path)
			}
			return nil
		}}
}

func (b *bench) searches() []operation {
	return []operation{
		b.searching("search by name", requestsPath, func(k known) url.Values { return url.Values{"name": {k.name}} }),
		b.searching("search by domain", requestsPath,
			func(k known) url.Values { return url.Values{"domain": {k.domain}} }),
		b.searching("search by a word", requestsPath, func(k known) url.Values { return url.Values{"q": {k.team}} }),
		b.searching("search by two words", requestsPath,
			func(k known) url.Values { return url.Values{"q": {k.label + " " + k.team}} }),
		b.searching("search by serial number", certificatesPath,
			func(k known) url.Values { return url.Values{"serial_number": {k.serial}} }),
	}
}

func streaming(name, path, row string) operation {
	op := getting(name, path)
	op.clients, op.limit, op.half, op.cold = 1, time.Hour, true, true
	op.body = &counter{pattern: []byte(row)}
	return op
}

// create returns an operation that submits prepared CSRs and adds the new requests to outstanding.
func (b *bench) create(csrs [][]byte) operation {
	left := upTo(len(csrs))
	created := make(chan int64, len(csrs))
	b.outstanding = &ids{}
	return operation{name: "create",
		next: func(*rand.Rand) (call, bool) {
			i, ok := left.take()
			if !ok {
				return call{}, false
			}
			return call{method: "POST", path: requestsPath, body: csrs[i], status: 201}, true
		},
		all: true,
		check: func(_ call, body []byte) error {
			id, err := createdID(body)
			if err == nil {
				created <- id
			}
			return err
		},
		after: func() {
			close(created)
			for id := range created {
				b.outstanding.all = append(b.outstanding.all, id)
			}
		}}
}

func createBody(csr []byte) []byte {
	body, _ := json.Marshal(api.CreateCertificateRequest{CSR: string(csr)}) // cannot fail for a string
	return body
}

func createdID(body []byte) (id int64, err error) {
	_, rest, ok := bytes.Cut(body, []byte(`"id":`))
	if !ok {
		return 0, errors.New("the response has no id")
	}
	for _, digit := range rest {
		if digit < '0' || digit > '9' {
			break
		}
		id = 10*id + int64(digit-'0')
	}
	return id, nil
}

func acting(name string, on *ids, path string, body []byte) operation {
	return operation{name: name, next: func(*rand.Rand) (call, bool) {
		id, ok := on.take()
		return call{method: "POST", path: fmt.Sprintf("%s/%d%s", requestsPath, id, path), body: body, status: 202}, ok
	}}
}

func fetchCRL(name string, authority int64) operation {
	c := call{method: "GET", path: fmt.Sprintf("%s/%d/crl", authoritiesPath, authority), accept: "application/pkix-crl"}
	return operation{name: name, next: func(*rand.Rand) (call, bool) { return c, true }}
}

func contains(body []byte, text string) error {
	if !bytes.Contains(body, []byte(text)) {
		return fmt.Errorf("the response does not contain %s", text)
	}
	return nil
}
