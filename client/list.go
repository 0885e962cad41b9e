package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"

	"notary"
)

// list yields the elements of a list as they arrive. An error is yielded last.
func list[T any](ctx context.Context, c *Client, path string) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		answer, err := c.open(ctx, http.MethodGet, path, nil)
		if err == nil {
			err = elements(answer, yield, c.brokenList)
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}

func (c *Client) open(ctx context.Context, method, path string, body any) (io.ReadCloser, error) {
	encoded, err := encode(body)
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, method, path, encoded, nil)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(answer.Body, maxResponse))
		return nil, refusal(Response{answer.StatusCode, answer.Header, body})
	}
	return answer.Body, nil
}

// elements yields the elements of the list in a response. If the list is incomplete or invalid, it returns the error
// from broken.
func elements[T any](answer io.ReadCloser, yield func(T, error) bool, broken func(error) error) error {
	defer answer.Close()
	stopped, err := readList(answer, func(element T) bool { return yield(element, nil) })
	if err != nil && !stopped {
		return broken(err)
	}
	return nil
}

// readList parses the envelope of a list and yields the elements. It stops if yield returns false.
func readList[T any](r io.Reader, yield func(T) bool) (stopped bool, err error) {
	limited := &elementReader{r: r, left: maxResponse}
	decoder := json.NewDecoder(limited)
	if err := expect(decoder, '{'); err != nil {
		return false, err
	}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return false, err
		}
		if key != "result" {
			var skipped json.RawMessage
			if err := decoder.Decode(&skipped); err != nil {
				return false, err
			}
			continue
		}
		if err := expect(decoder, '['); err != nil {
			return false, err
		}
		for decoder.More() {
			limited.left = maxResponse
			var element T
			if err := decoder.Decode(&element); err != nil {
				return false, err
			}
			if !yield(element) {
				return true, nil
			}
		}
		if err := expect(decoder, ']'); err != nil {
			return false, err
		}
	}
	return false, expect(decoder, '}') // a list without its end is incomplete
}

func expect(decoder *json.Decoder, want json.Delim) error {
	token, err := decoder.Token()
	if err != nil {
		return err
	}
	if token != want {
		return errors.New("the response is not a list")
	}
	return nil
}

// elementReader fails if an element of a list exceeds maxResponse; left is reset before each element. Read errors other
// than io.EOF match io.ErrUnexpectedEOF, to distinguish a broken connection from an invalid response.
type elementReader struct {
	r    io.Reader
	left int
}

func (e *elementReader) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, errElementTooLarge
	}
	n, err := e.r.Read(p[:min(len(p), e.left)])
	e.left -= n
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", io.ErrUnexpectedEOF, err)
	}
	return n, err
}

var errElementTooLarge = errors.New("a list element is larger than 64 MiB")

func (c *Client) brokenList(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return c.connectionError(err, false)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &notary.Error{Kind: notary.Unavailable, Err: err,
			Message: "the list is incomplete: try again"}
	default:
		return unreadable(c.server, err)
	}
}
