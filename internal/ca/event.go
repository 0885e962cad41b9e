package ca

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"notary"
	"notary/internal/policy"
)

// Events returns one page of the audit log, newest first. Events about accounts require permission to manage accounts.
// Callers without permission to read events can read the events of a single request that they may see.
func (s *Service) Events(ctx context.Context, caller notary.Caller,
	q notary.EventQuery) (none notary.Page[*notary.Event], err error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return none, err
	}
	if q.Action != "" && q.Kind == "" {
		q.Kind, _, _ = strings.Cut(q.Action, ".")
	}
	if !policy.May(caller, policy.ViewEvents) {
		if q.Kind != "request" || q.ObjectID == 0 {
			return none, policy.AllowRole(caller, policy.ViewEvents, policy.Resource{})
		}
		if _, err := s.request(ctx, caller, q.ObjectID); err != nil {
			return none, err
		}
	}
	if !policy.May(caller, policy.ManageAccounts) {
		if slices.Contains(notary.AccountEventKinds, q.Kind) {
			return none, policy.AllowRole(caller, policy.ManageAccounts, policy.Resource{})
		}
		q.NotKinds = notary.AccountEventKinds
	}
	if err := checkPage(q.Limit, q.After, q.Before); err != nil {
		return none, err
	}
	if err := checkEventQuery(q); err != nil {
		return none, err
	}
	q.Email = strings.ToLower(q.Email)
	page, err := s.store.Events(ctx, q)
	hideAddresses(caller, page.Items)
	return page, err
}

func hideAddresses(caller notary.Caller, events []*notary.Event) {
	if policy.May(caller, policy.ViewEvents) {
		return
	}
	own := caller.Ref()
	for _, e := range events {
		if e.Principal.Kind != own.Kind || e.Principal.ID != own.ID {
			e.Address = ""
		}
	}
}

func checkEventQuery(q notary.EventQuery) error {
	for _, text := range []struct{ field, value string }{{"email", q.Email}, {"principal", q.Principal},
		{"request_id", q.RequestID}, {"action", q.Action}} {
		if utf8.RuneCountInString(text.value) > maxFilterText || !utf8.ValidString(text.value) ||
			strings.ContainsRune(text.value, 0) {
			return notary.FieldErrorf(text.field, "%s must be text of at most %d characters", text.field, maxFilterText)
		}
	}
	switch {
	case q.Kind != "" && !slices.Contains(notary.EventKinds, q.Kind):
		return notary.FieldErrorf("kind", "%.40q is not a kind of object: use %s", q.Kind,
			strings.Join(notary.EventKinds, ", "))
	case q.ObjectID < 0:
		return notary.FieldErrorf("object_id", "an ID must be a positive integer")
	case q.ObjectID != 0 && q.Kind == "":
		return notary.FieldErrorf("kind", "kind is missing for object_id %d: use %s", q.ObjectID,
			strings.Join(notary.EventKinds, ", "))
	case !q.From.IsZero() && !q.Until.IsZero() && !q.From.Before(q.Until):
		return notary.FieldErrorf("until", "until must be later than from")
	}
	return nil
}

const historyLength = 500

// History returns the last 500 events of a request that the caller may see and of its certificates, newest first. It
// omits the revocation of a certificate if the request's revocation implies it.
func (s *Service) History(ctx context.Context, caller notary.Caller, requestID int64) ([]*notary.Event, error) {
	if _, err := s.request(ctx, caller, requestID); err != nil {
		return nil, err
	}
	all, err := s.store.RequestEvents(ctx, requestID, historyLength)
	if err != nil {
		return nil, err
	}
	hideAddresses(caller, all)
	// A request's revocation implies the revocation of its current certificate.
	implied := func(e *notary.Event) bool {
		return e.Action == "certificate.revoke" && slices.ContainsFunc(all, func(of *notary.Event) bool {
			current, _ := of.FirstRef("certificate")
			return of.Action == "request.revoke" && current.ID == e.Object.ID
		})
	}
	return slices.DeleteFunc(slices.Clone(all), implied), nil
}
