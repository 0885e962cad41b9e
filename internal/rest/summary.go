package rest

import (
	"context"

	"notary"
	"notary/api"
)

func (r *routes) summaries() {
	handle(r, operation{id: "getSummary", method: "GET", path: "/api/v1/summary", status: 200, needs: notary.ReadRequests,
		summary: "Get counts", doc: "Requests by status, certificates and upcoming expirations."}, r.summary)
}

func (r *routes) summary(ctx context.Context, caller notary.Caller, _ *none) (*answer[api.Summary], error) {
	sum, err := r.ca.Summary(ctx, caller)
	if err != nil {
		return nil, err
	}
	return result(summaryToAPI(sum)), nil
}

func summaryToAPI(sum notary.Summary) api.Summary {
	out := api.Summary{CertificateRequests: map[string]int64{}, Certificates: sum.Certificates, Revoked: sum.Revoked,
		DamagedRecords: sum.Damaged}
	for status, n := range sum.Requests {
		out.CertificateRequests[string(status)] = n
	}
	for _, days := range notary.ExpiryWindows {
		out.Expiring = append(out.Expiring, api.Expiring{Days: days, Count: sum.Expiring[days]})
	}
	return out
}
