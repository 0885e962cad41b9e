package issuance

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"strings"

	"notary"
	"notary/internal/pki"
)

// The profile decides on all requested extensions except the names. This file reports the extensions that the profile
// does not grant.

// decided lists requested extensions that have their own findings or that the CA always sets (RFC 5280, sections
// 4.2.1.1 and 4.2.1.2).
var decided = []string{"2.5.29.19", "2.5.29.15", "2.5.29.37", "2.5.29.14", "2.5.29.35"}

var extensionNames = map[string]string{
	"2.5.29.30": "name constraints", "2.5.29.31": "CRL distribution points", "2.5.29.32": "certificate policies",
	"2.5.29.33": "policy mappings", "2.5.29.36": "policy constraints", "2.5.29.18": "issuer alternative names",
	"1.3.6.1.5.5.7.1.1": "authority information access", "1.3.6.1.5.5.7.1.24": "TLS feature (must-staple)",
	"1.3.6.1.4.1.311.20.2": "Microsoft certificate " +
		"template name", "1.3.6.1.4.1.311.21.7": "Microsoft certificate template",
	"1.3.6.1.4.1.311.21.1": "Microsoft CA version", "1.3.6.1.4.1.311.21.10": "Microsoft application policies",
	"1.3.6.1.4.1.311.25.2": "Microsoft security identifier", "1.2.840.113549.1.9.15": "S/MIME capabilities",
	"2.16.840.1.113730.1.1": "Netscape certificate type", "2.16.840.1.113730.1.13": "Netscape comment",
}

// Asked returns findings about requested extensions that no end-entity profile issues.
func Asked(csr *pki.CSR) (list []notary.Finding) {
	if csr.AsksForCA() {
		list = append(list, askedCA(notary.FindingNotice, "It becomes one only if the signer selects a CA profile."))
	}
	for _, extension := range csr.Asked {
		if oid := extension.ID.String(); !slices.Contains(decided, oid) && oid != "2.5.29.30" && oid != "2.5.29.32" {
			list = append(list, notIssued(extension))
		}
	}
	return list
}

func askedCA(level notary.FindingLevel, outcome string) notary.Finding {
	return notary.Finding{Lint: "csr_ca", Level: level, Citation: "RFC 5280: 4.2.1.9",
		Description: "The CSR asks for a CA certificate (CA:TRUE). " + outcome}
}

func askedPathLen(asked, issued int) notary.Finding {
	has := "has no limit"
	if issued >= 0 {
		has = fmt.Sprintf("has %d", issued)
	}
	return pki.CSRNotice("path_length", "RFC 5280: 4.2.1.9",
		"The CSR asks for the path length %d. The certificate %s: the signer sets it.", asked, has)
}

func notIssued(extension pki.AskedExtension) notary.Finding {
	return pki.CSRNotice("extension", "", "The CSR asks for the extension %s, which is not "+
		"issued.", extensionName(extension.ID))
}

func extensionName(id asn1.ObjectIdentifier) string {
	if name, ok := extensionNames[id.String()]; ok {
		return name + " (" + id.String() + ")"
	}
	return clipped(id.String())
}

func clipped(oid string) string {
	const most = 100
	if len(oid) > most {
		return oid[:most] + "…"
	}
	return oid
}

func (a *attempt) ungranted() (list []notary.Finding) {
	if a.csr.AsksForCA() && !a.draft.IsCA {
		list = append(list, askedCA(notary.FindingWarning, "The profile "+a.profile.Name+" is not for CAs: the "+
			"certificate cannot sign other certificates."))
	}
	if asked, ok := a.csr.AskedPathLen(); ok && a.draft.IsCA && asked != pathLen(a.draft) {
		list = append(list, askedPathLen(asked, pathLen(a.draft)))
	}
	if missing := a.missingUsages(); len(missing) > 0 {
		list = append(list, pki.CSRNotice("key_usage", "RFC 5280: 4.2.1.3",
			"The CSR asks for the key usages %s, which the profile %s does not grant for this kind "+
				"of key.", strings.Join(missing, ", "), a.profile.Name))
	}
	if missing := a.missingPurposes(); len(missing) > 0 {
		list = append(list, pki.CSRNotice("extended_key_usage", "RFC 5280: 4.2.1.12",
			"The CSR asks for the extended key usages %s, which the profile %s does "+
				"not grant.", listed(missing), a.profile.Name))
	}
	for _, extension := range a.csr.Asked {
		if slices.Contains(decided, extension.ID.String()) {
			continue
		}
		switch value, found := extensionValue(a.draft, extension.ID); {
		case !found:
			list = append(list, notIssued(extension))
		case !bytes.Equal(value, extension.Value):
			list = append(list, pki.CSRNotice("extension", "",
				"The certificate has another value of the extension %s than the CSR "+
					"asks for.", extensionName(extension.ID)))
		}
	}
	return list
}

func extensionValue(c *x509.Certificate, id asn1.ObjectIdentifier) (value []byte, found bool) {
	for _, extension := range c.Extensions {
		if extension.Id.Equal(id) {
			return extension.Value, true
		}
	}
	return nil, false
}

// missingUsages returns the requested key usages that the draft lacks. It leaves out keyCertSign and cRLSign if the
// request is for a CA certificate and the draft is not one: another finding reports that.
func (a *attempt) missingUsages() (missing []string) {
	asked := x509.KeyUsage(a.csr.AskedKeyUsage()) &^ a.draft.KeyUsage
	if a.csr.AsksForCA() && !a.draft.IsCA {
		asked &^= x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	}
	for _, usage := range notary.KeyUsages {
		if asked&keyUsages[usage] != 0 {
			missing = append(missing, string(usage))
		}
	}
	return missing
}

func (a *attempt) missingPurposes() (missing []string) {
	has := purposes(a.draft)
	for _, oid := range a.csr.AskedExtKeyUsages() {
		if !slices.Contains(has, oid.String()) {
			missing = append(missing, oid.String())
		}
	}
	return purposeNames(missing)
}
