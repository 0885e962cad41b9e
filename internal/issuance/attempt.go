package issuance

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"notary"
	"notary/internal/pki"
)

type attempt struct {
	issuer  *Issuer // nil to check against the profile only
	profile *notary.Profile
	csr     *pki.CSR
	terms   Terms
	pathLen int  // for a CA certificate; -1 for the profile's
	ownKey  bool // whether Notary generated the key

	template *x509.Certificate
	draft    *x509.Certificate
	scheme   scheme
	findings []notary.Finding
}

type step struct {
	name string
	pass func(*attempt) error
}

var (
	before = []step{{"authority", (*attempt).checkIssuer}}
	after  = []step{
		{"path_length", (*attempt).checkPathLength},
		{"certificate", (*attempt).makeDraft},
		{"constraints", (*attempt).checkConstraints},
		{"lint", (*attempt).lint},
	}
)

func (a *attempt) steps() []step {
	var list []step
	if a.issuer != nil {
		list = append(list, before...)
	}
	if CertifiesResponders(&a.profile.Rules) {
		list = append(list, step{"ocsp_signing", (*attempt).checkResponderKey})
	}
	for _, rule := range profileRules {
		list = append(list, step{rule.name, func(a *attempt) error { return rule.check(a.profile, a.csr) }})
	}
	list = append(list, step{"server_name", (*attempt).checkServerName})
	list = append(list, step{"validity", (*attempt).setValidity})
	if a.issuer != nil {
		list = append(list, after...)
	}
	return list
}

func newAttempt(issuer *Issuer, profile *notary.Profile, csr *pki.CSR, pathLen int, terms Terms) (*attempt, error) {
	csr = withServerName(&profile.Rules, csr)
	template, err := newTemplate(csr, terms)
	if err != nil {
		return nil, err
	}
	if err := fixSubject(template, profile); err != nil {
		return nil, err
	}
	if terms.Like != nil && !bytes.Equal(template.RawSubject, terms.Like.RawSubject) {
		return nil, refused("profile", "the profile %s changes the subject, but this certificate must have the "+
			"subject of the CA's other certificates: choose another profile", profile.Name)
	}
	if err := addUsages(template, profile, csr.PublicKey); err != nil {
		return nil, err
	}
	template.MaxPathLen = -1
	if profile.CA {
		if pathLen == -1 {
			pathLen = profile.PathLen
		}
		if err := makeAuthority(template, pathLen, terms.Constraints); err != nil {
			return nil, err
		}
	}
	return &attempt{issuer: issuer, profile: profile, csr: csr, terms: terms, pathLen: pathLen, template: template}, nil
}

func (a *attempt) issue() (*Issued, error) {
	for _, step := range a.steps() {
		if err := step.pass(a); err != nil {
			return nil, err
		}
	}
	certificate, err := a.issuer.sign(a.draft, a.scheme)
	if err != nil {
		return nil, err
	}
	return &Issued{certificate, a.allFindings()}, nil
}

func (a *attempt) allFindings() []notary.Finding {
	list := slices.Clone(a.csr.Findings)
	if a.draft != nil {
		list = append(list, a.ungranted()...)
	}
	return append(list, a.findings...)
}

// Try returns the verdict of each check on the request, without signing anything. The checks are the rules of the
// profile and, if issuer is not nil, the lints, the constraints and all other checks of the issuer. An error means that
// no verdict could be reached.
func Try(issuer *Issuer, profile *notary.Profile, csr *pki.CSR, terms Terms) (*notary.Trial, error) {
	a, err := newAttempt(issuer, profile, csr, -1, terms)
	if err != nil {
		return nil, err
	}
	trial := &notary.Trial{}
	for _, step := range a.steps() {
		err := step.pass(a)
		if kind := notary.KindOf(err); kind == notary.Internal {
			return nil, err
		}
		verdict := notary.Verdict{Rule: step.name, OK: err == nil}
		if err != nil {
			verdict.Reason = err.Error()
		}
		trial.Verdicts = append(trial.Verdicts, verdict)
	}
	trial.Findings = a.allFindings()
	return trial, nil
}

// checkResponderKey refuses OCSP responder certificates for keys that Notary did not generate.
func (a *attempt) checkResponderKey() error {
	if a.ownKey {
		return nil
	}
	return refused("profile", "the profile %s is only for OCSP responders, whose keys Notary generates "+
		"itself: choose another profile", a.profile.Name)
}

func (a *attempt) checkIssuer() error {
	return a.issuer.checkRequest(a.template.RawSubject, a.csr, a.terms.Now)
}

// setValidity sets the end of validity, limited first by the profile and then by the issuers.
func (a *attempt) setValidity() error {
	if err := CheckEnd(a.profile, a.terms); err != nil {
		return err
	}
	defaultEnd := a.template.NotBefore.Add(a.profile.Validity)
	if longest := a.profile.MaxValidity; longest > 0 && !a.terms.NotAfter.IsZero() {
		if last := a.template.NotBefore.Add(longest - time.Second); a.terms.NotAfter.After(last) {
			a.terms.NotAfter = last
		}
	}
	var chain []*x509.Certificate
	if a.issuer != nil {
		chain = a.issuer.chain()
	}
	return setValidity(a.template, chain, a.terms, defaultEnd)
}

func (a *attempt) checkPathLength() error {
	if !a.profile.CA {
		return a.issuer.checkDepth(0)
	}
	if most := a.profile.PathLen; most >= 0 && a.pathLen > most {
		return refusedBy(a.profile, "allows a path length of at most %d, but %d was requested", most, a.pathLen)
	}
	return a.issuer.checkDepth(1 + max(a.pathLen, 0)) // subordinates may be as deep as requested
}

func (a *attempt) makeDraft() (err error) {
	a.draft, a.scheme, err = a.issuer.makeDraft(a.template, a.csr)
	return err
}

func (a *attempt) checkConstraints() error {
	if a.draft == nil {
		return errNoDraft()
	}
	return a.issuer.checkConstraints(a.draft, a.scheme)
}

func (a *attempt) lint() error {
	if a.draft == nil {
		return errNoDraft()
	}
	found, err := lintCertificate(a.draft.Raw, a.profile.LintWarnings)
	a.findings = append(a.findings, found...)
	return err
}

func errNoDraft() error {
	return notary.Errorf(notary.Unprocessable, "not evaluated: an earlier check failed")
}
