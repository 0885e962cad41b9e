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

// maxLinted is the number of CRL entries that zlint reads. A hundred thousand would take longer than building the CRL.
// [CRL.Sign] checks all entries itself.
const maxLinted = 1000

// crlChecks returns zlint's CRL lints from RFCs and the community. CA/Browser Forum lints are left out: some reject
// certificateHold, for example.
var crlChecks = sync.OnceValues(func() ([]*lint.RevocationListLint, error) {
	registry, err := lint.GlobalRegistry().Filter(lint.FilterOptions{
		IncludeSources: lint.SourceList{lint.RFC3279, lint.RFC5280, lint.Community},
	})
	if err != nil {
		return nil, err
	}
	return registry.RevocationListLints().Lints(), nil
})

// Lint returns zlint's warnings and errors about the CRL. It reads only the first thousand entries. Call it after
// [CRL.Sign].
func (l *CRL) Lint() ([]notary.Finding, error) { return lintCRL(l.excerpt) }

func lintCRL(der []byte) (findings []notary.Finding, err error) {
	defer func() {
		if recover() != nil {
			findings, err = nil, errors.New("the linter failed on the CRL")
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
