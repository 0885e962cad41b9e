package web

import (
	"strings"

	"notary"
)

// In forms, name constraints are written one per line, with a prefix for their type: dns:example.com.

const subtreesNote = "One per line: dns:example.com, ip:10.0.0.0/8, email:example.com, uri:.example.com"

// subtreeKinds returns the lists of s with their prefixes.
func subtreeKinds(s *notary.Subtrees) []struct {
	prefix string
	list   *[]string
} {
	return []struct {
		prefix string
		list   *[]string
	}{{"dns", &s.DNS}, {"ip", &s.IP}, {"email", &s.Email}, {"uri", &s.URI}}
}

func readSubtrees(field, text string) (s notary.Subtrees, err error) {
	for _, line := range lines(text) {
		prefix, names, _ := strings.Cut(line, ":")
		known := false
		for _, kind := range subtreeKinds(&s) {
			if strings.EqualFold(strings.TrimSpace(prefix), kind.prefix) {
				*kind.list = append(*kind.list, strings.TrimSpace(names))
				known = true
			}
		}
		if !known {
			return s, notary.FieldErrorf(field,
				"%.60q has no valid type: start it with dns:, ip:, email: or uri:", line)
		}
	}
	return s, nil
}

// subtreeTexts returns subtrees in the format that readSubtrees parses.
func subtreeTexts(s notary.Subtrees) (all []string) {
	for _, kind := range subtreeKinds(&s) {
		for _, names := range *kind.list {
			all = append(all, kind.prefix+":"+names)
		}
	}
	return all
}

// Permitted returns the permitted subtrees. If there are none, all names are permitted.
func (p authorityPage) Permitted() []string { return subtreeTexts(p.Constraints.Permitted) }

func (p authorityPage) Excluded() []string { return subtreeTexts(p.Constraints.Excluded) }
