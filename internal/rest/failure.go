package rest

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/server"
)

type envelope struct {
	status  int
	headers http.Header
	body    api.Error
}

func (e *envelope) Error() string                { return e.body.Error }
func (e *envelope) GetStatus() int               { return e.status }
func (e *envelope) GetHeaders() http.Header      { return e.headers }
func (e *envelope) MarshalJSON() ([]byte, error) { return json.Marshal(e.body) }

// failure returns the response for an error, and logs details that the client must not see.
func (r *routes) failure(ctx context.Context, err error) *envelope {
	e := server.Failure(ctx, r.log, err)
	out := &envelope{status: server.Status(e.Kind), headers: http.Header{},
		body: api.Error{Error: e.Message, Code: string(e.Kind), Field: e.Field}}
	switch e.Kind {
	case notary.Internal:
		out.body.RequestID = server.RequestID(ctx)
	case notary.Unauthenticated:
		out.headers.Set("WWW-Authenticate", "Bearer")
	}
	server.SetRetryAfter(out.headers, e)
	return out
}

func (r *routes) writeFailure(ctx huma.Context, err error) {
	out := r.failure(ctx.Context(), err)
	for name, values := range out.headers {
		ctx.SetHeader(name, values[0])
	}
	ctx.SetHeader("Content-Type", typeJSON)
	ctx.SetStatus(out.status)
	_ = json.NewEncoder(ctx.BodyWriter()).Encode(out) // the client may be gone
}

func refused(status int, kind notary.Kind, message string) *envelope {
	return &envelope{status: status, body: api.Error{Error: message, Code: string(kind)}}
}

func (e *envelope) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", typeJSON)
	w.WriteHeader(e.status)
	_ = json.NewEncoder(w).Encode(e) // the client may be gone
}
