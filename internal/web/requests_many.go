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
	Form     form
	Count    int64
	IDs      []int64 // those that were chosen; none where a filter chooses
	Filter   string  // as a URL has it
	Shown    []row   // some of those that were chosen
	Refusals []refusal
	signChoices
}

// refusal is how many of those that are shown will be refused, and why.
type refusal struct {
	Count  int
	Reason string
}

const maxShown = 50 // requests that are named before something is done to them

// manyRequests asks whether it is to be done.
func (s *site) manyRequests(c *call) error {
	v := c.r.PostForm
	if v.Get("all") != "yes" && len(v["ids"]) == 0 {
		filter, _ := url.ParseQuery(v.Get("filter"))
		return c.done(listURL("/requests", filter), "Nothing was done: select at least one request first.")
	}
	return s.manyPage(c, form{values: v})
}

func (s *site) manyPage(c *call, f form) error {
	if err := c.caller.Require(notary.DecideRequests); err != nil {
		return err
	}
	i := slices.IndexFunc(manyActions, func(a manyAction) bool { return a.Do == f.Value("do") })
	if i < 0 {
		return errNothingHere
	}
	p := manyPage{manyAction: manyActions[i], Form: f}
	m, err := chosenIn(f.values)
	if err != nil {
		return err
	}
	if m.Filter != nil {
		p.Filter = f.Value("filter")
		if p.Count, err = s.ca.CountMatching(c.r.Context(), c.caller, *m.Filter); err != nil && f.err == nil {
			return c.again(err, s.manyPage) // said on this very page
		}
	} else {
		p.IDs, p.Count = m.IDs, int64(len(m.IDs))
		if err := p.lookAt(s, c); err != nil {
			return err
		}
	}
	if p.Do == "sign" {
		if p.signChoices, err = s.signChoices(c); err != nil {
			return err
		}
	}
	title := p.Verb + " " + plural(p.Count, "request")
	if p.Count == 0 {
		title = p.Verb + " requests"
	}
	return c.show("requests-many", title, p)
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

// lookAt names the first of the requests that were chosen, and says which will be refused.
func (p *manyPage) lookAt(s *site, c *call) error {
	reasons := map[string]int{}
	for _, id := range p.IDs[:min(len(p.IDs), maxShown)] {
		r, err := s.ca.Request(c.r.Context(), c.caller, id)
		if notary.KindOf(err) == notary.NotFound {
			reasons["it is gone"]++
			continue
		}
		if err != nil {
			return err
		}
		p.Shown = append(p.Shown, rowOf(r))
		if _, err := r.Status.Next(p.action); err != nil && p.action != "" {
			var e *notary.Error
			if errors.As(err, &e) {
				reasons[e.Message]++
			}
		}
	}
	for reason, n := range reasons {
		p.Refusals = append(p.Refusals, refusal{n, sentence(reason)})
	}
	slices.SortFunc(p.Refusals, func(a, b refusal) int { return b.Count - a.Count })
	return nil
}

// Reasons are the choices for a revocation.
func (manyPage) Reasons() []option { return reasons() }

// Others is how many are chosen and not named.
func (p manyPage) Others() int64 { return p.Count - int64(len(p.Shown)) }

// List is where those that the filter matches are listed.
func (p manyPage) List() string { return "/requests?" + p.Filter }

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
		m.Expected = &total
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
	o.NoRenewal = c.value("renew") != "yes"
	return s.ca.SignMany(c.r.Context(), c.caller, m, o, fn)
}

func (s *site) rejectMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	return s.ca.RejectMany(c.r.Context(), c.caller, m, c.value("reason"), fn)
}

func (s *site) revokeMany(c *call, m ca.Many, fn func(ca.Outcome) error) error {
	reason, err := notary.ParseRevocationReason(c.value("reason"))
	if err != nil {
		return err
	}
	return s.ca.RevokeMany(c.r.Context(), c.caller, m, reason, fn)
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
	call         *call
	outcomes     iter.Seq2[ca.Outcome, error]
}

// outcome is a line of the page.
type outcome struct {
	ID     int64
	Told   bool   // whether the request has a line of its own
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
	p := &outcomesPage{manyAction: a, Total: total, call: c}
	p.outcomes = func(yield func(ca.Outcome, error) bool) {
		for o, err, ok := first, error(nil), some; ok && yield(o, err); {
			o, err, ok = next()
		}
	}
	return c.stream("requests-done", plural(total, "request")+" "+a.Past, p)
}

// Outcomes are what becomes of the requests. Each line is sent as soon as it is known, of a long
// work a few at a time.
func (p *outcomesPage) Outcomes() iter.Seq[outcome] {
	return func(yield func(outcome) bool) {
		for o, err := range p.outcomes {
			if err != nil {
				p.Early = sentence(p.call.explain(err).Message)
				return
			}
			line := outcome{ID: o.ID, Told: p.Total <= maxTold}
			if o.Err != nil {
				p.Failed++
				line.Told, line.Reason = p.Failed <= maxTold, sentence(p.call.explain(o.Err).Message)
			} else {
				p.Done++
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
