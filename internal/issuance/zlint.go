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

// lintCertificate runs the lints and gives what they found short of an error. It fails closed:
// a finding of an error, a lint that breaks down (zlint calls that fatal), a certificate that
// zlint cannot read and, where they are not to be kept, a warning all refuse.
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
		if finding.Level == notary.FindingError || finding.Level == notary.FindingWarning && warnings == notary.RefuseWarnings {
			return nil, broken(finding)
		}
		findings = append(findings, finding)
	}
	return findings, nil
}

// finding is what the lint finds in the certificate, if anything.
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

// broken is the error of a finding that refuses: what, by which clause, and how to mend it.
func broken(f notary.Finding) error {
	verb := "would break a rule"
	mend := mending(f.Lint)
	if f.Level == notary.FindingWarning {
		verb = "would be warned of, which the profile refuses"
	}
	return notary.Errorf(notary.Unprocessable, "the certificate was not signed, for it %s: %s (%s, lint %s): %s",
		verb, f.Description, f.Citation, f.Lint, mend)
}

// mendings say what to change, by a part of the names of the lints.
var mendings = []struct{ part, mend string }{
	{"name_constraint", "change the name constraints of the authority"},
	{"san", "correct the subject alternative names in a new request"},
	{"dnsname", "correct the DNS names in a new request"},
	{"idn", "correct the internationalised names in a new request"},
	{"email", "put the e-mail address among the subject alternative names of a new request"},
	{"subject_empty", "give a new request a common name or subject alternative names"},
	{"ca_subject", "give the authority a subject"},
	{"subject", "correct the subject in a new request, or have the profile fix the attribute"},
	{"issuer", "correct the subject of the authority"},
	{"key_usage", "correct the key usages of the profile"},
	{"eku", "correct the extended key usages of the profile"},
	{"policy", "correct the policies of the profile"},
	{"path_len", "correct the path length"},
	{"rsa", "make a new key and a new request"},
	{"ecdsa", "make a new key and a new request"},
	{"validity", "ask for another end of validity"},
	{"utc_time", "ask for another end of validity"},
}

// mending says how to mend what a lint found.
func mending(lintName string) string {
	for _, m := range mendings {
		if strings.Contains(lintName, m.part) {
			return m.mend
		}
	}
	return "change the request or the profile, and try again"
}

// Lint gives all that the lints find in a certificate, whoever made it, errors included. One
// that the linter cannot read is an Unprocessable error.
func Lint(der []byte) (findings []notary.Finding, err error) {
	checks, err := checks()
	if err != nil || len(checks) == 0 {
		return nil, notary.InternalError("load the lints", err)
	}
	certificate, err := parseForLint(der)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Unprocessable, Err: err, Message: "the linter cannot parse the certificate"}
	}
	for _, check := range checks {
		if finding, found := check.finding(certificate); found {
			findings = append(findings, finding)
		}
	}
	return findings, nil
}

// parseForLint is zlint's own way to read a certificate, which was written for those that are
// on the web: it shall not break on what an attacker wrote.
func parseForLint(der []byte) (certificate *zx509.Certificate, err error) {
	defer func() {
		if recover() != nil {
			certificate, err = nil, errors.New("the parser broke down")
		}
	}()
	return zx509.ParseCertificate(der)
}
