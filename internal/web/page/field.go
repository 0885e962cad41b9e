package page

// Field is a labelled input for the template "field".
type Field struct {
	Kind, Name, Label, Value string
	Note, Error              string
	Complete                 string // HTML autocomplete
	Needed                   bool   // required
	Either                   bool   // required unless a file is chosen
	given                    bool   // whether the form has a value, even an empty one
	Options                  []Option
	Rows                     int
}

// Option is a choice of a [Field].
type Option struct {
	Value, Label string
	Chosen       bool
}

// Input returns a single-line field; kind is the type of the HTML input.
func (f Form) Input(kind, name, label string) Field {
	in := Field{Kind: kind, Name: name, Label: label, Value: f.Value(name), Error: f.shown(name), given: f.Given(name)}
	if kind == "password" || kind == "file" {
		in.Value = "" // never sent back to the browser
	}
	return in
}

// Text returns a multi-line field.
func (f Form) Text(name, label string, rows int) Field {
	return Field{Kind: "lines", Name: name, Label: label, Value: f.Value(name), Error: f.shown(name), Rows: rows}
}

// Choice returns a field for selecting one of the options.
func (f Form) Choice(name, label string, options []Option) Field {
	chosen := append([]Option(nil), options...)
	if f.Given(name) {
		for i := range chosen {
			chosen[i].Chosen = chosen[i].Value == f.Value(name)
		}
	}
	return Field{Kind: "choice", Name: name, Label: label, Error: f.shown(name), Options: chosen}
}

// Checks returns a group of checkboxes, one for each option.
func (f Form) Checks(name, label string, options []Option) Field {
	boxes := append([]Option(nil), options...)
	for i := range boxes {
		boxes[i].Chosen = f.Has(name, boxes[i].Value)
	}
	return Field{Kind: "checks", Name: name, Label: label, Error: f.shown(name), Options: boxes}
}

// Check returns a single checkbox.
func (f Form) Check(name, label string) Field {
	return Field{Kind: "check", Name: name, Error: f.shown(name), Options: []Option{{"yes", label, f.Has(name, "yes")}}}
}

// FieldSure is the name of the checkbox that confirms an irreversible action.
const FieldSure = "sure"

// Sure returns the required checkbox that confirms an irreversible action.
func (f Form) Sure(label string) Field {
	return Field{Name: FieldSure, Label: label, Error: f.shown(FieldSure)}
}

// FileField is a file input that can replace the value of the field with the same name.
type FileField struct{ Name, Text, Label string }

// File returns a [FileField]. The script encodes a DER file as PEM (RFC 7468) with the given label.
func (f Form) File(name, text, label string) FileField { return FileField{name, text, label} }

// With returns the field with a note below it.
func (f Field) With(note string) Field { f.Note = note; return f }

// Filled returns the field with a default value, which is not used if the form has a value, even an empty one.
func (f Field) Filled(value string) Field {
	if !f.given {
		f.Value = value
	}
	return f
}

// By returns the field with a value for the autocomplete attribute.
func (f Field) By(complete string) Field { f.Complete = complete; return f }

// OrFile returns the field marked as required unless a file is chosen.
func (f Field) OrFile() Field { f.Either = true; return f }

// Must returns the field marked as required.
func (f Field) Must() Field { f.Needed = true; return f }
