package rest

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
)

// handleList adds a call that answers a whole list, element by element: the server's memory
// does not grow with it. each emits the elements.
func handleList[T any](r *routes, o operation, each func(ctx context.Context, caller notary.Caller, emit func(T) error) error) {
	op := o.describe()
	op.Responses = answers[[]T](r, o.status)
	huma.Register(r.huma, op, func(ctx context.Context, _ *none) (*huma.StreamResponse, error) {
		caller := callerOf(ctx)
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			s := &stream{hc: hc}
			if err := each(ctx, caller, func(v T) error { return s.emit(v) }); err != nil {
				r.streamFailed(s, err)
				return
			}
			s.end()
		}}, nil
	})
}

// answers describes a success whose handler does not show its type to huma.
func answers[T any](r *routes, status int) map[string]*huma.Response {
	schema := huma.SchemaFromType(r.huma.OpenAPI().Components.Schemas, reflect.TypeFor[api.Result[T]]())
	return map[string]*huma.Response{strconv.Itoa(status): {
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{typeJSON: {Schema: schema}},
	}}
}

// stream writes {"result": [ … ]} without holding it.
type stream struct {
	hc  huma.Context
	out *bufio.Writer // nil until the first element
}

func (s *stream) emit(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if s.out == nil {
		s.begin()
	} else if err := s.out.WriteByte(','); err != nil {
		return err
	}
	_, err = s.out.Write(b)
	return err
}

func (s *stream) begin() {
	s.hc.SetHeader("Content-Type", typeJSON)
	s.hc.SetStatus(http.StatusOK)
	s.out = bufio.NewWriterSize(s.hc.BodyWriter(), 32<<10)
	_, _ = s.out.WriteString(`{"result":[`) // an error shows at the next write
}

func (s *stream) end() {
	if s.out == nil {
		s.begin()
	}
	_, _ = s.out.WriteString("]}\n")
	if s.out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
}

// streamFailed answers the error if nothing has been sent yet. Otherwise it breaks the
// connection off, so that nobody takes half a list for the whole.
func (r *routes) streamFailed(s *stream, err error) {
	if s.out == nil {
		r.writeFailure(s.hc, err)
		return
	}
	r.failure(s.hc.Context(), err) // for the log
	panic(http.ErrAbortHandler)
}
