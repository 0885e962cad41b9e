package issuance

import (
	"sync"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
	_ "github.com/zmap/zlint/v3/lints/rfc" // registers the lints

	"notary"
)

// lints are zlint's checks that come from RFCs. Those of the CA/Browser Forum and of root
// programmes are for public authorities.
var lints = sync.OnceValues(func() ([]*lint.CertificateLint, error) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480,
			lint.RFC5891, lint.RFC6962, lint.RFC8813},
	})
	if err != nil {
		return nil, err
	}
	return registry.CertificateLints().Lints(), nil
})

// lintCertificate runs the lints. It fails closed: a finding of an error, a lint that breaks
// down (zlint calls that fatal) and a certificate that zlint cannot read all refuse.
func lintCertificate(der []byte) error {
	checks, err := lints()
	if err != nil || len(checks) == 0 {
		return notary.InternalError("load the lints", err)
	}
	certificate, err := zx509.ParseCertificate(der)
	if err != nil {
		return &notary.Error{Kind: notary.Unprocessable, Err: err,
			Message: "the certificate was not signed: the linter cannot parse it"}
	}
	for _, check := range checks {
		result := check.Execute(certificate, lint.Configuration{})
		if result.Status >= lint.Error {
			return notary.Errorf(notary.Unprocessable,
				"the certificate was not signed, for it would break a rule: %s (%s, lint %s)",
				check.Description, check.Citation, check.Name)
		}
	}
	return nil
}
