package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"notary"
)

// configureHuma sets huma's global options. Field names are case-sensitive, so that "CSR" is not a second value of
// "csr". Calls that huma rejects are answered with the API's error envelope.
var configureHuma = sync.OnceFunc(func() {
	huma.ValidateStrictCasing = true
	huma.NewErrorWithContext = malformed
})

// malformed returns the envelope for a call that huma rejected.
func malformed(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
	err := errors.Join(errs...)
	var tooLarge *http.MaxBytesError
	var detail *huma.ErrorDetail
	switch {
	case status == http.StatusRequestEntityTooLarge, errors.As(err, &tooLarge):
		return refused(http.StatusRequestEntityTooLarge, notary.TooLarge,
			"the request body is too large: at most 1 MiB (16 KiB without a valid token, 32 MiB for imports)")
	case status == http.StatusUnsupportedMediaType:
		return refused(status, notary.Invalid, "unsupported media type: send JSON with the header Content-Type: application/json")
	case status == http.StatusRequestTimeout:
		return refused(status, notary.Invalid, "the request body did not arrive in time")
	case status == http.StatusNotAcceptable:
		return refused(status, notary.Invalid, "no available format matches the Accept header")
	case errors.As(err, &detail):
		out := refused(http.StatusBadRequest, notary.Invalid, "")
		out.body.Error, out.body.Field = explain(ctx, detail)
		return out
	case err == nil:
		return refused(http.StatusBadRequest, notary.Invalid, theBody+" is missing: send a JSON object")
	}
	return refused(http.StatusBadRequest, notary.Invalid, theBody+" could not be read")
}

type schemasKey struct{}

const (
	theBody          = "the request body"
	numberOutOfRange = "number out of range"
)

// explain returns a message that states what the schema requires of an invalid input, and the name of the field.
func explain(ctx huma.Context, d *huma.ErrorDetail) (message, field string) {
	where, field, inside := strings.Cut(d.Location, ".")
	switch where {
	case "path":
		return "the " + field + " in the path must be a positive integer", field
	case "query", "header":
		return explainParameter(ctx.Operation(), where, field)
	}
	if strings.HasPrefix(d.Message, theBody) { // from strictJSON
		return d.Message, ""
	}
	if name, ok := strings.CutSuffix(d.Message, ": "+numberOutOfRange); ok { // from strictJSON
		return clip(name) + " is out of range", clip(name)
	}
	schemas := ctx.Context().Value(schemasKey{}).(huma.Registry)
	found := schemaAt(schemas, ctx.Operation().RequestBody.Content[typeJSON].Schema, field)
	switch {
	case inside && field == "":
		return notAField(`""`), ""
	case found == nil:
		return notAField(clip(field)), clip(field)
	}
	return explainValue(found, field, d.Value)
}

func notAField(name string) string {
	return name + " is not a field of this call: check the spelling"
}

func explainParameter(op *huma.Operation, where, name string) (message, field string) {
	field = clip(name)
	i := slices.IndexFunc(op.Parameters, func(p *huma.Param) bool { return p.In == where && p.Name == name })
	if i < 0 {
		return field + " is not a query parameter of this call: check the spelling", field
	}
	return field + " must be " + required(op.Parameters[i].Schema), field
}

func explainValue(s *huma.Schema, field string, value any) (message, name string) {
	if object, ok := value.(map[string]any); ok && s.Type == huma.TypeObject {
		for _, name := range s.Required {
			if _, ok := object[name]; !ok {
				field = strings.TrimPrefix(field+"."+name, ".")
				return clip(field) + " is missing", clip(field)
			}
		}
	}
	name = clip(field)
	subject := name
	if subject == "" {
		subject = theBody
	}
	if value == nil && field != "" {
		return subject + " is missing", name
	}
	return subject + " must be " + required(s), name
}

func schemaAt(schemas huma.Registry, s *huma.Schema, field string) *huma.Schema {
	for s.Ref != "" {
		s = schemas.SchemaFromRef(s.Ref)
	}
	if field == "" {
		return s
	}
	if _, rest, ok := strings.Cut(field, "]"); ok && field[0] == '[' && s.Items != nil {
		return schemaAt(schemas, s.Items, strings.TrimPrefix(rest, "."))
	}
	for name, property := range s.Properties {
		rest, ok := strings.CutPrefix(field, name)
		if ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			return schemaAt(schemas, property, strings.TrimPrefix(rest, "."))
		}
	}
	if value, ok := s.AdditionalProperties.(*huma.Schema); ok { // the keys of a map are the caller's
		return schemaAt(schemas, value, "")
	}
	return nil
}

// required returns what a schema requires of a value, as text that follows "must be".
func required(s *huma.Schema) string {
	switch {
	case len(s.OneOf) > 0: // [idSchema]
		return "a positive integer, as a string or a number"
	case len(s.Enum) > 0:
		var words []string
		for _, value := range s.Enum {
			words = append(words, fmt.Sprint(value))
		}
		return "one of " + strings.Join(words, ", ")
	case s.Format == "date-time":
		return "a time such as 2027-01-31T12:00:00Z (RFC 3339)"
	case s.MaxLength != nil:
		return fmt.Sprintf("a string of at most %d characters", *s.MaxLength)
	}
	switch s.Type {
	case huma.TypeInteger:
		return "a whole number" + limits(s.Minimum, s.Maximum)
	case huma.TypeBoolean:
		return "true or false"
	case huma.TypeArray:
		return "a JSON array"
	case huma.TypeObject:
		return "a JSON object"
	}
	return "a " + s.Type
}

func limits(least, most *float64) string {
	switch {
	case least != nil && most != nil:
		return fmt.Sprintf(" from %.0f to %.0f", *least, *most)
	case least != nil:
		return fmt.Sprintf(" of at least %.0f", *least)
	case most != nil:
		return fmt.Sprintf(" of at most %.0f", *most)
	}
	return ""
}

// strictJSON decodes JSON. It rejects input that encoding/json would silently repair, and treats fields with an empty
// string as absent.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New(theBody + " is not valid UTF-8")
		}
		if err := checkStructure(data); err != nil {
			return err
		}
		data = emptyAsNull(data)
		return jsonFault(data, json.Unmarshal(data, v))
	},
}

// jsonFault converts an encoding/json error into a message for the client.
func jsonFault(data []byte, err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && (syntax.Offset < 1 || endsEarly(data)):
		return errors.New(theBody + " is not valid JSON: it is truncated")
	case syntax != nil:
		unexpected, _ := utf8.DecodeRune(data[syntax.Offset-1:])
		return fmt.Errorf("%s is not valid JSON: unexpected %q at octet %d", theBody, unexpected, syntax.Offset)
	// The schema has already checked the types, so the only possible mismatch is a number out of range.
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("%s: %s", jsonPath(mismatch.Field), numberOutOfRange)
	case mismatch != nil:
		return errors.New(theBody + " has a number that is out of range")
	case err != nil:
		return fmt.Errorf("%s: %w", theBody, err)
	}
	return nil
}

func endsEarly(data []byte) bool {
	err := json.NewDecoder(bytes.NewReader(data)).Decode(new(json.RawMessage))
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// jsonPath returns a field's path without the names of embedded Go types, which begin with a capital.
func jsonPath(path string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(path, "."), func(name string) bool {
		return name != "" && unicode.IsUpper(rune(name[0]))
	}), ".")
}
