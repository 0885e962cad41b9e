package main

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"notary"
	"notary/internal/pki"
	"notary/internal/store"
)

// seed makes the generated data the same in every run.
const seed = 20260101

const (
	day     = 24 * time.Hour
	history = 3 * 365 * day // age of the oldest request
)

// sample is a real request with its certificate. Generated lives use its CSR and DER, so that all of the database can
// be parsed.
type sample struct {
	weight    int // relative number of lives that use it
	csr       string
	key       string
	authority int64
	profile   string
	der       []byte
	issuers   *notary.Issuers
}

func newSample(r *notary.Request, weight int) sample {
	c := r.Certificate
	return sample{weight: weight, csr: r.CSR, key: r.Key, authority: c.AuthorityID, profile: c.Profile,
		der: c.DER, issuers: c.Issuers}
}

// lives generates requests of the last three years with their certificates and events.
type lives struct {
	rand    *rand.Rand
	names   *namer
	now     time.Time
	samples []sample
	weights int
}

func newLives(now time.Time, samples []sample) *lives {
	r := rand.New(rand.NewPCG(seed, 0))
	l := &lives{rand: r, names: newNamer(r), now: now.UTC().Truncate(time.Second), samples: samples}
	for _, s := range samples {
		l.weights += s.weight
	}
	return l
}

func (l *lives) next() store.Life {
	s := l.sample()
	switch p := l.rand.IntN(100); {
	case p < 3:
		return l.outstanding(s)
	case p < 7:
		return l.rejected(s)
	case p < 15:
		return l.revoked(s)
	case p < 85:
		return l.active(s, l.now.Add(-l.upTo(s.validity)))
	default: // expired without renewal
		return l.active(s, l.now.Add(-s.validity-l.upTo(history-s.validity)))
	}
}

func (l *lives) nextOf(s sample, revoked bool) store.Life {
	d := draft{sample: s, subject: l.names.subject(), validity: 90 * day}
	if revoked {
		return l.revoked(d)
	}
	return l.active(d, l.now.Add(-l.upTo(d.validity/2)))
}

type draft struct {
	sample
	subject
	validity time.Duration
}

func (l *lives) sample() draft {
	d := draft{subject: l.names.subject(), validity: 90 * day}
	if l.rand.IntN(4) == 0 {
		d.validity = 365 * day
	}
	n := l.rand.IntN(l.weights)
	for _, d.sample = range l.samples {
		if n -= d.weight; n < 0 {
			break
		}
	}
	return d
}

// outstanding returns the life of a pending request. About half of these requests are from the last three days.
func (l *lives) outstanding(d draft) store.Life {
	age := min(time.Duration(l.rand.ExpFloat64()*float64(4*day)), history)
	return l.life(d, notary.Outstanding, l.now.Add(-age))
}

func (l *lives) rejected(d draft) store.Life {
	life := l.life(d, notary.Rejected, l.now.Add(-l.upTo(history)))
	l.decide(&life, l.between(life.Request.CreatedAt, 3*day), "request.reject", nil)
	return life
}

func (l *lives) active(d draft, lastSigned time.Time) store.Life {
	signed := l.renewals(lastSigned, d.validity)
	life := l.life(d, notary.Active, signed[0].Add(-l.upTo(2*day)))
	l.issue(&life, d, signed)
	return life
}

func (l *lives) revoked(d draft) store.Life {
	signed := l.renewals(l.now.Add(-l.upTo(history)), d.validity)
	life := l.life(d, notary.Revoked, signed[0].Add(-l.upTo(2*day)))
	l.issue(&life, d, signed)
	last := life.Certificates[len(life.Certificates)-1]
	at := l.between(last.CreatedAt, d.validity)
	last.Revocation = &notary.Revocation{Serial: last.Serial, At: at, Reason: l.reason()}
	l.decide(&life, at, "request.revoke", notary.Fields{"serial_number": last.Serial, "reason": last.Revocation.Reason},
		notary.NewRef("authority", d.authority, ""))
	return life
}

