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

// failed returns the form with what is wrong with it, and sets the status of the response.
func (c *call) failed(values url.Values, e *notary.Error) page.Form {
	c.status, c.failing = server.Status(e.Kind), true
	return page.FailedForm(values, e)
}

// again shows the page with the form once more, with what was typed and the error at its field. It returns errors that
// the user cannot correct in the form.
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

// wrongFilter shows the page of a list without rows and with what is wrong with its filter.
func (c *call) wrongFilter(err error, show func(*call, page.Form) error) error {
	switch e := c.explain(err); e.Kind {
	case notary.Invalid, notary.Conflict, notary.Unprocessable:
		if e.Field == "after" || e.Field == "before" { // not a visible field
			e = notary.FieldErrorf(e.Field, "this address leads to no place in the list: begin at its first page")
		}
		return show(c, c.failed(c.r.URL.Query(), e))
	default:
		return e
	}
}

// formFields are the names of the fields of several forms on one page, by the last part of their action.
type formFields map[string][]string

// forms are several forms on one page, of which one or none was sent.
type forms struct {
	Form   page.Form // that was sent
	sent   string    // the last part of its action; "" if none was sent
	fields formFields
}

// formsOf returns the forms of a page.
func formsOf(c *call, f page.Form, fields formFields) forms {
	all := forms{Form: f, fields: fields}
	if c.r.Method == http.MethodPost {
		all.sent = path.Base(c.r.URL.Path)
		all.Form = f.Fields(fields[all.sent]...)
	}
	return all
}

// At returns the form with an action: an empty one if another one was sent.
func (f forms) At(action string) page.Form {
	if f.sent != action && f.sent != "" {
		return page.NewForm(nil).Fields(f.fields[action]...)
	}
	return f.Form.Fields(f.fields[action]...)
}

// mustBeSure returns an error unless [page.Form.Sure] is ticked.
func (c *call) mustBeSure() error {
	if c.value(page.FieldSure) != "yes" {
		return notary.FieldErrorf(page.FieldSure, "tick this first: it cannot be undone")
	}
	return nil
}

// asPEM encodes a signing request or certificates in DER as PEM, and returns anything else as text.
// Of several certificates, or a PKCS #7, all are in one block, which uploads accept.
func asPEM(content []byte) string {
	if inspect.IsRequest(content) {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: content}))
	}
	if inspect.HoldsCertificates(content) {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: content}))
	}
	return inspect.Text(content)
}
