package web

import (
	"encoding/pem"
	"errors"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/inspect"
)

// form is what a page shows in its fields: at first what the query says, later what was typed,
// and what is wrong with it.
type form struct {
	values url.Values
	err    *wrong // nil for nothing
}

// wrong is what is wrong with a form.
type wrong struct {
	*notary.Error
	atField bool // said at one of the fields that are shown
}

// failed is the form with what is wrong with it, and makes that the answer's status.
func (c *call) failed(values url.Values, e *notary.Error) form {
	c.status, c.wrong = statuses[e.Kind], &wrong{Error: e}
	return form{values, c.wrong}
}

// again shows the page with the form once more, with what was typed and the error at its
// field. What the form cannot mend is an error of the whole page.
func (c *call) again(err error, show func(*call, form) error) error {
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
func (c *call) wrongFilter(err error, show func(*call, form) error) error {
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

// Value is what stands in a field.
func (f form) Value(name string) string { return f.values.Get(name) }

// Values is what was chosen of several.
func (f form) Values(name string) []string { return f.values[name] }

// Has says whether a value was chosen.
func (f form) Has(name, value string) bool {
	for _, v := range f.values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// Message is what is wrong with the form, whichever field it is about; "" for nothing.
func (f form) Message() string {
	if f.err == nil {
		return ""
	}
	return sentence(f.err.Message)
}

// ErrorAt is what is wrong with a field, or with one of its lines or parts; "" for nothing.
func (f form) ErrorAt(name string) string {
	if f.err == nil {
		return ""
	}
	part, ok := strings.CutPrefix(f.err.Field, name)
	if !ok || part != "" && part[0] != '[' && part[0] != '.' {
		return ""
	}
	return sentence(f.err.Message)
}

// shownAt is the same for a field that is shown.
func (f form) shownAt(name string) string {
	text := f.ErrorAt(name)
	if text != "" {
		f.err.atField = true
	}
	return text
}

// AtField says whether what is wrong is said at a field. A page is made once more where that is
// found out below the message that says it first.
func (f form) AtField() bool { return f.err != nil && f.err.atField }

// Opens says whether anything stands in one of the fields, or is wrong with it.
func (f form) Opens(names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return f.Value(name) != "" || f.ErrorAt(name) != "" })
}

// field is a labelled input, as the template of that name shows it.
type field struct {
	Kind, Name, Label, Value string
	Note, Error              string
	Complete                 string // what the browser may fill in (HTML, autocomplete)
	Needed                   bool
	Either                   bool // needed, but a file can stand for it
	given                    bool // in the form, and be it empty
	Options                  []option
	Rows                     int
}

// option is one of the values of a choice.
type option struct {
	Value, Label string
	Chosen       bool
}

// Input is a field of one line; kind is the type of an HTML input.
func (f form) Input(kind, name, label string) field {
	in := field{Kind: kind, Name: name, Label: label, Value: f.Value(name), Error: f.shownAt(name), given: f.values.Has(name)}
	if kind == "password" || kind == "file" {
		in.Value = "" // never sent back
	}
	return in
}

// Text is a field of several lines.
func (f form) Text(name, label string, rows int) field {
	return field{Kind: "lines", Name: name, Label: label, Value: f.Value(name), Error: f.shownAt(name), Rows: rows}
}

// Choice is a list of which one is chosen.
func (f form) Choice(name, label string, options []option) field {
	chosen := append([]option(nil), options...)
	if value, typed := f.Value(name), f.values.Has(name); typed {
		for i := range chosen {
			chosen[i].Chosen = chosen[i].Value == value
		}
	}
	return field{Kind: "choice", Name: name, Label: label, Error: f.shownAt(name), Options: chosen}
}

// fileField is a file in place of what is typed into the field of that name.
type fileField struct{ Name, Text, Label string }

// File is such a field; the label is that of the PEM (RFC 7468) into which script makes DER.
func (f form) File(name, text, label string) fileField { return fileField{name, text, label} }

// Sure is what must be ticked before something that cannot be undone.
func (f form) Sure(label string) field {
	return field{Name: fieldSure, Label: label, Error: f.shownAt(fieldSure)}
}

const fieldSure = "sure"

// mustBeSure wants [form.Sure] ticked.
func (c *call) mustBeSure() error {
	if c.value(fieldSure) != "yes" {
		return notary.FieldErrorf(fieldSure, "tick this first: it cannot be undone")
	}
	return nil
}

// Checks are boxes of which any number can be ticked.
func (f form) Checks(name, label string, options []option) field {
	boxes := append([]option(nil), options...)
	for i := range boxes {
		boxes[i].Chosen = f.Has(name, boxes[i].Value)
	}
	return field{Kind: "checks", Name: name, Label: label, Error: f.shownAt(name), Options: boxes}
}

// Check is a single box.
func (f form) Check(name, label string) field {
	return field{Kind: "check", Name: name, Error: f.shownAt(name), Options: []option{{"yes", label, f.Has(name, "yes")}}}
}

// With is the field with a note below it.
func (f field) With(note string) field { f.Note = note; return f }

// Filled is the field with that value, unless the form has been sent: an empty field stays empty.
func (f field) Filled(value string) field {
	if !f.given {
		f.Value = value
	}
	return f
}

// By lets the browser fill it in.
func (f field) By(complete string) field { f.Complete = complete; return f }

// OrFile is the field that can be left empty where a file is chosen instead.
func (f field) OrFile() field { f.Either = true; return f }

// Must is the field that cannot be left empty.
func (f field) Must() field { f.Needed = true; return f }

// sentence begins with a capital and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = capital(text)
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// capital makes the first letter one.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if first == utf8.RuneError {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}

// because is an error as a sentence; "" for none.
func because(err error) string {
	if err == nil {
		return ""
	}
	return sentence(err.Error())
}

// readFiles puts what was sent as files into the fields of their names. What stands there is of
// an earlier file: script empties the choice of a file that it has read.
func (c *call) readFiles() error {
	if c.r.MultipartForm == nil {
		return nil
	}
	for name, files := range c.r.MultipartForm.File {
		for _, file := range files {
			text, err := readFile(file)
			if err != nil {
				return err
			}
			if strings.TrimSpace(text) != "" {
				c.r.PostForm.Set(name, text)
			}
		}
	}
	return nil
}

func readFile(file *multipart.FileHeader) (string, error) {
	in, err := file.Open()
	if err != nil {
		return "", notary.InternalError("open the file that was sent", err)
	}
	text, err := io.ReadAll(in) // the whole form is limited
	if err = errors.Join(err, in.Close()); err != nil {
		return "", notary.InternalError("read the file that was sent", err)
	}
	return asPEM(text), nil
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
