package cli

import (
	"cmp"
	"context"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
)

type filterFlags struct {
	command *cobra.Command
	names   []string // names of the filter flags

	filter        api.Filter
	status        string
	revoked       bool
	issuer        idFlag
	issuerFlag    string
	after, before string
	labels        []string
}

// register adds the filter flags that requests and certificates share. issuerFlag is the name of the flag for the
// issuer, because --authority selects the signing CA in some commands.
func (f *filterFlags) register(c *cobra.Command, issuerFlag string) {
	f.command, f.issuerFlag = c, issuerFlag
	text := func(to *string, name, usage string) {
		c.Flags().StringVar(to, name, "", usage)
		f.names = append(f.names, name)
	}
	text(&f.filter.Email, "email", "filter by the email `address` of the submitter")
	text(&f.filter.Owner, "owner", "filter by `owner`: the email address of an account, the name of a group, or group:ID")
	authorityFlag(c, &f.issuer, issuerFlag, "filter by the CA that signed a certificate: its `ID` or common name")
	f.names = append(f.names, issuerFlag)
	text(&f.filter.SerialNumber, "serial", "filter by serial `number`, in hexadecimal")
	text(&f.filter.Fingerprint, "fingerprint", "filter by the SHA-256 `fingerprint` of the certificate or CSR")
	text(&f.filter.Key, "key", "filter by key `type`, such as \"RSA 2048\" or \"ECDSA P-256\"")
	text(&f.filter.Name, "name", "filter by exact `name`: host, IP address, email address, URI or common name")
	text(&f.filter.NamePrefix, "name-prefix", "filter by names that begin with this `text`")
	text(&f.filter.Domain, "domain", "filter by `domain`, including its subdomains")
	c.Flags().StringArrayVar(&f.labels, "label", nil, "filter by `label`, such as team or team=payments; may be repeated")
	f.names = append(f.names, "label")
	text(&f.filter.Q, "search", "filter by `words`, which must all match: prefixes of parts of names, email "+
		"addresses, serial numbers, fingerprints and key types, a request status, or a label such as label=team:payments")
	text(&f.after, "expires-after", "filter by expiry at this `time` or later: 2027-12-31, "+
		"2027-12-31T23:59:59Z, or relative to now, such as 30d, 12h or -7d")
	text(&f.before, "expires-before", "filter by expiry before this `time`")
	text(&f.filter.Expiring, "expiring", "filter by expiry within this `period`, such as 30d, excluding certificates "+
		"that are revoked or replaced by a later one for the same names and owner")
}

func (f *filterFlags) registerStatus() {
	var all []string
	for _, status := range notary.RequestStatuses {
		all = append(all, string(status))
	}
	f.command.Flags().StringVar(&f.status, "status", "", "filter by `status`: "+strings.Join(all, ", "))
	f.command.RegisterFlagCompletionFunc("status", cobra.FixedCompletions(all, cobra.ShellCompDirectiveNoFileComp))
	f.names = append(f.names, "status")
}

func (f *filterFlags) registerRevoked() {
	f.command.Flags().BoolVar(&f.revoked, "revoked", false, "only revoked certificates or, with --revoked=false, "+
		"only certificates that are not revoked")
	f.names = append(f.names, "revoked")
}

func (f *filterFlags) given() bool {
	for _, name := range f.names {
		if f.command.Flags().Changed(name) {
			return true
		}
	}
	return false
}

func (f *filterFlags) common(now time.Time) (api.Filter, error) {
	for _, name := range f.names {
		flag := f.command.Flags().Lookup(name)
		if flag.Changed && strings.TrimSpace(flag.Value.String()) == "" { // perhaps an unset variable in a script
			return api.Filter{}, usagef("--%s is empty: specify a value, or omit it", name)
		}
	}
	filter := f.filter
	filter.CertificateAuthorityID = api.ID(f.issuer)
	for _, text := range f.labels {
		if _, _, err := notary.ParseLabel(text); err != nil {
			return filter, usagef("--label %q: %s", text, err)
		}
	}
	filter.Label = f.labels
	var err error
	if filter.ExpiresAfter, err = moment("expires-after", f.after, now); err != nil {
		return filter, err
	}
	filter.ExpiresBefore, err = moment("expires-before", f.before, now)
	return filter, err
}

