// Package inspect says in plain words what certificates, chains, requests, revocation lists,
// OCSP responses, containers and keys are, and what is wrong with them.
//
// [Read] takes whatever it is given, PEM or DER, from anybody: it never fails for a part that
// is broken but tells so, and it never follows a reference. [Open] reads a PKCS #12 of which
// the password is known, [Verify] holds what was read against roots and a name, and [Connected]
// does so for what a TLS server showed. Everything textual in the answers is fit for a
// terminal: what is not printable is escaped, and what is endless is cut.
package inspect

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"time"

	"notary"
	"notary/internal/pki"
)

// Limits on what is read.
const (
	MaxSize    = 64 << 20  // octets, as many as the largest revocation lists have
	MaxObjects = 1000      // in one text or file
	maxDER     = 256 << 10 // octets of one certificate or request
)

// Kind is what an [Object] is.
type Kind string

// The kinds of objects.
const (
	KindCertificate Kind = "certificate"
	KindRequest     Kind = "certificate request"
	KindCRL         Kind = "revocation list"
	KindOCSP        Kind = "OCSP response"
	KindPKCS7       Kind = "PKCS #7"
	KindPKCS12      Kind = "PKCS #12"
	KindPrivateKey  Kind = "private key"
	KindPublicKey   Kind = "public key"
	KindChain       Kind = "chain" // made of the certificates before it
	KindConnection  Kind = "TLS connection"
	KindUnknown     Kind = "unknown"
)

// Object is one thing that was found, with its facts in the field of its kind; that is nil
// where it cannot be parsed.
type Object struct {
	Kind        Kind         `json:"kind"`
	Name        string       `json:"name"` // whose it is; empty for a key
	Certificate *Certificate `json:"certificate,omitempty"`
	Request     *Request     `json:"certificate_request,omitempty"`
	CRL         *CRL         `json:"crl,omitempty"`
	OCSP        *OCSP        `json:"ocsp_response,omitempty"`
	Container   *Container   `json:"container,omitempty"` // of PKCS #7 and PKCS #12
	Key         *Key         `json:"key,omitempty"`       // of private and public keys
	Chain       *Chain       `json:"chain,omitempty"`
	Connection  *Connection  `json:"tls_connection,omitempty"`
	Problems    []Problem    `json:"problems"`

	certificate *x509.Certificate
	list        *x509.RevocationList
	response    *ocspResponse
	public      crypto.PublicKey // of a key
	linted      bool
}

// Problem is something wrong with an object, or worth knowing where its level is a notice.
type Problem struct {
	Code     string              `json:"code"` // a stable word, such as "expired"
	Level    notary.FindingLevel `json:"level"`
	Message  string              `json:"message"`            // one sentence
	Citation string              `json:"citation,omitempty"` // the clause that says so
}

// Wrong says whether there is any error or warning among the problems.
func Wrong(objects []Object) bool {
	for _, object := range objects {
		for _, problem := range object.Problems {
			if problem.Level != notary.FindingNotice {
				return true
			}
		}
	}
	return false
}

// maxProblems is how many problems of one object are told.
const maxProblems = 250

func (o *Object) add(level notary.FindingLevel, code, citation, format string, args ...any) {
	switch {
	case len(o.Problems) == maxProblems:
		level, code, citation, format, args = notary.FindingWarning, "omitted", "", "it has more than %d problems", []any{maxProblems}
	case len(o.Problems) > maxProblems:
		return
	}
	o.Problems = append(o.Problems, Problem{Code: code, Level: level, Citation: citation,
		Message: visible(fmt.Sprintf(format, args...))})
}

// has says whether a problem of the code was found.
func (o *Object) has(code string) bool {
	return slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code })
}

// fits says whether a certificate or request is not too large to be read.
func (o *Object) fits(der []byte) bool {
	if len(der) > maxDER {
		o.fail("too_large", "", "it has %d octets: one of more than %d KiB is not read", len(der), maxDER>>10)
		return false
	}
	return true
}

func (o *Object) fail(code, citation, format string, args ...any) {
	o.add(notary.FindingError, code, citation, format, args...)
}

func (o *Object) warn(code, citation, format string, args ...any) {
	o.add(notary.FindingWarning, code, citation, format, args...)
}

func (o *Object) note(code, citation, format string, args ...any) {
	o.add(notary.FindingNotice, code, citation, format, args...)
}

// Read finds everything in data, PEM or DER, and what is wrong with it at the given time. What
// is found comes in the order that it is in, a container before what it holds; of several
// certificates the last object is the chain that they make.
//
// Data in which nothing of a known kind begins is an Invalid error; what begins and is broken
// is an object with that problem. A PKCS #12 is closed: see [Open].
func Read(data []byte, now time.Time) ([]Object, error) {
	if len(data) > MaxSize {
		return nil, notary.Errorf(notary.TooLarge, "this is larger than %d MiB, which no certificate or revocation list is", MaxSize>>20)
	}
	r := &reader{now: now}
	if err := r.read(data); err != nil {
		return nil, err
	}
	return r.finish(), nil
}

// reader collects what is found.
type reader struct {
	now     time.Time
	objects []Object
	omitted int // beyond MaxObjects

	nameKeys map[string]string // results of [pki.NameKey] by the DER of the name

	verifications int // of signatures, so far
	keyWork       int // for examining RSA keys, so far: see [keyWork]
}

// nameKey returns the [pki.NameKey] of a name: names match if their keys are equal (RFC 5280, section 7.1).
// The names of one input are compared with one another many times.
func (r *reader) nameKey(name []byte) string {
	key, known := r.nameKeys[string(name)]
	if !known {
		key = pki.NameKey(name)
		if r.nameKeys == nil {
			r.nameKeys = map[string]string{}
		}
		r.nameKeys[string(name)] = key
	}
	return key
}

// append takes an object in, while there is room.
func (r *reader) append(o Object) {
	if len(r.objects) >= MaxObjects {
		r.omitted++
		return
	}
	r.objects = append(r.objects, o)
}

// finish looks at what the objects say about one another.
func (r *reader) finish() []Object {
	if r.omitted > 0 {
		o := Object{Kind: KindUnknown}
		o.warn("omitted", "", "it holds more than %d objects, and the others are not shown: split the file", MaxObjects)
		r.objects = append(r.objects, o)
	}
	r.lint()
	r.matchKeys()
	r.checkSignatures()
	if chain, ok := r.chain(); ok {
		r.objects = append(r.objects, chain)
	}
	for i := range r.objects {
		if r.objects[i].Problems == nil {
			r.objects[i].Problems = []Problem{}
		}
	}
	return r.objects
}

// certificates are the indices of the objects that are certificates which could be parsed.
func (r *reader) certificates() (indices []int) {
	for i := range r.objects {
		if r.objects[i].certificate != nil {
			indices = append(indices, i)
		}
	}
	return indices
}
