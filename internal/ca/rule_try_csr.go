package ca

import (
	"context"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
)

// Submission is how a tested CSR would be submitted.
type Submission struct {
	TokenID      int64 // API token that submits it; 0 for the caller
	OwnerGroupID int64 // group that owns the request; 0 for the submitter
	Labels       notary.Labels
	SignOptions  // only authority, profile and expiry are used
}

// submitter checks how the CSR would be submitted, and returns the principal that would submit it. A caller who may
// manage rules can choose any token that it can see: the result discloses what a token may do.
func (s *Service) submitter(ctx context.Context, caller notary.Caller, o *RuleTryOptions) (notary.Caller, error) {
	if o.AuthorityID != 0 {
		if _, err := s.issuers.Active(ctx, o.AuthorityID); err != nil {
			return caller, err
		}
	}
	if err := s.checkAnnotation(ctx, &Annotation{Labels: o.Labels}); err != nil {
		return caller, err
	}
	switch {
	case o.TokenID == 0:
		return caller, nil
	case o.CSR == "":
		return caller, notary.FieldErrorf("csr", "a principal is tried with a CSR: set csr")
	}
	if err := policy.AllowRole(caller, policy.ManageRules, policy.Resource{}); err != nil {
		return caller, err
	}
	as, err := s.tokenAsCaller(ctx, caller, o.TokenID)
	if err != nil {
		return caller, notary.WithField(err, "principal")
	}
	return as, nil
}

// tokenAsCaller returns the caller that an API token would be at the address of the present caller.
func (s *Service) tokenAsCaller(ctx context.Context, caller notary.Caller, id int64) (as notary.Caller, err error) {
	token, err := s.store.Token(ctx, id)
	if err != nil {
		return as, err
	}
	if err := policy.AllowToSeeToken(caller, token); err != nil {
		return as, err
	}
	if status := token.Status(s.now()); status != notary.TokenActive {
		return as, notary.Errorf(notary.Conflict, "API token %d is %s, so it cannot submit requests: choose another", id,
			status)
	}
	creator, err := s.store.Account(ctx, token.Creator.ID)
	if err != nil {
		return as, err
	}
	return notary.Caller{Principal: token.Ref(), Role: notary.NoRole, Address: caller.Address, Protocol: caller.Protocol,
		Token: token.Rights(creator.Role)}, nil
}

// submitProblem returns why the principal may not submit the request, or "" if it may. It does not ask whether the
// caller's own role can submit requests, so that those who only read can test rules.
func (s *Service) submitProblem(ctx context.Context, as notary.Caller, req *notary.Request,
	csr *pki.CSR) (string, error) {
	err := allowOwner(ctx, s.store, as, req.OwnerGroupID)
	if err == nil && as.Token != nil {
		if err = policy.AllowRole(as, policy.CreateRequest, policy.Resource{}); err == nil {
			err = allowCreate(ctx, s.store, as, req, csr)
		}
	}
	switch notary.KindOf(err) {
	case notary.Forbidden:
		return message(err), nil
	default:
		return "", err
	}
}

// tryCSR returns the decision of the rules on a CSR. If they would sign it, the outcome includes any problem that would
// prevent this.
func (t *ruleTrier) tryCSR(ctx context.Context, as notary.Caller, o RuleTryOptions) (*notary.RuleOutcome, error) {
	csr, err := pki.ParseCSR(o.CSR)
	if err != nil {
		return nil, err
	}
	req := &notary.Request{CommonName: csr.CommonName, Names: csr.Names, RequesterID: as.Account().ID,
		OwnerGroupID: o.OwnerGroupID, Labels: o.Labels}
	forbidden, err := t.service.submitProblem(ctx, as, req, csr)
	if err != nil {
		return nil, err
	}
	facts := t.service.facts(ctx, as, req, csr, o.SignOptions)
	t.watchOwner(facts)
	verdict, err := t.decide(t.set, facts)
	if err != nil {
		return nil, err
	}
	out := &notary.RuleOutcome{RuleDecision: decisionOrHold(verdict), Forbidden: forbidden}
	if out.Effect == notary.SignEffect {
		problem, err := t.service.signingProblem(ctx, verdict.Rule, csr, o.SignOptions)
		if err != nil {
			return nil, err
		}
		out.Problem = problem
	}
	return out, nil
}

// signingProblem returns what would prevent a rule from signing a CSR, or "" if nothing would.
func (s *Service) signingProblem(ctx context.Context, rule *notary.Rule, csr *pki.CSR, o SignOptions) (string, error) {
	trial, err := func() (*notary.Trial, error) {
		if _, err := s.optionsOfRule(ctx, rule, o); err != nil {
			return nil, err
		}
		issuer, err := s.issuers.Active(ctx, rule.AuthorityID)
		if err != nil {
			return nil, err
		}
		profile, err := s.issuers.Profile(ctx, rule.Profile)
		if err != nil {
			return nil, err
		}
		return trier{service: s, issuer: &issuer.Issuer, stored: profile, changed: profile}.tryCSR(ctx, csr)
	}()
	switch kind := notary.KindOf(err); {
	case kind == notary.Internal || kind == notary.Unavailable:
		return "", err
	case err != nil:
		return message(err), nil
	case !trial.OK():
		return trial.Reason(), nil
	}
	return "", nil
}
