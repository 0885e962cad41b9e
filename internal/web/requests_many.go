package web

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type manyAction struct {
	Do, Verb, Past string
	action         notary.Action // "" for deletion, which is allowed in every status
	dangerous      bool
	run            func(*site, *call, ca.Many, func(ca.Outcome) error) error
}

var manyActions = []manyAction{
	{"sign", "Sign", "signed", notary.Sign, false, (*site).signMany},
	{"reject", "Reject", "rejected", notary.Reject, false, (*site).rejectMany},
	{"revoke", "Revoke", "revoked", notary.Revoke, true, (*site).revokeMany},
	{"delete", "Delete", "deleted", "", true, (*site).deleteMany},
}

type manyPage struct {
	manyAction
	Form     page.Form
	Count    int64            // selected requests
	Digest   string           // of the requests that match the filter, for [ca.Many]
	Can      int64            // requests that the action will change
	Renewals int64            // requests that are signed only as renewals
	Later    int64            // requests already revoked, for which only keyCompromise is accepted
	Refusals map[string]int64 // requests that will not change, by reason
	Unseen   int64            // requests that were not loaded; included in Can
	All      bool             // whether all requests that match the filter are selected
	IDs      []int64          // selected requests, unless All is set
	Filter   string           // of the list, URL-encoded
	List     string           // URL of the list
	Shown    []row            // some of the selected requests
	Groups   []signGroup      // requests to sign, by authority and profile
	signChoices
}

const maxShown = 50 // maximum number of requests that the confirmation page lists

func (s *site) manyRequests(c *call) error {
	v := c.r.PostForm
	if v.Get("all") != "yes" && len(v["ids"]) == 0 {
		return c.done(selectionList(v), "Select at least one request first.")
	}
	return s.manyPage(c, page.NewForm(v))
}

func selectionList(v url.Values) string {
	filter, _ := url.ParseQuery(v.Get("filter")) // if malformed, the part that can be parsed
	return listURL("/requests", filter)
}

func (s *site) manyPage(c *call, f page.Form) error {
	if may, err := s.ca.MayDecide(c.r.Context(), c.caller); err != nil || !may {
		return cmp.Or(err, policy.AllowRole(c.caller, policy.SignRequest, policy.Resource{}))
	}
	i := slices.IndexFunc(manyActions, func(a manyAction) bool { return a.Do == f.Value("do") })
	if i < 0 {
		return errNotFound
	}
	m, err := readSelection(f.All())
	if err != nil {
		return err
	}
	p := manyPage{manyAction: manyActions[i], Form: f, Refusals: map[string]int64{}, All: m.Filter != nil, IDs: m.IDs,
		Filter: f.Value("filter"), List: selectionList(f.All())}
	if p.signChoices, err = s.signChoices(c); err != nil {
		return err
	}
	if p.All {
		matched, err := s.ca.EachMatching(c.r.Context(), c.caller, *m.Filter, p.classify)
		if p.Digest = matched.Digest; err != nil && !f.Failed() {
			return c.again(err, s.manyPage) // this page shows the error
		} else if err != nil {
			p.Count = 0
		}
	} else if err := p.loadSelected(s, c); err != nil {
		return err
	}
	if p.action == notary.Sign && p.Count > 0 {
		if p.Groups, err = s.signGroups(c, m, p.all); err != nil {
			return err
		}
	}
	p.Form = f.Fields(p.fields()...)
	title := p.Verb + " " + page.Plural(p.Count, "request")
	if p.Count == 0 {
		title = p.Verb + " requests"
	}
	return c.show("requests-many", title, p)
}

func (p manyPage) fields() (names []string) {
	switch {
	case p.Can+p.Renewals+p.Later == 0:
		return nil // nothing to do
	case p.Do == "reject":
		return []string{"reason"}
	case p.Do == "revoke":
		return []string{"reason", "only_current", page.FieldSure}
	case p.Do == "delete":
		return []string{page.FieldSure}
	case len(p.Authorities) == 0:
		return nil // no active authority
	}
	names = slices.Clone(signFields)
	if p.HasFormer() {
		names = append(names, "former")
	}
	if p.Renewals+p.Unseen > 0 {
		names = append(names, "renew")
	}
	return names
}

func readSelection(v url.Values) (m ca.Many, err error) {
	if v.Get("all") == "yes" {
		filter, err := url.ParseQuery(v.Get("filter"))
		if err != nil {
			return m, errNotFound
		}
		f, err := readFilter(filter)
		m.Filter = &f
		return m, err
	}
	for _, text := range v["ids"] {
		id, err := readID(text)
		if err != nil {
			return m, err
		}
		m.IDs = append(m.IDs, id)
	}
	return m, nil
}

// loadSelected loads and classifies the first maxShown selected requests. It counts the others as unseen.
func (p *manyPage) loadSelected(s *site, c *call) error {
	seen := p.IDs[:min(len(p.IDs), maxShown)]
	for _, id := range seen {
		r, err := s.ca.Request(c.r.Context(), c.caller, id)
		if notary.KindOf(err) == notary.NotFound {
			p.Refusals["Deleted, or no longer visible to you."]++
			continue
		}
		if err != nil {
			return err
		}
		p.Shown = append(p.Shown, rowOf(r))
		p.classify(r)
	}
	p.Count, p.Unseen = int64(len(p.IDs)), int64(len(p.IDs)-len(seen))
	p.Can += p.Unseen
	return nil
}

func (p *manyPage) classify(r *notary.Request) {
	p.Count++
	switch err := p.refusal(r); {
	case p.action == notary.Revoke && r.Status == notary.Revoked:
		p.Later++
	case err != nil:
		p.Refusals[page.Because(err)]++
	case p.action == notary.Sign && r.Certificate != nil:
		p.Renewals++
	default:
		p.Can++
	}
}

