package cli

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) eventCommand() *cobra.Command {
	return group("event", "List events", p.eventList())
}

type eventFlags struct {
	filter      api.EventFilter
	object      idFlag
	from, until string
	limit       int
}

func (p *program) eventList() *cobra.Command {
	var f eventFlags
	c := &cobra.Command{
		Use:   "list",
		Short: "List events, newest first",
		Long: "List events, newest first. Only Admins see the events of accounts. Certificate Requestors can\n" +
			"list only the events of one request that they may see: --kind request --object ID.",
		Example: "  notary event list --limit 20\n" +
			"  notary event list --kind request --object 7\n" +
			"  notary event list --action request.revoke --principal me@example.com --from -7d",
		Args: cobra.NoArgs,
	}
	c.Flags().StringVar(&f.filter.Kind, "kind", "",
		"filter by the `kind` of the object: "+strings.Join(notary.EventKinds, ", "))
	c.Flags().Var(&f.object, "object", "filter by the `ID` of the object; requires --kind")
	c.Flags().StringVar(&f.filter.Email, "email", "", "filter by the email `address` of the account that acted")
	c.Flags().StringVar(&f.filter.Principal, "principal", "", "filter by the `principal` that acted: its ID or name, "+
		"such as an email address or system")
	c.Flags().StringVar(&f.filter.RequestID, "request-id", "", "filter by the `X-Request-Id` of the call")
	c.Flags().StringVar(&f.filter.Action, "action", "", "filter by `action`, such as request.sign")
	c.Flags().StringVar(&f.from, "from", "", "only events at this `time` or later: 2027-12-31, 2027-12-31T23:59:59Z, "+
		"or relative to now, such as -7d or -12h")
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	c.Flags().IntVar(&f.limit, "limit", 0, "maximum `number` of results (default all)")
	c.RegisterFlagCompletionFunc("action",
		cobra.FixedCompletions(notary.EventActions(), cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("kind", cobra.FixedCompletions(notary.EventKinds, cobra.ShellCompDirectiveNoFileComp))
	c.RunE = p.call(func(ctx context.Context, client *client.Client) error {
		if c.Flags().Changed("limit") && f.limit < 1 {
			return usagef("--limit must be 1 or more")
		}
		query, err := f.query(p.now())
		if err != nil {
			return err
		}
		return printList(p, first(f.limit, client.FindEvents(ctx, query)), p.eventTable())
	})
	return c
}

func (f *eventFlags) query(now time.Time) (api.EventQuery, error) {
	filter := f.filter
	filter.ObjectID = api.ID(f.object)
	var err error
	if filter.From, err = moment("from", f.from, now); err != nil {
		return api.EventQuery{}, err
	}
	filter.Until, err = moment("until", f.until, now)
	limit := min(cmp.Or(f.limit, notary.MaxPage), notary.MaxPage)
	return api.EventQuery{EventFilter: filter, EventPaging: api.EventPaging{Limit: limit}}, err
}

func (p *program) eventTable() table[api.Event] {
	return table[api.Event]{
		header: []string{"TIME", "PRINCIPAL", "ADDRESS", "ACTION", "EVENT"},
		row: func(e api.Event) []string {
			return []string{e.At.UTC().Format(time.RFC3339), notary.Ref(e.Principal).Actor(), e.Address, e.Action, e.Text}
		},
		empty: "no events match",
	}
}
