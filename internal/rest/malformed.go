package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"notary"
)

// huma makes its own errors (a field of a wrong type, a body too large) through a variable
// of its package. By another it takes "CSR" for "csr", which would then be there twice.
func init() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return malformed(status, message, errs)
	}
}

// malformed is the envelope for a call that huma refused before it reached a handler.
func malformed(status int, message string, errs []error) *envelope {
	var tooLarge *http.MaxBytesError
	switch {
	case status == http.StatusRequestEntityTooLarge, errors.As(errors.Join(errs...), &tooLarge):
		return refused(http.StatusRequestEntityTooLarge, notary.TooLarge,
			"the request body is too large: at most 1 MiB (16 KiB without a valid token, 32 MiB for imports)")
	case status == http.StatusUnsupportedMediaType:
		return refused(status, notary.Invalid, "send JSON, with the header Content-Type: application/json")
	case status == http.StatusRequestTimeout:
		return refused(status, notary.Invalid, "the request body did not arrive in time")
	case status == http.StatusNotAcceptable:
		return refused(status, notary.Invalid, "no available format matches the Accept header")
	}
	if message == "request body is required" {
		message = theBody + " is missing: send a JSON object"
	}
	out := refused(http.StatusBadRequest, notary.Invalid, message)
	for _, err := range errs {
		var detail *huma.ErrorDetail
		if errors.As(err, &detail) {
			out.body.Error, out.body.Field = explain(detail)
			break
		}
	}
	return out
}

// sentences say for people what huma found about a field, which each of them begins with.
var sentences = map[string]string{
	validation.MsgExpectedString:          "%s must be a string",
	validation.MsgExpectedInteger:         "%s must be a whole number",
	"invalid integer":                     "%s must be a whole number",
	validation.MsgExpectedArray:           "%s must be a JSON array",
	validation.MsgExpectedBoolean:         "%s must be true or false",
	"invalid boolean":                     "%s must be true or false",
	validation.MsgExpectedObject:          "%s must be a JSON object",
	validation.MsgExpectedRFC3339DateTime: "%s must be a time such as 2027-01-31T12:00:00Z (RFC 3339)",
	validation.MsgUnexpectedProperty:      "%s is not a field of this call: check how it is spelt",
	"unknown query parameter":             "%s is not a query parameter of this call: check how it is spelt",
	"expected length >= 1":                "%s must not be empty",
	// of idSchema's
	validation.MsgExpectedMatchExactlyOneSchema: "%s must be a positive integer, as a string or a number",
	numberOutOfRange: "%s is out of range",
}

const (
	theBody          = "the request body"
	numberOutOfRange = "number out of range"
)

// explain makes a sentence of what huma found, and names the field.
func explain(d *huma.ErrorDetail) (message, field string) {
	where, field, inside := strings.Cut(d.Location, ".")
	finding := d.Message
	if where == "path" {
		return "the " + field + " in the path must be a positive integer", field
	}
	if name, ok := missing(finding); ok {
		if inside {
			name = clip(field + "." + name)
		}
		return name + " is missing", name
	}
	if name, ok := strings.CutSuffix(finding, ": "+numberOutOfRange); ok {
		field, finding = name, numberOutOfRange
	}
	if strings.HasPrefix(finding, theBody) {
		return finding, ""
	}
	field = clip(field)
	subject := field
	switch {
	case field == "" && inside:
		subject = `""`
	case field == "":
		subject = theBody
	}
	if finding == validation.MsgExpectedString && d.Value == nil {
		return subject + " is missing", field
	}
	if sentence, ok := sentences[finding]; ok {
		return fmt.Sprintf(sentence, subject), field
	}
	for message, sentence := range sentencesWithALimit {
		if limit, ok := argument(finding, message); ok {
			return fmt.Sprintf(sentence, subject, limit), field
		}
	}
	return subject + ": " + finding, field
}

// sentencesWithALimit are like sentences, for messages with one thing to fill in.
var sentencesWithALimit = map[string]string{
	validation.MsgExpectedOneOf:         "%s must be one of %s",
	validation.MsgExpectedMinimumNumber: "%s must be at least %s",
	validation.MsgExpectedMaximumNumber: "%s must be at most %s",
}

// argument is what a message of huma's was filled in with.
func argument(finding, message string) (text string, ok bool) {
	before, rest, _ := strings.Cut(message, "%")
	text, begins := strings.CutPrefix(finding, before)
	text, ends := strings.CutSuffix(text, rest[1:]) // behind the verb
	return text, begins && ends
}

// missing is the property that the message says is required.
func missing(message string) (name string, ok bool) {
	return argument(message, validation.MsgExpectedRequiredProperty)
}

// strictJSON refuses what encoding/json would mend in silence. Empty strings in objects stand for absent values.
var strictJSON = huma.Format{
	Marshal: huma.DefaultJSONFormat.Marshal,
	Unmarshal: func(data []byte, v any) error {
		if !utf8.Valid(data) {
			return errors.New(theBody + " is not valid UTF-8")
		}
		if err := checkNesting(data); err != nil {
			return err
		}
		data = emptyAsNull(data)
		return jsonFault(data, json.Unmarshal(data, v))
	},
}

// jsonFault puts an error of encoding/json into our words.
func jsonFault(data []byte, err error) error {
	var syntax *json.SyntaxError
	var mismatch *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax) && (syntax.Offset < 1 || strings.Contains(err.Error(), "unexpected end")):
		return errors.New(theBody + " is not valid JSON: it ends too early")
	case syntax != nil:
		unexpected, _ := utf8.DecodeRune(data[syntax.Offset-1:])
		return fmt.Errorf("%s is not valid JSON: unexpected %q at octet %d", theBody, unexpected, syntax.Offset)
	// Of the types only a number's size is left: the rest was checked before.
	case errors.As(err, &mismatch) && mismatch.Field != "":
		return fmt.Errorf("%s: %s", written(mismatch.Field), numberOutOfRange)
	case mismatch != nil:
		return errors.New(theBody + " has a number that is out of range")
	}
	return err
}

// written is a field's path without the Go types that it is embedded in: names in JSON begin
// with small letters.
func written(path string) string {
	return strings.Join(slices.DeleteFunc(strings.Split(path, "."), func(name string) bool {
		return name != "" && unicode.IsUpper(rune(name[0]))
	}), ".")
}
