package rest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
)

type listing[T, A any] struct {
	all    func(context.Context, notary.Caller, func(T) error) error
	page   func(context.Context, notary.Caller, notary.Query) (notary.Page[T], error)
	encode func(T) A
}

// handleList registers a call that returns a page or, without parameters, streams the whole list.
func handleList[In interface{ query() (notary.Query, error) }, T, A any](r *routes, o operation, l listing[T, A]) {
	op := o.describe()
	op.Responses = answersJSON[api.Page[A]](r, o.status)
	register(r, op, func(ctx context.Context, caller notary.Caller, in *In) (*huma.StreamResponse, error) {
		if reflect.ValueOf(*in).IsZero() {
			return r.stream(listForm(), func(emit func(any) error) error {
				return l.all(ctx, caller, func(v T) error { return emit(l.encode(v)) })
			}), nil
		}
		q, err := (*in).query()
		if err != nil {
			return nil, err
		}
		page, err := l.page(ctx, caller, q)
		if err != nil {
			return nil, err
		}
		return r.stream(pageForm(page.Next, page.Previous), func(emit func(any) error) error {
			for _, v := range page.Items {
				if err := emit(l.encode(v)); err != nil {
					return err
				}
			}
			return nil
		}), nil
	})
}

// answers describes a success response whose type huma cannot infer from the handler.
func answers[T any](r *routes, status int) map[string]*huma.Response {
	return answersJSON[api.Result[T]](r, status)
}

func answersJSON[T any](r *routes, status int) map[string]*huma.Response {
	schema := huma.SchemaFromType(r.huma.OpenAPI().Components.Schemas, reflect.TypeFor[T]())
	return map[string]*huma.Response{strconv.Itoa(status): {
		Description: http.StatusText(status),
		Content:     map[string]*huma.MediaType{typeJSON: {Schema: schema}},
	}}
}

type form struct {
	contentType            string
	fileName               string // for Content-Disposition, if not empty
	before, between, after string
	encode                 func(*bytes.Buffer, any) error
	live                   bool // flush after each element
}

func listForm() form {
	return form{contentType: typeJSON, before: `{"result":[`, between: ",", after: "]}\n", encode: encodeJSON}
}

// encodeJSON is like [json.Marshal] but writes into a buffer.
func encodeJSON(b *bytes.Buffer, v any) error {
	err := encodeLine(b, v)
	b.Truncate(max(b.Len()-1, 0))
	return err
}

func encodeLine(b *bytes.Buffer, v any) error { return json.NewEncoder(b).Encode(v) }

func pageForm(next, previous notary.Cursor) form {
	f := listForm()
	f.after = "]"
	for _, c := range []struct {
		name   string
		cursor notary.Cursor
	}{{"next", next}, {"previous", previous}} {
		if c.cursor != "" {
			cursor, _ := json.Marshal(c.cursor) // a string cannot fail
			f.after += `,"` + c.name + `":` + string(cursor)
		}
	}
	f.after += "}\n"
	return f
}

// stream returns a response with the elements that each passes to emit.
func (r *routes) stream(f form, each func(emit func(any) error) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		s := &stream{form: f, hc: hc}
		if err := each(s.emit); err != nil {
			r.streamFailed(s, err)
			return
		}
		s.end()
	}}
}

// stream writes a list without holding it in memory.
type stream struct {
	form
	hc  huma.Context
	out *bufio.Writer // nil until the first element

	element bytes.Buffer // reused, because elements cause most allocations of a call
}

func (s *stream) emit(v any) error {
	s.element.Reset()
	err := s.encode(&s.element, v)
	if err != nil {
		return err
	}
	if s.out == nil {
		s.begin()
	} else if _, err := s.out.WriteString(s.between); err != nil {
		return err
	}
	if _, err = s.out.Write(s.element.Bytes()); err != nil || !s.live {
		return err
	}
	return s.flush()
}

func (s *stream) begin() {
	s.hc.SetHeader("Content-Type", s.contentType)
	if s.fileName != "" {
		s.hc.SetHeader("Content-Disposition", `attachment; filename="`+s.fileName+`"`)
	}
	s.hc.SetStatus(http.StatusOK)
	s.out = bufio.NewWriterSize(s.hc.BodyWriter(), 32<<10)
	_, _ = s.out.WriteString(s.before) // an error shows at the next write
}

func (s *stream) flush() error {
	if err := s.out.Flush(); err != nil {
		return err
	}
	if w, ok := s.hc.BodyWriter().(http.ResponseWriter); ok {
		return http.NewResponseController(w).Flush()
	}
	return nil
}

func (s *stream) end() {
	if s.out == nil {
		s.begin()
	}
	_, _ = s.out.WriteString(s.after)
	if s.out.Flush() != nil {
		panic(http.ErrAbortHandler)
	}
}

// streamFailed sends the error if nothing has been sent yet. Otherwise it aborts the connection, so that the list
// does not look complete.
func (r *routes) streamFailed(s *stream, err error) {
	if s.hc.Context().Err() != nil { // the client is gone
		panic(http.ErrAbortHandler)
	}
	if s.out == nil {
		r.writeFailure(s.hc, err)
		return
	}
	r.failure(s.hc.Context(), err) // for the log
	panic(http.ErrAbortHandler)
}
