package rest

import (
	"strings"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

// The inputs of the lists of requests and certificates. The zero value is a call without parameters, because no
// parameter accepts an empty or zero value.
type (
	requestList     struct{ api.RequestQuery }
	certificateList struct{ api.CertificateQuery }
)

func (in requestList) query() (notary.Query, error) {
	filter, err := requestFilter(in.RequestFilter)
	return queryOf(in.Paging, filter), err
}

func (in certificateList) query() (notary.Query, error) {
	filter, err := certificateFilter(in.CertificateFilter)
	return queryOf(in.Paging, filter), err
}

func queryOf(p api.Paging, f notary.Filter) notary.Query {
	q := notary.Query{Filter: f, Limit: p.Limit, Sort: notary.Sort(p.Sort), After: notary.Cursor(p.After),
		Before: notary.Cursor(p.Before)}
	if q.Limit == 0 {
		q.Limit = notary.DefaultPage
	}
	if q.Sort == "" {
		q.Sort = notary.ByID
	}
	return q
}

func requestFilter(in api.RequestFilter) (notary.Filter, error) {
	f, err := filterOf(in.Filter)
	f.Status = notary.RequestStatus(in.Status)
	return f, err
}

func certificateFilter(in api.CertificateFilter) (notary.Filter, error) {
	f, err := filterOf(in.Filter)
	if in.Revoked != "" {
		revoked := in.Revoked == "true"
		f.Revoked = &revoked
	}
	return f, err
}

func filterOf(in api.Filter) (f notary.Filter, err error) {
	f = notary.Filter{Email: strings.ToLower(in.Email), OwnedBy: strings.ToLower(in.Owner),
		AuthorityID: int64(in.CertificateAuthorityID), Key: ca.RecordedKey(in.Key),
		NamePrefix: in.NamePrefix}
	if in.Name != "" {
		f.Name = ca.RecordedName(in.Name)
	}
	if in.SerialNumber != "" {
		if f.Serial, err = ca.RecordedSerial(in.SerialNumber); err != nil {
			return f, err
		}
	}
	if in.Fingerprint != "" {
		if f.Fingerprint, err = ca.RecordedFingerprint(in.Fingerprint); err != nil {
			return f, err
		}
	}
	if f.Labels, err = ca.RecordedLabels(in.Label); err != nil {
		return f, err
	}
	if err := ca.ReadSearch(&f, in.Q); err != nil {
		return f, err
	}
	if in.Domain != "" {
		if f.Domain, err = ca.RecordedDomain(in.Domain); err != nil {
			return f, err
		}
	}
	if f.ExpiresAfter, err = ca.Moment("expires_after", in.ExpiresAfter); err != nil {
		return f, err
	}
	if f.ExpiresBefore, err = ca.Moment("expires_before", in.ExpiresBefore); err != nil {
		return f, err
	}
	if f.Expiring, err = ca.Window("expiring", in.Expiring); err != nil {
		return f, err
	}
	return f, refuseBlank(in)
}

// refuseBlank rejects filters that contain only white space, which would not narrow the list.
func refuseBlank(in api.Filter) error {
	for field, text := range map[string]string{"email": in.Email, "owner": in.Owner, "key": in.Key, "name": in.Name,
		"name_prefix": in.NamePrefix, "q": in.Q} {
		if text != "" && strings.TrimSpace(text) == "" {
			return notary.FieldErrorf(field, "%s is blank: specify a value, or omit it", field)
		}
	}
	return nil
}
