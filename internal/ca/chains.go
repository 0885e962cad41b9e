package ca

import (
	"context"

	"notary"
	"notary/internal/issuers"
)

// Chains returns the certification paths of a certificate that the caller may see: see [issuers.Issuers.Chains].
func (s *Service) Chains(ctx context.Context, caller notary.Caller,
	id int64) (chains []issuers.Chain, all bool, err error) {
	cert, err := s.Certificate(ctx, caller, id)
	if err != nil {
		return nil, false, err
	}
	return s.issuers.Chains(ctx, cert)
}
