package rest

import (
	"cmp"
	"time"

	"notary"
	"notary/api"
)

// profileToAPI returns every rule with its effective value, in a form that clients can send back.
func profileToAPI(p *notary.Profile) api.Profile {
	return api.Profile{ID: p.ID, Name: p.Name, Version: p.Version, Builtin: p.Builtin, CreatedAt: p.CreatedAt,
		UpdatedAt:    p.UpdatedAt,
		ProfileRules: rulesToAPI(&p.Rules)}
}

func rulesToAPI(r *notary.Rules) api.ProfileRules {
	out := api.ProfileRules{
		Description: r.Description, CA: r.CA,
		KeyUsages: texts(r.KeyUsages), ExtendedKeyUsages: list(r.ExtKeyUsages),
		Validity: notary.FormatPeriod(r.Validity),
		Keys: &api.ProfileKeys{Allowed: texts(r.Keys.Allowed), MinRSABits: r.Keys.MinRSABits, MaxRSABits: r.Keys.MaxRSABits,
			MinRSAExponent: r.Keys.MinRSAExponent},
		Names: &api.ProfileNames{DNS: nameRuleToAPI(r.Names.DNS), IP: nameRuleToAPI(r.Names.IP),
			Email: nameRuleToAPI(r.Names.Email),
			URI:   nameRuleToAPI(r.Names.URI), UPN: nameRuleToAPI(r.Names.UPN), Wildcards: r.Names.Wildcards,
			Underscores: r.Names.Underscores, Required: r.Names.Required, Max: r.Names.Max, NoHost: string(r.Names.NoHost)},
		Subject:  &api.ProfileSubject{Others: string(r.Subject.Others), Attributes: []api.ProfileAttribute{}},
		Policies: list(r.Policies), OCSPNoCheck: r.OCSPNoCheck, LintWarnings: string(r.LintWarnings),
		SHA1Requests: r.SHA1Requests,
	}
	if r.PathLen >= 0 {
		out.PathLength = &r.PathLen
	}
	if r.MaxValidity > 0 {
		out.MaxValidity = notary.FormatPeriod(r.MaxValidity)
	}
	for _, a := range r.Subject.Attributes {
		out.Subject.Attributes = append(out.Subject.Attributes, api.ProfileAttribute{Type: a.Type, Rule: string(a.Action),
			Value: a.Value})
	}
	return out
}

func nameRuleToAPI(r notary.NameRule) *api.ProfileNameRule {
	return &api.ProfileNameRule{Allow: string(cmp.Or(r.Allow, notary.AllowNone)), Listed: list(r.Listed)}
}

func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, word := range words {
		out[i] = string(word)
	}
	return out
}

func rulesFromAPI(in api.ProfileRules) (notary.Rules, error) {
	r := notary.Rules{
		Description: in.Description, CA: in.CA, PathLen: -1,
		KeyUsages: named[notary.KeyUsage](in.KeyUsages), ExtKeyUsages: in.ExtendedKeyUsages,
		Keys: notary.KeyRules{Allowed: notary.KeyKinds}, Subject: notary.SubjectRules{Others: notary.Keep},
		Policies: in.Policies, OCSPNoCheck: in.OCSPNoCheck, LintWarnings: notary.LintWarnings(in.LintWarnings),
		SHA1Requests: in.SHA1Requests,
	}
	if in.PathLength != nil {
		if r.PathLen = *in.PathLength; r.PathLen < 0 {
			r.PathLen = -2 // clients must not send -1, which means no limit
		}
	}
	var err error
	if r.Validity, err = period("validity", in.Validity); err != nil {
		return r, err
	}
	if in.MaxValidity != "" {
		if r.MaxValidity, err = period("max_validity", in.MaxValidity); err != nil {
			return r, err
		}
	}
	if in.Keys != nil {
		r.Keys = notary.KeyRules{Allowed: named[notary.KeyKind](in.Keys.Allowed), MinRSABits: in.Keys.MinRSABits,
			MaxRSABits:     in.Keys.MaxRSABits,
			MinRSAExponent: in.Keys.MinRSAExponent}
	}
	if in.Names == nil {
		in.Names = &api.ProfileNames{}
	}
	r.Names = notary.NameRules{DNS: nameRuleFromAPI(in.Names.DNS), IP: nameRuleFromAPI(in.Names.IP),
		Email: nameRuleFromAPI(in.Names.Email),
		URI:   nameRuleFromAPI(in.Names.URI), UPN: nameRuleFromAPI(in.Names.UPN), Wildcards: in.Names.Wildcards,
		Underscores: in.Names.Underscores, Required: in.Names.Required, Max: in.Names.Max,
		NoHost: notary.NoHostAction(in.Names.NoHost)}
	if r.LintWarnings == "" {
		r.LintWarnings = notary.KeepWarnings
	}
	if in.Subject != nil {
		r.Subject = subjectFromAPI(in.Subject)
	}
	return r, nil
}

