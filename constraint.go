package notary

// NameConstraints say for which names the certificates below an authority may be (RFC 5280,
// section 4.2.1.10). Where something is permitted of a kind of names, nothing else of that
// kind may be certified; what is excluded may not be in any case.
type NameConstraints struct {
	Permitted, Excluded Subtrees
}

// Subtrees are sets of names, by kind, in lower case:
//
//   - DNS: a domain, "example.com", which stands for itself and all names below it; as what
//     is excluded also "", which stands for every DNS name;
//   - IP: a prefix, "10.0.0.0/8" or "2001:db8::/32";
//   - Email: an address, "me@example.com" (its local part as it is written); a host,
//     "example.com", for all its addresses; or ".example.com" for those of all hosts below;
//   - URI: a host, "example.com", or ".example.com" for all hosts below it.
type Subtrees struct {
	DNS   []string
	IP    []string
	Email []string
	URI   []string
}

// Len is the number of subtrees of all kinds.
func (s Subtrees) Len() int { return len(s.DNS) + len(s.IP) + len(s.Email) + len(s.URI) }

// Len is the number of subtrees, permitted and excluded.
func (c NameConstraints) Len() int { return c.Permitted.Len() + c.Excluded.Len() }
