package ca

import "context"

// upgradeEvents adds names and references to events that earlier versions recorded as text. It resumes after an
// interruption.
func (s *Service) upgradeEvents(ctx context.Context) error {
	for {
		last, done, err := s.store.UpgradeEvents(ctx)
		if err != nil || done {
			return err
		}
		s.log.InfoContext(ctx, "upgrading the recorded events", "up_to_event", last)
	}
}
