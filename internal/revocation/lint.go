package revocation

import (
	"context"
	"strings"

	"notary"
	"notary/internal/issuance"
	"notary/internal/store"
)

// lintCRL lints a new CRL, counts the findings, and logs them if they have changed since the last CRL. The CRL is
// published regardless: relying parties need its revocations, and faults that make it unreadable are rejected earlier.
func (s *Service) lintCRL(ctx context.Context, key store.ListKey, published *crlList, list *issuance.CRL) {
	findings, err := list.Lint()
	if err != nil {
		findings = []notary.Finding{{Lint: "unreadable", Level: notary.FindingError, Description: err.Error()}}
	}
	var names []string
	for _, f := range findings {
		names = append(names, f.Lint)
	}
	published.findings.Store(int64(len(findings)))
	linted := strings.Join(names, " ")
	if linted == published.linted {
		return
	}
	published.linted = linted
	for _, f := range findings {
		s.log.ErrorContext(ctx, "the CRL has a lint finding; it is published nevertheless", "authority",
			key.AuthorityID,
			"shard", key.Shard, "lint", f.Lint, "level", f.Level, "finding", f.Description, "citation", f.Citation)
	}
}
