package rest

import (
	"context"
	"time"

	"notary"
	"notary/api"
)

func (r *routes) impact(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.AuthorityImpact], error) {
	impact, err := r.ca.Impact(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(impactToAPI(impact)), nil
}

func impactToAPI(i *notary.Impact) api.AuthorityImpact {
	out := api.AuthorityImpact{
		Certificates: i.Certificates, AtLeast: i.AtLeast, First: optionalTime(i.First), Last: optionalTime(i.Last),
		Others:     i.Others,
		Requesters: []api.RequesterImpact{}, Months: []api.MonthImpact{}, Authorities: []api.SubordinateImpact{},
	}
	for _, r := range i.Requesters {
		out.Requesters = append(out.Requesters, api.RequesterImpact(r))
	}
	for _, m := range i.Months {
		out.Months = append(out.Months, api.MonthImpact{Month: m.Month.Format("2006-01"), Certificates: m.Certificates})
	}
	for _, a := range i.Authorities {
		out.Authorities = append(out.Authorities, api.SubordinateImpact(a))
	}
	return out
}

func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
