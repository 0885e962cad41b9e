package cli

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

type decision struct {
	one       func(ctx context.Context, c *client.Client, id int64) error
	many      func(ctx context.Context, c *client.Client, on api.Bulk) iter.Seq2[api.Outcome, error]
	explain   func(ctx context.Context, c *client.Client, on api.Bulk) error // prints details before the question; or nil
	question  string                                                         // %s is the number of requests
	doing     string
	done      string
	permanent bool   // ask even if the requests are given by ID
	noun      string // the object, "request" by default
}

func (p *program) decide(command *cobra.Command, args []string, on *decidedOn, d decision) error {
	switch {
	case len(args) > 0 && on.given():
		return usagef("specify either IDs or filter flags, not both")
	case len(args) == 0 && !on.given():
		return usagef("specify the requests by ID or with filter flags such as --status %s", on.status)
	case len(args) == 1:
		return p.callOn(d.one)(command, args)
	case len(args) == 0:
		return p.call(func(ctx context.Context, c *client.Client) error { return p.decideOnFound(ctx, c, on, d) })(
			command, nil)
	}
	ids, err := parseIDs(args)
	if err != nil {
		return err
	}
	return p.call(func(ctx context.Context, c *client.Client) error {
		if err := p.confirmMany(ctx, c, on.yes || !d.permanent, d, api.Bulk{IDs: ids}, len(ids)); err != nil {
			return err
		}
		return p.follow(d.many(ctx, c, api.Bulk{IDs: ids}), len(ids), d)
	})(command, nil)
}

// decideOnFound counts the requests that match the flags, asks for confirmation, and decides on them. The call carries
// the count's selection, so that the server refuses it if other requests match by then.
func (p *program) decideOnFound(ctx context.Context, c *client.Client, on *decidedOn, d decision) error {
	filter, err := on.requests(p.now())
	if err != nil {
		return err
	}
	if filter.Status == "" {
		filter.Status = string(on.status)
	}
	found, err := c.CountCertificateRequests(ctx, filter)
	if err != nil {
		return err
	}
	n := int(found.Count)
	if n == 0 {
		if p.json {
			return p.printJSON([]api.Outcome{})
		}
		return p.done("no %s request matches: nothing to do", filter.Status)
	}
	if _, asked := p.terminal(); !asked && !on.yes {
		return usagef("the flags select %s, and there is no terminal to confirm on: add --yes", requests(n))
	}
	bulk := api.Bulk{Filter: &filter, Selection: found.Selection}
	if err := p.confirmMany(ctx, c, on.yes, d, bulk, n); err != nil {
		return err
	}
	return p.follow(d.many(ctx, c, bulk), n, d)
}

func (p *program) confirmMany(ctx context.Context, c *client.Client, yes bool, d decision, on api.Bulk, n int) error {
	if _, asked := p.terminal(); asked && !yes && d.explain != nil {
		if err := d.explain(ctx, c, on); err != nil {
			return err
		}
	}
	return p.confirm(ctx, yes, d.question, requests(n))
}

func requests(n int) string { return counted(n, "request") }

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}

func isOrAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func (p *program) follow(outcomes iter.Seq2[api.Outcome, error], of int, d decision) error {
	noun := cmp.Or(d.noun, "request")
	failed := failures{noun: noun}
	var left []api.NotRevokedCertificate
	received := 0
	watched := func(yield func(api.Outcome, error) bool) {
		bar := p.newBar()
		defer bar.end()
		for o, err := range outcomes {
			if err == nil {
				received++
				bar.show(d.doing, int64(received), int64(of))
				failed.add(o)
				left = append(left, o.NotRevoked...)
			}
			if !yield(o, err) {
				return
			}
		}
	}
	var broken error
	if p.json {
		broken = printJSONList(p.out, watched)
	} else {
		for _, broken = range watched {
		}
	}
	if broken != nil && received == 0 {
		return broken
	}
	if !p.json {
		if err := p.done("%d of %s %s %s", received-failed.count, counted(of, noun), isOrAre(of), d.done); err != nil {
			return err
		}
		failed.print(p)
		for _, e := range left {
			p.notice("certificate %d is still valid: %s", e.ID, e.Error)
		}
	}
	if broken == nil && failed.count > 0 {
		broken = notary.Errorf(notary.Conflict, "%d of %s could not be %s", failed.count, counted(of, noun), d.done)
	}
	return broken
}

type failures struct {
	noun    string
	count   int
	reasons []string // in order of arrival
	ids     map[string][]int64
}

func (f *failures) add(o api.Outcome) {
	if o.Status == api.Success {
		return
	}
	reason := o.Error
	if o.RequestID != "" {
		reason += " (request ID " + o.RequestID + ")"
	}
	if f.ids == nil {
		f.ids = map[string][]int64{}
	}
	if f.ids[reason] == nil {
		f.reasons = append(f.reasons, reason)
	}
	f.ids[reason] = append(f.ids[reason], o.ID)
	f.count++
}

// At least manyShare failures with the same reason share one line, with at most idsShown of their IDs.
const (
	manyShare = 5
	idsShown  = 20
)

func (f *failures) print(p *program) {
	for _, reason := range f.reasons {
		ids := f.ids[reason]
		if len(ids) < manyShare {
			for _, id := range ids {
				p.notice("%s %d: %s", f.noun, id, reason)
			}
			continue
		}
		var shown []string
		for _, id := range ids[:min(len(ids), idsShown)] {
			shown = append(shown, strconv.FormatInt(id, 10))
		}
		more := ""
		if len(ids) > idsShown {
			more = fmt.Sprintf(" and %d more", len(ids)-idsShown)
		}
		p.notice("%s, %s%s: %s", counted(len(ids), f.noun), strings.Join(shown, ", "), more, reason)
	}
}
