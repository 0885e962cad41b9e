package page_test

import (
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"notary"
	"notary/internal/web/page"
)

func templatesOf(main string, functions map[string]any) page.Templates {
	return page.Parse(fstest.MapFS{
		"layout.html": {Data: []byte(`{{define "layout"}}<main>{{template "main" .}}</main>{{end}}`)},
		"parts.html":  {Data: []byte(`{{define "shared"}}shared{{end}}`)},
		"one.html":    {Data: []byte(`{{define "main"}}` + main + `{{end}}`)},
	}, func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }, functions)
}

func TestWriteRendersAFailedFormOnce(t *testing.T) {
	t.Parallel()
	rendered := 0
	pages := templatesOf(`{{rendered}}{{template "failure" .}}{{template "field" (.Input "text" "email" "Email")}}`,
		map[string]any{"rendered": func() string { rendered++; return "" }})
	for field, want := range map[string]string{"email": `id="f-email"`, "": `class="failure"`} {
		rendered = 0
		w := httptest.NewRecorder()
		f := page.FailedForm(nil, notary.FieldErrorf(field, "wrong")).Fields("email")
		if err := pages.Write(w, 400, "one", f); err != nil {
			t.Fatal(err)
		}
		body := w.Body.String()
		before, _, _ := strings.Cut(body, " autofocus")
		if w.Code != 400 || rendered != 1 || strings.Count(body, " autofocus") != 1 ||
			!strings.Contains(before[strings.LastIndexByte(before, '<'):], want) {
			t.Errorf("an error at %q: status %d, rendered %d times: %s", field, w.Code, rendered, body)
		}
	}
}

func TestWriteSendsNothingAfterAnError(t *testing.T) {
	t.Parallel()
	pages := templatesOf(`before {{.Nothing}}`, nil)
	w := httptest.NewRecorder()
	if err := pages.Write(w, 200, "one", struct{}{}); notary.KindOf(err) != notary.Internal {
		t.Errorf("got %v, want an internal error", err)
	}
	if w.Body.Len() > 0 || len(w.Header()) > 0 {
		t.Errorf("sent %q, %v", w.Body, w.Header())
	}
}

func TestPartsOfPages(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		`{{template "shared"}}`:                            "shared",
		`{{plural 1 "entry"}}, {{plural 12345 "entry"}}`:   "1 entry, 12,345 entries",
		`{{hex "abc"}}`:                                    "0a:bc",
		`{{(until 3).Relative}}, {{(until -3).Relative}}`:  "in 3 days, 3 days ago",
		`{{(until 29).Soon}} {{(until 31).Soon}}`:          "true false",
		`{{template "state" "active"}}`:                    `<span class="state" data-state="active">active</span>`,
		`{{with asset "seal.svg"}}{{slice . 0 13}}{{end}}`: "/assets/seal-",
		`{{template "words" .}}`:                           "a, b",
	} {
		w := httptest.NewRecorder()
		if err := templatesOf(template, nil).Write(w, 200, "one", []string{"a", "b"}); err != nil {
			t.Error(err)
		} else if got := w.Body.String(); got != "<main>"+want+"</main>" {
			t.Errorf("%s: got %s, want %s", template, got, want)
		}
	}
}
