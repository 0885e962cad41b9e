package rest

import (
	"context"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) events() {
	handle(r, operation{id: "listEvents", method: "GET", path: "/api/v1/events", status: 200, needs: notary.ReadEvents,
		errors:  []int{404},
		summary: "List events", doc: "A page of the audit log, the newest events first. Certificate Requestors may list " +
			"the events of one of their own requests with `kind=request` and `object_id`."}, r.listEvents)
	handle(r, operation{id: "getHistoryOfRequest", method: "GET", path: "/api/v1/certificate_requests/{id}/history",
		status:  200,
		summary: "Get the history of a certificate request",
		doc:     "The last 500 events of the request and its certificates, the newest first. " + ownOnly}, r.history)
}

type eventList struct{ api.EventQuery }

func (r *routes) listEvents(ctx context.Context, caller notary.Caller,
	in *eventList) (*struct{ Body api.Page[api.Event] }, error) {
	q, err := in.query()
	if err != nil {
		return nil, err
	}
	page, err := r.ca.Events(ctx, caller, q)
	if err != nil {
		return nil, err
	}
	return &struct{ Body api.Page[api.Event] }{api.Page[api.Event]{
		Result: eventsToAPI(page.Items), Next: string(page.Next), Previous: string(page.Previous)}}, nil
}

func (in *eventList) query() (q notary.EventQuery, err error) {
	q = notary.EventQuery{Kind: in.Kind, ObjectID: int64(in.ObjectID), Email: in.Email, Action: in.Action,
		Principal: in.Principal, RequestID: in.RequestID,
		Limit: in.Limit, After: notary.Cursor(in.After), Before: notary.Cursor(in.Before)}
	if q.Limit == 0 {
		q.Limit = notary.DefaultPage
	}
	if q.From, err = ca.Moment("from", in.From); err != nil {
		return q, err
	}
	q.Until, err = ca.Moment("until", in.Until)
	return q, err
}

func (r *routes) history(ctx context.Context, caller notary.Caller, in *ByID) (*answer[[]api.Event], error) {
	all, err := r.ca.History(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(eventsToAPI(all)), nil
}

func eventsToAPI(events []*notary.Event) []api.Event {
	out := make([]api.Event, len(events))
	for i, e := range events {
		out[i] = api.Event{ID: e.ID, At: e.At, Action: e.Action, Object: api.Ref(e.Object), Refs: refsToAPI(e.Refs),
			Principal: api.Ref(e.Principal), Address: e.Address, RequestID: e.RequestID,
			Before: fieldsToAPI(e.Before), After: fieldsToAPI(e.After), Text: e.Sentence(),
			AccountID: optional(e.Principal.ID), Email: e.Principal.Name, ObjectID: e.Object.ID, Detail: e.Details()}
	}
	return out
}

func fieldsToAPI(f notary.Fields) map[string]any {
	if f == nil {
		return map[string]any{}
	}
	return f
}

func refsToAPI(refs []notary.Ref) []api.Ref {
	out := make([]api.Ref, len(refs))
	for i, ref := range refs {
		out[i] = api.Ref(ref)
	}
	return out
}
