package issuance

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"notary"
	"notary/internal/pki"
)

type nameRule struct {
	field string
	rule  notary.NameRule
	check func(entry string) bool
	form  string // format of an entry, for messages
}

func nameRules(r *notary.Rules) []nameRule {
	return []nameRule{
		{"names.dns", r.Names.DNS, isDomain, "example.com (and subdomains) or .example.com (subdomains only)"},
		{"names.ip", r.Names.IP, isRange, "10.0.0.0/8, 2001:db8::/32 or a single address"},
		{"names.email", r.Names.Email, isMailbox, "example.com, .example.com (subdomains only) or a single address"},
		{"names.uri", r.Names.URI, isURIRule, "example.com, .example.com (subdomains only), " +
			"spiffe://example.com/web or urn:example:"},
		{"names.upn", r.Names.UPN, isUPNRule, "corp.example, .corp.example (subdomains only) or a single user " +
			"principal name"},
	}
}

func checkNameRules(r *notary.Rules) error {
	for _, n := range nameRules(r) {
		field := n.field + ".listed"
		if n.field == "names.upn" && n.rule.Allow == "" {
			continue
		}
		switch {
		case !slices.Contains([]notary.Allowance{notary.AllowAny, notary.AllowListed, notary.AllowNone}, n.rule.Allow):
			return notary.FieldErrorf(n.field+".allow", "%.40q is not valid: use any, listed or none", n.rule.Allow)
		case n.rule.Allow == notary.AllowListed && len(n.rule.Listed) == 0:
			return notary.FieldErrorf(field, "the list of allowed names is empty: add some, such as %s", n.form)
		case n.rule.Allow != notary.AllowListed && len(n.rule.Listed) > 0:
			return notary.FieldErrorf(field, "a list is given although allow is %s: set allow to listed, or "+
				"remove the list", n.rule.Allow)
		case len(n.rule.Listed) > maxListed:
			return notary.FieldErrorf(field, "too many names: list at most %d", maxListed)
		}
		for i, entry := range n.rule.Listed {
			if !n.check(entry) {
				return notary.FieldErrorf(field, "%.80q cannot be listed here: write it as %s", entry, n.form)
			}
			if slices.Contains(n.rule.Listed[:i], entry) {
				return notary.FieldErrorf(field, "%s is listed twice", entry)
			}
		}
	}
	return nil
}

func isDomain(entry string) bool {
	return pki.IsHostName(strings.TrimPrefix(entry, "."))
}

func isRange(entry string) bool {
	_, ok := parsePrefix(entry)
	return ok
}

func isMailbox(entry string) bool {
	if !strings.Contains(entry, "@") {
		return isDomain(entry)
	}
	names, err := pki.ParseNames([]string{entry})
	return err == nil && len(names.Email) == 1
}

func isUPNRule(entry string) bool {
	if !strings.Contains(entry, "@") {
		return isDomain(entry)
	}
	names, err := pki.ParseNames([]string{notary.UPNPrefix + entry})
	return err == nil && len(names.UPN) == 1
}

func isURIRule(entry string) bool {
	if !strings.Contains(entry, ":") {
		return isDomain(entry)
	}
	if !strings.Contains(entry, "://") {
		return isOpaqueRule(entry)
	}
	names, err := pki.ParseNames([]string{entry})
	if err != nil || len(names.URI) != 1 {
		return false
	}
	uri, err := url.Parse(entry)
	return err == nil && uri.User == nil && uri.RawQuery == "" && uri.Fragment == "" && !uri.ForceQuery &&
		matchesURI(entry, entry)
}

// isOpaqueRule reports whether an entry is a URI without a host, or a prefix of such URIs that ends in a colon.
func isOpaqueRule(entry string) bool {
	if !strings.Contains(entry, ":") || strings.Contains(entry, "://") {
		return false
	}
	names, err := pki.ParseNames([]string{strings.TrimSuffix(entry, ":") + ":a"})
	return err == nil && len(names.URI) == 1
}

