package web

import (
	"context"
	"errors"
	"iter"
	"net/url"
	"slices"
	"strconv"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// manyAction is something that is done to many requests at once.
type manyAction struct {
	Do, Verb, Past string
	action         notary.Action // "" for deletion, which every status allows
	dangerous      bool
	run            func(*site, *call, ca.Many, func(ca.Outcome) error) error
}

var manyActions = []manyAction{
	{"sign", "Sign", "signed", notary.Sign, false, (*site).signMany},
	{"reject", "Reject", "rejected", notary.Reject, false, (*site).rejectMany},
	{"revoke", "Revoke", "revoked", notary.Revoke, true, (*site).revokeMany},
	{"delete", "Delete", "deleted", "", true, (*site).deleteMany},
}

// manyPage says what will be done to how many requests, before it is done.
type manyPage struct {
	manyAction
	Form     page.Form
	Count    int64            // of those that were chosen
	Digest   string           // of those that the filter chose, as [ca.Many] takes it
	Can      int64            // of these, to which it will be done
	Renewals int64            // of these, that will be signed only where renewals are wanted
	Later    int64            // of these, that are revoked already: only keyCompromise changes that
	Refusals map[string]int64 // of these, that will be left as they are, by the reason
	Unseen   int64            // of these, that were not looked at: among those to which it will be done
	All      bool             // that the filter matches were chosen
	IDs      []int64          // those that were chosen; none where the filter chooses
	Filter   string           // of the list where they were chosen, as its URL has it
	List     string           // its address
	Shown    []row            // some of those that were chosen
	Groups   []signGroup      // how those that are signed will be signed
	signChoices
}

const maxShown = 50 // requests that are named before something is done to them

// manyRequests asks whether it is to be done.
func (s *site) manyRequests(c *call) error {
	v := c.r.PostForm
	if v.Get("all") != "yes" && len(v["ids"]) == 0 {
		return c.done(chosenFrom(v), "Nothing was done: select at least one request first.")
	}
	return s.manyPage(c, page.NewForm(v))
}

// chosenFrom is the address of the list where the requests were chosen.
func chosenFrom(v url.Values) string {
	filter, _ := url.ParseQuery(v.Get("filter")) // of one that is none, what can be read
	return listURL("/requests", filter)
}

func (s *site) manyPage(c *call, f page.Form) error {
	if err := c.caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	i := slices.IndexFunc(manyActions, func(a manyAction) bool { return a.Do == f.Value("do") })
	if i < 0 {
		return errNothingHere
	}
	m, err := chosenIn(f.All())
	if err != nil {
		return err
	}
	p := manyPage{manyAction: manyActions[i], Form: f, Refusals: map[string]int64{}, All: m.Filter != nil, IDs: m.IDs,
		Filter: f.Value("filter"), List: chosenFrom(f.All())}
	if p.signChoices, err = s.signChoices(c); err != nil {
		return err
	}
	if p.All {
		matched, err := s.ca.EachMatching(c.r.Context(), c.caller, *m.Filter, p.look)
		if p.Digest = matched.Digest; err != nil && !f.Failed() {
			return c.again(err, s.manyPage) // said on this very page
		} else if err != nil {
			p.Count = 0
		}
	} else if err := p.lookAtChosen(s, c); err != nil {
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

// fields returns the names of the fields that the page shows.
func (p manyPage) fields() (names []string) {
	switch {
	case p.Can+p.Renewals+p.Later == 0:
		return nil // there is nothing to do
	case p.Do == "reject":
		return []string{"reason"}
	case p.Do == "revoke":
		return []string{"reason", "only_current", page.FieldSure}
	case p.Do == "delete":
		return []string{page.FieldSure}
	case len(p.Authorities) == 0:
		return nil // no authority can sign
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

// chosenIn reads which requests a form names.
func chosenIn(v url.Values) (m ca.Many, err error) {
	if v.Get("all") == "yes" {
		filter, err := url.ParseQuery(v.Get("filter"))
		if err != nil {
			return m, errNothingHere
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

// lookAtChosen looks at the first of the requests that were chosen, and names them.
func (p *manyPage) lookAtChosen(s *site, c *call) error {
	seen := p.IDs[:min(len(p.IDs), maxShown)]
	for _, id := range seen {
		r, err := s.ca.Request(c.r.Context(), c.caller, id)
		if notary.KindOf(err) == notary.NotFound {
			p.Refusals["It is gone."]++
			continue
		}
		if err != nil {
			return err
		}
		p.Shown = append(p.Shown, rowOf(r))
		p.look(r)
	}
	p.Count, p.Unseen = int64(len(p.IDs)), int64(len(p.IDs)-len(seen))
	p.Can += p.Unseen
	return nil
}

// look counts one of the requests among those to which the same will happen.
func (p *manyPage) look(r *notary.Request) {
	p.Count++
	switch err := p.refuses(r); {
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

// refuses says why it cannot be done to the request, as far as the request shows that.
func (p *manyPage) refuses(r *notary.Request) error {
	if p.action == "" {
		return nil
	}
	_, err := r.Status.Next(p.action)
	if err == nil && p.action == notary.Revoke {
		err = r.Certificate.Revocable(issuerOf(r.Certificate, p.all))
	}
	return err
}

// Reasons are the choices for a revocation.
func (manyPage) Reasons() []page.Option { return reasons() }

// Which are the requests to which it will be done, in words.
func (p manyPage) Which() string {
	if p.Can == p.Count {
		return page.Plural(p.Can, "request")
	}
	return page.Count(p.Can) + " of these " + page.Plural(p.Count, "request")
}

// runMany does it, and shows what becomes of each request while the work goes on.
func (s *site) runMany(c *call) error {
	i := slices.IndexFunc(manyActions, func(a manyAction) bool { return a.Do == c.value("do") })
	if i < 0 {
		return errNothingHere
	}
	m, err := chosenIn(c.r.PostForm)
	if err != nil {
		return err
	}
	m.Stop = s.stopping
	total := int64(len(m.IDs))
	if m.Filter != nil {
		if total, err = strconv.ParseInt(c.value("expected"), 10, 64); err != nil {
			return errNothingHere
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

// outcomesPage shows what becomes of each request, while the work goes on.
type outcomesPage struct {
	manyAction
	Total        int64
	Done, Failed int64
	Early        string // why the work ended before its end
	List         string // where they were chosen
	call         *call
	outcomes     iter.Seq2[ca.Outcome, error]
}

// outcome is a line of the page.
type outcome struct {
	ID     int64
	Told   bool   // whether the request has a line of its own
	Which  string // what was revoked
	Reason string // why it failed; "" for a success
	Step   int64  // how many are through, where that is told
}

const (
	maxTold = 200 // lines for successes; of a longer work only the failures are told
	steps   = 50  // how often the progress is told
)

// showOutcomes begins the work. What is wrong with all of it is said where it was asked for.
func (s *site) showOutcomes(c *call, a manyAction, total int64, outcomes iter.Seq2[ca.Outcome, error]) error {
	next, stop := iter.Pull2(outcomes)
	defer stop()
	first, err, some := next()
	if err != nil {
		return c.again(err, s.manyPage)
	}
	p := &outcomesPage{manyAction: a, Total: total, List: chosenFrom(c.r.PostForm), call: c}
	p.outcomes = func(yield func(ca.Outcome, error) bool) {
		for o, err, ok := first, error(nil), some; ok && yield(o, err); {
			o, err, ok = next()
		}
	}
	return c.stream("requests-done", a.Verb+" "+page.Plural(total, "request"), p)
}

// Outcomes are what becomes of the requests. Each line is sent as soon as it is known, of a long
// work a few at a time.
func (p *outcomesPage) Outcomes() iter.Seq[outcome] {
	return func(yield func(outcome) bool) {
		for o, err := range p.outcomes {
			if err != nil {
				p.Early = page.Sentence(p.call.explain(err).Message)
				return
			}
			line := outcome{ID: o.ID, Told: p.Total <= maxTold}
			if o.Err != nil {
				p.Failed++
				line.Told, line.Reason = p.Failed <= maxTold, page.Sentence(p.call.explain(o.Err).Message)
			} else {
				p.Done++
				if len(o.Revocations.Revoked)+len(o.Revocations.NotRevoked) > 1 {
					line.Which = revokedText(o.Revocations)
				}
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
