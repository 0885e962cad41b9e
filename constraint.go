package notary

// NameConstraints restrict the names in certificates below an authority (RFC 5280, section 4.2.1.10). If there are
// permitted subtrees of a type, every name of that type must be in one of them. Excluded subtrees take precedence.
type NameConstraints struct {
	Permitted, Excluded Subtrees
}

// Subtrees are sets of names by type, in lower case:
//
//   - DNS: a domain, "example.com", including all subdomains; "" as an exclusion means every DNS name;
//   - IP: a prefix, "10.0.0.0/8" or "2001:db8::/32";
//   - Email: an address, "me@example.com" (case of the local part preserved); a host, "example.com",
//     for all addresses at it; or ".example.com" for all hosts below it;
//   - URI: a host, "example.com", or ".example.com" for all hosts below it.
type Subtrees struct {
	DNS   []string
	IP    []string
	Email []string
	URI   []string
}

// Len returns the number of subtrees of all types.
func (s Subtrees) Len() int { return len(s.DNS) + len(s.IP) + len(s.Email) + len(s.URI) }

// Len returns the number of permitted and excluded subtrees.
func (c NameConstraints) Len() int { return c.Permitted.Len() + c.Excluded.Len() }
