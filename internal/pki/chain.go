package pki

import (
	"crypto/x509"
	"slices"
)

// ParseChain reads a chain in PEM, DER, PKCS #7 or base64, and rejects duplicates. It keeps the order of the
// certificates, but sorts them if some are from a PKCS #7 file, which is an unordered set. It does not verify the
// chain: see [CheckChain].
func ParseChain(text string) ([]*x509.Certificate, error) {
	found, err := readCertificates(text, limits{MaxChainSize, MaxChain})
	if err != nil {
		return nil, err
	}
	chain := found.list
	for i, certificate := range chain {
		for j, earlier := range chain[:i] {
			if earlier.Equal(certificate) {
				return nil, invalid("certificates %d and %d of the chain are the same: remove one", j+1, i+1)
			}
		}
	}
	if found.unordered {
		return inOrder(chain), nil
	}
	return chain, nil
}

// ParseBundle reads unrelated certificates in PEM, DER, PKCS #7 or base64.
func ParseBundle(text string) ([]*x509.Certificate, error) {
	found, err := readCertificates(text, limits{MaxBundleSize, MaxBundle})
	if err == errNoCertificates {
		return nil, invalid("there are no certificates in PEM, PKCS #7 or DER: in PEM they begin with -----BEGIN " +
			"CERTIFICATE-----")
	}
	return found.list, err
}

// inOrder sorts certificates into a chain, starting with the only one that is not the issuer of another, and drops
// those that do not belong to the chain. If there is not exactly one such certificate, it returns the list unchanged.
func inOrder(list []*x509.Certificate) []*x509.Certificate {
	var first *x509.Certificate
	for _, c := range list {
		isIssuer := slices.ContainsFunc(list, func(other *x509.Certificate) bool {
			return other != c && SameName(other.RawIssuer, c.RawSubject)
		})
		switch {
		case !isIssuer && first != nil:
			return list
		case !isIssuer:
			first = c
		}
	}
	if first == nil {
		return list
	}
	return chainFrom(first, list)
}

func chainFrom(first *x509.Certificate, list []*x509.Certificate) []*x509.Certificate {
	chain := []*x509.Certificate{first}
	for len(chain) <= MaxChain {
		last := chain[len(chain)-1]
		if IsSelfSigned(last) {
			break
		}
		next := slices.IndexFunc(list, func(c *x509.Certificate) bool {
			return !slices.Contains(chain, c) && SameName(c.RawSubject, last.RawIssuer) &&
				last.CheckSignatureFrom(asAnchor(c)) == nil
		})
		if next < 0 {
			break
		}
		chain = append(chain, list[next])
	}
	return chain
}
