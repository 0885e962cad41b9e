package ca

import (
	"context"

	"notary"
	"notary/internal/policy"
)

type outsideKeys interface {
	KeyKnownOutside(ctx context.Context, keyFingerprint string) (bool, error)
}

// refuseOutsideKey returns an error if the key belongs to an imported authority, deleted or not, and the caller is not
// an Admin. Relying parties that trust a certificate for the key trust anyone who has a copy of the key.
func refuseOutsideKey(ctx context.Context, known outsideKeys, caller notary.Caller, keyFingerprint string) error {
	if policy.May(caller, policy.CertifyOutsideKey) {
		return nil
	}
	outside, err := known.KeyKnownOutside(ctx, keyFingerprint)
	if err == nil && outside {
		err = notary.Errorf(notary.Forbidden, "this is the key of an imported CA, and a copy may exist elsewhere: "+
			"only an Admin can certify it")
	}
	return err
}
