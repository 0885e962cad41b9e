package client

import (
	"context"
	"iter"
	"net/http"

	"notary"
	"notary/api"
)

const events = prefix + "/events"

// EventsPage returns a page of the audit log, newest first. Pass its Next as After to get the next page.
func (c *Client) EventsPage(ctx context.Context, query api.EventQuery) (api.Page[api.Event], error) {
	if query.Limit == 0 {
		query.Limit = notary.DefaultPage
	}
	return answered[api.Page[api.Event]](ctx, c, http.MethodGet, events+"?"+values(query).Encode(), nil)
}

// FindEvents yields all matching events, newest first, fetching pages of query.Limit as needed. An error is yielded
// last.
func (c *Client) FindEvents(ctx context.Context, query api.EventQuery) iter.Seq2[api.Event, error] {
	paging := api.Paging{Limit: query.Limit, After: query.After, Before: query.Before}
	return pages[api.Event](ctx, c, events, paging, query.EventFilter)
}

// RequestHistory returns the last 500 events of a request and its certificates, newest first.
func (c *Client) RequestHistory(ctx context.Context, id int64) ([]api.Event, error) {
	return call[[]api.Event](ctx, c, http.MethodGet, certificateRequest(id, "/history"), nil)
}
