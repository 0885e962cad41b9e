package issuance

import (
	"time"

	"notary"
)

const (
	day = 24 * time.Hour

	leafValidity         = 90 * day
	intermediateValidity = 1826 * day // five years with a leap day
	codeSigningValidity  = 365 * day
	emailValidity        = 365 * day
	ocspValidity         = 7 * day // responders are exempt from revocation checks: see [notary.Rules.OCSPNoCheck]
)

// Builtins returns new copies of the built-in profiles, in version 1.
func Builtins() []*notary.Profile {
	tls := leafRules("TLS servers and clients", notary.ServerAuth, notary.ClientAuth)
	tls.KeyUsages = append(tls.KeyUsages, notary.KeyEncipherment) // for TLS 1.2 without forward secrecy
	server := leafRules("TLS servers", notary.ServerAuth)
	server.KeyUsages = append(server.KeyUsages, notary.KeyEncipherment)
	return []*notary.Profile{
		builtin("server", server),
		builtin("client", leafRules("TLS clients", notary.ClientAuth)),
		builtin(notary.DefaultProfile, tls),
		builtin(notary.IntermediateProfile, intermediateRules()),
		builtin(notary.OCSPProfile, ocspRules()),
		builtin("code-signing", codeSigningRules()),
		builtin("email", emailRules()),
	}
}

func builtin(name string, rules notary.Rules) *notary.Profile {
	return &notary.Profile{Name: name, Version: 1, Builtin: true, Rules: rules}
}

// leafRules returns unrestrictive end-entity rules: any key, any name except user principal names, subject unchanged.
func leafRules(description string, purposes ...string) notary.Rules {
	anyName, noName := notary.NameRule{Allow: notary.AllowAny}, notary.NameRule{Allow: notary.AllowNone}
	return notary.Rules{
		Description:  description,
		PathLen:      -1,
		KeyUsages:    []notary.KeyUsage{notary.DigitalSignature},
		ExtKeyUsages: purposes,
		Validity:     leafValidity,
		Keys:         notary.KeyRules{Allowed: notary.KeyKinds},
		Names:        notary.NameRules{DNS: anyName, IP: anyName, Email: anyName, URI: anyName, UPN: noName, Wildcards: true},
		Subject:      notary.SubjectRules{Others: notary.Keep},
		LintWarnings: notary.KeepWarnings,
	}
}

func intermediateRules() notary.Rules {
	rules := leafRules("Subordinate CAs")
	rules.CA = true
	rules.KeyUsages = []notary.KeyUsage{notary.KeyCertSign, notary.CRLSign}
	rules.Validity = intermediateValidity
	return rules
}

func ocspRules() notary.Rules {
	rules := leafRules("OCSP responders", notary.OCSPSigning)
	rules.Validity, rules.MaxValidity = ocspValidity, 4*ocspValidity
	rules.OCSPNoCheck = true
	return rules
}

func codeSigningRules() notary.Rules {
	none := notary.NameRule{Allow: notary.AllowNone}
	rules := leafRules("Code signing", notary.CodeSigning)
	rules.Validity, rules.MaxValidity = codeSigningValidity, 3*codeSigningValidity
	rules.Names = notary.NameRules{DNS: none, IP: none, Email: notary.NameRule{Allow: notary.AllowAny},
		URI: notary.NameRule{Allow: notary.AllowAny}, UPN: none}
	return rules
}

func emailRules() notary.Rules {
	none := notary.NameRule{Allow: notary.AllowNone}
	rules := leafRules("Signed and encrypted email (S/MIME)", notary.EmailProtection)
	rules.KeyUsages = append(rules.KeyUsages, notary.KeyEncipherment, notary.KeyAgreement)
	rules.Validity, rules.MaxValidity = emailValidity, 3*emailValidity
	rules.Names = notary.NameRules{DNS: none, IP: none, Email: notary.NameRule{Allow: notary.AllowAny}, URI: none,
		UPN: none, Required: true}
	return rules
}
