package issuance

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"notary"
)

// ChainFindings returns what relying parties may refuse a chain from elsewhere for, although it is a
// valid one: purposes of the first certificate for which an authority above may not issue.
func ChainFindings(chain []*x509.Certificate) (findings []notary.Finding) {
	if len(chain) == 0 {
		return nil
	}
	for _, authority := range chain[1:] {
		forbidden := forbiddenPurposes(authority, chain[0])
		if len(forbidden) == 0 {
			continue
		}
		findings = append(findings, notary.Finding{
			Lint: "purpose_beyond_issuer", Level: notary.FindingWarning, Citation: "RFC 5280: 4.2.1.12",
			Description: fmt.Sprintf("The certificate is for %s, and the CA %.100s may not issue for that: relying parties refuse it there.",
				strings.Join(purposeNames(forbidden), " and "), nameOf(authority)),
		})
	}
	return findings
}

// forbiddenPurposes returns the purposes of a certificate for which an authority may not issue: all
// common verifiers take an authority's extended key usages, which it seldom has, for a limit on those
// under it. Exempt is the authority's OCSP responder.
func forbiddenPurposes(authority, certificate *x509.Certificate) (forbidden []string) {
	if len(authority.ExtKeyUsage)+len(authority.UnknownExtKeyUsage) == 0 ||
		slices.Contains(authority.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	allowed := append(purposes(authority), x509.ExtKeyUsageOCSPSigning.OID().String())
	return slices.DeleteFunc(purposes(certificate), func(p string) bool { return slices.Contains(allowed, p) })
}

// purposeNames returns the names of purposes, and the object identifiers of those that have none.
func purposeNames(oids []string) []string {
	names := slices.Clone(oids)
	for name, usage := range extKeyUsages {
		if i := slices.Index(names, usage.OID().String()); i >= 0 {
			names[i] = name
		}
	}
	return names
}
