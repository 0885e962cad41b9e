package auth

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"notary"
	"notary/internal/store"
)

const (
	recordEvery = time.Minute
	recordTime  = 5 * time.Second
	// maxRefusals limits the distinct refusals recorded per interval and kind of principal, so that an attacker
	// cannot fill the disk. The rest are counted together.
	maxRefusals = 200
)

// refusals counts refused calls until [Service.RecordRefusals] writes an event for each distinct one.
type refusals struct {
	mu     sync.Mutex
	counts map[refusal]int64
	kinds  map[string]int // distinct refusals by kind of principal
}

type refusal struct {
	action    string
	object    notary.Ref
	principal notary.Ref
	network   string // of the client: see [notary.ClientNetwork]
	reason    string // why a token was refused
}

func (r *refusals) add(one refusal, n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts, r.kinds = map[refusal]int64{}, map[string]int{}
	}
	if r.counts[one] == 0 && r.kinds[one.principal.Kind] >= maxRefusals {
		one = refusal{action: one.action, reason: one.reason, object: notary.NewRef(one.object.Kind, 0, ""),
			principal: notary.NewRef(one.principal.Kind, 0, "")}
	}
	if r.counts[one] == 0 {
		r.kinds[one.principal.Kind]++
	}
	r.counts[one] += n
}

func (r *refusals) take() map[refusal]int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.counts
	r.counts = nil
	return taken
}

// Refused counts a call that failed with [notary.Unauthenticated] or [notary.Forbidden], and ignores other errors.
// Calls are counted per principal, network and operation or, if the caller is anonymous, per network.
func (s *Service) Refused(caller notary.Caller, operation string, err error) {
	one := refusal{action: "call.refused", object: notary.NewRef("call", 0, operation), principal: caller.Ref(),
		network: notary.ClientNetwork(caller.Address)}
	switch kind := notary.KindOf(err); {
	case kind != notary.Forbidden && kind != notary.Unauthenticated:
		return
	case !caller.Known():
		one.object.Name = ""
	}
	s.refusals.add(one, 1)
}

// RefusedScrape counts a request for metrics without a valid metrics token.
func (s *Service) RefusedScrape(address string) {
	s.refusals.add(refusal{action: "call.refused", object: notary.NewRef("call", 0, "metrics"),
		principal: notary.Caller{}.Ref(), network: notary.ClientNetwork(address)}, 1)
}

// refusedLogin counts a refused login. account is nil if no account has the email address. Unknown email addresses
// are not recorded, because they may be passwords.
func (s *Service) refusedLogin(account *notary.Account, from Client) {
	object := notary.NewRef("account", 0, "")
	if account != nil {
		object = account.Ref()
	}
	s.refusals.add(refusal{action: "account.login_refused", object: object, principal: notary.Caller{}.Ref(),
		network: notary.ClientNetwork(from.Address)}, 1)
}

// refusedToken counts a refused use of an existing API token.
func (s *Service) refusedToken(by notary.Caller, reason string) {
	s.refusals.add(refusal{action: "token.refused", object: by.Principal, principal: notary.Caller{}.Ref(),
		network: notary.ClientNetwork(by.Address), reason: reason}, 1)
}

// RecordRefusals writes events for the refusals that this node counted since RecordRefusals last succeeded.
func (s *Service) RecordRefusals(ctx context.Context) error {
	counts := s.refusals.take()
	if len(counts) == 0 {
		return nil
	}
	err := s.store.Write(ctx, func(tx *store.Tx) error {
		for _, one := range slices.SortedFunc(maps.Keys(counts), compareRefusals) {
			e := notary.Event{Action: one.action, Object: one.object, Principal: one.principal, Address: one.network}
			after := notary.Fields{"count": counts[one]}
			if one.reason != "" {
				after["reason"] = one.reason
			}
			if err := tx.Event(e.Set(after)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		for one, n := range counts {
			s.refusals.add(one, n)
		}
	}
	return err
}

func compareRefusals(a, b refusal) int {
	return cmp.Or(cmp.Compare(a.network, b.network), cmp.Compare(a.action, b.action),
		cmp.Compare(a.object.ID, b.object.ID),
		cmp.Compare(a.object.Name, b.object.Name), cmp.Compare(a.principal.ID, b.principal.ID),
		cmp.Compare(a.reason, b.reason))
}

// KeepRefusals records refusals every minute until ctx is done, and then once more.
func (s *Service) KeepRefusals(ctx context.Context) {
	tick := time.NewTicker(recordEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
		s.recordRefusals(ctx)
	}
}

func (s *Service) recordRefusals(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := s.RecordRefusals(ctx); err != nil {
		s.log.WarnContext(ctx, "could not record refused calls; they are recorded later", "error", err)
	}
}
