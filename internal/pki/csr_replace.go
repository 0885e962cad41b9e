package pki

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"

	"notary"
)

// Names of the findings about replacements.
const (
	SubjectReplaced = "csr_subject_replaced"
	NamesReplaced   = "csr_names_replaced"
)

// Replacement holds a subject and names that override the CSR's.
type Replacement struct {
	Subject string   // see [ParseSubject]; "" keeps the requested one
	Names   []string // see [ParseNames]; nil keeps the requested ones
}

// IsZero reports whether r replaces nothing.
func (r Replacement) IsZero() bool { return r.Subject == "" && r.Names == nil }

// Replace returns a copy of the CSR with its subject, its names or both overridden, and with the names implied by the
// subject. Overrides are validated like requested values, and changes are recorded as findings. An unacceptable value
// is an Invalid error with the field "subject" or "names".
func (c *CSR) Replace(r Replacement) (*CSR, error) {
	if r.IsZero() {
		return c, nil
	}
	replaced := *c
	request := *c.CertificateRequest
	replaced.CertificateRequest = &request
	replaced.Findings = slices.Clone(c.Findings)
	if r.Subject != "" {
		if err := replaced.replaceSubject(r.Subject); err != nil {
			return nil, notary.ReplaceField(err, "subject")
		}
	}
	if r.Names != nil {
		names, err := ParseNames(r.Names)
		if err != nil {
			return nil, notary.ReplaceField(err, "names")
		}
		replaced.asked = names
		replaced.drop("csr_address_as_dns_name")
	}
	if err := replaced.implyNames(); err != nil {
		return nil, notary.ReplaceField(err, "subject")
	}
	if replaced.Names.String() != c.Names.String() {
		replaced.Findings = append(replaced.Findings, CSRNotice("names_replaced", "",
			"The names differ from those of the CSR, which asks for %s.", namesText(c.Names)))
	}
	return &replaced, nil
}

func (c *CSR) replaceSubject(text string) error {
	raw, err := ParseSubject(text)
	if err != nil {
		return err
	}
	var sequence pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &sequence); err != nil {
		return notary.InternalError("encode the subject", err)
	}
	c.drop("csr_string_type")
	c.Findings = append(c.Findings, CSRNotice("subject_replaced", "",
		"The subject differs from that of the CSR, which is %s.", emptyAs(SubjectText(c.RawSubject), "empty")))
	c.RawSubject, c.Subject = raw, pkix.Name{}
	c.Subject.FillFromRDNSequence(&sequence)
	return nil
}

func (c *CSR) implyNames() error {
	subject, err := parseSubject(c.RawSubject)
	if err != nil {
		return err
	}
	names := cloneNames(c.asked)
	if err := addImplied(&names, subject); err != nil {
		return err
	}
	if subject.commonName == "" && names.Len() == 0 {
		return invalid("there is neither a common name nor a subject alternative name: specify one")
	}
	c.Names, c.CommonName = names, subject.commonName
	return checkCount(names)
}

func (c *CSR) drop(name string) {
	c.Findings = slices.DeleteFunc(c.Findings, func(f notary.Finding) bool { return f.Lint == name })
}

func cloneNames(n notary.Names) notary.Names {
	return notary.Names{DNS: slices.Clone(n.DNS), IP: slices.Clone(n.IP), Email: slices.Clone(n.Email),
		URI: slices.Clone(n.URI), UPN: slices.Clone(n.UPN)}
}

func namesText(n notary.Names) string {
	const most = 20
	all := n.All()
	if len(all) > most {
		all = append(all[:most:most], "…")
	}
	return emptyAs(strings.Join(all, ", "), "none")
}

func emptyAs(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}
