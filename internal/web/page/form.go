package page

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"notary"
)

// Form holds the values of a form, from the query or the user's input, and its error.
type Form struct {
	values url.Values
	err    *notary.Error
	fields []string // names of the fields on the page
}

// NewForm returns a form with the given values.
func NewForm(values url.Values) Form { return Form{values: values} }

// FailedForm returns a form with the user's input and its error.
func FailedForm(values url.Values, err *notary.Error) Form { return Form{values: values, err: err} }

// Fields returns the form with the names of the fields on the page. They determine where the error is shown and which
// field has the focus. Creating any other field panics.
func (f Form) Fields(names ...string) Form {
	f.fields = names
	return f
}

// WithValues returns the form with the given values instead of its own.
func (f Form) WithValues(values url.Values) Form {
	f.values = values
	return f
}

// All returns the values of all fields.
func (f Form) All() url.Values { return f.values }

// Given reports whether the form has a value for a field, even an empty one.
func (f Form) Given(name string) bool { return f.values.Has(name) }

// Value returns the value of a field.
func (f Form) Value(name string) string { return f.values.Get(name) }

// Has reports whether value is among the values of a field.
func (f Form) Has(name, value string) bool { return slices.Contains(f.values[name], value) }

// Failed reports whether the form has an error.
func (f Form) Failed() bool { return f.err != nil }

// Message returns the error of the form, whatever its field, or "".
func (f Form) Message() string {
	if f.err == nil {
		return ""
	}
	return Sentence(f.err.Message)
}

// ErrorAt returns the error of a field or of one of its elements, such as names[1], or "".
func (f Form) ErrorAt(name string) string {
	if f.err == nil {
		return ""
	}
	part, ok := strings.CutPrefix(f.err.Field, name)
	if !ok || part != "" && part[0] != '[' && part[0] != '.' {
		return ""
	}
	return Sentence(f.err.Message)
}

// AtField reports whether the error is shown at a field.
func (f Form) AtField() bool {
	return slices.ContainsFunc(f.fields, func(name string) bool { return f.ErrorAt(name) != "" })
}

func (f Form) shown(name string) string {
	if !slices.Contains(f.fields, name) {
		panic(fmt.Sprintf("the form does not have the field %q", name))
	}
	return f.ErrorAt(name)
}

// Opens reports whether a section with the given fields starts open: whether one of them has a value or an error.
func (f Form) Opens(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.Value(name) != "" || f.ErrorAt(name) != "" })
}
