package page

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"notary"
)

//go:embed templates
var partFiles embed.FS

// Templates holds the parsed pages by name.
type Templates map[string]*template.Template

// Parse parses the page templates in files and panics on a syntax error. Each page defines "main", which layout.html
// includes. Every page can use the templates in parts*.html, those embedded in this package, and the given functions.
func Parse(files fs.FS, now func() time.Time, functions template.FuncMap) Templates {
	root := template.New("").Funcs(builtins(now)).Funcs(functions)
	root = template.Must(root.ParseFS(partFiles, "templates/*.html"))
	root = template.Must(root.ParseFS(files, "layout.html", "parts*.html"))
	names, _ := fs.Glob(files, "*.html") // the pattern is well-formed
	all := Templates{}
	for _, name := range names {
		if name != "layout.html" && !strings.HasPrefix(name, "parts") {
			one := template.Must(root.Clone())
			all[strings.TrimSuffix(name, path.Ext(name))] = template.Must(one.ParseFS(files, name))
		}
	}
	return all
}

// builtins returns the template functions of this package; now is the clock.
func builtins(now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"asset":  assetURL,
		"when":   func(t time.Time) When { return When{t, now()} },
		"until":  func(days int) When { return When{now().AddDate(0, 0, days), now()} },
		"count":  func(n any) string { return Count(whole(n)) },
		"plural": func(n any, noun string) string { return Plural(whole(n), noun) },
		"hex":    hexPairs,
	}
}

// Write renders a page and then sends it, so that an error leaves the response untouched.
func (t Templates) Write(w http.ResponseWriter, status int, name string, data any) error {
	var out bytes.Buffer
	if err := t.render(&out, name, data); err != nil {
		return err
	}
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	begin(w, status)
	_, _ = out.WriteTo(w) // the browser may be gone
	return nil
}

// Stream sends a page while rendering it. On error, part of the page may have been sent.
func (t Templates) Stream(w http.ResponseWriter, status int, name string, data any) error {
	begin(w, status)
	return t.render(w, name, data)
}

func (t Templates) render(w io.Writer, name string, data any) error {
	if err := t[name].ExecuteTemplate(w, "layout", data); err != nil {
		return notary.InternalError("render the page "+name, err)
	}
	return nil
}

func begin(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
}
