// Package notary defines the vocabulary of the certificate service: requests, certificates, authorities, profiles,
// rules, accounts, events and errors.
//
// It contains no SQL or HTTP, and imports only the standard library. Start with [Request], [Certificate] and
// [Authority].
package notary

import (
	"slices"
	"strings"
)

// Names are subject alternative names by type (RFC 5280, section 4.2.1.6), in canonical form: DNS names in lower case
// without a trailing dot, IP addresses in their shortest text form.
type Names struct {
	DNS   []string
	IP    []string
	Email []string
	URI   []string
	UPN   []string // Windows user principal names, an otherName
}

// UPNPrefix precedes a user principal name in text, to distinguish it from an email address.
const UPNPrefix = "upn:"

// Len returns the number of names of all types.
func (n Names) Len() int {
	return len(n.DNS) + len(n.IP) + len(n.Email) + len(n.URI) + len(n.UPN)
}

// All returns the names of all types. User principal names have the prefix [UPNPrefix].
func (n Names) All() []string {
	all := slices.Concat(n.DNS, n.IP, n.Email, n.URI)
	for _, upn := range n.UPN {
		all = append(all, UPNPrefix+upn)
	}
	return all
}

// String lists the names in openssl's notation: "DNS:a.example.com IP:10.0.0.7". [ParseNames] is its inverse.
func (n Names) String() string {
	var b strings.Builder
	for _, group := range n.groups() {
		for _, name := range *group.names {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(group.prefix)
			b.WriteString(name)
		}
	}
	return b.String()
}

// ParseNames parses the output of [Names.String]. It ignores unknown types.
func ParseNames(s string) Names {
	var n Names
	for word := range strings.FieldsSeq(s) {
		for _, group := range n.groups() {
			if name, ok := strings.CutPrefix(word, group.prefix); ok {
				*group.names = append(*group.names, name)
				break
			}
		}
	}
	return n
}

type nameGroup struct {
	prefix string
	names  *[]string
}

func (n *Names) groups() [5]nameGroup {
	return [5]nameGroup{
		{"DNS:", &n.DNS}, {"IP:", &n.IP}, {"email:", &n.Email}, {"URI:", &n.URI}, {"UPN:", &n.UPN},
	}
}
