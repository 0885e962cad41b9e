package ca

import (
	"context"

	"notary"
	"notary/internal/store"
)

// Statistics returns counts for monitoring. It reads maintained counts, except for authorities and tokens.
func (s *Service) Statistics(ctx context.Context) (st notary.Statistics, err error) {
	if st.Summary, err = s.Counts(ctx); err != nil {
		return st, err
	}
	counts, err := s.expiries.get(ctx, s, st.Summary)
	if err != nil {
		return st, err
	}
	st.Counts = certificateCounts(st.Summary, counts)
	if st.Tokens, err = s.store.TokenCounts(ctx, s.now()); err != nil {
		return st, err
	}
	st.QuotaExceeded = s.quotas.count()
	issued, err := s.store.IssuedCounts(ctx)
	if err != nil {
		return st, err
	}
	revoked, err := s.store.RevokedCounts(ctx)
	if err != nil {
		return st, err
	}
	authorities, err := s.store.Authorities(ctx)
	if err != nil {
		return st, err
	}
	known, err := s.store.RevocationCounts(ctx)
	if err != nil {
		return st, err
	}
	lists, err := s.store.ListStates(ctx)
	if err != nil {
		return st, err
	}
	findings := s.revocation.Findings()
	for _, a := range authorities {
		c := notary.AuthorityCounts{ID: a.ID, CommonName: a.CommonName, Issued: issued[a.ID],
			InForce: counts.inForce[a.ID], Revocations: revoked[a.ID], CRLFindings: findings[a.ID]}
		full := store.ListKey{AuthorityID: a.ID}
		c.Unpublished = max(0, known[full]-lists[full].Revocations)
		if lists[full].Number > 0 {
			c.NextUpdate = lists[full].NextUpdate
		}
		if a.Certificate != nil {
			c.NotAfter = a.Certificate.NotAfter
		}
		st.Authorities = append(st.Authorities, c)
	}
	return st, nil
}

// certificateCounts returns the numbers of certificates by state. It derives the number of expired certificates from
// counts that were read separately and may be inconsistent.
func certificateCounts(sum notary.Summary, counts *expiryCounts) notary.CertificateCounts {
	return notary.CertificateCounts{InForce: counts.all, Revoked: sum.Revoked,
		Expired: max(0, sum.Certificates-counts.all-sum.Revoked)}
}
