package inspect

import (
	"crypto/x509"
	"errors"
)

// Limits on the signatures that are verified. With an RSA key of the longest kind each takes
// some milliseconds, and a file can hold hundreds of signatures beside hundreds of certificates
// that might be the issuer of each.
const (
	maxVerifications = 200 // in all of one call
	maxSigners       = 20  // certificates that are tried for one signature
)

// What is not a signature that fails.
var (
	errNotVerified = errors.New("inspect: no more signatures are verified")
	errNoCandidate = errors.New("inspect: there is no certificate to verify the signature with")
)

// verify makes one verification, while there may be more. It is the only way to one.
func (r *reader) verify(check func() error) error {
	if r.verifications == maxVerifications {
		return errNotVerified
	}
	r.verifications++
	return check()
}

// signer is the first of the candidates whose key verifies. The error is errNoCandidate,
// errNotVerified where not all of them were tried, or that of the last one.
func (r *reader) signer(candidates []*x509.Certificate, check func(*x509.Certificate) error) (*x509.Certificate, error) {
	err := errNoCandidate
	for n, c := range candidates {
		if n == maxSigners {
			return nil, errNotVerified
		}
		if err = r.verify(func() error { return check(c) }); err == nil {
			return c, nil
		}
		if err == errNotVerified {
			return nil, err
		}
	}
	return nil, err
}

// issuers are the certificates of a name that can verify a signature. Those come first that have
// the key identifier which the signed object names.
func (r *reader) issuers(name, keyID []byte) (list []*x509.Certificate) {
	key := r.nameKey(name)
	for _, i := range r.certificates() {
		c := r.objects[i].certificate
		if r.nameKey(c.RawSubject) == key && verifiable(c.PublicKey) {
			list = append(list, c)
		}
	}
	return likelyFirst(list, func(c *x509.Certificate) bool { return equal(c.SubjectKeyId, keyID) })
}

// likelyFirst puts the likely ones first and leaves the order as it is otherwise.
func likelyFirst(list []*x509.Certificate, likely func(*x509.Certificate) bool) []*x509.Certificate {
	var first, others []*x509.Certificate
	for _, c := range list {
		if likely(c) {
			first = append(first, c)
		} else {
			others = append(others, c)
		}
	}
	return append(first, others...)
}

// notVerified tells that there was too much to do.
func (o *Object) notVerified() {
	if !o.has("not_verified") {
		o.note("not_verified", "", "its signature is not checked as far as needed: at most %d are checked at once, each with at most %d certificates: give fewer",
			maxVerifications, maxSigners)
	}
}
