package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"reflect"
	"sync"

	"notary"
	"notary/internal/policy"
)

type selection struct {
	noun    string          // plural
	actions []policy.Action // the caller must have one of them, on any object
	each    func(context.Context, notary.Caller, notary.Filter, func(match) error) error
}

type match struct {
	id    int64
	state string // changes whenever the call could have a different effect on the object
}

func matchingRequest(r *notary.Request) match {
	var certificate int64
	if r.Certificate != nil {
		certificate = r.Certificate.ID
	}
	return match{r.ID, fmt.Sprint(r.Status, certificate, r.UpdatedAt.UnixNano())}
}

func matchingCertificate(c *notary.Certificate) match {
	if c.Revocation == nil {
		return match{c.ID, ""}
	}
	return match{c.ID, string(c.Revocation.Reason)}
}

// Selection identifies the objects matched by the filter of [Many].
type Selection struct {
	Count  int64
	Digest string // SHA-256 of the IDs and states in lower-case hex
}

type selector struct {
	count  int64
	digest hash.Hash
}

func newSelector() *selector { return &selector{digest: sha256.New()} }

func (s *selector) add(m match) {
	s.count++
	fmt.Fprintln(s.digest, m.id, m.state)
}

func (s *selector) selection() Selection {
	return Selection{s.count, hex.EncodeToString(s.digest.Sum(nil))}
}

func (s *Service) requestSelection(actions ...policy.Action) selection {
	return selection{"requests", actions,
		func(ctx context.Context, caller notary.Caller, f notary.Filter, fn func(match) error) error {
			return s.EachRequest(ctx, caller, f, func(r *notary.Request) error { return fn(matchingRequest(r)) })
		}}
}

func (s *Service) certificateSelection() selection {
	return selection{"certificates", []policy.Action{policy.RevokeCertificate},
		func(ctx context.Context, caller notary.Caller, f notary.Filter, fn func(match) error) error {
			return s.EachCertificate(ctx, caller, f, func(c *notary.Certificate) error { return fn(matchingCertificate(c)) })
		}}
}

func (s *Service) selectedIDs(ctx context.Context, caller notary.Caller, m Many, of selection) ([]int64, error) {
	switch {
	case m.Filter != nil && m.IDs != nil:
		return nil, notary.FieldErrorf("ids", "set ids or filter, not both")
	case m.Filter != nil:
		return s.matching(ctx, caller, m, of)
	case m.Expected != nil:
		return nil, notary.FieldErrorf("expected", "expected requires a filter: omit it, or use a filter instead of ids")
	case m.Digest != "":
		return nil, notary.FieldErrorf("selection", "selection requires a filter: omit it, or use a filter instead of ids")
	case len(m.IDs) == 0:
		return nil, notary.FieldErrorf("ids", "no %s are selected: set ids or filter", of.noun)
	case len(m.IDs) > maxIDs:
		return nil, notary.FieldErrorf("ids", "%d ids exceed the maximum of %d: split them, or use a filter", len(m.IDs),
			maxIDs)
	}
	seen := make(map[int64]bool, len(m.IDs))
	for _, id := range m.IDs {
		if id < 1 {
			return nil, notary.FieldErrorf("ids", "%d is not an ID: IDs are positive integers", id)
		}
		if seen[id] {
			return nil, notary.FieldErrorf("ids", "ID %d is listed twice", id)
		}
		seen[id] = true
	}
	return m.IDs, nil
}

// Select returns the [Selection] of the requests that a filter matches.
func (s *Service) Select(ctx context.Context, caller notary.Caller, f notary.Filter) (Selection, error) {
	return s.selectMatching(ctx, caller, f, s.requestSelection(bulkActions...))
}

// SelectCertificates is like [Service.Select] for certificates.
func (s *Service) SelectCertificates(ctx context.Context, caller notary.Caller, f notary.Filter) (Selection, error) {
	return s.selectMatching(ctx, caller, f, s.certificateSelection())
}

var bulkActions = []policy.Action{policy.SignRequest, policy.RejectRequest, policy.RevokeRequest, policy.DeleteRequest}

