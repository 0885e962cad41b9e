package ca

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/issuance"
	"notary/internal/policy"
	"notary/internal/store"
)

// Annotation is what a requester adds to a CSR. The wishes are not binding: the signer decides.
type Annotation struct {
	Wishes notary.Wishes
	Note   string
	Labels notary.Labels
}

func (a *Annotation) isZero() bool { return a.Wishes.IsZero() && a.Note == "" && len(a.Labels) == 0 }

// Change specifies how to change a request's note and labels.
type Change struct {
	Note   *string            // nil keeps the note
	Labels map[string]*string // nil removes the label; labels not listed are kept
}

const maxNote = 1000 // characters

// checkAnnotation checks the note, labels and wishes, and trims the note.
func (s *Service) checkAnnotation(ctx context.Context, a *Annotation) (err error) {
	if a.Note, err = checkText("note", a.Note, maxNote); err != nil {
		return err
	}
	if err := a.Labels.Check(); err != nil {
		return err
	}
	return s.checkWishes(ctx, a.Wishes)
}

// checkWishes returns an error if the wishes can never be granted. It accepts a CA that cannot sign now, because that
// may change. Its errors disclose which CAs exist, but so do the published CRLs.
func (s *Service) checkWishes(ctx context.Context, w notary.Wishes) error {
	if w.Profile != "" {
		if issuance.CheckProfileName(w.Profile) != nil {
			return notary.FieldErrorf("profile", "%.70q cannot be a profile's name", w.Profile)
		}
		switch p, err := s.issuers.Profile(ctx, w.Profile); {
		case err != nil:
			return err
		case p.CA:
			return notary.FieldErrorf("profile", "the profile %s is for CAs and can only be chosen when signing: omit it",
				p.Name)
		}
	}
	if w.AuthorityID != 0 {
		if _, err := s.issuers.Get(ctx, w.AuthorityID); err != nil {
			return notary.WithField(err, "certificate_authority_id")
		}
	}
	if !w.NotAfter.IsZero() && !w.NotAfter.After(s.now()) {
		return notary.FieldErrorf("not_valid_after", "the expiry must be in the future")
	}
	return nil
}

// checkText trims a text and normalises its line endings. It rejects texts of more than limit characters, invalid
// UTF-8, and control characters other than line feeds, including bidirectional ones.
func checkText(field, text string, limit int) (string, error) {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if utf8.RuneCountInString(text) > limit {
		return "", notary.FieldErrorf(field, "the %s has more than %d characters: shorten it", field, limit)
	}
	odd := func(r rune) bool {
		return r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, odd) {
		return "", notary.FieldErrorf(field, "the %s has unprintable characters: use plain text", field)
	}
	return text, nil
}

// Annotate changes the note and labels of a request, and the labels of its certificates. The request's owner needs no
// grant to do this.
func (s *Service) Annotate(ctx context.Context, caller notary.Caller, id int64, c Change) error {
	err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.AnnotateRequest, policy.CreateRequest)
	if err != nil {
		return err
	}
	if c.Note != nil {
		note, err := checkText("note", *c.Note, maxNote)
		if err != nil {
			return err
		}
		c.Note = &note
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		req, err := tx.LockRequest(ctx, id)
		if err != nil {
			return err
		}
		if err := allowAnnotate(ctx, tx, caller, req); err != nil {
			return err
		}
		return annotate(tx, caller, req, req.Wishes, c)
	})
}

// allowAnnotate returns an error unless the caller has the permission to annotate the request, or owns the request and
// may submit requests. A token always needs the permission.
func allowAnnotate(ctx context.Context, known viewReader, caller notary.Caller, req *notary.Request) error {
	err := allowRequest(ctx, known, caller, policy.AnnotateRequest, req)
	if notary.KindOf(err) != notary.Forbidden || caller.Token != nil || !policy.May(caller, policy.CreateRequest) {
		return err
	}
	owns := submitted(caller, req.RequesterID, req.OwnerGroupID)
	if !owns && req.OwnerGroupID != 0 {
		member, failed := known.GroupsOf(ctx, caller.Principal.ID)
		if failed != nil {
			return failed
		}
		owns = slices.Contains(member, req.OwnerGroupID)
	}
	if owns {
		return nil
	}
	return err
}

// annotate changes a locked request and records the changes in an event. It does nothing if nothing changes.
func annotate(tx *store.Tx, caller notary.Caller, req *notary.Request, w notary.Wishes, c Change) error {
	note, labels := req.Note, req.Labels.Merge(c.Labels)
	if c.Note != nil {
		note = *c.Note
	}
	if err := labels.Check(); err != nil {
		return err
	}
	before, after := req.Wishes.Fields(), w.Fields()
	addText(before, "note", req.Note)
	addText(after, "note", note)
	dropEqual(before, after)
	was, is := labelFields(req.Labels), labelFields(labels)
	if dropEqual(was, is); len(was) > 0 {
		before["labels"] = map[string]any(was)
	}
	if len(is) > 0 {
		after["labels"] = map[string]any(is)
	}
	if len(before)+len(after) == 0 {
		return nil
	}
	if err := tx.Annotate(req, w, note, labels); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, "request.annotate", req.Ref()).Change(before, after))
}

// change returns the change to make when a CSR is resubmitted with an annotation. An empty note and missing labels
// change nothing.
func (a *Annotation) change() Change {
	c := Change{Labels: map[string]*string{}}
	for key, value := range a.Labels {
		c.Labels[key] = &value
	}
	if a.Note != "" {
		c.Note = &a.Note
	}
	return c
}

// again applies the annotation of a resubmitted CSR to the existing request. The wishes change only while the request
// is Outstanding.
func (a *Annotation) again(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64) error {
	if a.isZero() {
		return nil
	}
	req, err := tx.LockRequest(ctx, id)
	if err != nil {
		return err
	}
	// A token that resubmits its creator's CSR needs no additional permission.
	if caller.Token == nil || req.RequesterID != caller.Account().ID || req.OwnerGroupID != 0 {
		if err := allowAnnotate(ctx, tx, caller, req); err != nil {
			return err
		}
	}
	w := req.Wishes
	if req.Status == notary.Outstanding {
		w = a.Wishes.Or(w)
	}
	return annotate(tx, caller, req, w, a.change())
}

// fields returns the annotation of a new request as fields of its event.
func (a *Annotation) fields() notary.Fields {
	all := a.Wishes.Fields()
	addText(all, "note", a.Note)
	if len(a.Labels) > 0 {
		all["labels"] = map[string]any(labelFields(a.Labels))
	}
	return all
}

func labelFields(labels notary.Labels) notary.Fields {
	all := notary.Fields{}
	for key, value := range labels {
		all[key] = value
	}
	return all
}

func addText(fields notary.Fields, name, text string) {
	if text != "" {
		fields[name] = text
	}
}

func dropEqual(before, after notary.Fields) {
	for name, value := range maps.Clone(before) {
		if after[name] == value {
			delete(before, name)
			delete(after, name)
		}
	}
}
