package page

// Field is a labelled input, as the part "field" of the templates shows it.
type Field struct {
	Kind, Name, Label, Value string
	Note, Error              string
	Complete                 string // what the browser may fill in (HTML, autocomplete)
	Needed                   bool
	Either                   bool // needed, but a file can stand for it
	given                    bool // whether the form has a value for it, even an empty one
	Options                  []Option
	Rows                     int
}

// Option is one of the values of a choice.
type Option struct {
	Value, Label string
	Chosen       bool
}

// Input returns a field of one line; kind is the type of an HTML input.
func (f Form) Input(kind, name, label string) Field {
	in := Field{Kind: kind, Name: name, Label: label, Value: f.Value(name), Error: f.shown(name), given: f.Given(name)}
	if kind == "password" || kind == "file" {
		in.Value = "" // never sent back
	}
	return in
}

// Text returns a field of several lines.
func (f Form) Text(name, label string, rows int) Field {
	return Field{Kind: "lines", Name: name, Label: label, Value: f.Value(name), Error: f.shown(name), Rows: rows}
}

// Choice returns a list of which one is chosen.
func (f Form) Choice(name, label string, options []Option) Field {
	chosen := append([]Option(nil), options...)
	if f.Given(name) {
		for i := range chosen {
			chosen[i].Chosen = chosen[i].Value == f.Value(name)
		}
	}
	return Field{Kind: "choice", Name: name, Label: label, Error: f.shown(name), Options: chosen}
}

// Checks returns boxes of which any number can be ticked.
func (f Form) Checks(name, label string, options []Option) Field {
	boxes := append([]Option(nil), options...)
	for i := range boxes {
		boxes[i].Chosen = f.Has(name, boxes[i].Value)
	}
	return Field{Kind: "checks", Name: name, Label: label, Error: f.shown(name), Options: boxes}
}

// Check returns a single box.
func (f Form) Check(name, label string) Field {
	return Field{Kind: "check", Name: name, Error: f.shown(name), Options: []Option{{"yes", label, f.Has(name, "yes")}}}
}

// FieldSure is the name of the box that confirms what cannot be undone.
const FieldSure = "sure"

// Sure returns the box that must be ticked before something that cannot be undone.
func (f Form) Sure(label string) Field {
	return Field{Name: FieldSure, Label: label, Error: f.shown(FieldSure)}
}

// FileField is a file that can replace what is typed into the field of that name.
type FileField struct{ Name, Text, Label string }

// File returns such a field. Script encodes a file in DER as PEM (RFC 7468) with this label.
func (f Form) File(name, text, label string) FileField { return FileField{name, text, label} }

// With returns the field with a note below it.
func (f Field) With(note string) Field { f.Note = note; return f }

// Filled returns the field with a value, unless the form has been sent: an empty field stays empty.
func (f Field) Filled(value string) Field {
	if !f.given {
		f.Value = value
	}
	return f
}

// By returns the field with what the browser may fill in.
func (f Field) By(complete string) Field { f.Complete = complete; return f }

// OrFile returns the field as one that can be left empty if a file is chosen instead.
func (f Field) OrFile() Field { f.Either = true; return f }

// Must returns the field as one that cannot be left empty.
func (f Field) Must() Field { f.Needed = true; return f }
