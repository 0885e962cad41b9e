// Package notary is the vocabulary of the certificate service: requests, certificates,
// authorities, accounts, and the one error type that every room of the house speaks.
//
// It holds no SQL, no HTTP and no JSON, and imports only the standard library. Read
// [Request], [Certificate] and [Authority] first; [Caller] says who is asking, and [Error]
// what went wrong.
package notary

import (
	"slices"
	"strings"
)

// Names are the subject alternative names of a request or certificate, by type
// (RFC 5280, section 4.2.1.6), each in the form that is compared: DNS names in lower case
// without a trailing dot, IP addresses in their shortest text form.
type Names struct {
	DNS   []string
	IP    []string
	Email []string
	URI   []string
	UPN   []string // user principal names of Windows, an otherName
}

// UPNPrefix marks a user principal name where names of all types are typed or shown: without it,
// it would be an e-mail address.
const UPNPrefix = "upn:"

// Len is the number of names of all types.
func (n Names) Len() int {
	return len(n.DNS) + len(n.IP) + len(n.Email) + len(n.URI) + len(n.UPN)
}

// All returns the names of all types as they are typed, user principal names with [UPNPrefix].
func (n Names) All() []string {
	all := slices.Concat(n.DNS, n.IP, n.Email, n.URI)
	for _, upn := range n.UPN {
		all = append(all, UPNPrefix+upn)
	}
	return all
}

// String lists the names in openssl's notation: "DNS:a.example.com IP:10.0.0.7". No name
// contains a space, so [ParseNames] gives back the same names.
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

// ParseNames reads what [Names.String] wrote. Words of an unknown type are left out.
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