// renewals returns the times of the first signature and up to three renewals, oldest first, within the history.
func (l *lives) renewals(last time.Time, validity time.Duration) []time.Time {
	signed := []time.Time{last}
	for range []int{0, 0, 0, 1, 1, 2, 3}[l.rand.IntN(7)] {
		before := signed[0].Add(-validity*2/3 - l.upTo(validity/3))
		if before.Before(l.now.Add(-history)) {
			break
		}
		signed = append([]time.Time{before}, signed...)
	}
	return signed
}

func (l *lives) life(d draft, status notary.RequestStatus, created time.Time) store.Life {
	created = created.Truncate(time.Second)
	return store.Life{
		Request: notary.Request{
			CSR: d.csr, Fingerprint: l.hex(32), Status: status, RequesterID: d.ownerID, Email: d.owner,
			CommonName: d.commonName, Names: notary.Names{DNS: d.dns, IP: d.ip, Email: d.email},
			Key: d.key, CreatedAt: created, UpdatedAt: created,
		},
		Events: []notary.Event{{At: created, Principal: notary.NewRef(notary.AccountPrincipal, d.ownerID, d.owner),
			Address: l.names.address(), Action: "request.create"}},
	}
}

func (l *lives) issue(life *store.Life, d draft, signed []time.Time) {
	keyFingerprint := l.hex(32)
	for _, at := range signed {
		at = at.Truncate(time.Second)
		c := &notary.Certificate{
			RequesterID: d.ownerID, Email: d.owner, AuthorityID: d.authority, CommonName: d.commonName,
			Names: life.Request.Names, Key: d.key, KeyFingerprint: keyFingerprint,
			Serial:    l.serial(),
			NotBefore: at.Add(-time.Minute), NotAfter: at.Add(d.validity - time.Second),
			Profile: d.profile, CreatedAt: at, Issuers: d.issuers,
		}
		c.DER, c.Fingerprint = l.variant(d.der)
		life.Certificates = append(life.Certificates, c)
		l.decide(life, at, "request.sign", notary.Fields{"serial_number": c.Serial},
			notary.NewRef("authority", d.authority, ""))
	}
}

// decide adds an event by one of five approvers.
func (l *lives) decide(life *store.Life, at time.Time, action string, after notary.Fields, refs ...notary.Ref) {
	manager := l.rand.IntN(5)
	life.Request.UpdatedAt = at
	by := (&notary.Account{ID: 101 + int64(manager), Email: fmt.Sprintf("pki.%d@%s", manager, organisations[0])}).Caller()
	by.Address = l.names.address()
	e := notary.EventBy(by, action, notary.Ref{}).With(refs...).Set(after)
	e.At = at
	life.Events = append(life.Events, e)
}

func (l *lives) reason() notary.RevocationReason {
	return pick(l.rand, []notary.RevocationReason{notary.Superseded, notary.Superseded, notary.CessationOfOperation,
		notary.CessationOfOperation, notary.Unspecified, notary.AffiliationChanged})
}

func (l *lives) upTo(d time.Duration) time.Duration {
	return time.Duration(l.rand.Int64N(int64(max(d, 1))))
}

func (l *lives) between(start time.Time, d time.Duration) time.Time {
	return start.Add(l.upTo(min(d, l.now.Sub(start)))).Truncate(time.Second)
}

func (l *lives) variant(der []byte) (variant []byte, fingerprint string) {
	variant = binary.BigEndian.AppendUint64(slices.Clone(der[:len(der)-8]), l.rand.Uint64())
	return variant, pki.Fingerprint(variant)
}

// serial returns a random serial number in the form of the inventory: positive, without a leading zero octet.
func (l *lives) serial() string {
	return fmt.Sprintf("%02x", 1+l.rand.IntN(0x7f)) + l.hex(15)
}

func (l *lives) hex(octets int) string {
	b := make([]byte, octets)
	for i := range b {
		b[i] = byte(l.rand.Uint32())
	}
	return hex.EncodeToString(b)
}
