package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/inspect"
)

func (p *program) printObjects(objects []inspect.Object) error {
	errors, warnings := 0, 0
	for i, o := range objects {
		if i > 0 {
			fmt.Fprintln(p.out)
		}
		title := strings.ToUpper(string(o.Kind[:1])) + string(o.Kind[1:])
		if o.Name != "" {
			title += ": " + o.Name
		}
		fmt.Fprintln(p.out, printable(title))
		if err := p.printOne(o, p.fieldsOf(o)...); err != nil {
			return err
		}
		for _, problem := range o.Problems {
			switch problem.Level {
			case notary.FindingError:
				errors++
			case notary.FindingWarning:
				warnings++
			}
			fmt.Fprintln(p.out, printable(problemLine(problem)))
		}
	}
	_, err := fmt.Fprintf(p.out, "\n%s\n", verdict(errors, warnings))
	return err
}

func problemLine(problem inspect.Problem) string {
	line := fmt.Sprintf("  %s: %s", problem.Level, problem.Message)
	if problem.Citation != "" {
		line += " [" + problem.Citation + "]"
	}
	return line
}

func verdict(errors, warnings int) string {
	if errors+warnings == 0 {
		return "no problems found"
	}
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{{errors, "error"}, {warnings, "warning"}} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.name)
		case part.n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", part.n, part.name))
		}
	}
	return strings.Join(parts, ", ")
}

func (p *program) fieldsOf(o inspect.Object) []field {
	switch {
	case o.Certificate != nil:
		return p.certificateFields(o.Certificate)
	case o.Request != nil:
		return requestFields(o.Request)
	case o.CRL != nil:
		return p.crlFields(o.CRL)
	case o.OCSP != nil:
		return p.ocspFields(o.OCSP)
	case o.Container != nil:
		return containerFields(o.Container)
	case o.Key != nil:
		return []field{{"  Key", o.Key.Key}, {"  Format", o.Key.Form}, {"  Encrypted", yes(o.Key.Encrypted)},
			{"  SHA-256 of the public key", o.Key.SPKI}}
	case o.Chain != nil:
		return []field{{"  Certificates", strconv.Itoa(o.Chain.Certificates)},
			{"  Path", strings.Join(o.Chain.Path, " < ")},
			{"  Ends in a root", yes(o.Chain.EndsInRoot)}, {"  Missing issuer", o.Chain.Missing}}
	case o.Connection != nil:
		return []field{{"  Server name", o.Connection.Host}, {"  Version", o.Connection.Version},
			{"  Cipher suite", o.Connection.CipherSuite}, {"  Stapled OCSP response", yesOrNo(o.Connection.Stapled)}}
	default:
		return nil
	}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

func yesOrNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func (p *program) certificateFields(c *inspect.Certificate) []field {
	authority := yes(c.IsCA)
	if c.PathLength != nil {
		authority += fmt.Sprintf(", path length %d", *c.PathLength)
	}
	return []field{
		{"  Subject", c.Subject},
		{"  DNS names", strings.Join(c.DNSNames, ", ")},
		{"  IP addresses", strings.Join(c.IPAddresses, ", ")},
		{"  Email addresses", strings.Join(c.EmailAddresses, ", ")},
		{"  URIs", strings.Join(c.URIs, ", ")},
		{"  User principal names", strings.Join(c.UPNs, ", ")},
		{"  Issuer", c.Issuer},
		{"  Valid from", exact(&c.NotBefore, p.now())},
		{"  Valid until", exact(&c.NotAfter, p.now())},
		{"  Serial number", c.SerialNumber},
		{"  Key", c.Key},
		{"  Signature algorithm", c.SignatureAlgorithm},
		{"  CA", authority},
		{"  Key usage", strings.Join(c.KeyUsage, ", ")},
		{"  Extended key usage", strings.Join(c.ExtKeyUsage, ", ")},
		{"  Permitted names", strings.Join(c.Permitted, ", ")},
		{"  Excluded names", strings.Join(c.Excluded, ", ")},
		{"  Policies", strings.Join(c.Policies, ", ")},
		{"  CRL", strings.Join(c.CRLURLs, ", ")},
		{"  OCSP", strings.Join(c.OCSPURLs, ", ")},
		{"  CA Issuers", strings.Join(c.IssuerURLs, ", ")},
		{"  OCSP must-staple", yes(c.MustStaple)},
		{"  Subject key ID", c.SubjectKeyID},
		{"  Authority key ID", c.AuthorityKeyID},
		{"  SHA-256", c.SHA256},
		{"  SHA-1", c.SHA1},
	}
}

func requestFields(r *inspect.Request) []field {
	return []field{
		{"  Subject", r.Subject},
		{"  DNS names", strings.Join(r.DNSNames, ", ")},
		{"  IP addresses", strings.Join(r.IPAddresses, ", ")},
		{"  Email addresses", strings.Join(r.EmailAddresses, ", ")},
		{"  URIs", strings.Join(r.URIs, ", ")},
		{"  User principal names", strings.Join(r.UPNs, ", ")},
		{"  Key", r.Key},
		{"  Signature algorithm", r.SignatureAlgorithm},
		{"  SHA-256", r.SHA256},
	}
}

func (p *program) crlFields(c *inspect.CRL) []field {
	var reasons, entries []string
	for _, name := range slices.Sorted(maps.Keys(c.Reasons)) {
		reasons = append(reasons, fmt.Sprintf("%d %s", c.Reasons[name], name))
	}
	for _, entry := range c.Revoked {
		entries = append(entries, entry.SerialNumber)
	}
	if more := c.Entries - len(c.Revoked); more > 0 {
		entries = append(entries, fmt.Sprintf("and %d more", more))
	}
	return []field{
		{"  Issuer", c.Issuer},
		{"  Number", c.Number},
		{"  This update", exact(&c.ThisUpdate, p.now())},
		{"  Next update", exact(c.NextUpdate, p.now())},
		{"  Signature algorithm", c.SignatureAlgorithm},
		{"  Verified by", c.VerifiedBy},
		{"  Revoked certificates", strconv.Itoa(c.Entries)},
		{"  Reasons", strings.Join(reasons, ", ")},
		{"  Serial numbers", strings.Join(entries, ", ")},
		{"  Distribution points", strings.Join(c.Distribution, ", ")},
		{"  Scope", c.OnlyFor},
		{"  Delta CRL", yes(c.Delta)},
		{"  Authority key ID", c.AuthorityKeyID},
	}
}

func (p *program) ocspFields(r *inspect.OCSP) []field {
	fields := []field{
		{"  Status", r.Status},
		{"  Responder", r.Responder},
		{"  Produced", exact(r.ProducedAt, p.now())},
		{"  Signature algorithm", r.SignatureAlgorithm},
		{"  Verified by", r.VerifiedBy},
		{"  Nonce", r.Nonce},
	}
	for _, a := range r.Answers {
		text := a.Status
		if a.RevokedAt != nil {
			text += ", " + exact(a.RevokedAt, p.now()) + ", " + a.Reason
		}
		text += "; this update " + exact(&a.ThisUpdate, p.now())
		if a.NextUpdate != nil {
			text += ", next update " + exact(a.NextUpdate, p.now())
		}
		fields = append(fields, field{"  " + a.SerialNumber, text})
	}
	return fields
}

func containerFields(c *inspect.Container) []field {
	return []field{
		{"  Certificates", strconv.Itoa(c.Certificates)},
		{"  CRLs", positive(c.CRLs)},
		{"  Private keys", positive(c.Keys)},
		{"  Signers", positive(c.Signers)},
		{"  Password required", yes(c.Closed)},
	}
}

func positive(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
