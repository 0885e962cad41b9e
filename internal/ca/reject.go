package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

const maxRejection = 500 // characters

// Reject rejects a request that has never had a certificate. The optional reason is kept until the request is
// reopened.
func (s *Service) Reject(ctx context.Context, caller notary.Caller, id int64, reason string) error {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.RejectRequest); err != nil {
		return err
	}
	reason, err := checkText("reason", reason, maxRejection)
	if err != nil {
		return err
	}
	var why notary.Fields
	if reason != "" {
		why = notary.Fields{"reason": reason}
	}
	return s.decide(ctx, caller, id, notary.Reject, why, func(tx *store.Tx, req *notary.Request) error {
		had, err := tx.CertificatesOfRequest(ctx, req.ID)
		switch {
		case err != nil:
			return err
		case len(had) > 0:
			return notary.Errorf(notary.Conflict, "this request has had a certificate: "+
				"revoke certificate %d instead of rejecting the request", had[len(had)-1].ID)
		case reason == "":
			return nil
		}
		return tx.SetRejection(id, reason)
	})
}
