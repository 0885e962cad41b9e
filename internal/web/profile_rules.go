package web

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/web/page"
)

// The fields of the form are named as in the API, so that errors match.

var nameFields = []struct {
	Field, Label, ListLabel, Example string
	of                               func(*notary.NameRules) *notary.NameRule
}{
	{"names.dns", "DNS names", "Allowed DNS names", "example.com (and subdomains), .example.com (subdomains only)",
		func(r *notary.NameRules) *notary.NameRule { return &r.DNS }},
	{"names.ip", "IP addresses", "Allowed IP addresses", "10.0.0.0/8 or a single address",
		func(r *notary.NameRules) *notary.NameRule { return &r.IP }},
	{"names.email", "Email addresses", "Allowed email addresses", "example.com, .example.com or a single address",
		func(r *notary.NameRules) *notary.NameRule { return &r.Email }},
	{"names.uri", "URIs", "Allowed URIs", "A host, or a prefix such as spiffe://example.org/web",
		func(r *notary.NameRules) *notary.NameRule { return &r.URI }},
	{"names.upn", "User principal names", "Allowed user principal names", "corp.example, .corp.example or a single name",
		func(r *notary.NameRules) *notary.NameRule { return &r.UPN }},
}

func ruleFields() []string {
	names := []string{"description", "validity", "max_validity", "key_usages", "extended_key_usages", "keys.allowed",
		"keys.min_rsa_bits", "keys.max_rsa_bits", "keys.min_rsa_exponent", "names.wildcards", "names.underscores",
		"names.required", "names.no_host", "names.max", "subject.attributes", "subject.others", "ca", "path_length",
		"policies", "ocsp_no_check", "lint_warnings"}
	for _, n := range nameFields {
		names = append(names, n.Field+".allow", n.Field+".listed")
	}
	return names
}

func valuesOf(r *notary.Rules) url.Values {
	v := url.Values{
		"description":         {r.Description},
		"ca":                  flag(r.CA),
		"key_usages":          texts(r.KeyUsages),
		"extended_key_usages": {strings.Join(r.ExtKeyUsages, "\n")},
		"validity":            {notary.FormatPeriod(r.Validity)},
		"keys.allowed":        texts(r.Keys.Allowed),
		"names.wildcards":     flag(r.Names.Wildcards),
		"names.underscores":   flag(r.Names.Underscores),
		"names.required":      flag(r.Names.Required),
		"names.no_host":       {string(r.Names.NoHost)},
		"sha1_requests":       flag(r.SHA1Requests),
		"subject.others":      {string(r.Subject.Others)},
		"subject.attributes":  {attributesText(r.Subject.Attributes)},
		"policies":            {strings.Join(r.Policies, "\n")},
		"ocsp_no_check":       flag(r.OCSPNoCheck),
		"lint_warnings":       {string(r.LintWarnings)},
	}
	if r.MaxValidity > 0 {
		v.Set("max_validity", notary.FormatPeriod(r.MaxValidity))
	}
	if r.PathLen >= 0 && r.CA {
		v.Set("path_length", strconv.Itoa(r.PathLen))
	}
	for field, n := range map[string]int{"keys.min_rsa_bits": r.Keys.MinRSABits, "keys.max_rsa_bits": r.Keys.MaxRSABits,
		"keys.min_rsa_exponent": r.Keys.MinRSAExponent, "names.max": r.Names.Max} {
		if n > 0 {
			v.Set(field, strconv.Itoa(n))
		}
	}
	for _, n := range nameFields {
		rule := n.of(&r.Names)
		v.Set(n.Field+".allow", string(cmp.Or(rule.Allow, notary.AllowNone)))
		v.Set(n.Field+".listed", strings.Join(rule.Listed, "\n"))
	}
	return v
}

func readRules(v url.Values) (r notary.Rules, err error) {
	r = notary.Rules{
		Description: strings.TrimSpace(v.Get("description")), CA: v.Get("ca") == "yes",
		KeyUsages: words[notary.KeyUsage](v["key_usages"]), ExtKeyUsages: lines(v.Get("extended_key_usages")),
		Keys: notary.KeyRules{Allowed: words[notary.KeyKind](v["keys.allowed"])},
		Names: notary.NameRules{Wildcards: v.Get("names.wildcards") == "yes",
			Underscores: v.Get("names.underscores") == "yes",
			Required:    v.Get("names.required") == "yes", NoHost: notary.NoHostAction(v.Get("names.no_host"))},
		Subject:  notary.SubjectRules{Others: notary.AttributeAction(v.Get("subject.others"))},
		Policies: lines(v.Get("policies")), OCSPNoCheck: v.Get("ocsp_no_check") == "yes",
		LintWarnings: notary.LintWarnings(v.Get("lint_warnings")), SHA1Requests: v.Get("sha1_requests") == "yes",
	}
	if r.Validity, err = readPeriod(v, "validity"); err != nil {
		return r, err
	}
	if strings.TrimSpace(v.Get("max_validity")) != "" {
		if r.MaxValidity, err = readPeriod(v, "max_validity"); err != nil {
			return r, err
		}
	}
	if r.PathLen, err = number(v, "path_length", -1); err != nil {
		return r, err
	}
	if r.Keys.MinRSABits, err = number(v, "keys.min_rsa_bits", 0); err != nil {
		return r, err
	}
	if r.Keys.MaxRSABits, err = number(v, "keys.max_rsa_bits", 0); err != nil {
		return r, err
	}
	if r.Keys.MinRSAExponent, err = number(v, "keys.min_rsa_exponent", 0); err != nil {
		return r, err
	}
	if r.Names.Max, err = number(v, "names.max", 0); err != nil {
		return r, err
	}
	for _, n := range nameFields {
		*n.of(&r.Names) = notary.NameRule{Allow: notary.Allowance(v.Get(n.Field + ".allow")),
			Listed: lines(v.Get(n.Field + ".listed"))}
	}
	r.Subject.Attributes, err = readAttributes(v.Get("subject.attributes"))
	return r, err
}

