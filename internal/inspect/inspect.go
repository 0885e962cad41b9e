// Package inspect describes certificates, chains, requests, CRLs, OCSP responses, containers and keys, and reports what
// is wrong with them.
//
// [Read] accepts untrusted PEM or DER. It reports malformed parts instead of failing, and never fetches anything.
// [Open] reads a PKCS #12 with its password, [Verify] checks objects against roots and a name, and [ReadHandshake]
// checks the handshake of a TLS server. All returned text is safe for a terminal: unprintable characters are escaped,
// and long text is truncated.
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

// Limits on the input.
const (
	MaxSize    = 64 << 20  // octets, the size of the largest CRLs
	MaxObjects = 1000      // in one text or file
	maxDER     = 256 << 10 // octets of one certificate or request
)

// Kind is the type of data that an [Object] describes.
type Kind string

const (
	KindCertificate Kind = "certificate"
	KindRequest     Kind = "certificate request"
	KindCRL         Kind = "revocation list"
	KindOCSP        Kind = "OCSP response"
	KindPKCS7       Kind = "PKCS #7"
	KindPKCS12      Kind = "PKCS #12"
	KindPrivateKey  Kind = "private key"
	KindPublicKey   Kind = "public key"
	KindChain       Kind = "chain" // formed by the preceding certificates
	KindConnection  Kind = "TLS connection"
	KindUnknown     Kind = "unknown"
)

// Object is one object of the input, the chain of its certificates, or a TLS connection. The field for its kind may be
// nil if the object cannot be parsed.
type Object struct {
	Kind        Kind         `json:"kind"`
	Name        string       `json:"name"` // of the subject, CRL issuer, responder or server; may be empty
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
	public      crypto.PublicKey // of a key or request
	linted      bool
}

// Problem is a fault in an object or, at the level notice, a remark about it.
type Problem struct {
	Code     string              `json:"code"` // a stable identifier, such as "expired"
	Level    notary.FindingLevel `json:"level"`
	Message  string              `json:"message"`            // one sentence
	Citation string              `json:"citation,omitempty"` // the violated clause, such as "RFC 5280, section 4.2"
}

// Wrong reports whether any object has an error or a warning.
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

const maxProblems = 250

func (o *Object) add(level notary.FindingLevel, code, citation, format string, args ...any) {
	switch {
	case len(o.Problems) == maxProblems:
		level, code, citation, format, args = notary.FindingWarning, "omitted", "", "it has more than %d problems",
			[]any{maxProblems}
	case len(o.Problems) > maxProblems:
		return
	}
	o.Problems = append(o.Problems, Problem{Code: code, Level: level, Citation: citation,
		Message: visible(fmt.Sprintf(format, args...))})
}

func (o *Object) has(code string) bool {
	return slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code })
}

func (o *Object) fits(der []byte) bool {
	if len(der) > maxDER {
		o.fail("too_large", "", "it has %d octets, more than the limit of %d KiB", len(der), maxDER>>10)
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

// Read returns the objects in data, PEM or DER, and what is wrong with them at the given time. Objects are in the order
// of the input, a container before its content. If there are several certificates, not all of them roots, the last
// object is their chain.
//
// The error is TooLarge if data exceeds [MaxSize], and Invalid if it contains nothing of a known kind. Malformed
// objects are returned, too, with the problem. A PKCS #12 is not opened: see [Open].
func Read(data []byte, now time.Time) ([]Object, error) {
	if len(data) > MaxSize {
		return nil, notary.Errorf(notary.TooLarge, "the input is larger than %d MiB, the limit", MaxSize>>20)
	}
	r := &reader{now: now}
	if err := r.read(data); err != nil {
		return nil, err
	}
	return r.finish(), nil
}

type reader struct {
	now     time.Time
	objects []Object
	omitted int // number of objects beyond MaxObjects

	nameKeys map[string]string // [pki.NameKey] by DER of the name

	verifications int // number of signatures verified
	keyWork       int // spent on RSA keys: see [keyWork]
}

// nameKey returns the cached [pki.NameKey] of a name, because the same names are compared many times. Names match if
// their keys are equal (RFC 5280, section 7.1).
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

func (r *reader) append(o Object) {
	if len(r.objects) >= MaxObjects {
		r.omitted++
		return
	}
	r.objects = append(r.objects, o)
}

func (r *reader) finish() []Object {
	if r.omitted > 0 {
		o := Object{Kind: KindUnknown}
		o.warn("omitted", "", "it has more than %d objects, and the rest is not shown: split the file", MaxObjects)
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

func (r *reader) certificates() (indices []int) {
	for i := range r.objects {
		if r.objects[i].certificate != nil {
			indices = append(indices, i)
		}
	}
	return indices
}