func (p *manyPage) refusal(r *notary.Request) error {
	if p.action == "" {
		return nil
	}
	_, err := r.Status.Next(p.action)
	if err == nil && p.action == notary.Revoke && (p.seesAuthorities || r.Certificate.AuthorityID == 0) {
		err = r.Certificate.Revocable(issuerOf(r.Certificate, p.all))
	}
	return err
}

func (manyPage) Reasons() []page.Option { return reasons() }

// Which describes the requests that will change, such as "3 of these 5 requests".
func (p manyPage) Which() string {
	if p.Can == p.Count {
		return page.Plural(p.Can, "request")
	}
	return page.Count(p.Can) + " of these " + page.Plural(p.Count, "request")
}

func (s *site) runMany(c *call) error {
	i := slices.IndexFunc(manyActions, func(a manyAction) bool { return a.Do == c.value("do") })
	if i < 0 {
		return errNotFound
	}
	m, err := readSelection(c.r.PostForm)
	if err != nil {
		return err
	}
	m.Stop = s.stopping
	total := int64(len(m.IDs))
	if m.Filter != nil {
		if total, err = strconv.ParseInt(c.value("expected"), 10, 64); err != nil {
			return errNotFound
		}
		m.Expected, m.Digest = &total, c.value("selection")
	}
	if manyActions[i].dangerous {
		if err := c.mustBeSure(); err != nil {
			return c.again(err, s.manyPage)
		}
	}
	outcomes := func(yield func(ca.Outcome, error) bool) {
		err := manyActions[i].run(s, c, m, func(o ca.Outcome) error {
			if !yield(o, nil) {
				return context.Canceled
			}
			return nil
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			yield(ca.Outcome{}, err)
		}
	}
	return s.showOutcomes(c, manyActions[i], total, outcomes)
}

func (s *site) signMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	o, err := s.readSignOptions(c)
	if err != nil {
		return err
	}
	o.NoRenewal, o.KeepFormer = c.value("renew") != "yes", c.value("former") != "replace"
	return s.ca.SignMany(c.r.Context(), c.caller, m, o, fn)
}

func (s *site) rejectMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	return s.ca.RejectMany(c.r.Context(), c.caller, m, c.value("reason"), fn)
}

func (s *site) revokeMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	o, err := readRevokeOptions(c)
	if err != nil {
		return err
	}
	return s.ca.RevokeMany(c.r.Context(), c.caller, m, o, fn)
}

func (s *site) deleteMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	return s.ca.DeleteMany(c.r.Context(), c.caller, m, fn)
}

type outcomesPage struct {
	manyAction
	Total        int64
	Done, Failed int64
	Early        string // error that aborted the action, or ""
	List         string // URL of the list where the requests were selected
	call         *call
	outcomes     iter.Seq2[ca.Outcome, error]
}

// PastTitle returns the title of the page after the action.
func (p *outcomesPage) PastTitle() string {
	return page.Capital(p.Past) + " " + page.Plural(p.Done, "request")
}

func (c *call) requestName(id int64) string {
	r, err := c.site.ca.Request(c.r.Context(), c.caller, id)
	if err != nil {
		return ""
	}
	return rowOf(r).Title
}

type outcome struct {
	ID     int64
	Name   string // the title of the request, or ""
	Listed bool   // whether the request has its own line
	Which  string // describes the revocations, if there are several
	Reason string // the error, or ""
	Step   int64  // number of requests processed so far, or 0 if this line does not show it
}

const (
	maxLines = 200 // maximum number of failures listed; successes are listed only for at most this many requests
	steps    = 50  // number of progress updates
)

// showOutcomes starts the action and streams the page of its outcomes. If the action fails before the first outcome,
// the confirmation page shows the error.
func (s *site) showOutcomes(c *call, a manyAction, total int64, outcomes iter.Seq2[ca.Outcome, error]) error {
	next, stop := iter.Pull2(outcomes)
	defer stop()
	first, err, some := next()
	if err != nil {
		return c.again(err, s.manyPage)
	}
	p := &outcomesPage{manyAction: a, Total: total, List: selectionList(c.r.PostForm), call: c}
	p.outcomes = func(yield func(ca.Outcome, error) bool) {
		for o, err, ok := first, error(nil), some; ok && yield(o, err); {
			o, err, ok = next()
		}
	}
	return c.stream("requests-done", a.Verb+" "+page.Plural(total, "request"), p)
}

// Outcomes yields the outcomes. It flushes each line or, if there are many, at intervals.
func (p *outcomesPage) Outcomes() iter.Seq[outcome] {
	return func(yield func(outcome) bool) {
		for o, err := range p.outcomes {
			if err != nil {
				p.Early = page.Sentence(p.call.explain(err).Message)
				return
			}
			line := outcome{ID: o.ID, Listed: p.Total <= maxLines}
			if o.Err != nil {
				p.Failed++
				line.Listed, line.Reason = p.Failed <= maxLines, page.Sentence(p.call.explain(o.Err).Message)
			} else {
				p.Done++
				if len(o.Revocations.Revoked)+len(o.Revocations.NotRevoked) > 1 {
					line.Which = revokedText(o.Revocations)
				}
			}
			if line.Listed && p.Do != "delete" {
				line.Name = p.call.requestName(o.ID)
			}
			through := p.Done + p.Failed
			if through%max(1, p.Total/steps) == 0 {
				line.Step = through
			}
			if !yield(line) {
				return
			}
			if line.Step > 0 {
				p.call.flush()
			}
		}
	}
}
