package ca

import (
	"context"

	"notary"
	"notary/internal/issuers"
)

// Chains is like [issuers.Issuers.Chains] for a certificate that the caller may see.
func (s *Service) Chains(ctx context.Context, caller notary.Caller,
	id int64) (chains []issuers.Chain, all bool, err error) {
	cert, err := s.Certificate(ctx, caller, id)
	if err != nil {
		return nil, false, err
	}
	return s.issuers.Chains(ctx, cert)
}
