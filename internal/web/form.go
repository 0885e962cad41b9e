package web

import (
	"encoding/pem"
	"net/http"
	"net/url"
	"path"

	"notary"
	"notary/internal/inspect"
	"notary/internal/server"
	"notary/internal/web/page"
)

func (c *call) failed(values url.Values, e *notary.Error) page.Form {
	c.status, c.failing = server.Status(e.Kind), true
	return page.FailedForm(values, e)
}

// again shows the form with the user's input and the error, or returns the error if the user cannot correct it.
func (c *call) again(err error, show func(*call, page.Form) error) error {
	switch e := c.explain(err); e.Kind {
	case notary.Internal, notary.NotFound, notary.Forbidden, notary.Unauthenticated:
		if e.Kind != notary.Unauthenticated || c.caller.Known() {
			return e
		}
		fallthrough // at the login
	default:
		return show(c, c.failed(c.r.PostForm, e))
	}
}

// wrongFilter shows a list without rows, with the error at its filter.
func (c *call) wrongFilter(err error, show func(*call, page.Form) error) error {
	switch e := c.explain(err); e.Kind {
	case notary.Invalid, notary.Conflict, notary.Unprocessable:
		if e.Field == "after" || e.Field == "before" { // not a visible field
			e = notary.FieldErrorf(e.Field, "this page of the list no longer exists: start at the first page")
		}
		return show(c, c.failed(c.r.URL.Query(), e))
	default:
		return e
	}
}

// formFields holds the field names of several forms on one page, by the last part of their action.
type formFields map[string][]string

// forms holds several forms on one page, of which at most one was submitted.
type forms struct {
	Form   page.Form // the submitted one
	sent   string    // the last part of its action, or "" if none was submitted
	fields formFields
}

func formsOf(c *call, f page.Form, fields formFields) forms {
	all := forms{Form: f, fields: fields}
	if c.r.Method == http.MethodPost {
		all.sent = path.Base(c.r.URL.Path)
		all.Form = f.Fields(fields[all.sent]...)
	}
	return all
}

// At returns the form for an action. It is empty if another form was submitted.
func (f forms) At(action string) page.Form {
	if f.sent != action && f.sent != "" {
		return page.NewForm(nil).Fields(f.fields[action]...)
	}
	return f.Form.Fields(f.fields[action]...)
}

func (c *call) mustBeSure() error {
	if c.value(page.FieldSure) != "yes" {
		return notary.FieldErrorf(page.FieldSure, "tick this box to confirm")
	}
	return nil
}

// asPEM encodes a DER CSR or certificates as PEM and returns anything else as text. Several certificates become one
// block.
func asPEM(content []byte) string {
	if inspect.IsRequest(content) {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: content}))
	}
	if inspect.HoldsCertificates(content) {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}))
	}
	return inspect.Text(content)
}
