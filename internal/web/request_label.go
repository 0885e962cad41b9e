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
	labels := notary.Labels{}
	for _, line := range lines(text) {
		key, value, err := notary.ParseLabel(line)
		if err == nil && value == "" {
			err = notary.Errorf(notary.Invalid, "the label %s has no value: enter one, such as %[1]s=yes", key)
		}
		if err != nil {
			return nil, notary.WithField(err, "labels")
		}
		labels[key] = value
	}
	return labels, nil
}

// readAnnotation parses the labels, the note, and the requested profile, CA and expiry of a new request.
func (s *site) readAnnotation(c *call) (a ca.Annotation, err error) {
	if a.Labels, err = readLabels(c.r.PostForm.Get("labels")); err != nil {
		return a, err
	}
	a.Note = c.r.PostForm.Get("note")
	if profile := c.value("profile"); profile != notary.DefaultProfile {
		a.Wishes.Profile = profile
	}
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

// annotateRequest changes the note and labels. It keeps labels that the page did not show.
func (s *site) annotateRequest(c *call, id int64) error {
	labels, err := readLabels(c.r.PostForm.Get("labels"))
	if err != nil {
		return err
	}
	change := ca.Change{Labels: map[string]*string{}}
	for _, key := range strings.Fields(c.value("labels_shown")) {
		change.Labels[key] = nil
	}
	for key, value := range labels {
		change.Labels[key] = &value
	}
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
	return f.WithValues(url.Values{"note": {p.Note}, "labels": {strings.Join(p.Labels.Texts(), "\n")}})
}

// LabelKeys returns the keys of the labels on the page.
func (p requestPage) LabelKeys() string {
	var keys []string
	for key := range p.Labels {
		keys = append(keys, key)
	}
	return strings.Join(keys, " ")
}

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
