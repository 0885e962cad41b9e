package ca

import (
	"context"

	"notary/internal/pki"
)

// upgradeContents adds the content hash to requests of earlier versions. It resumes after an interruption.
func (s *Service) upgradeContents(ctx context.Context) error {
	unreadable := 0
	content := func(csr string) string {
		content, err := pki.CSRContent(csr)
		if err != nil {
			unreadable++
		}
		return content
	}
	for {
		last, done, err := s.store.UpgradeContents(ctx, content)
		if err != nil {
			return err
		}
		if done {
			break
		}
		s.log.InfoContext(ctx, "upgrading the recorded certificate requests", "up_to_request", last)
	}
	if unreadable > 0 {
		s.log.WarnContext(ctx, "unreadable certificate requests were not upgraded: run notary check", "requests",
			unreadable)
	}
	return nil
}
