package web

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type eventsPage struct {
	Form    page.Form
	Events  []*notary.Event
	Pager   page.Pager
	Kinds   []page.Option
	Actions []page.Option
}

func (s *site) events(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ViewEvents, policy.Resource{}); err != nil {
		return err
	}
	q, err := readEventQuery(f.All())
	if err != nil {
		return c.wrongFilter(err, s.eventsPage)
	}
	q.After, q.Before = c.cursors()
	found, err := s.ca.Events(c.r.Context(), c.caller, q)
	if err != nil {
		return c.wrongFilter(err, s.eventsPage)
	}
	return s.showEvents(c, f, found)
}

func (s *site) eventsPage(c *call, f page.Form) error {
	return s.showEvents(c, f, notary.Page[*notary.Event]{})
}

func (s *site) showEvents(c *call, f page.Form, found notary.Page[*notary.Event]) error {
	return c.show("events", "Events", eventsPage{f.Fields("kind", "action", "principal", "request_id", "from", "until"),
		found.Items,
		c.pager(found.Previous, found.Next), eventKinds(c.caller), eventActions(c.caller)})
}

func readEventQuery(v url.Values) (q notary.EventQuery, err error) {
	q = notary.EventQuery{Kind: v.Get("kind"), Action: v.Get("action"), Principal: v.Get("principal"),
		RequestID: v.Get("request_id"), Limit: page.Size}
	if q.From, err = readDay(v, "from"); err != nil {
		return q, err
	}
	if q.Until, err = readDay(v, "until"); err != nil {
		return q, err
	}
	if !q.Until.IsZero() {
		q.Until = q.Until.AddDate(0, 0, 1) // to the end of the day
	}
	if text := v.Get("object_id"); text != "" {
		if q.ObjectID, err = readID(text); err != nil {
			return q, notary.FieldErrorf("object_id", "enter an ID")
		}
	}
	return q, nil
}

// readDay parses the value of a date input, in UTC.
func readDay(v url.Values, field string) (time.Time, error) {
	text := v.Get(field)
	if text == "" {
		return time.Time{}, nil
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return day, notary.FieldErrorf(field, "enter a date such as 2027-01-31")
	}
	return day, nil
}

func eventKinds(caller notary.Caller) []page.Option {
	all := []page.Option{{Value: "", Label: "All"}}
	for _, kind := range notary.EventKinds {
		if !slices.Contains(notary.AccountEventKinds, kind) || caller.May(notary.ManageAccounts) {
			all = append(all, page.Option{Value: kind, Label: cmp.Or(kindLabels[kind], kind+"s")})
		}
	}
	return all
}

// kindLabels maps object kinds to labels. The default label is the kind with an appended s.
var kindLabels = map[string]string{"authority": "CAs", "clock": "clock", "inventory": "inventory",
	"settings": "settings",
	"database": "database"}

func eventActions(caller notary.Caller) []page.Option {
	all := []page.Option{{Value: "", Label: "All"}}
	for _, action := range notary.EventActions() {
		kind, _, _ := strings.Cut(action, ".")
		if !slices.Contains(notary.AccountEventKinds, kind) || caller.May(notary.ManageAccounts) {
			all = append(all, page.Option{Value: action, Label: action})
		}
	}
	return all
}

func objectOf(e *notary.Event) mention {
	m := mention{Text: e.Object.String(), Path: objectPath(e.Object)}
	if strings.HasSuffix(e.Action, ".delete") {
		m.Path = ""
	}
	return m
}

func refsOf(e *notary.Event) (all []mention) {
	for _, ref := range e.Refs {
		all = append(all, mention{ref.String(), objectPath(ref)})
	}
	return all
}
