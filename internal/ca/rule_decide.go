package ca

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// ruling is the decision of the active rules on a request.
type ruling struct {
	set      *policy.RuleSet
	rule     *notary.Rule         // nil if none matches
	decision *notary.RuleDecision // nil if none matches
	signed   *signature           // by the rule; nil unless it signs
	csr      *pki.CSR             // of the request
}

func (r *ruling) has(effect notary.Effect) bool {
	return r != nil && r.decision != nil && r.decision.Effect == effect
}

// hold changes the decision so that the request is held for review.
func (r *ruling) hold(reason string) {
	r.decision, r.signed = policy.Held(r.rule, reason), nil
}

// overrule drops the decision, because the caller has signed the request. It keeps the set, so that [Service.apply]
// fails if the active rules have changed: a new rule could refuse the request.
func (r *ruling) overrule() {
	if r != nil {
		r.rule, r.decision = nil, nil
	}
}

// decideByRules returns the decision of the active rules on a request. csr is the request's CSR, or nil for a recorded
// request. The transaction that records the decision must call [store.Tx.RequireRules], as [Service.apply] does.
func (s *Service) decideByRules(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o SignOptions) (*ruling, error) {
	set, err := s.issuers.Rules(ctx)
	if err != nil {
		return nil, err
	}
	if set.Empty() { // according to this node's cache: the transaction checks it
		return &ruling{set: set}, nil
	}
	if csr == nil {
		if csr, err = pki.ParseStoredCSR(req.CSR); err != nil {
			return nil, err
		}
	}
	signed, err := signedCSR(req, csr, &SignOptions{})
	if err != nil {
		return nil, err
	}
	verdict, err := set.Decide(s.facts(ctx, caller, req, signed, o))
	if err != nil {
		return nil, err
	}
	return &ruling{set: set, rule: verdict.Rule, decision: verdict.Decision, csr: csr}, nil
}

// signByRule signs a request if the rules decide so. If signing is refused, or in the last attempt, the request is held
// for review.
func (s *Service) signByRule(ctx context.Context, caller notary.Caller, req *notary.Request, o SignOptions, r *ruling,
	last bool) error {
	switch {
	case !r.has(notary.SignEffect):
		return nil
	case last:
		r.hold("the request could not be signed: the CA or the rules were being changed")
		return nil
	}
	if err := s.checkQuota(ctx, caller); err != nil {
		return err
	}
	err := s.tryToSignByRule(ctx, caller, req, o, r)
	switch notary.KindOf(err) {
	case "", notary.Internal, notary.Unavailable, notary.OutcomeUnknown: // a later call may succeed
		return err
	}
	if ctx.Err() != nil {
		return err
	}
	r.hold("the request could not be signed: " + message(err))
	return nil
}

