package ca

import (
	"context"

	"notary"
)

// outsideKeys is what a store and a transaction both know of imported keys.
type outsideKeys interface {
	KeyKnownOutside(ctx context.Context, keyFingerprint string) (bool, error)
}

// refuseOutsideKey refuses to certify the key of an imported authority, deleted or not, unless the
// caller is an Admin: a copy of the key may exist elsewhere, and its holder would be trusted like
// an authority of ours.
func refuseOutsideKey(ctx context.Context, known outsideKeys, caller notary.Caller, keyFingerprint string) error {
	if caller.May(notary.CertifyOutsideKeys) {
		return nil
	}
	outside, err := known.KeyKnownOutside(ctx, keyFingerprint)
	if err == nil && outside {
		err = notary.Errorf(notary.Forbidden, "this is the key of an imported authority, of which a copy may exist "+
			"elsewhere: only an Admin can have it certified")
	}
	return err
}
