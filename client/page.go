package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"notary"
	"notary/api"
)

// page returns one page of a list. It always sets a limit, because the server would otherwise return the whole list.
func page[T any](ctx context.Context, c *Client, path string, paging api.Paging, filter any) (api.Page[T], error) {
	if paging.Limit == 0 {
		paging.Limit = notary.DefaultPage
	}
	query := values(filter)
	for name, value := range values(paging) {
		query[name] = value
	}
	return answered[api.Page[T]](ctx, c, http.MethodGet, path+"?"+query.Encode(), nil)
}

func pages[T any](ctx context.Context, c *Client, path string, paging api.Paging, filter any) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for {
			p, err := page[T](ctx, c, path, paging, filter)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, v := range p.Result {
				if !yield(v, nil) {
					return
				}
			}
			if p.Next == "" {
				return
			}
			paging.After, paging.Before = p.Next, ""
		}
	}
}

// values encodes the fields of a query as query parameters, which have the same names as in JSON.
func values(query any) url.Values {
	encoded, _ := json.Marshal(query) // cannot fail for plain values
	var fields map[string]any
	decoder := json.NewDecoder(bytes.NewReader(encoded))
	decoder.UseNumber()
	_ = decoder.Decode(&fields)
	all := url.Values{}
	for name, value := range fields {
		several, ok := value.([]any)
		if !ok {
			several = []any{value}
		}
		for _, one := range several {
			all.Add(name, fmt.Sprint(one))
		}
	}
	return all
}