func (s *Service) selectMatching(ctx context.Context, caller notary.Caller, f notary.Filter,
	of selection) (Selection, error) {
	return s.eachMatching(ctx, caller, f, of, func(int64) {})
}

// EachMatching calls fn for each request that a filter of [Many] matches, ordered by ID, and returns their [Selection].
func (s *Service) EachMatching(ctx context.Context, caller notary.Caller, f notary.Filter,
	fn func(*notary.Request)) (Selection, error) {
	var r *notary.Request
	of := s.requestSelection(bulkActions...)
	of.each = func(ctx context.Context, caller notary.Caller, f notary.Filter, next func(match) error) error {
		return s.EachRequest(ctx, caller, f, func(one *notary.Request) error {
			r = one
			return next(matchingRequest(one))
		})
	}
	return s.eachMatching(ctx, caller, f, of, func(int64) { fn(r) })
}

var errTooMany = errors.New("too many")

func (s *Service) eachMatching(ctx context.Context, caller notary.Caller, f notary.Filter, of selection,
	fn func(id int64)) (Selection, error) {
	if err := s.attempt(ctx, caller, policy.Resource{}, of.actions...); err != nil {
		return Selection{}, err
	}
	if reflect.ValueOf(f).IsZero() {
		return Selection{}, notary.FieldErrorf("filter",
			"filter is empty and would match all %s: narrow it, for example by name", of.noun)
	}
	matches := newSelector()
	err := of.each(ctx, caller, f, func(m match) error {
		if matches.add(m); matches.count > int64(s.limits.matches) {
			return errTooMany
		}
		fn(m.id)
		return nil
	})
	if errors.Is(err, errTooMany) {
		err = notary.WithField(notary.Errorf(notary.Unprocessable, "the filter matches more than %d %s: narrow it",
			s.limits.matches,
			of.noun), "filter")
	}
	return matches.selection(), err
}

// matching returns the IDs that the filter matches, or an error if the matches have changed since the caller saw them.
func (s *Service) matching(ctx context.Context, caller notary.Caller, m Many, of selection) (ids []int64, err error) {
	if m.Expected == nil && m.Digest == "" && !reflect.ValueOf(*m.Filter).IsZero() {
		return nil, notary.FieldErrorf("expected",
			"expected is missing: set it to the number of %s that the filter matches, or set selection", of.noun)
	}
	now, err := s.eachMatching(ctx, caller, *m.Filter, of, func(id int64) { ids = append(ids, id) })
	switch {
	case err != nil:
		return nil, err
	case m.Expected != nil && now.Count != *m.Expected:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "the number of matching %s is now %d instead of %d: "+
			"nothing was done; review them and try again", of.noun, now.Count, *m.Expected), "expected")
	case m.Digest != "" && now.Digest != m.Digest:
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"the selection has changed: nothing was done; review it and try again"), "selection")
	}
	return ids, nil
}

// RevokeManyCertificates revokes each certificate like [Service.RevokeCertificate]; see [Service.SignMany]. It fails
// for current certificates of authorities, because their revocation affects everything that the authorities issued.
func (s *Service) RevokeManyCertificates(ctx context.Context, caller notary.Caller, m Many,
	reason notary.RevocationReason,
	fn func(Outcome) error) error {
	return s.revokeMany(ctx, caller, m, s.certificateSelection(), fn,
		func(ctx context.Context, id int64) (Revocations, error) {
			return s.revokeCertificate(ctx, caller, id, reason, false)
		})
}

// revokeMany revokes the selected objects and adds to each outcome what was revoked.
func (s *Service) revokeMany(ctx context.Context, caller notary.Caller, m Many, of selection, fn func(Outcome) error,
	revoke func(context.Context, int64) (Revocations, error)) error {
	var revocations sync.Map // by ID
	return s.forEach(ctx, caller, m, of, func(o Outcome) error {
		if done, ok := revocations.LoadAndDelete(o.ID); ok {
			o.Revocations = done.(Revocations)
		}
		return fn(o)
	}, func(ctx context.Context, id int64) error {
		done, err := revoke(ctx, id)
		if err == nil {
			revocations.Store(id, done)
		}
		return err
	})
}
