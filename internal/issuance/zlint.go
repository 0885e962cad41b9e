package issuance

import (
	"errors"
	"reflect"
	"strings"
	"sync"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
	_ "github.com/zmap/zlint/v3/lints/rfc" // registers the lints

	"notary"
)

type check struct {
	*lint.CertificateLint
	instance lint.CertificateLintInterface // nil if each certificate needs a new instance
}

// checks returns zlint's certificate lints from RFCs. The lints of the CA/Browser Forum and of root programmes are left
// out, because they are for public CAs.
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

// newCheck creates an instance of a lint for use with all certificates, if the lint is stateless and not configurable.
// All lints currently are.
func newCheck(l *lint.CertificateLint) check {
	instance := l.Lint()
	_, configurable := instance.(lint.Configurable)
	kind := reflect.TypeOf(instance)
	if configurable || kind.Kind() != reflect.Pointer || kind.Elem().Size() > 0 {
		return check{l, nil}
	}
	return check{l, instance}
}

// status is like [lint.CertificateLint.Execute], but reuses the instance and returns Fatal if the lint panics.
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

// lintCertificate runs the lints and returns the findings that are not errors. It fails closed: it returns an error if
// a lint finds an error or fails (zlint calls that fatal), if zlint cannot parse the certificate, or if there is a
// warning and the profile refuses warnings.
func lintCertificate(der []byte, warnings notary.LintWarnings) ([]notary.Finding, error) {
	checks, err := checks()
	if err != nil || len(checks) == 0 {
		return nil, notary.InternalError("load the lints", err)
	}
	certificate, err := parseForLint(der)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Unprocessable, Err: err,
			Message: "the certificate was not signed: the linter cannot parse it"}
	}
	var findings []notary.Finding
	for _, check := range checks {
		finding, found := check.finding(certificate)
		if !found {
			continue
		}
		if finding.Level == notary.FindingError || finding.Level == notary.FindingWarning &&
			warnings == notary.RefuseWarnings {
			return nil, lintError(finding)
		}
		findings = append(findings, finding)
	}
	return findings, nil
}

func (c check) finding(certificate *zx509.Certificate) (finding notary.Finding, found bool) {
	var level notary.FindingLevel
	switch status := c.status(certificate); {
	case status >= lint.Error:
		level = notary.FindingError
	case status == lint.Warn:
		level = notary.FindingWarning
	case status == lint.Notice:
		level = notary.FindingNotice
	default:
		return finding, false
	}
	return notary.Finding{Lint: c.Name, Level: level, Description: c.Description, Citation: c.Citation}, true
}

func lintError(f notary.Finding) error {
	verb := "would break a rule"
	advice := lintAdvice(f.Lint)
	if f.Level == notary.FindingWarning {
		verb = "would cause a lint warning, which the profile refuses"
	}
	return notary.Errorf(notary.Unprocessable, "the certificate was not signed because it %s: %s (%s, lint %s): %s",
		verb, f.Description, f.Citation, f.Lint, advice)
}

// hints maps part of a lint's name to advice for the user.
var hints = []struct{ part, advice string }{
	{"name_constraint", "change the name constraints of the CA"},
	{"san", "correct the subject alternative names in a new request"},
	{"dnsname", "correct the DNS names in a new request"},
	{"idn", "correct the internationalised names in a new request"},
	{"email", "add the email address to the subject alternative names in a new request"},
	{"subject_empty", "add a common name or subject alternative names to a new request"},
	{"ca_subject", "set the subject of the CA"},
	{"subject", "correct the subject in a new request, or have the profile fix the attribute"},
	{"issuer", "correct the subject of the CA"},
	{"key_usage", "correct the key usages of the profile"},
	{"eku", "correct the extended key usages of the profile"},
	{"policy", "correct the certificate policies of the profile"},
	{"path_len", "correct the path length"},
	{"rsa", "generate a new key and create a new request"},
	{"ecdsa", "generate a new key and create a new request"},
	{"validity", "request another expiry"},
	{"utc_time", "request another expiry"},
}

func lintAdvice(lintName string) string {
	for _, m := range hints {
		if strings.Contains(lintName, m.part) {
			return m.advice
		}
	}
	return "change the request or the profile, and try again"
}

// Lint returns the findings of all lints about a certificate. If zlint cannot parse it, the error is Unprocessable.
func Lint(der []byte) (findings []notary.Finding, err error) {
	checks, err := checks()
	if err != nil || len(checks) == 0 {
		return nil, notary.InternalError("load the lints", err)
	}
	certificate, err := parseForLint(der)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Unprocessable, Err: err, Message: "the linter cannot parse the " +
			"certificate"}
	}
	for _, check := range checks {
		if finding, found := check.finding(certificate); found {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// parseForLint calls zlint's parser and recovers from panics on malicious input.
func parseForLint(der []byte) (certificate *zx509.Certificate, err error) {
	defer func() {
		if recover() != nil {
			certificate, err = nil, errors.New("the parser failed")
		}
	}()
	return zx509.ParseCertificate(der)
}