func message(err error) string {
	var e *notary.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

func (s *Service) tryToSignByRule(ctx context.Context, caller notary.Caller, req *notary.Request, o SignOptions,
	r *ruling) error {
	o, err := s.optionsOfRule(ctx, r.rule, o)
	if err != nil {
		return err
	}
	if r.signed, err = s.prepare(ctx, program(caller), req, r.csr, o); err != nil {
		return err
	}
	if end := s.now().Add(r.rule.MaxValidity); r.rule.MaxValidity != 0 && r.signed.cert.NotAfter.After(end) {
		r.signed = nil
		return unprocessable("not_valid_after", "the certificate would be valid for longer than the rule allows, which is %s",
			notary.FormatPeriod(r.rule.MaxValidity))
	}
	r.signed.decision = r.decision
	return nil
}

// optionsOfRule returns the options with which a rule signs. It returns an error if the requester asks for another
// authority or profile or a longer validity, or if the profile is for CAs.
func (s *Service) optionsOfRule(ctx context.Context, rule *notary.Rule, asked SignOptions) (o SignOptions, err error) {
	profile, err := s.issuers.Profile(ctx, rule.Profile)
	if err != nil {
		return o, err
	}
	switch {
	case asked.Profile != "" && asked.Profile != rule.Profile:
		return o, unprocessable("profile", "the requested profile is %s, but the rule signs with %s", asked.Profile,
			rule.Profile)
	case asked.AuthorityID != 0 && asked.AuthorityID != rule.AuthorityID:
		return o, unprocessable("certificate_authority_id", "the requested CA is %d, but the rule signs with CA %d", asked.AuthorityID, rule.AuthorityID)
	case profile.CA:
		return o, unprocessable("profile", "the profile %s is for CAs, but rules sign only end-entity certificates", rule.Profile)
	}
	o = SignOptions{AuthorityID: rule.AuthorityID, Profile: rule.Profile, NotAfter: asked.NotAfter}
	if rule.MaxValidity == 0 {
		return o, nil
	}
	end := s.now().Add(rule.MaxValidity)
	switch {
	case o.NotAfter.After(end):
		return o, unprocessable("not_valid_after", "the requested validity is longer than the rule allows (%s)",
			notary.FormatPeriod(rule.MaxValidity))
	case o.NotAfter.IsZero() && profile.Validity > rule.MaxValidity:
		o.NotAfter = end
	}
	return o, nil
}

// program returns the caller for actions of rules: the program itself, with the request ID of caller.
func program(caller notary.Caller) notary.Caller {
	by := notary.SystemCaller
	by.RequestID = caller.RequestID
	return by
}

// apply records the decision of the rules on a request that the transaction has inserted. It returns an error if the
// active rules have changed since.
func (s *Service) apply(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request, r *ruling) error {
	if r == nil {
		return nil
	}
	if err := tx.RequireRules(r.set.Version); err != nil {
		return err
	}
	switch {
	case r.signed != nil:
		if err := tx.CountIssuance(ctx, caller); err != nil {
			return err
		}
		r.signed.keyChecked = true
		if err := s.record(ctx, tx, program(caller), req, notary.Active, r.signed); err != nil {
			return &outdatedSignature{err}
		}
	case r.has(notary.RefuseEffect):
		return refuseByRule(tx, caller, req, r.decision)
	case r.has(notary.HoldEffect):
		return tx.Event(notary.EventBy(program(caller), "request.hold", req.Ref()).With(r.decision.Ref()).
			Set(decisionMembers(r.decision)))
	}
	return nil
}

// renewByRule signs a recorded request if the rules decide so. Otherwise it returns the state of the request, or an
// error if a renewal by a rule failed.
func (s *Service) renewByRule(ctx context.Context, caller notary.Caller, req *notary.Request, r *ruling, o IssueOptions,
	last bool) (*Issued, error) {
	if req.Status == notary.Active && r.has(notary.RefuseEffect) {
		return nil, refusedByRule(0, r.decision)
	}
	next, err := req.Status.Next(notary.Sign)
	if err != nil || !r.has(notary.SignEffect) {
		return s.holdAgain(ctx, caller, req.ID, o)
	}
	if err := s.signByRule(ctx, caller, req, o.asked(req), r, last); err != nil {
		return nil, err
	}
	switch {
	case r.signed == nil && req.Certificate != nil: // holdAgain would return the certificate to renew
		return nil, notary.Errorf(notary.Unprocessable, "rule %d (%s) would renew this certificate, but %s", r.rule.ID, r.rule.Name,
			r.decision.Reason)
	case r.signed == nil:
		return s.holdAgain(ctx, caller, req.ID, o)
	}
	issued := &Issued{req.ID, next, r.signed.cert}
	err = s.writeIssued(ctx, caller, func(tx *store.Tx) error {
		if err := tx.RequireRules(r.set.Version); err != nil {
			return err
		}
		if err := sees(ctx, tx, caller, req); err != nil {
			return err
		}
		if err := tx.CountIssuance(ctx, caller); err != nil {
			return err
		}
		if err := s.record(ctx, tx, program(caller), req, next, r.signed); err != nil {
			return &outdatedSignature{err}
		}
		if err := tx.SetDecision(req.ID, r.decision); err != nil {
			return err
		}
		a := Annotation{Note: o.Note, Labels: o.Labels}
		if err := a.again(ctx, tx, caller, req.ID); err != nil {
			return err
		}
		return o.also(tx, caller, issued)
	})
	if err != nil {
		return nil, err
	}
	s.publish(r)
	return issued, nil
}

func refuseByRule(tx *store.Tx, caller notary.Caller, req *notary.Request, d *notary.RuleDecision) error {
	if err := tx.Transition(req, notary.Rejected, 0); err != nil {
		return err
	}
	if err := tx.SetRejection(req.ID, d.Reason); err != nil {
		return err
	}
	return tx.Event(transition(program(caller), notary.Reject, req, notary.Rejected, decisionMembers(d)).With(d.Ref()))
}

func decisionMembers(d *notary.RuleDecision) notary.Fields {
	all := notary.Fields{"rule_version": d.RuleVersion}
	if d.Reason != "" {
		all["reason"] = d.Reason
	}
	return all
}

// outdatedSignature is returned by a transaction that could not record a certificate signed by a rule, for example
// because its CA was disabled meanwhile.
type outdatedSignature struct{ err error }

func (e *outdatedSignature) Error() string { return e.err.Error() }
func (e *outdatedSignature) Unwrap() error { return e.err }

// decisionAttempts is the maximum number of attempts at a decision. A decision is retried if the rules or CAs change
// before it is recorded.
const decisionAttempts = 3

// withRules calls do, and repeats the call if the rules or CAs changed before the decision was recorded. In the last
// attempt, rules do not sign.
func (s *Service) withRules(do func(last bool) error) error {
	for n := 1; ; n++ {
		err := do(n == decisionAttempts)
		var outdated *outdatedSignature
		switch {
		case errors.Is(err, store.ErrRulesChanged):
			s.issuers.ForgetRules()
		case !errors.As(err, &outdated) || notary.KindOf(err) != notary.Conflict:
			return err
		default:
			s.issuers.ForgetProfiles()
		}
		if n == decisionAttempts {
			return err
		}
	}
}

// refusedByRule returns the error of a call whose request a rule refused. If id is not 0, the error contains it.
func refusedByRule(id int64, d *notary.RuleDecision) error {
	refusal := notary.Errorf(notary.RefusedByRule, "refused by rule %d (%s): %s", d.RuleID, d.RuleName,
		strings.TrimSuffix(d.Reason, "."))
	if id != 0 {
		refusal.Message += fmt.Sprintf(" (certificate request %d)", id)
	}
	return refusal
}
