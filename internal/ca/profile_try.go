package ca

import (
	"context"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/policy"
)

// TryOptions selects what a profile is tested with: a CSR, the latest requests, or both.
type TryOptions struct {
	CSR         string        // PEM; "" for none
	Last        int           // number of latest requests, up to [notary.MaxPage]
	AuthorityID int64         // apply this authority's constraints, and lint with it; 0 for none
	Rules       *notary.Rules // proposed rules, instead of the profile's own
}

// TryProfile tests how a profile would treat requests. It issues and records nothing.
func (s *Service) TryProfile(ctx context.Context, caller notary.Caller, id int64,
	o TryOptions) (*notary.ProfileTrial, error) {
	if err := policy.AllowRole(caller, policy.ViewProfiles, policy.On("profile", id)); err != nil {
		return nil, err
	}
	// The result discloses requests.
	if err := policy.AllowRole(caller, policy.ViewRequests, policy.On("profile", id)); err != nil {
		return nil, err
	}
	stored, err := s.store.Profile(ctx, id)
	if err != nil {
		return nil, err
	}
	if o.Last < 0 || o.Last > notary.MaxPage {
		return nil, notary.FieldErrorf("last", "last must be from 0 to %d", notary.MaxPage)
	}
	if o.CSR == "" && o.Last == 0 {
		return nil, notary.FieldErrorf("csr", "nothing to test: set csr to a CSR, last to a number of recent requests, or both")
	}
	t := trier{service: s, stored: stored, changed: stored}
	if o.Rules != nil {
		if err := issuance.CheckRules(o.Rules); err != nil {
			return nil, InField("profile", err)
		}
		draft := *stored
		draft.Rules = *o.Rules
		t.changed = &draft
	}
	if o.AuthorityID != 0 {
		authority, err := s.issuers.Active(ctx, o.AuthorityID)
		if err != nil {
			return nil, err
		}
		t.issuer = &authority.Issuer
	}
	return t.try(ctx, o)
}

// InField prefixes the field of an error with outer and a dot. If the error has no field, it sets the field to outer.
func InField(outer string, err error) error {
	return notary.MapField(err, func(field string) string {
		if field == "" {
			return outer
		}
		return outer + "." + field
	})
}

type trier struct {
	service         *Service
	issuer          *issuance.Issuer // nil for none
	stored, changed *notary.Profile
}

func (t trier) try(ctx context.Context, o TryOptions) (*notary.ProfileTrial, error) {
	outcome := &notary.ProfileTrial{}
	if o.CSR != "" {
		csr, err := pki.ParseCSR(o.CSR)
		if err != nil {
			return nil, err
		}
		if outcome.Trial, err = t.tryCSR(ctx, csr); err != nil {
			return nil, err
		}
	}
	query := notary.Query{Sort: notary.ByIDDown}
	for outcome.Looked < o.Last {
		query.Limit = o.Last - outcome.Looked
		page, err := t.service.store.Requests(ctx, query)
		if err != nil {
			return nil, err
		}
		for _, req := range page.Items {
			if err := t.compare(ctx, req, outcome); err != nil {
				return nil, err
			}
		}
		if query.After = page.Next; query.After == "" {
			break
		}
	}
	return outcome, nil
}

func (t trier) tryCSR(ctx context.Context, csr *pki.CSR) (*notary.Trial, error) {
	trial, err := issuance.Try(t.issuer, t.changed, csr, t.service.issuers.Terms(time.Time{}))
	if err != nil {
		return nil, err
	}
	key, err := t.service.lookUpKey(ctx, t.service.store, csr.Identity)
	if err != nil {
		return nil, err
	}
	trial.Verdicts = append(trial.Verdicts,
		keyVerdict("compromised_key", key.Compromised, compromisedKey),
		keyVerdict("blocked_key", key.blocked, blockedKey),
		keyVerdict("authority_key", key.AuthorityID != 0, heldKey(key.AuthorityID)))
	return trial, nil
}

func keyVerdict(rule string, refused bool, reason string) notary.Verdict {
	if !refused {
		reason = ""
	}
	return notary.Verdict{Rule: rule, OK: !refused, Reason: reason}
}

// compare adds the request to the outcome if the proposed rules treat it differently or, without proposed rules, if the
// profile refuses it.
func (t trier) compare(ctx context.Context, req *notary.Request, outcome *notary.ProfileTrial) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	outcome.Looked++
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return nil // no profile can be applied to an unreadable request
	}
	was, err := issuance.Try(t.issuer, t.stored, csr, t.service.issuers.Terms(time.Time{}))
	if err != nil {
		return err
	}
	is := was
	if t.changed != t.stored {
		if is, err = issuance.Try(t.issuer, t.changed, csr, t.service.issuers.Terms(time.Time{})); err != nil {
			return err
		}
	}
	tried := notary.TriedRequest{ID: req.ID, CommonName: req.CommonName, Names: req.Names}
	switch {
	case !is.OK() && (was.OK() || is == was):
		tried.Reason = is.Reason()
		outcome.Refused = append(outcome.Refused, tried)
	case is.OK() && !was.OK():
		tried.Reason = was.Reason()
		outcome.Allowed = append(outcome.Allowed, tried)
	}
	return nil
}

// TryRequest checks a CSR (PEM) against a profile, "" for the default, even if the caller may not see the profile's
// rules. It also reports whether the caller or one of its groups already has a request for the CSR.
func (s *Service) TryRequest(ctx context.Context, caller notary.Caller, csrPEM,
	profile string) (*notary.RequestTrial, error) {
	if err := policy.AllowRole(caller, policy.CreateRequest, policy.Resource{}); err != nil {
		return nil, err
	}
	csr, err := pki.ParseCSR(csrPEM)
	if err != nil {
		return nil, err
	}
	p, err := s.issuers.Profile(ctx, profile)
	if err != nil {
		return nil, err
	}
	trial, err := trier{service: s, stored: p, changed: p}.tryCSR(ctx, csr)
	if err != nil {
		return nil, err
	}
	found := &notary.RequestTrial{Trial: *trial}
	return found, s.findRecorded(ctx, caller, csr, found)
}

func (s *Service) findRecorded(ctx context.Context, caller notary.Caller, csr *pki.CSR,
	found *notary.RequestTrial) (err error) {
	found.RequestID, err = s.store.RequestWithContent(ctx, caller.Account().ID, 0, csr.Content())
	found.Recorded = found.RequestID != 0
	return err
}
