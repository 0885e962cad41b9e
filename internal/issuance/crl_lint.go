package issuance

import (
	"cmp"
	"errors"
	"sync"

	zx509 "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3/lint"
	_ "github.com/zmap/zlint/v3/lints/community" // registers the lints

	"notary"
)

// maxLinted is how many entries of a list zlint reads. It decodes each several times: a list of a hundred
// thousand would take it longer than building the list. What its lints find in entries, [CRL.Sign] checks in
// all of them.
const maxLinted = 1000

// crlChecks returns zlint's lints for CRLs by RFCs and the community. Those of the CA/Browser Forum are for
// public CAs: they refuse certificateHold, for example.
var crlChecks = sync.OnceValues(func() ([]*lint.RevocationListLint, error) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.Community},
	})
	if err != nil {
		return nil, err
	}
	return registry.RevocationListLints().Lints(), nil
})

// Lint returns what zlint finds in the list, after [CRL.Sign]: warnings and errors. A list of more than a
// thousand entries is linted with the first thousand.
func (l *CRL) Lint() ([]notary.Finding, error) { return lintCRL(l.excerpt) }

func lintCRL(der []byte) (findings []notary.Finding, err error) {
	defer func() {
		if recover() != nil {
			findings, err = nil, errors.New("the linter broke down on the CRL")
		}
	}()
	checks, err := crlChecks()
	if err != nil {
		return nil, err
	}
	list, err := zx509.ParseRevocationList(der)
	if err != nil {
		return nil, err
	}
	for _, check := range checks {
		result := check.Execute(list, lint.NewEmptyConfig())
		if result.Status < lint.Warn {
			continue
		}
		level := notary.FindingError
		if result.Status == lint.Warn {
			level = notary.FindingWarning
		}
		findings = append(findings, notary.Finding{Lint: check.Name, Level: level, Citation: check.Citation,
			Description: cmp.Or(result.Details, check.Description)})
	}
	return findings, nil
}
