package web

import (
	"net/url"
	"time"

	"notary"
	"notary/internal/web/page"
)

type overviewPage struct {
	notary.Overview
	Chart page.Chart
	Step  int // the next setup step for the caller, or 0
	now   time.Time
}

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

func expirationChart(weeks []notary.Week) page.Chart {
	var periods []page.Period
	for _, w := range weeks {
		list := expiringURL(7*notary.OverviewWeeks) + "&" +
			url.Values{"expires_after": {moment(w.From)}, "expires_before": {moment(w.Until)}}.Encode()
		periods = append(periods, page.Period{From: w.From, Until: w.Until, Count: w.Count, List: list})
	}
	return page.NewChart(periods)
}

// ExpiringSoon returns the number of certificates that expire soon, and ExpiringList the URL of their list.
func (p overviewPage) ExpiringSoon() int64  { return p.Summary.Expiring[expiresSoon] }
func (p overviewPage) ExpiringList() string { return expiringURL(expiresSoon) }

const maxAuthorities = 50 // on the overview

func (p overviewPage) Pending() []row { return rowsOf(p.Outstanding) }

func (p overviewPage) NextToExpire() []certificateRow { return p.rows(p.Expiring) }

// Blocked returns the rows of the valid certificates with blocked keys.
func (p overviewPage) Blocked() []certificateRow { return p.rows(p.Overview.Blocked) }

// Unused reports whether a token counts as unused: see [notary.Token.Unused].
func (p overviewPage) Unused(t *notary.Token) bool { return t.Unused(p.now) }

func (p overviewPage) rows(certificates []*notary.Certificate) (rows []certificateRow) {
	for _, cert := range certificates {
		title, more := titleOf(cert.CommonName, cert.Names)
		rows = append(rows, certificateRow{Certificate: cert, Title: title, More: more, State: cert.Status(p.now)})
	}
	return rows
}

// Shown returns the authorities shown in the list.
func (p overviewPage) Shown() []*notary.AuthorityState {
	return p.Authorities[:min(len(p.Authorities), maxAuthorities)]
}

// OtherAuthorities returns the number of authorities not shown.
func (p overviewPage) OtherAuthorities() int { return len(p.Authorities) - len(p.Shown()) }

// NeedAttention returns the first maxAuthorities authorities that need attention. The expiry of a disabled or revoked
// authority is ignored.
func (p overviewPage) NeedAttention() (all []attentionItem) {
	for _, a := range p.Authorities {
		ends := a.EndsSoon && a.Authority.Enabled && a.Status != notary.AuthorityRevoked
		if len(all) < maxAuthorities && (ends || a.CRLDue || a.Status == notary.AuthorityPending) {
			all = append(all, attentionItem{a, ends})
		}
	}
	return all
}

type attentionItem struct {
	*notary.AuthorityState
	Ends bool // whether it has expired or expires soon
}

// Statuses returns the counts of requests in life-cycle order.
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
