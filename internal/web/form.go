package web

import (
	"encoding/pem"
	"net/url"

	"notary"
	"notary/internal/inspect"
	"notary/internal/server"
	"notary/internal/web/page"
)

// failed returns the form with what is wrong with it, and makes that the answer's status.
func (c *call) failed(values url.Values, e *notary.Error) page.Form {
	c.status, c.form = server.Status(e.Kind), page.FailedForm(values, e)
	return c.form
}

// again shows the page with the form once more, with what was typed and the error at its
// field. What the form cannot mend is an error of the whole page.
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

// wrongFilter shows a list's page without rows and with what is wrong with its filter.
func (c *call) wrongFilter(err error, show func(*call, page.Form) error) error {
	switch e := c.explain(err); e.Kind {
	case notary.Invalid, notary.Conflict, notary.Unprocessable:
		if e.Field == "after" || e.Field == "before" { // no field that people see
			e = notary.FieldErrorf(e.Field, "this address leads to no place in the list: begin at its first page")
		}
		return show(c, c.failed(c.r.URL.Query(), e))
	default:
		return e
	}
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
