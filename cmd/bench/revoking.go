package main

import (
	"context"
	"fmt"

	"notary"
	"notary/api"
	"notary/internal/store"
)

// revokeRate is the number of revocations per second for which certificates are prepared. The operation ends early
// when they run out.
const revokeRate = 5000

const reserve = 500

// measureRevoking measures revocation without and with many revoked certificates, and the generation of a large CRL.
func (b *bench) measureRevoking(ctx context.Context) error {
	first, second := "revoke", fmt.Sprintf("revoke at %s revoked", thousands(b.o.revoked))
	rebuilt := fmt.Sprintf("make a CRL of %s", thousands(b.o.revoked))
	if !b.wanted(first) && !b.wanted(second) && !b.wanted(rebuilt) {
		return nil
	}
	none, many, err := b.fillRevoking(ctx)
	if err != nil {
		return err
	}
	f, err := b.revoke(ctx, first, none)
	if err != nil || b.o.revoked == 0 {
		return err
	}
	spare := &ids{all: many.all[:min(reserve, len(many.all))]}
	many.all = many.all[len(spare.all):]
	if _, err := b.revoke(ctx, second, many, rateOf(f, "at none revoked", budgetRevoke)); err != nil {
		return err
	}
	return b.measureCRL(ctx, rebuilt, spare)
}

// revoke measures the revocation of the certificates of active requests, compared with durable inserts.
func (b *bench) revoke(ctx context.Context, name string, active *ids, beside ...comparison) (figure, error) {
	if !b.wanted(name) {
		return figure{}, nil
	}
	floors := []comparison{{with: floorInsert}}
	if err := b.measureFloors(ctx, floors); err != nil {
		return figure{}, err
	}
	op := acting(name, active, "/certificate/revoke", []byte(`{"reason":"superseded"}`))
	op.half = true // filling the database with certificates to revoke takes a long time
	return b.runBetween(ctx, op, floors, beside...)
}

// fillRevoking adds active certificates of both authorities for revocation, and many revoked certificates of one of
// them. It returns the requests of the active certificates.
func (b *bench) fillRevoking(ctx context.Context) (none, many *ids, err error) {
	length := b.o.time / 2
	active := int(revokeRate * (length + warmUp(length)).Seconds())
	second := 0
	if b.o.revoked > 0 {
		second = active + reserve
	}
	if err := b.site.stop(); err != nil {
		return nil, nil, err
	}
	var given []*notary.Certificate // active certificates; the store sets their IDs
	err = b.fillWith(ctx, "adding certificates to revoke, and "+
		"revoked ones", active+b.o.revoked+second, func(i int) store.Life {
		from := b.authority.revokedOne
		if i < active {
			from = b.authority.unrevokedOne
		}
		revoked := i >= active && i < active+b.o.revoked
		life := b.lives.nextOf(from, revoked)
		if !revoked {
			given = append(given, life.Certificates[len(life.Certificates)-1])
		}
		return life
	})
	if err != nil {
		return nil, nil, err
	}
	if err := b.site.start(ctx); err != nil {
		return nil, nil, err
	}
	none, many = &ids{}, &ids{}
	for i, c := range given {
		if i < active {
			none.all = append(none.all, c.RequestID)
		} else {
			many.all = append(many.all, c.RequestID)
		}
	}
	return none, many, nil
}

// measureCRL measures fetching a large CRL. It revokes a certificate before each fetch, so that the CRL is regenerated.
func (b *bench) measureCRL(ctx context.Context, name string, active *ids) error {
	c, err := b.api()
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	op := fetchCRL(name, b.authority.muchRevoked)
	op.clients, op.half, op.cold = 1, true, true
	op.before = func(ctx context.Context) (bool, error) {
		id, ok := active.take()
		if !ok {
			return false, nil
		}
		_, err := c.RevokeCertificate(ctx, id, api.RevokeCertificateRequest{})
		return true, err
	}
	_, err = b.run(ctx, op)
	return err
}
