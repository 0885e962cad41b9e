package ca

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// ExportCertificates is like [Service.EachCertificate] but first records an event with the given fields.
func (s *Service) ExportCertificates(ctx context.Context, caller notary.Caller, f notary.Filter,
	described notary.Fields,
	fn func(*notary.Certificate) error) error {
	if err := checkCertificateFilter(f); err != nil {
		return err
	}
	if err := checkFilter(f); err != nil {
		return err
	}
	if err := s.recordExport(ctx, caller, described); err != nil {
		return err
	}
	return s.EachCertificate(ctx, caller, f, fn)
}

// AllCertificates records the export and calls fn for each certificate that the caller may see, ordered by ID.
func (s *Service) AllCertificates(ctx context.Context, caller notary.Caller, fn func(*notary.Certificate) error) error {
	if err := s.recordList(ctx, caller, notary.Fields{"format": "json"}); err != nil {
		return err
	}
	return s.EachCertificate(ctx, caller, notary.Filter{}, fn)
}

// AllRequests is like [Service.AllCertificates] for requests, with their certificates.
func (s *Service) AllRequests(ctx context.Context, caller notary.Caller, fn func(*notary.Request) error) error {
	if err := s.recordList(ctx, caller, notary.Fields{"format": "json", "list": "certificate_requests"}); err != nil {
		return err
	}
	return s.EachRequest(ctx, caller, notary.Filter{}, fn)
}

// listed holds the exports of whole lists that were recorded recently.
type listed struct {
	mu sync.Mutex
	at map[string]time.Time // by caller and list
}

// listedFor is how long one event covers all exports of a list by a caller. Clients that poll a list therefore do not
// fill the disk with events.
const listedFor = time.Minute

// seenRecently reports whether an export of the list was recorded within listedFor, and otherwise marks it as recorded
// now.
func (l *listed) seenRecently(key string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.at, func(_ string, at time.Time) bool { return now.Sub(at).Abs() >= listedFor })
	if _, ok := l.at[key]; ok {
		return true
	}
	if l.at == nil {
		l.at = map[string]time.Time{}
	}
	l.at[key] = now
	return false
}

func (l *listed) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.at, key)
}

// recordList records the export of a whole list, at most once per caller and list within listedFor.
func (s *Service) recordList(ctx context.Context, caller notary.Caller, described notary.Fields) error {
	key := fmt.Sprint(caller.Principal.ID, " ", described["list"])
	if s.listed.seenRecently(key, s.now()) {
		return policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{})
	}
	err := s.recordExport(ctx, caller, described)
	if err != nil {
		s.listed.forget(key)
	}
	return err
}

func (s *Service) recordExport(ctx context.Context, caller notary.Caller, described notary.Fields) error {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		return tx.Event(notary.EventBy(caller, "inventory.export", notary.NewRef("inventory", 0, "")).Set(described))
	})
}