func (f *filterFlags) requests(now time.Time) (api.RequestFilter, error) {
	common, err := f.common(now)
	filter := api.RequestFilter{Status: f.status, Filter: common}
	for _, status := range notary.RequestStatuses {
		if strings.EqualFold(f.status, string(status)) {
			filter.Status = string(status)
		}
	}
	return filter, err
}

func (f *filterFlags) certificates(now time.Time) (api.CertificateFilter, error) {
	common, err := f.common(now)
	filter := api.CertificateFilter{Filter: common}
	if f.command.Flags().Changed("revoked") {
		filter.Revoked = strconv.FormatBool(f.revoked)
	}
	return filter, err
}

func moment(flag, text string, now time.Time) (string, error) {
	if text == "" {
		return "", nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Format(time.RFC3339), nil
		}
	}
	now = now.UTC().Truncate(time.Second)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= -maxDays && n <= maxDays {
			return now.AddDate(0, 0, n).Format(time.RFC3339), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d.Abs() <= maxDays*24*time.Hour {
		return now.Add(d).Format(time.RFC3339), nil
	}
	return "", usagef("--%s %q is not a time: write it as 2027-12-31 or 2027-12-31T23:59:59Z, or relative to "+
		"now as 30d, 12h or -7d", flag, text)
}

type listFlags struct {
	filterFlags
	limit    int
	sort     string
	watch    bool
	interval time.Duration
}

func (f *listFlags) register(c *cobra.Command) {
	f.filterFlags.register(c, "authority")
	var orders []string
	for _, order := range notary.Sorts {
		orders = append(orders, string(order))
	}
	c.Flags().IntVar(&f.limit, "limit", 0, "maximum `number` of results (default all)")
	c.Flags().StringVar(&f.sort, "sort", "", "the `order`: "+strings.Join(orders, ", ")+" (default id)")
	c.Flags().BoolVar(&f.watch, "watch", false, "after the list, print new and changed entries until interrupted; with "+
		"--json, one object per line")
	c.Flags().DurationVar(&f.interval, "interval", 2*time.Second, "how often --watch reads the whole list; "+
		"use filters if it is long")
	c.RegisterFlagCompletionFunc("sort", cobra.FixedCompletions(orders, cobra.ShellCompDirectiveNoFileComp))
}

func (f *listFlags) paging() (api.Paging, error) {
	switch {
	case f.command.Flags().Changed("limit") && f.limit < 1:
		return api.Paging{}, usagef("--limit must be 1 or more")
	case f.command.Flags().Changed("sort") && f.sort == "":
		return api.Paging{}, usagef("--sort is empty: specify an order, or omit it")
	case f.interval <= 0:
		return api.Paging{}, usagef("--interval must be positive, such as 2s")
	case f.limit == 0 && f.sort == "" && !f.given():
		return api.Paging{}, nil
	}
	return api.Paging{Sort: f.sort, Limit: min(cmp.Or(f.limit, notary.MaxPage), notary.MaxPage)}, nil
}

type lister[T, F any] struct {
	flags  *listFlags
	table  table[T]
	id     func(T) int64
	filter func(now time.Time) (F, error)                           // from the flags
	all    func(context.Context) iter.Seq2[T, error]                // the whole list as one stream
	find   func(context.Context, api.Paging, F) iter.Seq2[T, error] // page by page
}

// run prints the list and, with --watch, its changes.
func (l lister[T, F]) run(ctx context.Context, p *program) error {
	paging, err := l.flags.paging()
	if err != nil {
		return err
	}
	filter, err := l.filter(p.now())
	if err != nil {
		return err
	}
	read := func() iter.Seq2[T, error] {
		if paging == (api.Paging{}) {
			return l.all(ctx)
		}
		return first(l.flags.limit, l.find(ctx, paging, filter))
	}
	if l.flags.given() {
		l.table.empty, l.table.next = "nothing matches", nil
	}
	if l.flags.watch {
		return newWatch(p, l.table, l.id, read).run(ctx, l.flags.interval)
	}
	return printList(p, read(), l.table)
}

func first[T any](n int, list iter.Seq2[T, error]) iter.Seq2[T, error] {
	if n == 0 {
		return list
	}
	return func(yield func(T, error) bool) {
		left := n
		for v, err := range list {
			if left--; !yield(v, err) || left == 0 {
				return
			}
		}
	}
}
