package rest

import (
	"mime"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"notary"
)

type humaContext = huma.Context

// strictContext overrides the accessors whose values huma interprets too leniently.
type strictContext struct {
	humaContext
	query url.Values
}

// Unwrap returns the wrapped context, for huma.
func (c strictContext) Unwrap() huma.Context { return c.humaContext }

// Header hides Accept, because huma panics on "a;,b". It returns the Content-Type as JSON or [unsupported], because
// huma would accept "+;" and reject "Application/JSON".
func (c strictContext) Header(name string) string {
	switch name {
	case "Accept":
		return ""
	case "Content-Type":
		return c.contentType()
	}
	return c.humaContext.Header(name)
}

// contentType returns the media type of the body, JSON or [unsupported]. It ignores the header if there is a bearer
// token, because curl -d sends the type of a form. Otherwise it requires JSON, which a page of another site can make a
// browser send only after a preflight.
func (c strictContext) contentType() string {
	if bears(c.humaContext.Header("Authorization")) || isJSON(headerValues(c.humaContext, "Content-Type")) {
		return typeJSON
	}
	return unsupported
}

// Param returns a path parameter. It accepts an ID only in canonical form: not "+1" or "01".
func (c strictContext) Param(name string) string {
	text := c.humaContext.Param(name)
	if id, err := strconv.ParseInt(text, 10, 64); err != nil || strconv.FormatInt(id, 10) != text {
		return "not an ID"
	}
	return text
}

// Query returns the value of a parameter. Huma would return "true" for a missing one.
func (c strictContext) Query(name string) string { return c.query.Get(name) }

const unsupported = "unsupported"

func isJSON(values []string) bool {
	if len(values) != 1 {
		return false
	}
	media, params, err := mime.ParseMediaType(values[0])
	charset, given := params["charset"]
	return err == nil && media == typeJSON && (!given || strings.EqualFold(charset, "utf-8"))
}

func headerValues(ctx huma.Context, name string) (values []string) {
	ctx.EachHeader(func(n, value string) {
		if n == name {
			values = append(values, value)
		}
	})
	return values
}

// strict rejects query strings that package url would parse only in part, values that are not UTF-8, and repeated
// parameters that are not lists.
func (r *routes) strict(ctx huma.Context, next func(huma.Context)) {
	var query url.Values
	if address := ctx.URL(); address.RawQuery != "" {
		var err error
		if query, err = url.ParseQuery(address.RawQuery); err != nil {
			r.writeFailure(ctx, notary.Errorf(notary.Invalid,
				"the query string is malformed: percent-encode the percent signs and semicolons in its values"))
			return
		}
		for name, values := range query {
			if fault := valueFault(values, repeats(ctx.Operation(), name)); fault != "" {
				r.writeFailure(ctx, notary.FieldErrorf(clip(name), "query parameter %s %s", clip(name), fault))
				return
			}
		}
	}
	ctx = huma.WithValue(ctx, acceptKey{}, strings.Join(headerValues(ctx, "Accept"), ","))
	ctx = huma.WithValue(ctx, schemasKey{}, r.huma.OpenAPI().Components.Schemas)
	next(strictContext{ctx, query})
}

func valueFault(values []string, repeats bool) string {
	switch {
	case len(values) > 1 && !repeats:
		return "is given more than once: send it once"
	case slices.ContainsFunc(values, func(value string) bool { return !utf8.ValidString(value) }):
		return "is not valid UTF-8"
	}
	return ""
}

// repeats reports whether a query parameter can be given more than once.
func repeats(op *huma.Operation, name string) bool {
	return slices.ContainsFunc(op.Parameters, func(p *huma.Param) bool {
		return p.In == "query" && p.Name == name && p.Schema.Type == huma.TypeArray
	})
}

func clip(name string) string {
	const most = 60 // octets
	clipped := strings.ToValidUTF8(name[:min(len(name), most)], "")
	clipped = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, clipped)
	if len(name) > most {
		clipped += "…"
	}
	return clipped
}