// checkNamesFit checks that the rules for names are consistent with each other and with the extended key usages.
func checkNamesFit(r *notary.Rules) error {
	none := func(rules ...notary.NameRule) bool {
		return !slices.ContainsFunc(rules, func(n notary.NameRule) bool { return !n.None() })
	}
	n := r.Names
	switch {
	case n.Wildcards && none(n.DNS):
		return notary.FieldErrorf("names.wildcards", "no DNS names are allowed: allow some, or set wildcards to false")
	case n.Underscores && none(n.DNS):
		return notary.FieldErrorf("names.underscores", "no DNS names are allowed: allow some, or set underscores "+
			"to false")
	case n.Max < 0 || n.Max > pki.MaxNames:
		return notary.FieldErrorf("names.max", "the number of names must be from 1 to %d "+
			"(default %d)", pki.MaxNames, notary.DefaultMaxNames)
	case n.Required && none(n.DNS, n.IP, n.Email, n.URI, n.UPN):
		return notary.FieldErrorf("names.required", "a name is required but none is allowed: allow names of some "+
			"type, or set required to false")
	case !slices.Contains([]notary.NoHostAction{"", notary.RefuseNoHost, notary.ReportNoHost}, n.NoHost):
		return notary.FieldErrorf("names.no_host", "%.40q is not valid: use refuse or report", n.NoHost)
	case n.NoHost != "" && !forServers(r):
		return notary.FieldErrorf("names.no_host", "this setting applies only to TLS servers: add the extended key usage "+
			"serverAuth, or omit it")
	case slices.Contains(r.ExtKeyUsages, notary.EmailProtection) && none(n.Email):
		return notary.FieldErrorf("names.email.allow", "emailProtection requires email addresses, but none are "+
			"allowed: allow any or list some")
	case slices.Contains(r.ExtKeyUsages, notary.ServerAuth) && none(n.DNS, n.IP, n.URI):
		return notary.FieldErrorf("names.dns.allow", "a server is identified by a DNS name, IP address or URI, "+
			"but none of these are allowed: allow some")
	}
	return nil
}

// unfixable lists the attributes that a profile cannot fix because they must match a name in the certificate.
var unfixable = []string{"email_address", "domain_component"}

func checkSubjectRules(r *notary.Rules) error {
	if r.Subject.Others != notary.Keep && r.Subject.Others != notary.Refuse {
		return notary.FieldErrorf("subject.others", "%.40q is not valid: use keep or refuse", r.Subject.Others)
	}
	const field = "subject.attributes"
	if len(r.Subject.Attributes) > maxFew {
		return notary.FieldErrorf(field, "too many attributes: list at most %d", maxFew)
	}
	var seen []string
	anyAllowed := r.Subject.Others == notary.Keep // whether any subject attribute is allowed
	for i, a := range r.Subject.Attributes {
		oid, ok := pki.AttributeType(a.Type)
		switch {
		case !ok:
			return notary.FieldErrorf(field, "%.60q is not a subject attribute: use %s, or a dotted object "+
				"identifier",
				a.Type, all(pki.AttributeNames()))
		case slices.Contains(seen, oid):
			return notary.FieldErrorf(field, "there are two rules for %s", a.Type)
		}
		if err := checkAttributeRule(a, oid); err != nil {
			return inAttribute(i, err)
		}
		seen = append(seen, oid)
		anyAllowed = anyAllowed || a.Action != notary.Refuse
	}
	if r.CA && !anyAllowed {
		return notary.FieldErrorf("subject.others", "a CA needs a subject, but every attribute is refused: keep "+
			"or fix some")
	}
	return nil
}

func inAttribute(i int, err error) error {
	var e *notary.Error
	if !errors.As(err, &e) {
		return err
	}
	return notary.FieldErrorf(fmt.Sprintf("subject.attributes[%d]", i), "%s", e.Message)
}

func checkAttributeRule(a notary.AttributeRule, oid string) error {
	switch {
	case !slices.Contains([]notary.AttributeAction{notary.Keep, notary.Fix, notary.Refuse}, a.Action):
		return notary.Errorf(notary.Invalid, "%.40q is not valid: use keep, fixed or refuse", a.Action)
	case a.Action != notary.Fix && a.Value != "":
		return notary.Errorf(notary.Invalid, "only a fixed attribute has a value: set the action to fixed, or "+
			"omit the value")
	case a.Action != notary.Fix:
		return nil
	case slices.Contains(unfixable, pki.AttributeName(oid)):
		return notary.Errorf(notary.Invalid, "this attribute cannot be fixed, because it must match the names in "+
			"each certificate: keep or refuse it")
	}
	return pki.CheckAttribute(pki.Attribute{Type: oid, Value: a.Value})
}
