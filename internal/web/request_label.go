package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

// readLabels parses labels such as team=payments, one per line.
func readLabels(text string) (notary.Labels, error) {
	labels, err := notary.ParseLabels(lines(text))
	return labels, notary.WithField(err, "labels")
}

// labelChanges returns the changes from the labels that a page showed to those that the user entered, one per line. It
// neither parses nor changes a label whose line is the same.
func labelChanges(shown, entered string) (map[string]*string, error) {
	changes, kept := map[string]*string{}, map[string]bool{}
	added := lines(entered)
	for _, line := range lines(shown) {
		key, _, _ := strings.Cut(line, "=")
		if i := slices.Index(added, line); i >= 0 {
			kept[key], added = true, slices.Delete(added, i, i+1)
		} else {
			changes[key] = nil
		}
	}
	labels, err := readLabels(strings.Join(added, "\n"))
	for key, value := range labels {
		if kept[key] {
			return nil, notary.FieldErrorf("labels", "the label %s is given twice: remove one", key)
		}
		changes[key] = &value
	}
	return changes, err
}

// readAnnotation parses the labels, the note, and the requested profile, CA and expiry of a new request.
func (s *site) readAnnotation(c *call) (a ca.Annotation, err error) {
	if a.Labels, err = readLabels(c.r.PostForm.Get("labels")); err != nil {
		return a, err
	}
	a.Note = c.r.PostForm.Get("note")
	a.Wishes.Profile = c.value("profile")
	if id := c.value("certificate_authority_id"); id != "" {
		if a.Wishes.AuthorityID, err = strconv.ParseInt(id, 10, 64); err != nil {
			return a, notary.FieldErrorf("certificate_authority_id", "choose a CA")
		}
	}
	a.Wishes.NotAfter, err = readEnd(c.value("not_valid_after"), s.ca.Now())
	return a, err
}

// annotationFields are the fields for the requested CA and expiry, the labels and the note.
var annotationFields = []string{"certificate_authority_id", "not_valid_after", "labels", "note"}

// aboutAnnotation reports whether an error is about one of the annotationFields.
func (c *call) aboutAnnotation(err error) bool {
	return slices.Contains(annotationFields, c.explain(err).Field)
}

// annotateRequest changes the note and the labels as far as the user changed them.
func (s *site) annotateRequest(c *call, id int64) error {
	labels, err := labelChanges(c.r.PostForm.Get("labels_shown"), c.r.PostForm.Get("labels"))
	if err != nil {
		return err
	}
	change := ca.Change{Labels: labels}
	if note := unixLines(c.r.PostForm.Get("note")); note != unixLines(c.r.PostForm.Get("note_shown")) {
		change.Note = &note
	}
	return s.ca.Annotate(c.r.Context(), c.caller, id, change)
}

// MayAnnotate reports whether the caller may change the note and labels.
func (p requestPage) MayAnnotate() bool { return p.may[policy.AnnotateRequest] }

// AnnotateForm returns the form for the note and labels, filled in.
func (p requestPage) AnnotateForm() page.Form {
	f := p.At("annotate")
	if p.sent == "annotate" {
		return f
	}
	return f.WithValues(url.Values{"note": {p.Note}, "labels": {p.LabelLines()}})
}

// LabelChips returns the labels with links to the requests that have them.
func (p requestPage) LabelChips() []chip { return chipsOf("/requests", nil, p.Labels) }

// LabelsShown returns the labels to compare with those entered. A form that is shown again keeps its own.
func (p requestPage) LabelsShown() string {
	if shown := p.At("annotate").Value("labels_shown"); p.sent == "annotate" {
		return shown
	}
	return p.LabelLines()
}

// LabelLines returns the labels, one per line.
func (p requestPage) LabelLines() string { return strings.Join(p.Labels.Texts(), "\n") }

// Requested describes the profile, CA and expiry that the requester asked for, or returns "" if the requester chose
// none of them.
func (p requestPage) Requested() string {
	var parts []string
	w := p.Wishes
	if w.Profile != "" {
		parts = append(parts, "profile "+w.Profile)
	}
	if w.AuthorityID != 0 {
		parts = append(parts, "CA "+cmp.Or(authorityName(w.AuthorityID, p.all), fmt.Sprint(w.AuthorityID)))
	}
	if !w.NotAfter.IsZero() {
		parts = append(parts, "expiry "+p.wishedDay())
	}
	return strings.Join(parts, ", ")
}

func (p requestPage) wishedDay() string { return p.Wishes.NotAfter.UTC().Format(time.DateOnly) }

// chooseRequested selects the authority and profile that the requester asked for.
func (p *requestPage) chooseRequested() {
	if w := p.Wishes; w.AuthorityID != 0 {
		p.Authorities = choose(p.Authorities, strconv.FormatInt(w.AuthorityID, 10))
	}
	if p.Wishes.Profile != "" {
		p.Profiles = choose(p.Profiles, p.Wishes.Profile)
	}
}

// SignFields returns the fields of the form that signs the request. The requested expiry is the default for the first
// certificate.
func (p requestPage) SignFields(f page.Form) []page.Field {
	fields := p.signChoices.SignFields(f)
	if !p.Wishes.NotAfter.IsZero() && p.Cert == nil && len(p.Earlier) == 0 {
		last := len(fields) - 1
		fields[last] = fields[last].With("Days or an end date (YYYY-MM-DD). Default: " + p.wishedDay() + ", as requested.")
	}
	return fields
}