// attributesText returns the rules, one per line: type, action and value.
func attributesText(rules []notary.AttributeRule) string {
	var all []string
	for _, a := range rules {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %s", a.Type, a.Action, a.Value)))
	}
	return strings.Join(all, "\n")
}

func readAttributes(text string) (rules []notary.AttributeRule, err error) {
	for _, line := range lines(text) {
		name, rest, _ := strings.Cut(line, " ")
		action, value, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if action == "" {
			return nil, notary.FieldErrorf("subject.attributes",
				"%.60q has no action: add keep, fixed or refuse", line)
		}
		rules = append(rules, notary.AttributeRule{Type: name, Action: notary.AttributeAction(action),
			Value: strings.TrimSpace(value)})
	}
	return rules, nil
}

func readPeriod(v url.Values, field string) (time.Duration, error) {
	d, ok := notary.ParsePeriod(strings.TrimSpace(v.Get(field)))
	if !ok || d == 0 {
		return 0, notary.FieldErrorf(field, "enter a duration such as 90d, 12h or 30m")
	}
	return d, nil
}

func number(v url.Values, field string, without int) (int, error) {
	text := strings.TrimSpace(v.Get(field))
	if text == "" {
		return without, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, notary.FieldErrorf(field, "enter a whole number, or leave it blank")
	}
	return n, nil
}

func lines(text string) (all []string) {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func flag(set bool) []string {
	if set {
		return []string{"yes"}
	}
	return nil
}

func texts[T ~string](words []T) (all []string) {
	for _, word := range words {
		all = append(all, string(word))
	}
	return all
}

func words[T ~string](texts []string) (all []T) {
	for _, text := range texts {
		all = append(all, T(text))
	}
	return all
}

func (profileForm) KeyUsages() []page.Option { return choices(notary.KeyUsages) }
func (profileForm) KeyKinds() []page.Option  { return choices(notary.KeyKinds) }

func (profileForm) Purposes() string { return strings.Join(notary.ExtKeyUsageNames, ", ") }

func (profileForm) Allowances() []page.Option {
	return []page.Option{{Value: string(notary.AllowNone), Label: "Not allowed"},
		{Value: string(notary.AllowAny), Label: "Any"},
		{Value: string(notary.AllowListed), Label: "Only these"}}
}

func (profileForm) Others() []page.Option {
	return []page.Option{{Value: string(notary.Keep), Label: "Keep as in the CSR"},
		{Value: string(notary.Refuse), Label: "Reject the request"}}
}

// NoHosts returns the possible actions for a request for a server certificate without a host name.
func (profileForm) NoHosts() []page.Option {
	return []page.Option{{Value: "", Label: "Default: warn for likely clients, otherwise reject"},
		{Value: string(notary.RefuseNoHost), Label: "Reject"},
		{Value: string(notary.ReportNoHost), Label: "Issue with a warning"}}
}

func (profileForm) Warnings() []page.Option {
	return []page.Option{{Value: string(notary.KeepWarnings),
		Label: "Issue and record"},
		{Value: string(notary.RefuseWarnings), Label: "Reject"}}
}

func (profileForm) NameFields() any { return nameFields }

func choices[T ~string](words []T) (all []page.Option) {
	for _, word := range words {
		all = append(all, page.Option{Value: string(word), Label: string(word)})
	}
	return all
}

type nameRuleView struct {
	Label string
	notary.NameRule
}

func (p profilePage) NameRules() (all []nameRuleView) {
	for _, n := range nameFields {
		all = append(all, nameRuleView{n.Label, *n.of(&p.Names)})
	}
	return all
}

func (p profilePage) ValidFor() string { return notary.FormatPeriod(p.Validity) }

// ValidAtMost returns the maximum validity, or "" without a limit.
func (p profilePage) ValidAtMost() string {
	if p.MaxValidity == 0 {
		return ""
	}
	return notary.FormatPeriod(p.MaxValidity)
}
