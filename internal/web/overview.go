package web

import "notary"

// overviewPage is what needs somebody's attention.
type overviewPage struct {
	notary.Overview
	Chart chart
	Step  int // of the first ones, up to the first certificate; 0 when it is there
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
	return c.show("overview", "Overview", overviewPage{o, chartOf(o.Weeks), firstStep(o, c.caller)})
}

// firstStep is what comes next on a new service, for those who can take it.
func firstStep(o notary.Overview, caller notary.Caller) int {
	switch {
	case caller.May(notary.ManageAuthorities) && len(o.Authorities) == 0:
		return stepAuthority
	case o.Summary != nil && o.Summary.Certificates <= int64(len(o.Authorities)) && len(o.Outstanding) == 0 && caller.May(notary.CreateRequests):
		return stepRequest
	default:
		return 0
	}
}

// NeedCare are the authorities that somebody has to look at.
func (p overviewPage) NeedCare() (all []*notary.AuthorityState) {
	for _, a := range p.Authorities {
		if a.EndsSoon || a.CRLDue || a.Status == notary.AuthorityPending {
			all = append(all, a)
		}
	}
	return all
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
