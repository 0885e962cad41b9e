package store

import (
	"context"
	"time"

	"notary"
	"notary/internal/store/query"
)

func (r reader) requests() query.List[*notary.Request] {
	return query.List[*notary.Request]{Q: r.q, Limits: r.search, Seal: r.seal, Table: "request", Alias: "r",
		Columns: requestColumns, Joins: requestJoins, Scan: r.scanRequest, Key: func(req *notary.Request) query.Key {
			key := query.Key{ID: req.ID, NotAfter: time.Unix(query.NoEnd, 0), CommonName: req.CommonName}
			if req.Certificate != nil {
				key.NotAfter = req.Certificate.NotAfter
			}
			return key
		}}
}

func (r reader) certificates() query.List[*notary.Certificate] {
	return query.List[*notary.Certificate]{Q: r.q, Limits: r.search, Seal: r.seal, Table: "certificate", Alias: "k",
		Columns: certificateColumns, Joins: certificateJoins, Scan: r.scanCertificate,
		Key: func(c *notary.Certificate) query.Key {
			return query.Key{ID: c.ID, NotAfter: c.NotAfter, CommonName: c.CommonName}
		}}
}

// Requests returns a page of requests with their certificates. It returns the same errors as [query.List.Page].
func (r reader) Requests(ctx context.Context, q notary.Query) (notary.Page[*notary.Request], error) {
	return r.requests().Find(ctx, q)
}

// Certificates returns a page of the inventory with DER and chains. It returns the same errors as [query.List.Page].
func (r reader) Certificates(ctx context.Context, q notary.Query) (notary.Page[*notary.Certificate], error) {
	return r.certificates().Find(ctx, q)
}

// RequestsSeen is like [reader.Requests], but omits the requests that seen does not return.
func (r reader) RequestsSeen(ctx context.Context, q notary.Query, seen Seen[*notary.Request]) (
	notary.Page[*notary.Request], error) {
	l := r.requests()
	l.Seen = seen
	return l.Find(ctx, q)
}

// CertificatesSeen is like [reader.Certificates], but omits the certificates that seen does not return.
func (r reader) CertificatesSeen(ctx context.Context, q notary.Query, seen Seen[*notary.Certificate]) (
	notary.Page[*notary.Certificate], error) {
	l := r.certificates()
	l.Seen = seen
	return l.Find(ctx, q)
}

// Seen filters objects: it returns the objects that a caller may see.
type Seen[T any] = func(context.Context, []T) ([]T, error)

// eachPage is the page size of [reader.EachRequest] and similar methods, which hold no transaction between pages.
const eachPage = 100

// EachRequest calls fn for each request that matches the filter, with its certificate, ordered by ID.
func (r reader) EachRequest(ctx context.Context, f notary.Filter, fn func(*notary.Request) error) error {
	return each(ctx, r.Requests, f, fn)
}

// EachCertificate calls fn for each certificate that matches the filter, with DER and chain, ordered by ID.
func (r reader) EachCertificate(ctx context.Context, f notary.Filter, fn func(*notary.Certificate) error) error {
	return each(ctx, r.Certificates, f, fn)
}

func each[T any](ctx context.Context, page func(context.Context, notary.Query) (notary.Page[T], error), f notary.Filter,
	fn func(T) error) error {
	q := notary.Query{Filter: f, Sort: notary.ByID, Limit: eachPage}
	for {
		p, err := page(ctx, q)
		if err != nil {
			return err
		}
		for _, v := range p.Items {
			if err := fn(v); err != nil {
				return err
			}
		}
		if p.Next == "" {
			return nil
		}
		q.After = p.Next
	}
}
