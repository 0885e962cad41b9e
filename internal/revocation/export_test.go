package revocation

import "context"

func KeepOnce(ctx context.Context, s *Service) error {
	due, err := s.dueCRLs(ctx, 0)
	for _, key := range due {
		s.keepCRL(ctx, key)
	}
	return err
}

func ShardsFor(certificates int64) int { return shardsFor(certificates) }

// CountAgain makes the next signature count the issued certificates.
func CountAgain(s *Service) {
	s.shards.mu.Lock()
	defer s.shards.mu.Unlock()
	clear(s.shards.about)
}
