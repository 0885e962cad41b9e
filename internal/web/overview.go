package web

import (
	"net/url"
	"time"

	"notary"
	"notary/internal/web/page"
)

// overviewPage is what needs somebody's attention.
type overviewPage struct {
	notary.Overview
	Chart page.Chart
	Step  int // of the first ones, up to the first certificate; 0 when it is there
	now   time.Time
}

// The steps on the way to the first certificate.
const (
	stepAuthority = 2
	stepRequest   = 3
)

func (s *site) overview(c *call) error {
	o, err := s.ca.Overview(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	return c.show("overview", "Overview", overviewPage{o, expirationChart(o.Weeks), firstStep(o, c.caller), s.ca.Now()})
}

// firstStep is what comes next on a new service, for those who can take it.
func firstStep(o notary.Overview, caller notary.Caller) int {
	switch {
	case caller.May(notary.ManageAuthorities) && len(o.Authorities) == 0:
		return stepAuthority
	case o.Summary != nil && o.Summary.Certificates <= int64(len(o.Authorities)) && len(o.Outstanding) == 0 &&
		caller.May(notary.CreateRequests):
		return stepRequest
	default:
		return 0
	}
}

// expirationChart returns a bar for each of the coming weeks.
func expirationChart(weeks []notary.Week) page.Chart {
	var periods []page.Period
	for _, w := range weeks {
		list := expiringURL(7*notary.OverviewWeeks) + "&" +
			url.Values{"expires_after": {moment(w.From)}, "expires_before": {moment(w.Until)}}.Encode()
		periods = append(periods, page.Period{From: w.From, Until: w.Until, Count: w.Count, List: list})
	}
	return page.NewChart(periods)
}

// ExpiringSoon returns how many certificates expire soon, and ExpiringList where they are listed.
func (p overviewPage) ExpiringSoon() int64  { return p.Summary.Expiring[expiresSoon] }
func (p overviewPage) ExpiringList() string { return expiringURL(expiresSoon) }

const maxAuthorities = 50 // on the overview: their own page has them all

// Waiting are the requests that nobody has decided on, as a list shows them.
func (p overviewPage) Waiting() []row { return rowsOf(p.Outstanding) }

// Ending are the certificates that expire next.
func (p overviewPage) Ending() []certificateRow { return p.rows(p.Expiring) }

// Blocked are certificates in force with blocked keys.
func (p overviewPage) Blocked() []certificateRow { return p.rows(p.Overview.Blocked) }

func (p overviewPage) rows(certificates []*notary.Certificate) (rows []certificateRow) {
	for _, cert := range certificates {
		title, more := titleOf(cert.CommonName, cert.Names)
		rows = append(rows, certificateRow{cert, title, more, cert.Status(p.now)})
	}
	return rows
}

// Shown are the authorities that are listed.
func (p overviewPage) Shown() []*notary.AuthorityState {
	return p.Authorities[:min(len(p.Authorities), maxAuthorities)]
}

// OtherAuthorities is how many are not.
func (p overviewPage) OtherAuthorities() int { return len(p.Authorities) - len(p.Shown()) }

// NeedCare are the authorities that somebody has to look at. The end of one that is disabled,
// as a successor does it, or that is revoked, is nothing to prevent.
func (p overviewPage) NeedCare() (all []caredFor) {
	for _, a := range p.Authorities {
		ends := a.EndsSoon && a.Authority.Enabled && a.Status != notary.AuthorityRevoked
		if len(all) < maxAuthorities && (ends || a.CRLDue || a.Status == notary.AuthorityPending) {
			all = append(all, caredFor{a, ends})
		}
	}
	return all
}

// caredFor is an authority that needs care.
type caredFor struct {
	*notary.AuthorityState
	Ends bool // it ends soon, or has ended
}

// Statuses are the counts of requests in the order of a request's life.
func (p overviewPage) Statuses() (all []statusCount) {
	for _, status := range notary.RequestStatuses {
		all = append(all, statusCount{status, p.Summary.Requests[status]})
	}
	return all
}

type statusCount struct {
	Status notary.RequestStatus
	Count  int64
}
