package issuance

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"strings"

	"notary"
	"notary/internal/pki"
)

// checkDepth checks the path lengths of the issuer and its ancestors (RFC 5280, section 4.2.1.9) for a certificate
// that adds the given number of CA levels: 0 for a leaf.
func (i Issuer) checkDepth(authorities int) error {
	for below, authority := range i.chain() {
		limited := authority.MaxPathLen > 0 || authority.MaxPathLen == 0 && authority.MaxPathLenZero
		if limited && below+authorities > authority.MaxPathLen {
			return notary.Errorf(notary.Unprocessable, "the path length of the CA %s allows %d subordinate CAs, but this "+
				"certificate requires %d: choose another CA or a smaller path length",
				nameOf(authority), authority.MaxPathLen, below+authorities)
		}
	}
	return nil
}

// checkConstraints checks the draft's names against the name constraints (RFC 5280, section 4.2.1.10), and its extended
// key usages against those of the issuer and all its ancestors. It compares names both with package x509 and exactly as
// in the RFC, and refuses a name on which they disagree.
func (i Issuer) checkConstraints(draft *x509.Certificate, scheme scheme) error {
	var signed *x509.Certificate
	var key crypto.PublicKey
	for _, authority := range i.chain() {
		if err := checkPurposes(authority, draft); err != nil {
			return err
		}
		constraints, err := constraintsOf(authority)
		if err != nil {
			return err
		}
		if constraints.Len() == 0 {
			continue
		}
		if err := refuseName(authority, constraints, draft); err != nil {
			return err
		}
		if err := checkSubtrees(authority, constraints, draft); err != nil {
			return err
		}
		if signed == nil {
			if signed, key, err = signForChecks(draft, scheme); err != nil {
				return err
			}
		}
		if err := checkNames(authority, signed, key); err != nil {
			return err
		}
	}
	return nil
}

func refuseName(authority *x509.Certificate, constraints notary.NameConstraints, draft *x509.Certificate) error {
	switch kind, name := pki.Refused(constraints, draft); kind {
	case "":
		return nil
	case pki.CommonName:
		return notary.Errorf(notary.Unprocessable, "the name constraints of the CA %s do not allow the common "+
			"name %.100q, which people and some programs treat as a host name: request an allowed DNS name, or a "+
			"common name with a space", nameOf(authority), name)
	case pki.TooMany:
		return notary.Errorf(notary.Unprocessable, "the CA %s has too many name constraints for a certificate "+
			"with so many names, so relying parties would reject it: request fewer names", nameOf(authority))
	default:
		return notary.Errorf(notary.Unprocessable, "the name constraints of the CA %s "+
			"do not allow this certificate: %s name %.100q", nameOf(authority), kind, name)
	}
}

func constraintsOf(authority *x509.Certificate) (notary.NameConstraints, error) {
	constraints, err := pki.CertificateConstraints(authority)
	if err != nil {
		return constraints, notary.Errorf(notary.Unprocessable, "the CA %s cannot "+
			"sign: %s", nameOf(authority), err)
	}
	return constraints, nil
}

// checkSubtrees checks the name constraints of a CA certificate's draft: they may permit only what the authority above
// permits, and nothing that it excludes. Relying parties apply the constraints of both, so wider ones would be
// misleading.
func checkSubtrees(above *x509.Certificate, limits notary.NameConstraints, draft *x509.Certificate) error {
	asked, err := pki.CertificateConstraints(draft)
	if err != nil {
		return err
	}
	if kind, subtree := pki.FirstBeyond(asked.Permitted, limits.Permitted); kind != "" {
		return refused("name_constraints", "the permitted %s subtree %q is wider than what the CA %s permits: narrow it",
			kind, subtree, nameOf(above))
	}
	if kind, subtree, by := pki.FirstWithin(asked.Permitted, limits.Excluded); kind != "" {
		return refused("name_constraints", "the permitted %s subtree %q lies within %q, which the CA %s "+
			"excludes: remove it",
			kind, subtree, by, nameOf(above))
	}
	return nil
}

// signForChecks signs a copy of the draft with a throw-away key. It returns the copy and the public key.
func signForChecks(draft *x509.Certificate, scheme scheme) (*x509.Certificate, crypto.PublicKey, error) {
	throwAway, err := scheme.throwAway()
	if err != nil {
		return nil, nil, err
	}
	signed := *draft
	signed.Signature, err = crypto.SignMessage(throwAway.key, rand.Reader, draft.RawTBSCertificate, scheme.hash)
	if err != nil {
		return nil, nil, notary.InternalError("sign with a throw-away key", err)
	}
	return &signed, throwAway.key.Public(), nil
}

func checkPurposes(authority, draft *x509.Certificate) error {
	if len(forbiddenPurposes(authority, draft)) > 0 {
		return notary.Errorf(notary.Unprocessable, "the extended key usages of the CA %s do not include those "+
			"of this profile: choose another profile", nameOf(authority))
	}
	return nil
}

// checkNames verifies the draft with package x509 as if the authority had issued it with the throw-away key.
func checkNames(authority, draft *x509.Certificate, throwAway crypto.PublicKey) error {
	shadow := *authority
	shadow.PublicKey = throwAway
	shadow.RawSubject = draft.RawIssuer
	shadow.SubjectKeyId = draft.AuthorityKeyId
	shadow.MaxPathLen = -1 // checked by checkDepth
	roots := x509.NewCertPool()
	roots.AddCert(&shadow)
	_, err := draft.Verify(x509.VerifyOptions{
		Roots:       roots,
		CurrentTime: draft.NotAfter,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err == nil {
		return nil
	}
	var refusal x509.CertificateInvalidError
	if errors.As(err, &refusal) && refusal.Reason == x509.CANotAuthorizedForThisName {
		return notary.Errorf(notary.Unprocessable, "the name constraints of the CA %s "+
			"do not allow this certificate: %s", nameOf(authority), refusal.Detail)
	}
	return &notary.Error{Kind: notary.Unprocessable, Err: err, Message: "the certificate would " +
		"not verify under the CA " + nameOf(authority) + ": " + strings.TrimPrefix(err.Error(), "x509: ")}
}
