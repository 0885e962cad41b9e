package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"notary"
)

// requestsPage is one page of the list of requests.
type requestsPage struct {
	Form        form // the fields of the filter
	Requests    []*notary.Request
	Pager       pager
	Tabs        []tab
	Authorities []option
	Names       map[int64]string // of the authorities
	Narrowed    bool             // beyond the status
	Query       string           // the filter as the URL has it
	query       url.Values
}

// tab leads to the part of a list that has one status.
type tab struct {
	Label, URL string
	Count      string // "" where it is not told
	Here       bool
}

func (s *site) requests(c *call) error {
	v := c.r.URL.Query()
	q, err := readQuery(v)
	if err != nil {
		return c.wrongFilter(err, s.requestsPage)
	}
	page, err := s.ca.Requests(c.r.Context(), c.caller, q)
	if err != nil {
		return c.wrongFilter(err, s.requestsPage)
	}
	return s.showRequests(c, form{values: v}, page)
}

// requestsPage is the list with nothing in it: the filter is wrong.
func (s *site) requestsPage(c *call, f form) error {
	return s.showRequests(c, f, notary.Page[*notary.Request]{})
}

func (s *site) showRequests(c *call, f form, page notary.Page[*notary.Request]) error {
	v := f.values
	p := requestsPage{Form: f, Requests: page.Items, Pager: c.pager(page.Previous, page.Next).filled(len(page.Items)), Query: onlyFilter(v).Encode(), query: v}
	p.Narrowed = slices.ContainsFunc(filterFields, func(name string) bool { return name != "status" && v.Get(name) != "" })
	var counts map[notary.RequestStatus]int64
	if c.caller.May(notary.ReadRequests) {
		summary, err := s.ca.Summary(c.r.Context(), c.caller)
		if err != nil {
			return err
		}
		counts = summary.Requests
	}
	p.Tabs = statusTabs(v, counts)
	if err := p.nameAuthorities(s, c); err != nil {
		return err
	}
	return c.show("requests", "Requests", p)
}

// nameAuthorities finds what the authorities are called, where the caller may know.
func (p *requestsPage) nameAuthorities(s *site, c *call) error {
	if !c.caller.May(notary.ReadAuthorities) {
		return nil
	}
	all, err := s.ca.Authorities(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	p.Names = map[int64]string{}
	p.Authorities = []option{{Label: "any"}}
	for _, a := range all {
		p.Names[a.ID] = a.CommonName
		p.Authorities = append(p.Authorities, option{Value: strconv.FormatInt(a.ID, 10), Label: fmt.Sprintf("%s (%d)", a.CommonName, a.ID)})
	}
	return nil
}

// onlyFilter are the conditions of a list, without its order and place.
func onlyFilter(v url.Values) url.Values {
	kept := url.Values{}
	for _, name := range filterFields {
		if text := v.Get(name); text != "" {
			kept.Set(name, text)
		}
	}
	return kept
}

// statusTabs lead to all requests and to those of each status, with how many there are.
func statusTabs(v url.Values, counts map[notary.RequestStatus]int64) []tab {
	here := v.Get("status")
	tabs := []tab{{Label: "All", URL: listURL("/requests", v, "status", ""), Here: here == ""}}
	var total int64
	for _, status := range notary.RequestStatuses {
		t := tab{Label: string(status), URL: listURL("/requests", v, "status", string(status)), Here: here == string(status)}
		if counts != nil {
			t.Count = count(counts[status])
			total += counts[status]
		}
		tabs = append(tabs, t)
	}
	if counts != nil {
		tabs[0].Count = count(total)
	}
	return tabs
}

func requestPath(id int64) string { return fmt.Sprintf("/requests/%d", id) }

// Sorts are the orders to choose from.
func (p requestsPage) Sorts() []option {
	return []option{{Label: "newest first"}, {Value: "id", Label: "oldest first"}, {Value: "not_after", Label: "expiring first"},
		{Value: "-not_after", Label: "expiring last"}, {Value: "common_name", Label: "by name"}, {Value: "-common_name", Label: "by name, z to a"}}
}

// Keys are the kinds of keys to choose from.
func (p requestsPage) Keys() []option {
	all := []option{{Label: "any"}}
	for _, key := range []string{"ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "Ed25519", "RSA 2048", "RSA 3072", "RSA 4096"} {
		all = append(all, option{Value: key, Label: key})
	}
	return all
}

// Unfiltered is the list without a filter, but with the status.
func (p requestsPage) Unfiltered() string {
	return listURL("/requests", url.Values{"status": {p.query.Get("status")}})
}

// Day is a field for a day; one for a time, where the URL has one.
func (p requestsPage) Day(name, label string) field {
	kind := "date"
	if len(p.Form.Value(name)) > len("2006-01-02") {
		kind = "text"
	}
	return p.Form.Input(kind, name, label)
}

// Others are conditions of the URL for which there is no field of their own.
func (p requestsPage) Others() (all []kept) {
	for _, name := range []string{"serial_number", "fingerprint", "name", "name_prefix", "domain"} {
		if text := p.query.Get(name); text != "" {
			all = append(all, kept{name, text})
		}
	}
	return all
}

// row is a request as a list shows it.
type row struct {
	*notary.Request
	Title string // its first name
	More  int    // names that are not shown
}

const maxTitle = 80 // characters

// Rows are the requests of the page.
func (p requestsPage) Rows() (rows []row) {
	for _, r := range p.Requests {
		rows = append(rows, rowOf(r))
	}
	return rows
}

func rowOf(r *notary.Request) row {
	names := slices.Concat(r.Names.DNS, r.Names.IP, r.Names.Email, r.Names.URI)
	title, more := r.CommonName, len(names)
	if title == "" && len(names) > 0 {
		title = names[0]
	}
	if slices.Contains(names, title) {
		more--
	}
	return row{r, shortened(title), more}
}

// shortened is a name that fits a row.
func shortened(name string) string {
	if runes := []rune(name); len(runes) > maxTitle {
		return string(runes[:maxTitle]) + "…"
	}
	return name
}
