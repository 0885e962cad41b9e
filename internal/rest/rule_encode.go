package rest

import (
	"notary"
	"notary/api"
	"notary/internal/ca"
)

func ruleFromAPI(in api.RuleTerms) (t notary.RuleTerms, err error) {
	t = notary.RuleTerms{Name: in.Name, Priority: in.Priority, Expression: in.Expression,
		Effect: notary.Effect(in.Effect), AuthorityID: int64(in.CertificateAuthorityID), Profile: in.Profile,
		Reason: in.Reason}
	if in.MaxValidity != "" {
		t.MaxValidity, err = period("max_validity", in.MaxValidity)
	}
	return t, err
}

func ruleToAPI(r *notary.Rule) api.Rule {
	out := api.Rule{ID: r.ID, Version: r.Version, LatestVersion: r.Latest, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
		RuleTerms: api.RuleTerms{Name: r.Name, Priority: r.Priority, Expression: r.Expression, Effect: string(r.Effect),
			CertificateAuthorityID: api.ID(r.AuthorityID), Profile: r.Profile, Reason: r.Reason}}
	if r.Active != 0 {
		out.ActiveVersion = &r.Active
	}
	if r.MaxValidity != 0 {
		out.MaxValidity = notary.FormatPeriod(r.MaxValidity)
	}
	return out
}

func ruleTryFromAPI(caller notary.Caller, in api.CheckRules) (o ca.RuleTryOptions, err error) {
	o = ca.RuleTryOptions{Only: in.Only, CSR: in.CSR, Last: in.Last, Submission: ca.Submission{Labels: in.Labels,
		SignOptions: ca.SignOptions{AuthorityID: int64(in.CertificateAuthorityID), Profile: in.Profile,
			NotAfter: optionalInstant(in.NotValidAfter)}}}
	if in.Principal != nil {
		o.TokenID = in.Principal.ID
	}
	if o.OwnerGroupID, err = ownerGroup(caller, in.Owner); err != nil {
		return o, err
	}
	for _, p := range in.Rules {
		proposed := ca.ProposedRule{ID: p.ID}
		if p.Rule != nil {
			terms, err := ruleFromAPI(*p.Rule)
			if err != nil {
				return o, ca.InField("rules", err)
			}
			proposed.Terms = &terms
		}
		o.Rules = append(o.Rules, proposed)
	}
	return o, nil
}

func decisionToAPI(d notary.RuleDecision) api.RuleDecision {
	return api.RuleDecision{Effect: string(d.Effect), RuleID: d.RuleID, RuleName: d.RuleName, RuleVersion: d.RuleVersion,
		Reason: d.Reason}
}

func ruleCheckToAPI(t *notary.RuleTrial) api.RuleCheck {
	out := api.RuleCheck{Looked: t.Looked, Signed: t.Effects[notary.SignEffect], Held: t.Effects[notary.HoldEffect],
		Refused: t.Effects[notary.RefuseEffect], Unmatched: t.Unmatched, Failed: t.Failed, Differing: t.Differing,
		Changed: t.Changed, Rules: []api.RuleMatches{}, First: []api.DifferingDecision{},
		FirstChanged: []api.ChangedDecision{}, Failures: []api.RuleFailure{}}
	if t.CSR != nil {
		out.CSR = &api.RuleOutcome{RuleDecision: decisionToAPI(t.CSR.RuleDecision), Problem: t.CSR.Problem,
			Forbidden: t.CSR.Forbidden}
	}
	for _, r := range t.Rules {
		out.Rules = append(out.Rules, api.RuleMatches{RuleID: r.RuleID, Name: r.Name, Priority: r.Priority,
			Effect: string(r.Effect), Matches: r.Matches})
	}
	for _, d := range t.First {
		out.First = append(out.First, api.DifferingDecision{
			TestedRequest: testedToAPI(d.RequestID, d.Status, d.CommonName, d.Names),
			RuleDecision:  decisionToAPI(d.RuleDecision)})
	}
	for _, d := range t.FirstChanged {
		out.FirstChanged = append(out.FirstChanged, api.ChangedDecision{
			TestedRequest: testedToAPI(d.RequestID, d.Status, d.CommonName, d.Names),
			Active:        decisionToAPI(d.Active), RuleDecision: decisionToAPI(d.RuleDecision)})
	}
	for _, f := range t.Failures {
		out.Failures = append(out.Failures, api.RuleFailure{ID: f.RequestID, Count: f.Count,
			RuleDecision: decisionToAPI(f.RuleDecision)})
	}
	return out
}

func testedToAPI(id int64, status notary.RequestStatus, commonName string, names notary.Names) api.TestedRequest {
	return api.TestedRequest{ID: id, Status: string(status), CommonName: commonName, DNSNames: list(names.DNS),
		IPAddresses: list(names.IP), EmailAddresses: list(names.Email), URIs: list(names.URI), UPNs: list(names.UPN)}
}
