package auth

import (
	"context"
	"slices"
	"time"

	"notary"
)

// How long, and in how many of its last logins, an account's networks are remembered. They are
// read from the events of its logins, so that every node knows them, and after a restart.
const (
	knownFor    = 90 * 24 * time.Hour
	knownLogins = 500
)

// origin returns where a guess at the password of an account comes from. Without an account, id
// is 0, which nothing is known of.
func (s *Service) origin(ctx context.Context, id int64, email string, from Client) (o origin, err error) {
	address := from.Address
	o = origin{secret: email, address: address}
	if o.device, err = s.device(ctx, id, from.Device); err != nil {
		return o, err
	}
	addresses, err := s.store.LoginAddresses(ctx, id, s.now().Add(-knownFor), knownLogins)
	o.known = o.device != "" || address != "" && slices.ContainsFunc(addresses, func(known string) bool {
		return notary.ClientNetwork(known) == o.network()
	})
	return o, err
}
