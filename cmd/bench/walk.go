package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
)

// deepest returns the cursor that yields the last full page of the list of requests.
func (b *bench) deepest(ctx context.Context, s *site, sort string) (string, error) {
	b.say("walking to the deepest page by %s", sort)
	const large = 1000
	var start, before string // cursors of the current and the previous page
	err := b.walk(ctx, s.nodes[0], pagePath(sort, large), "", func(_ []byte, after string) {
		before, start = start, after
	})
	if err != nil {
		return "", err
	}
	cursor := before
	err = b.walk(ctx, s.nodes[0], pagePath(sort, pageSize), before, func(page []byte, after string) {
		if bytes.Count(page, []byte(`"csr":"`)) == pageSize {
			cursor = after
		}
	})
	return cursor, err
}

// walk gets a list page by page from a cursor, and calls fn with each page and its cursor.
func (b *bench) walk(ctx context.Context, n *node, path, after string, fn func(page []byte, after string)) error {
	c, err := dial(ctx, n)
	if err != nil {
		return err
	}
	defer c.close()
	var page bytes.Buffer
	for {
		page.Reset()
		get := call{method: "GET", path: withCursor(path, after)}
		status, length, err := c.send(appendCall(nil, n.address, b.token, get))
		if err != nil {
			return err
		}
		if err := c.readBody(length, &page); err != nil {
			return err
		}
		if status != 200 {
			return &refusedError{get.path, status, excerpt(page.Bytes())}
		}
		fn(page.Bytes(), after)
		if after = nextCursor(page.Bytes()); after == "" {
			return nil
		}
	}
}

type refusedError struct {
	path   string
	status int
	answer string
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("GET %s: %d %s", e.path, e.status, e.answer)
}

func withCursor(path, after string) string {
	if after == "" {
		return path
	}
	return path + "&after=" + url.QueryEscape(after)
}

func nextCursor(page []byte) string {
	const name = `"next":`
	i := bytes.LastIndex(page, []byte(name))
	if i < 0 {
		return ""
	}
	var cursor string
	if json.NewDecoder(bytes.NewReader(page[i+len(name):])).Decode(&cursor) != nil {
		return ""
	}
	return cursor
}
