package inspect

import (
	"crypto/x509"
	"errors"
)

// Limits on verifying signatures. With the longest RSA keys each verification takes some milliseconds, and a file can
// contain hundreds of signatures and hundreds of possible issuers.
const (
	maxVerifications = 200 // per call
	maxSigners       = 20  // certificates tried per signature
)

// Reasons why a signature was not verified.
var (
	errNotVerified = errors.New("inspect: no more signatures are verified")
	errNoCandidate = errors.New("inspect: there is no certificate to verify the signature with")
)

// verify calls check, or returns errNotVerified if the limit on verifications is reached. Every verification must use
// it.
func (r *reader) verify(check func() error) error {
	if r.verifications == maxVerifications {
		return errNotVerified
	}
	r.verifications++
	return check()
}

// signer returns the first candidate that passes check. Otherwise the error is errNoCandidate if there are no
// candidates, errNotVerified if not all were tried, or the error of the last one.
func (r *reader) signer(candidates []*x509.Certificate,
	check func(*x509.Certificate) error) (*x509.Certificate, error) {
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

// issuers returns the certificates with the given subject whose keys can verify signatures. Certificates with the given
// key identifier come first.
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

func (o *Object) notVerified() {
	if !o.has("not_verified") {
		o.note("not_verified", "", "its signature was not fully checked: at most %d are verified at once, each "+
			"with at most %d certificates; split the input",
			maxVerifications, maxSigners)
	}
}
