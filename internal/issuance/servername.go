package issuance

import (
	"slices"

	"notary"
	"notary/internal/pki"
)

func forServers(r *notary.Rules) bool { return hasPurpose(r, notary.ServerAuth) }

func hasPurpose(r *notary.Rules, purpose string) bool {
	want, _ := purposeOID(purpose)
	return slices.ContainsFunc(r.ExtKeyUsages, func(given string) bool {
		oid, ok := purposeOID(given)
		return ok && oid.Equal(want)
	})
}

// withServerName returns csr, or a copy with the common name added to the names if the certificate is for a server and
// the names include no host. Clients check only subject alternative names (RFC 9525, section 2). Unlike [pki.ParseCSR],
// it also adds a single label.
func withServerName(r *notary.Rules, csr *pki.CSR) *pki.CSR {
	if !forServers(r) || namesServer(csr.Names) {
		return csr
	}
	host, err := pki.CommonNameHost(csr.CommonName, r.Names.Underscores)
	if err != nil {
		return csr // checkServerName reports why
	}
	named := *csr
	named.Names.DNS, named.Names.IP = host.DNS, host.IP
	return &named
}

// namesServer reports whether clients can identify a server by one of the names. URIs count, because SPIFFE services
// have no other name.
func namesServer(names notary.Names) bool { return len(names.DNS)+len(names.IP)+len(names.URI) > 0 }

func (a *attempt) checkServerName() error {
	if !forServers(&a.profile.Rules) || namesServer(a.csr.Names) {
		return nil
	}
	_, why := pki.CommonNameHost(a.csr.CommonName, a.profile.Names.Underscores)
	if refusesNoHost(&a.profile.Rules, a.csr.CommonName) {
		return refusedBy(a.profile, "is for servers, but the request names none: %s. Request a DNS name or an IP "+
			"address as a subject alternative name or, if this is not a server, choose another profile, such as client",
			why)
	}
	a.findings = append(a.findings, notary.Finding{
		Lint: "w_server_names_no_host", Level: notary.FindingWarning, Citation: "RFC 9525: 6.3",
		Description: "TLS clients will reject this server certificate: it has no DNS name or IP address as a " +
			"subject alternative name, and " + why.Error(),
	})
	return nil
}

// refusesNoHost reports whether a request for a server certificate without a host is refused. By default, it
// is, unless the certificate is also for clients and the common name does not look like a host.
func refusesNoHost(r *notary.Rules, commonName string) bool {
	switch _, likeHost := pki.LooksLikeHost(commonName); {
	case r.LintWarnings == notary.RefuseWarnings:
		return true
	case r.Names.NoHost != "":
		return r.Names.NoHost == notary.RefuseNoHost
	default:
		return likeHost || !hasPurpose(r, notary.ClientAuth)
	}
}
