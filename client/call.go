package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"

	"notary"
	"notary/api"
)

// prefix precedes every path except /login, /logout, /metrics and those that begin with /status.
const prefix = "/api/v1"

// maxResponse is the maximum size of a response or, in a stream, of one element. It is enough for a CRL with a million
// entries in PEM.
const maxResponse = 64 << 20

// Response is an unparsed response; see [Client.Raw].
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Raw sends a request that no other method covers. The path is relative to the server's root ("/api/v1/…",
// "/metrics") and may have a query. The client's token is sent unless header contains Authorization. Raw returns an
// error if there is no response or it is larger than 64 MiB, but not for an error status.
func (c *Client) Raw(ctx context.Context, method, path string, body []byte, header http.Header) (Response, error) {
	answer, err := c.send(ctx, method, path, body, header)
	if err != nil {
		return Response{}, err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(io.LimitReader(answer.Body, maxResponse+1))
	switch {
	case err != nil:
		return Response{}, c.connectionError(err, true)
	case len(read) > maxResponse:
		return Response{}, unreadable(c.server, errors.New("the response is larger than 64 MiB"))
	}
	return Response{Status: answer.StatusCode, Header: answer.Header, Body: read}, nil
}

func call[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	result, err := answered[api.Result[T]](ctx, c, method, path, body)
	return result.Result, err
}

func answered[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	return answeredTo[T](ctx, c, method, path, body, nil)
}

func answeredTo[T any](ctx context.Context, c *Client, method, path string, body any,
	header http.Header) (result T, err error) {
	encoded, err := encode(body)
	if err != nil {
		return result, err
	}
	answer, err := c.Raw(ctx, method, path, encoded, header)
	if err != nil {
		return result, err
	}
	if err := refusal(answer); err != nil {
		return result, err
	}
	if err := json.Unmarshal(answer.Body, &result); err != nil {
		return result, unreadable(c.server, err)
	}
	return result, nil
}

func encode(body any) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, notary.InternalError("encode the call as JSON", err)
	}
	return encoded, nil
}

func act(ctx context.Context, c *Client, method, path string, body any) error {
	_, err := call[api.Message](ctx, c, method, path, body)
	return err
}

func create(ctx context.Context, c *Client, path string, body any) (int64, error) {
	created, err := call[api.Created](ctx, c, http.MethodPost, path, body)
	return created.ID, err
}

func fetch(ctx context.Context, c *Client, path, mediaType string) ([]byte, error) {
	answer, err := c.Raw(ctx, http.MethodGet, path, nil, http.Header{"Accept": {mediaType}})
	if err != nil {
		return nil, err
	}
	return answer.Body, refusal(answer)
}

// send sends a request and returns the response with its body unread. Errors are [*notary.Error] values.
func (c *Client) send(ctx context.Context, method, path string, body []byte,
	header http.Header) (*http.Response, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteHeaders: func() { sent.Store(true) },
	})
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, bytes.NewReader(body))
	if err != nil {
		return nil, notary.InternalError("create the HTTP request", err)
	}
	for name, values := range header {
		request.Header[http.CanonicalHeaderKey(name)] = values
	}
	setDefault(request.Header, "Accept", "application/json")
	if len(body) > 0 {
		setDefault(request.Header, "Content-Type", "application/json")
	}
	if c.token != "" {
		setDefault(request.Header, "Authorization", "Bearer "+c.token)
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return nil, c.connectionError(err, sent.Load())
	}
	return answer, nil
}

func setDefault(header http.Header, name, value string) {
	if _, ok := header[name]; !ok {
		header.Set(name, value)
	}
}
