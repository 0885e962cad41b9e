package page

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"notary"
)

// Form is what the fields of a form show: at first the values of the query, later what was typed, and what is wrong
// with it. It does not change while a page is rendered.
type Form struct {
	values url.Values
	err    *notary.Error // nil if nothing is wrong
	fields []string      // the names of the fields that the page shows
}

// NewForm returns a form with these values.
func NewForm(values url.Values) Form { return Form{values: values} }

// FailedForm returns a form with what was typed and what is wrong with it.
func FailedForm(values url.Values, err *notary.Error) Form { return Form{values: values, err: err} }

// Fields returns the form as one whose page shows the fields of these names. A field without a name here panics. The
// names decide where an error is said, and so where the focus is, before the first field is rendered.
func (f Form) Fields(names ...string) Form {
	f.fields = names
	return f
}

// WithValues returns the form with other values.
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

// Has reports whether a value of a field was chosen.
func (f Form) Has(name, value string) bool { return slices.Contains(f.values[name], value) }

// Failed reports whether something is wrong with the form.
func (f Form) Failed() bool { return f.err != nil }

// Message returns what is wrong with the form, whichever field it is about, or "".
func (f Form) Message() string {
	if f.err == nil {
		return ""
	}
	return Sentence(f.err.Message)
}

// ErrorAt returns what is wrong with a field, or with one of its lines or parts, or "".
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

// AtField reports whether what is wrong is said at a field.
func (f Form) AtField() bool {
	return slices.ContainsFunc(f.fields, func(name string) bool { return f.ErrorAt(name) != "" })
}

// shown returns what is wrong with a field that the page shows.
func (f Form) shown(name string) string {
	if !slices.Contains(f.fields, name) {
		panic(fmt.Sprintf("the form does not have the field %q", name))
	}
	return f.ErrorAt(name)
}

// Opens reports whether one of the fields has a value or an error.
func (f Form) Opens(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.Value(name) != "" || f.ErrorAt(name) != "" })
}
