package issuance

import (
	"reflect"
	"sync"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
	_ "github.com/zmap/zlint/v3/lints/rfc" // registers the lints

	"notary"
)

// check is one of zlint's lints.
type check struct {
	*lint.CertificateLint
	instance lint.CertificateLintInterface // nil for one that is made anew for each certificate
}

// checks are the lints that come from RFCs. Those of the CA/Browser Forum and of root
// programmes are for public authorities.
var checks = sync.OnceValues(func() ([]check, error) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.RFC5480,
			lint.RFC5891, lint.RFC6962, lint.RFC8813},
	})
	if err != nil {
		return nil, err
	}
	var list []check
	for _, l := range registry.CertificateLints().Lints() {
		list = append(list, newCheck(l))
	}
	return list, nil
})

// newCheck makes the one instance of a lint that can neither hold state nor be configured,
// which is so of all at present.
func newCheck(l *lint.CertificateLint) check {
	instance := l.Lint()
	_, configurable := instance.(lint.Configurable)
	kind := reflect.TypeOf(instance)
	if configurable || kind.Kind() != reflect.Pointer || kind.Elem().Size() > 0 {
		return check{l, nil}
	}
	return check{l, instance}
}

// status is what [lint.CertificateLint.Execute] finds, which for the lints of RFCs does the
// same, with a new instance each time.
func (c check) status(certificate *zx509.Certificate) (status lint.LintStatus) {
	defer func() {
		if recover() != nil {
			status = lint.Fatal
		}
	}()
	if c.instance == nil {
		return c.Execute(certificate, lint.NewEmptyConfig()).Status
	}
	switch {
	case !c.instance.CheckApplies(certificate):
		return lint.NA
	case !c.CheckEffective(certificate):
		return lint.NE
	default:
		return c.instance.Execute(certificate).Status
	}
}

// lintCertificate runs the lints. It fails closed: a finding of an error, a lint that breaks
// down (zlint calls that fatal) and a certificate that zlint cannot read all refuse.
func lintCertificate(der []byte) error {
	checks, err := checks()
	if err != nil || len(checks) == 0 {
		return notary.InternalError("load the lints", err)
	}
	certificate, err := zx509.ParseCertificate(der)
	if err != nil {
		return &notary.Error{Kind: notary.Unprocessable, Err: err,
			Message: "the certificate was not signed: the linter cannot parse it"}
	}
	for _, check := range checks {
		if check.status(certificate) >= lint.Error {
			return notary.Errorf(notary.Unprocessable,
				"the certificate was not signed, for it would break a rule: %s (%s, lint %s)",
				check.Description, check.Citation, check.Name)
		}
	}
	return nil
}
