package pki

import (
	"fmt"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// Names of findings about requests start with "csr_". Names of lints start with "n_", "w_" or "e_".

// CSRNotice returns a finding about a request that requires no action. Its Lint is "csr_" followed by name.
func CSRNotice(name, citation, format string, args ...any) notary.Finding {
	return notary.Finding{Lint: "csr_" + name, Level: notary.FindingNotice,
		Description: fmt.Sprintf(format, args...), Citation: citation}
}

func csrWarning(name, citation, format string, args ...any) notary.Finding {
	finding := CSRNotice(name, citation, format, args...)
	finding.Level = notary.FindingWarning
	return finding
}

func reencoded(a attribute, from, to casn1.Tag, text string) notary.Finding {
	return CSRNotice("string_type", "RFC 5280: 4.1.2.4",
		"The %s is a %s in the CSR. The certificate has it as "+
			"%s: %q.", a.name, stringTypes[from], stringTypes[to], text)
}

func (p csrParts) formFindings() (list []notary.Finding) {
	if p.noAttributes {
		list = append(list, CSRNotice("no_attributes", "RFC 2986: 4.1",
			"The CSR has no attributes field, not even an empty one. It was read as if it were empty."))
	}
	if p.version != 0 {
		list = append(list, CSRNotice("version", "RFC 2986: 4.1",
			"The CSR has the version number %d. RFC 2986 defines only 0; the CSR was read as version 0.", p.version))
	}
	return list
}
