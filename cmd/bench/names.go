package main

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
)

// Parts of the host names and email addresses of organisations with many teams.
var (
	organisations = []string{"example.com", "example.net", "example.org", "aster.example", "borealis.example",
		"cobalt.example", "dune.example", "ember.example", "fjord.example", "garnet.example"}
	teams = []string{"payments", "search", "checkout", "identity", "ledger", "billing", "catalog", "orders",
		"inventory", "shipping", "pricing", "reports", "metrics", "logging", "mail", "media", "ads", "risk",
		"fraud", "support", "mobile", "web", "data", "ml", "warehouse", "partners", "hr", "legal", "finance",
		"network", "storage", "compute", "build", "tools", "docs", "intranet", "sales", "crm", "iot", "labs"}
	roles = []string{"web", "api", "db", "cache", "queue", "worker", "proxy", "auth", "grpc", "node", "etcd",
		"kafka", "redis", "vault", "ldap", "vpn", "ci", "git", "build", "cron"}
	regions      = []string{"eu-west", "eu-central", "us-east", "us-west", "ap-south", "ap-northeast"}
	environments = []string{"prod", "prod", "prod", "staging", "test", "dev"}
	firstNames   = []string{"ada", "alan", "barbara", "claude", "donald", "edsger", "frances", "grace", "hedy",
		"ivan", "jean", "ken", "leslie", "margaret", "niklaus", "olga", "peter", "radia", "shafi", "tim"}
)

// owners is the number of accounts that submit requests.
const owners = 2000

// firstOwner is the lowest ID of these accounts. Lower IDs belong to the accounts that log in and to the approvers.
const firstOwner = 1001

// namer generates names. Domains and owners follow Zipf's law: a few parts of an organisation are much larger than
// the rest.
type namer struct {
	rand   *rand.Rand
	domain *rand.Zipf
	owner  *rand.Zipf
	number *rand.Zipf
}

func newNamer(r *rand.Rand) *namer {
	return &namer{rand: r,
		domain: rand.NewZipf(r, 1.2, 8, uint64(len(organisations)*len(teams)-1)),
		owner:  rand.NewZipf(r, 1.3, 2, owners-1),
		number: rand.NewZipf(r, 1.1, 20, 999),
	}
}

type subject struct {
	commonName string
	dns, ip    []string
	email      []string
	ownerID    int64
	owner      string // email
}

func (n *namer) subject() subject {
	d := int(n.domain.Uint64())
	organisation := organisations[d%len(organisations)]
	domain := teams[d/len(organisations)] + "." + organisation
	s := n.ownerOf(d)
	switch p := n.rand.IntN(100); {
	case p < 3: // a host with only an IP address
		s.ip = []string{n.address()}
		s.commonName = s.ip[0]
		return s
	case p < 5: // a person
		s.email = []string{s.owner}
		s.commonName = s.owner
		return s
	case p < 9: // a wildcard for a cluster
		s.commonName = "*." + pick(n.rand, regions) + "." + pick(n.rand, environments) + "." + domain
	case p < 15: // a public host
		s.commonName = pick(n.rand, roles) + "." + domain
	default:
		s.commonName = n.host(domain)
	}
	s.dns = []string{s.commonName}
	n.addMore(&s, domain)
	return s
}

// host returns a host name, such as web-123.eu-west.prod.payments.example.com.
func (n *namer) host(domain string) string {
	return fmt.Sprintf("%s-%d.%s.%s.%s", pick(n.rand, roles), 1+n.number.Uint64(),
		pick(n.rand, regions), pick(n.rand, environments), domain)
}

// addMore adds host names to a fifth of the subjects, and an IP address to an eighth.
func (n *namer) addMore(s *subject, domain string) {
	if n.rand.IntN(5) == 0 {
		for range 1 + n.rand.IntN(6) {
			if name := n.host(domain); !slices.Contains(s.dns, name) {
				s.dns = append(s.dns, name)
			}
		}
	}
	if n.rand.IntN(8) == 0 {
		s.ip = append(s.ip, n.address())
	}
}

func (n *namer) address() string {
	if n.rand.IntN(10) == 0 {
		return netip.MustParseAddr(fmt.Sprintf("2001:db8:%x::%x", n.rand.IntN(1<<16), 1+n.rand.IntN(1<<16-1))).String()
	}
	return fmt.Sprintf("10.%d.%d.%d", n.rand.IntN(256), n.rand.IntN(256), 1+n.rand.IntN(254))
}

// ownerOf returns a subject with only the owner set: one of the people in the organisation who request certificates for
// the domain.
func (n *namer) ownerOf(domain int) subject {
	org := domain % len(organisations)
	i := (len(organisations)*(31*domain+int(n.owner.Uint64())) + org) % owners
	return subject{ownerID: firstOwner + int64(i), owner: ownerEmail(i)}
}

func ownerEmail(i int) string {
	return fmt.Sprintf("%s.%d@%s", firstNames[i/len(organisations)%len(firstNames)], i,
		organisations[i%len(organisations)])
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// domainOf returns the team's domain in a host name, or "" if there is none.
func domainOf(host string) string {
	for _, o := range organisations {
		if above, ok := strings.CutSuffix(host, "."+o); ok {
			return above[strings.LastIndexByte(above, '.')+1:] + "." + o
		}
	}
	return ""
}
