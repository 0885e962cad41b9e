package web

import (
	"fmt"
	"net/url"

	"notary"
	"notary/internal/web/page"
)

type requestsPage struct {
	filters
	Requests []*notary.Request
	Pager    page.Pager
	Decides  bool   // whether the caller may decide on some of them
	Query    string // filter and order, URL-encoded
}

func (s *site) requests(c *call) error {
	v := c.r.URL.Query()
	q, err := readQuery(v)
	if err != nil {
		return c.wrongFilter(err, s.requestsPage)
	}
	found, err := s.ca.Requests(c.r.Context(), c.caller, q)
	if err != nil {
		return c.wrongFilter(err, s.requestsPage)
	}
	return s.showRequests(c, page.NewForm(v), found)
}

func (s *site) requestsPage(c *call, f page.Form) error {
	return s.showRequests(c, f, notary.Page[*notary.Request]{})
}

func (s *site) showRequests(c *call, f page.Form, found notary.Page[*notary.Request]) error {
	v := f.All()
	p := requestsPage{filters: filters{Form: f, query: v, Path: "/requests", Part: "status",
		Narrowed: narrows(v, "status")},
		Requests: found.Items, Pager: c.pager(found.Previous, found.Next).Filled(len(found.Items)),
		Query: withoutPlace(v).Encode()}
	var err error
	if p.Decides, err = s.ca.MayDecide(c.r.Context(), c.caller); err != nil {
		return err
	}
	p.Clear = listURL(p.Path, url.Values{p.Part: {v.Get(p.Part)}})
	var counts map[notary.RequestStatus]int64
	if c.caller.May(notary.ReadRequests) && !p.Narrowed { // the counts cover the unfiltered list
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
	p.Form = p.form()
	return c.show("requests", "Requests", p)
}

func statusTabs(v url.Values, counts map[notary.RequestStatus]int64) []tab {
	here := v.Get("status")
	tabs := []tab{{Label: "All", URL: listURL("/requests", v, "status", ""), Here: here == ""}}
	var total int64
	for _, status := range notary.RequestStatuses {
		t := tab{Label: string(status), URL: listURL("/requests", v, "status", string(status)),
			Here: here == string(status)}
		if counts != nil {
			t.Count = page.Count(counts[status])
			total += counts[status]
		}
		tabs = append(tabs, t)
	}
	if counts != nil {
		tabs[0].Count = page.Count(total)
	}
	return tabs
}

func requestPath(id int64) string { return fmt.Sprintf("/requests/%d", id) }

type row struct {
	*notary.Request
	Title string // its common name or first name
	More  int    // number of names that are not shown
	labelled
}

func (p requestsPage) Rows() []row {
	rows := rowsOf(p.Requests)
	for i := range rows {
		rows[i].labelled = p.label(rows[i].Labels)
	}
	return rows
}

func rowsOf(requests []*notary.Request) (rows []row) {
	for _, r := range requests {
		rows = append(rows, rowOf(r))
	}
	return rows
}

func rowOf(r *notary.Request) row {
	title, more := titleOf(r.CommonName, r.Names)
	return row{Request: r, Title: title, More: more}
}
