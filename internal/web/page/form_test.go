package page_test

import (
	"net/url"
	"reflect"
	"testing"

	"notary"
	"notary/internal/web/page"
)

func TestFormErrorField(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err     *notary.Error
		atField bool
		at      string // the field that shows the error
	}{
		"a field":          {notary.FieldErrorf("email", "wrong"), true, "email"},
		"a line of it":     {notary.FieldErrorf("names[1]", "wrong"), true, "names"},
		"a part of it":     {notary.FieldErrorf("names.dns", "wrong"), true, "names"},
		"another field":    {notary.FieldErrorf("version", "wrong"), false, ""},
		"a longer name":    {notary.FieldErrorf("emails", "wrong"), false, ""},
		"no field":         {notary.Errorf(notary.Conflict, "wrong"), false, ""},
		"nothing is wrong": {nil, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := page.NewForm(url.Values{"email": {"a"}})
			if tt.err != nil {
				f = page.FailedForm(url.Values{"email": {"a"}}, tt.err)
			}
			f = f.Fields("email", "names")
			if f.AtField() != tt.atField { // known before any field is rendered
				t.Errorf("AtField is %v", f.AtField())
			}
			before := f
			for _, field := range []page.Field{f.Input("text", "email", ""), f.Text("names", "", 2)} {
				if got := field.Error != ""; got != (field.Name == tt.at) {
					t.Errorf("%s has the error %q", field.Name, field.Error)
				}
			}
			if !reflect.DeepEqual(before, f) {
				t.Error("rendering changed the form")
			}
		})
	}
}

func TestUnnamedFieldPanics(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("it rendered the field")
		}
	}()
	page.NewForm(nil).Fields("email").Input("text", "name", "")
}
