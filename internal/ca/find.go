package ca

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"notary"
	"notary/internal/store"
)

// Requests returns one page of the requests that the caller may see, with their certificates.
func (s *Service) Requests(ctx context.Context, caller notary.Caller,
	q notary.Query) (notary.Page[*notary.Request], error) {
	if err := checkRequestFilter(q.Filter); err != nil {
		return notary.Page[*notary.Request]{}, err
	}
	q.Filter.Now = s.now()
	return page(ctx, s.store, caller, q, s.store.RequestsSeen, (*viewer).requests)
}

// Certificates returns one page of the certificates that the caller may see.
func (s *Service) Certificates(ctx context.Context, caller notary.Caller,
	q notary.Query) (notary.Page[*notary.Certificate], error) {
	if err := checkCertificateFilter(q.Filter); err != nil {
		return notary.Page[*notary.Certificate]{}, err
	}
	q.Filter.Now = s.now()
	return page(ctx, s.store, caller, q, s.store.CertificatesSeen, (*viewer).certificates)
}

// EachRequest calls fn for each request that the filter matches and the caller may see, ordered by ID.
func (s *Service) EachRequest(ctx context.Context, caller notary.Caller, f notary.Filter,
	fn func(*notary.Request) error) error {
	if err := checkRequestFilter(f); err != nil {
		return err
	}
	f.Now = s.now()
	return each(ctx, s.store, caller, f, fn, s.store.EachRequest, (*viewer).requests)
}

// EachCertificate calls fn for each certificate that the filter matches and the caller may see, ordered by ID.
func (s *Service) EachCertificate(ctx context.Context, caller notary.Caller, f notary.Filter,
	fn func(*notary.Certificate) error) error {
	if err := checkCertificateFilter(f); err != nil {
		return err
	}
	f.Now = s.now()
	return each(ctx, s.store, caller, f, fn, s.store.EachCertificate, (*viewer).certificates)
}

func checkRequestFilter(f notary.Filter) error {
	if f.Revoked != nil {
		return notary.FieldErrorf("revoked", "revoked applies to certificates: filter requests by status")
	}
	return nil
}

func checkCertificateFilter(f notary.Filter) error {
	if f.Status != "" {
		return notary.FieldErrorf("status", "status applies to requests: filter certificates by revoked")
	}
	return nil
}

type seen[T any] func(*viewer, context.Context, viewReader, []T) ([]T, error)

func page[T any](ctx context.Context, st *store.Store, caller notary.Caller, q notary.Query,
	read func(context.Context, notary.Query, store.Seen[T]) (notary.Page[T], error),
	seen seen[T]) (none notary.Page[T], err error) {
	v, err := viewerOf(ctx, st, caller)
	if err != nil {
		return none, err
	}
	if err := checkPage(q.Limit, q.After, q.Before); err != nil {
		return none, err
	}
	if !slices.Contains(notary.Sorts, q.Sort) {
		return none, notary.FieldErrorf("sort",
			"%.40q is not a sort order: use id, not_after or common_name, with a leading - for descending", q.Sort)
	}
	if err := checkFilter(q.Filter); err != nil {
		return none, err
	}
	if ok, err := v.narrow(ctx, st, &q.Filter); !ok || err != nil {
		return none, err
	}
	if v.all {
		return read(ctx, q, nil)
	}
	return read(ctx, q, func(ctx context.Context, all []T) ([]T, error) { return seen(v, ctx, st, all) })
}

func checkPage(limit int, after, before notary.Cursor) error {
	switch {
	case limit < 1 || limit > notary.MaxPage:
		return notary.FieldErrorf("limit", "the limit must be from 1 to %d", notary.MaxPage)
	case after != "" && before != "":
		return notary.FieldErrorf("before", "set after or before, not both")
	}
	return nil
}

// verifyEvery is the number of listed objects after which the caller and its grants are verified again.
const verifyEvery = 100

// each calls fn for each matching object that the caller may see. It fails once the caller's account, session or token
// has ended.
func each[T any](ctx context.Context, st *store.Store, caller notary.Caller, f notary.Filter, fn func(T) error,
	read func(context.Context, notary.Filter, func(T) error) error, seen seen[T]) error {
	v, err := viewerOf(ctx, st, caller)
	if err != nil {
		return err
	}
	if err := checkFilter(f); err != nil {
		return err
	}
	if ok, err := v.narrow(ctx, st, &f); !ok || err != nil {
		return err
	}
	n := 0
	return read(ctx, f, func(one T) error {
		if n++; n%verifyEvery == 0 {
			if err := st.Verify(ctx, caller); err != nil {
				return err
			}
			if v, err = viewerOf(ctx, st, caller); err != nil {
				return err
			}
		}
		if v.all {
			return fn(one)
		}
		shown, err := seen(v, ctx, st, []T{one})
		if err != nil || len(shown) == 0 {
			return err
		}
		return fn(one)
	})
}

const (
	maxFilterText = 300 // characters in a value
	maxWords      = 8
)

func checkFilter(f notary.Filter) error {
	if len(f.Labels) > maxWords {
		return notary.FieldErrorf("label", "more than %d labels: omit some", maxWords)
	}
	for _, text := range []struct{ field, value string }{
		{"email", f.Email}, {"owner", f.OwnedBy}, {"serial_number", f.Serial}, {"fingerprint", f.Fingerprint}, {"key", f.Key},
		{"name", f.Name}, {"name_prefix", f.NamePrefix}, {"domain", f.Domain}, {"q", strings.Join(f.Search, " ")},
	} {
		if utf8.RuneCountInString(text.value) > maxFilterText {
			return notary.FieldErrorf(text.field, "%s is longer than %d characters", text.field, maxFilterText)
		}
		if !utf8.ValidString(text.value) || strings.ContainsRune(text.value, 0) {
			return notary.FieldErrorf(text.field, "%s must be UTF-8 without NUL characters", text.field)
		}
	}
	switch {
	case len(f.Search) > maxWords:
		return notary.FieldErrorf("q", "more than %d search words: omit some", maxWords)
	case f.Status != "" && !slices.Contains(notary.RequestStatuses, f.Status):
		return notary.FieldErrorf("status", "%.40q is not a status: use Outstanding, Active, Rejected or Revoked", f.Status)
	case f.AuthorityID < 0:
		return notary.FieldErrorf("certificate_authority_id", "an ID must be a positive integer")
	case !f.ExpiresAfter.IsZero() && !f.ExpiresBefore.IsZero() && !f.ExpiresAfter.Before(f.ExpiresBefore):
		return notary.FieldErrorf("expires_before", "expires_before must be later than expires_after")
	}
	return nil
}