func subjectFromAPI(in *api.ProfileSubject) notary.SubjectRules {
	rules := notary.SubjectRules{Others: notary.AttributeAction(in.Others)}
	if rules.Others == "" {
		rules.Others = notary.Keep
	}
	for _, a := range in.Attributes {
		rules.Attributes = append(rules.Attributes, notary.AttributeRule{Type: a.Type,
			Action: notary.AttributeAction(a.Rule), Value: a.Value})
	}
	return rules
}

func nameRuleFromAPI(in *api.ProfileNameRule) notary.NameRule {
	if in == nil {
		return notary.NameRule{Allow: notary.AllowNone}
	}
	return notary.NameRule{Allow: notary.Allowance(in.Allow), Listed: in.Listed}
}

func named[T ~string](words []string) []T {
	var out []T
	for _, word := range words {
		out = append(out, T(word))
	}
	return out
}

func period(field, text string) (time.Duration, error) {
	d, ok := notary.ParsePeriod(text)
	if !ok || d == 0 {
		return 0, notary.FieldErrorf(field, "%s must be a duration such as 90d, 12h or 30m", field)
	}
	return d, nil
}

func checkToAPI(t *notary.ProfileTrial) api.ProfileCheck {
	out := api.ProfileCheck{Verdicts: []api.Verdict{}, Lint: []api.LintFinding{}, Looked: t.Looked,
		Refused: triedToAPI(t.Refused), Allowed: triedToAPI(t.Allowed)}
	if t.Trial == nil {
		return out
	}
	ok := t.Trial.OK()
	out.OK = &ok
	out.Verdicts, out.Lint = verdictsToAPI(t.Trial), findingsToAPI(t.Trial.Findings)
	return out
}

func verdictsToAPI(t *notary.Trial) []api.Verdict {
	all := []api.Verdict{}
	for _, v := range t.Verdicts {
		all = append(all, api.Verdict{Rule: v.Rule, OK: v.OK, Reason: v.Reason})
	}
	return all
}

func triedToAPI(requests []notary.TriedRequest) []api.Tried {
	out := make([]api.Tried, len(requests))
	for i, r := range requests {
		out[i] = api.Tried{ID: r.ID, CommonName: r.CommonName, DNSNames: list(r.Names.DNS), IPAddresses: list(r.Names.IP),
			EmailAddresses: list(r.Names.Email), URIs: list(r.Names.URI), UPNs: list(r.Names.UPN), Reason: r.Reason}
	}
	return out
}

// findingsToAPI converts findings. It never returns nil, which would mean that the lints did not run.
func findingsToAPI(findings []notary.Finding) []api.LintFinding {
	out := make([]api.LintFinding, len(findings))
	for i, f := range findings {
		out[i] = api.LintFinding{Lint: f.Lint, Level: string(f.Level), Description: f.Description, Citation: f.Citation}
	}
	return out
}
