package app

import (
	"context"
	"errors"
	"sync"
	"time"

	"notary/internal/auth"
	"notary/internal/ca"
	"notary/internal/jobs"
	"notary/internal/revocation"
	"notary/internal/server"
	"notary/internal/store"
)

// Jobs returns the periodic work of a server. Register new jobs here.
func Jobs(st *store.Store, authorities *ca.Service, rev *revocation.Service, accounts *auth.Service) []jobs.Job {
	return []jobs.Job{
		{Name: "refresh CRLs", Every: time.Minute, Run: rev.RefreshCRLs},
		{Name: "renew OCSP responders", Every: time.Minute, Run: rev.RenewResponders},
		{Name: "delete expired sessions", Every: time.Minute, Run: accounts.CleanUp},
		{Name: "sequence events", Every: time.Second, Run: store.NewSequencer(st).Run},
		{Name: "check records", Every: time.Minute, Run: authorities.CheckRecords, Unhurried: true},
	}
}

func leaseOf(st *store.Store) jobs.Lease {
	node := store.NodeID()
	return func(ctx context.Context, term time.Duration) (bool, error) {
		return st.Lease(ctx, "periodic work", node, term)
	}
}

func (a *App) background() []func(context.Context) {
	periodic := jobs.New(Jobs(a.store, a.authorities, a.revocation, a.accounts), leaseOf(a.store), a.log)
	a.metrics.Register(periodic)
	all := []func(context.Context){
		a.live.Follow,
		a.clock.Run,
		a.issuers.Follow,
		a.reportBlockedKeys,
		a.accounts.AwaitFirstAccount,
		a.accounts.KeepRefusals,
		periodic.Run,
	}
	if !a.store.Shared() {
		all = append(all, func(ctx context.Context) { serveRecoveries(ctx, a.config.Data, a.accounts, a.log) })
	}
	if a.publishing != nil {
		all = append(all, func(ctx context.Context) {
			a.revocation.KeepCRLs(ctx, func() time.Duration { return a.live.Get().CRLDelay })
		})
	}
	return all
}

// serveWithJobs runs the servers and background functions until all have returned. It stops them when ctx is done or
// one of the servers returns.
func serveWithJobs(ctx context.Context, servers []*server.Server, beside ...func(context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	for _, run := range beside {
		running.Go(func() { run(ctx) })
	}
	ended := make(chan error, len(servers))
	for _, s := range servers {
		running.Go(func() {
			err := s.Serve(ctx)
			cancel()
			ended <- err
		})
	}
	running.Wait()
	close(ended)
	var errs []error
	for err := range ended {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
