package ca

import (
	"context"

	"notary/internal/pki"
)

// upgradeContents records the content of the requests that earlier versions recorded without it. It
// runs once for a database, before the server answers, in steps that an interruption does not undo.
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
		s.log.WarnContext(ctx, "certificate requests that cannot be read were left as they are: run notary check", "requests", unreadable)
	}
	return nil
}
