package issuance

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"notary"
)

// ChainFindings returns a finding for each CA certificate in a valid external chain that does not permit every extended
// key usage of the first certificate. Relying parties may reject such a chain.
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
			Description: fmt.Sprintf("The certificate is for %s, but the CA %.100s may not issue for that: "+
				"relying parties will reject it.",
				strings.Join(purposeNames(forbidden), " and "), nameOf(authority)),
		})
	}
	return findings
}

// forbiddenPurposes returns the extended key usages of a certificate that are not among its authority's, if the
// authority has any. Verifiers apply an authority's extended key usages to all certificates below it, except its OCSP
// responder's.
func forbiddenPurposes(authority, certificate *x509.Certificate) (forbidden []string) {
	if len(authority.ExtKeyUsage)+len(authority.UnknownExtKeyUsage) == 0 ||
		slices.Contains(authority.ExtKeyUsage, x509.ExtKeyUsageAny) {
		return nil
	}
	allowed := append(purposes(authority), x509.ExtKeyUsageOCSPSigning.OID().String())
	return slices.DeleteFunc(purposes(certificate), func(p string) bool { return slices.Contains(allowed, p) })
}

func purposeNames(oids []string) (names []string) {
	for _, oid := range oids {
		names = append(names, purposeName(oid))
	}
	return names
}

func purposeName(oid string) string {
	for name, usage := range extKeyUsages {
		if usage.OID().String() == oid {
			return name
		}
	}
	return clipped(oid)
}
