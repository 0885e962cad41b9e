package inspect

import (
	"bytes"
	"crypto/x509"
	"slices"

	"notary/internal/pki"
)

// Limits on the search for a path. A file may contain many certificates with the same name.
const (
	maxPath  = 20  // certificates in a path
	maxSteps = 200 // links followed
	maxTried = 16  // paths checked
)

type path struct {
	places  []int // indices in the list, from the leaf up
	err     error // why the path ends although a certificate has the issuer's name
	reached []int // indices of all certificates on some path
}

// pathSearch finds the best path upwards from a certificate, trying all certificates with the issuer's name.
type pathSearch struct {
	r                 *reader
	list              []*x509.Certificate
	subjects, issuers []string // of the list, as name keys
	selfSigned        []bool
	duplicate         []bool // whether the certificate occurs earlier in the list
	signed            map[[2]int]error
	steps, tried      int

	best    path
	quality int
}

// The quality of a path, in ascending order.
const (
	untried = iota
	broken
	incomplete     // ends below a root
	unsound        // ends in a root, but is invalid
	soundToTheRoot // valid
)

func newPathSearch(r *reader, list []*x509.Certificate) *pathSearch {
	s := &pathSearch{r: r, list: list, signed: map[[2]int]error{}}
	seen := map[string]bool{}
	for _, c := range list {
		s.subjects = append(s.subjects, pki.NameKey(c.RawSubject))
		s.issuers = append(s.issuers, pki.NameKey(c.RawIssuer))
		s.selfSigned = append(s.selfSigned, isSelfSigned(c))
		s.duplicate = append(s.duplicate, seen[string(c.Raw)])
		seen[string(c.Raw)] = true
	}
	return s
}

func (r *reader) follow(list []*x509.Certificate) path {
	s := newPathSearch(r, list)
	s.extend([]int{s.leaf()})
	return s.best
}

func leafOf(list []*x509.Certificate) int { return newPathSearch(nil, list).leaf() }

// leaf returns the index of the first certificate that issued no other. That need not be 0, because the list may start
// with the root.
func (s *pathSearch) leaf() int {
	const most = 50 // certificates examined
	for i := range s.list[:min(len(s.list), most)] {
		issued := false
		for j := range s.list {
			issued = issued || s.list[j] != s.list[i] && s.issuers[j] == s.subjects[i] && !s.selfSigned[j]
		}
		if !issued {
			return i
		}
	}
	return 0
}

// extend extends a path upwards from its last certificate.
func (s *pathSearch) extend(places []int) {
	last := places[len(places)-1]
	if s.selfSigned[last] || len(places) == maxPath {
		s.offer(places, nil)
		return
	}
	var failed error
	followed := false
	candidates := 0
	for i := range s.list {
		if s.duplicate[i] || slices.Contains(places, i) || !s.mayIssue(i, last) {
			continue
		}
		if candidates++; candidates > maxSigners || s.steps == maxSteps {
			failed = errNotVerified
			break
		}
		if err := s.verify(i, last); err != nil {
			failed = err
			continue
		}
		s.steps++
		followed = true
		s.extend(append(slices.Clone(places), i))
	}
	if !followed {
		s.offer(places, failed)
	}
}

// mayIssue reports whether the issuer's key can verify signatures and its name matches the child's issuer. If both
// certificates have the issuer's key identifier, it must match, too.
func (s *pathSearch) mayIssue(issuer, child int) bool {
	above, below := s.list[issuer], s.list[child]
	return s.subjects[issuer] == s.issuers[child] && verifiable(above.PublicKey) &&
		(len(below.AuthorityKeyId) == 0 || len(above.SubjectKeyId) == 0 ||
			bytes.Equal(below.AuthorityKeyId, above.SubjectKeyId))
}

func (s *pathSearch) verify(issuer, child int) error {
	link := [2]int{issuer, child}
	err, known := s.signed[link]
	if !known {
		c := s.list[child]
		err = s.r.verify(func() error {
			return s.list[issuer].CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature)
		})
		s.signed[link] = err
	}
	return err
}

// offer takes a path that cannot be extended, and records it if it is the best so far.
func (s *pathSearch) offer(places []int, err error) {
	for _, i := range places {
		if !slices.Contains(s.best.reached, i) {
			s.best.reached = append(s.best.reached, i)
		}
	}
	if quality := s.qualityOf(places, err); quality > s.quality {
		s.quality = quality
		s.best.places, s.best.err = places, err
	}
}

func (s *pathSearch) qualityOf(places []int, err error) int {
	switch {
	case err != nil:
		return broken
	case !s.selfSigned[places[len(places)-1]]:
		return incomplete
	case s.tried == maxTried:
		return unsound
	}
	s.tried++
	if s.isSound(places) {
		return soundToTheRoot
	}
	return unsound
}

// isSound reports whether a relying party with the last certificate as its trust anchor would accept a path. Signatures
// are verified separately.
func (s *pathSearch) isSound(places []int) bool {
	var chain []*x509.Certificate
	for n, i := range places {
		c := s.list[i]
		limited := c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero
		switch {
		case s.r.now.Before(c.NotBefore), s.r.now.After(c.NotAfter):
			return false
		case n > 0 && !pki.MaySign(c), n > 0 && limited && n-1 > c.MaxPathLen:
			return false
		}
		chain = append(chain, c)
	}
	refused, err := pki.FirstRefusedName(chain)
	return refused == nil && err == nil
}
