package auth

import (
	"context"
	"slices"
	"time"

	"notary"
)

// An account's known networks are the networks of its last knownLogins logins within knownFor. They are read from login
// events, which all nodes share.
const (
	knownFor    = 90 * 24 * time.Hour
	knownLogins = 500
)

// origin returns the origin of a login attempt. Pass id 0 if the account does not exist.
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
