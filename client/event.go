package client

import (
	"context"
	"iter"
	"net/http"

	"notary"
	"notary/api"
)

const events = prefix + "/events"

// EventsPage is a page of the record, the newest first. The next follows with its Next as
// After.
func (c *Client) EventsPage(ctx context.Context, query api.EventQuery) (api.Page[api.Event], error) {
	if query.Limit == 0 {
		query.Limit = notary.DefaultPage
	}
	return answered[api.Page[api.Event]](ctx, c, http.MethodGet, events+"?"+values(query).Encode(), nil)
}

// FindEvents are those that the query asks for, the newest first, read page by page; its
// Limit is the size of a page. An error is the last that it yields.
func (c *Client) FindEvents(ctx context.Context, query api.EventQuery) iter.Seq2[api.Event, error] {
	paging := api.Paging{Limit: query.Limit, After: query.After, Before: query.Before}
	return pages[api.Event](ctx, c, events, paging, query.EventFilter)
}

// RequestHistory is what became of a request and its certificates, the newest first.
func (c *Client) RequestHistory(ctx context.Context, id int64) ([]api.Event, error) {
	return call[[]api.Event](ctx, c, http.MethodGet, certificateRequest(id, "/history"), nil)
}
