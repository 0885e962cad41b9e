package web

import (
	"fmt"
	"net/url"
	"time"

	"notary"
	"notary/internal/web/page"
)

type certificatesPage struct {
	filters
	Rows  []certificateRow
	Pager page.Pager
}

type certificateRow struct {
	*notary.Certificate
	Title string // its common name or first name
	More  int    // number of names that are not shown
	State string
	labelled
}

func (s *site) certificates(c *call) error {
	v := c.r.URL.Query()
	q, err := readQuery(v)
	if err != nil {
		return c.wrongFilter(err, s.certificatesPage)
	}
	found, err := s.ca.Certificates(c.r.Context(), c.caller, q)
	if err != nil {
		return c.wrongFilter(err, s.certificatesPage)
	}
	return s.showCertificates(c, page.NewForm(v), found)
}

func (s *site) certificatesPage(c *call, f page.Form) error {
	return s.showCertificates(c, f, notary.Page[*notary.Certificate]{})
}

func (s *site) showCertificates(c *call, f page.Form, found notary.Page[*notary.Certificate]) error {
	v := f.All()
	const path = "/certificates"
	p := certificatesPage{Pager: c.pager(found.Previous, found.Next).Filled(len(found.Items)),
		filters: filters{Form: f, query: v,
			Path: path, Part: "revoked", Tabs: s.certificateTabs(v), Narrowed: narrows(v, ""), Clear: path}}
	for _, cert := range found.Items {
		title, more := titleOf(cert.CommonName, cert.Names)
		p.Rows = append(p.Rows, certificateRow{cert, title, more, cert.Status(s.ca.Now()),
			p.label(cert.Labels)})
	}
	if err := p.nameAuthorities(s, c); err != nil {
		return err
	}
	p.Form = p.form()
	return c.show("certificates", "Certificates", p)
}

const expiresSoon = 30

func expiringURL(days int) string {
	return fmt.Sprintf("/certificates?expiring=%dd&sort=%s", days, notary.ByNotAfter)
}

// certificateTabs returns the tabs of the inventory. Their URLs contain the current time, so that all pages of a list
// use the same time. A tab stays selected for an hour.
func (s *site) certificateTabs(v url.Values) []tab {
	const start, end, expiring = "expires_after", "expires_before", "expiring"
	now, soon := s.ca.Now(), fmt.Sprintf("%dd", expiresSoon)
	none := func(field string) bool { return v.Get(field) == "" }
	near := func(field string, t time.Time) bool {
		at, err := readMoment(field, v.Get(field))
		return err == nil && t.Sub(at).Abs() < time.Hour
	}
	part := func(label, revoked, within, after, before string, here bool) tab {
		return tab{Label: label, URL: listURL("/certificates", v, "revoked", revoked, expiring, within, start, after,
			end, before),
			Here: here && v.Get("revoked") == revoked && v.Get(expiring) == within}
	}
	return []tab{
		part("All", "", "", "", "", none(start) && none(end)),
		part("Valid", "false", "", moment(now), "", near(start, now) && none(end)),
		part(fmt.Sprintf("Expiring in %d days", expiresSoon), "", soon, "", "", none(start) && none(end)),
		part("Expired", "false", "", "", moment(now), none(start) && near(end, now)),
		part("Revoked", "true", "", "", "", none(start) && none(end)),
	}
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func certificatePath(id int64) string { return fmt.Sprintf("/certificates/%d", id) }
