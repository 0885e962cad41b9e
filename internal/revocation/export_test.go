package revocation

import "context"

// KeepOnce does what [Service.KeepCRLs] does again and again.
func KeepOnce(ctx context.Context, s *Service) error {
	due, err := s.dueCRLs(ctx, 0)
	for _, key := range due {
		s.keepCRL(ctx, key)
	}
	return err
}

// ShardsFor is over how many lists so many certificates are spread.
func ShardsFor(certificates int64) int { return shardsFor(certificates) }

// CountAgain lets the next signature count the certificates that were issued.
func CountAgain(s *Service) {
	s.shards.mu.Lock()
	defer s.shards.mu.Unlock()
	clear(s.shards.about)
}
