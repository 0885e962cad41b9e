package issuance

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/pki"
)

// Limits on the content of a profile.
const (
	maxDescription = 500 // characters
	maxListed      = 500 // names in one list
	maxFew         = 50  // extended key usages, policies or attributes
	maxPathLen     = pki.MaxChain - 2
	minValidity    = 10 * time.Minute
	maxValidity    = 36500 * day
)

var profileName = regexp.MustCompile(`^[a-z][a-z0-9._-]{0,63}$`)

// CheckProfileName returns an Invalid error with the field "name" unless name is a valid profile name.
func CheckProfileName(name string) error {
	if !profileName.MatchString(name) {
		return notary.FieldErrorf("name", "%.70q cannot be a profile's name: use up to 64 lowercase "+
			"letters, digits, dots, hyphens and underscores, starting with a letter", name)
	}
	return nil
}

// CheckRules checks that rules are well-formed and consistent. A violation is an Invalid error with the API name of the
// offending field, if it is known.
func CheckRules(r *notary.Rules) error {
	for _, check := range []func(*notary.Rules) error{
		checkDescription, checkKeyRules, checkKeyUsages, checkUsagesFit, checkPurposeList, checkPurposesFit,
		checkAuthorityRules, checkPeriods, checkNameRules, checkNamesFit, checkSubjectRules, checkPolicies, checkSample,
	} {
		if err := check(r); err != nil {
			return err
		}
	}
	return nil
}

func checkDescription(r *notary.Rules) error {
	printable := utf8.ValidString(r.Description) && !strings.ContainsFunc(r.Description,
		func(c rune) bool { return !unicode.IsPrint(c) })
	switch {
	case !printable:
		return notary.FieldErrorf("description", "the description must be one line of text")
	case utf8.RuneCountInString(r.Description) > maxDescription:
		return notary.FieldErrorf("description", "the description has more than %d characters: "+
			"shorten it", maxDescription)
	case r.LintWarnings != notary.KeepWarnings && r.LintWarnings != notary.RefuseWarnings:
		return notary.FieldErrorf("lint_warnings", "%.40q is not valid: use keep or refuse", r.LintWarnings)
	}
	return nil
}

func checkKeyRules(r *notary.Rules) error {
	keys := r.Keys
	if err := checkWords("keys.allowed", "key type", keys.Allowed, notary.KeyKinds); err != nil {
		return err
	}
	least, most := pki.RSABits()
	rsa := slices.Contains(keys.Allowed, notary.KindRSA)
	switch {
	case len(keys.Allowed) == 0:
		return notary.FieldErrorf("keys.allowed", "no key type is allowed: allow at least "+
			"one of %s", listed(notary.KeyKinds))
	case !rsa && keys.MinRSABits != 0:
		return notary.FieldErrorf("keys.min_rsa_bits", "RSA keys are not allowed: omit their size, or allow rsa")
	case !rsa && keys.MaxRSABits != 0:
		return notary.FieldErrorf("keys.max_rsa_bits", "RSA keys are not allowed: omit their size, or allow rsa")
	case !rsa && keys.MinRSAExponent != 0:
		return notary.FieldErrorf("keys.min_rsa_exponent", "RSA keys are not allowed: omit their exponent, or "+
			"allow rsa")
	case keys.MinRSAExponent != 0 && (keys.MinRSAExponent < 3 || keys.MinRSAExponent > pki.UsualExponent ||
		keys.MinRSAExponent%2 == 0):
		return notary.FieldErrorf("keys.min_rsa_exponent", "the minimum RSA exponent must be an odd number from "+
			"3 to %d",
			pki.UsualExponent)
	case keys.MinRSABits != 0 && (keys.MinRSABits < least || keys.MinRSABits > most):
		return notary.FieldErrorf("keys.min_rsa_bits", "the minimum RSA key size must be from %d to "+
			"%d bits", least, most)
	case keys.MaxRSABits != 0 && (keys.MaxRSABits < max(least, keys.MinRSABits) || keys.MaxRSABits > most):
		return notary.FieldErrorf("keys.max_rsa_bits", "the maximum RSA key size must be from %d to "+
			"%d bits", max(least, keys.MinRSABits), most)
	}
	return nil
}

func checkWords[T ~string](field, what string, list, known []T) error {
	for i, word := range list {
		switch {
		case !slices.Contains(known, word):
			return notary.FieldErrorf(field, "%.60q is not a %s: use some of %s", word, what, all(known))
		case slices.Contains(list[:i], word):
			return notary.FieldErrorf(field, "%s is listed twice", word)
		}
	}
	return nil
}

func all[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, word := range list {
		words[i] = string(word)
	}
	return strings.Join(words, ", ")
}

func checkKeyUsages(r *notary.Rules) error {
	const field = "key_usages"
	if err := checkWords(field, "key usage", r.KeyUsages, notary.KeyUsages); err != nil {
		return err
	}
	has := func(usage notary.KeyUsage) bool { return slices.Contains(r.KeyUsages, usage) }
	switch {
	case len(r.KeyUsages) == 0:
		return notary.FieldErrorf(field, "no key usage is given: add at least one, such as digitalSignature")
	case r.CA && !(has(notary.KeyCertSign) && has(notary.CRLSign)):
		return notary.FieldErrorf(field, "a CA signs certificates and CRLs: add keyCertSign and cRLSign, or set "+
			"ca to false")
	case !r.CA && (has(notary.KeyCertSign) || has(notary.CRLSign)):
		return notary.FieldErrorf(field, "only CAs sign certificates and CRLs: remove keyCertSign and cRLSign, "+
			"or set ca to true")
	case (has(notary.EncipherOnly) || has(notary.DecipherOnly)) && !has(notary.KeyAgreement):
		return notary.FieldErrorf(field, "encipherOnly and decipherOnly require keyAgreement (RFC 5280, 4.2.1.3): add it")
	case has(notary.EncipherOnly) && has(notary.DecipherOnly):
		return notary.FieldErrorf(field, "encipherOnly and decipherOnly cannot be combined: remove one of them")
	}
	return nil
}

func checkUsagesFit(r *notary.Rules) error {
	for _, kind := range r.Keys.Allowed {
		if profileUsage(r)&possibleUsages(kind) == 0 {
			return notary.FieldErrorf("key_usages", "none of the key usages suits %s keys: "+
				"add one that does, such as digitalSignature, or disallow these keys", kind)
		}
	}
	return nil
}

func checkPurposeList(r *notary.Rules) error {
	const field = "extended_key_usages"
	if len(r.ExtKeyUsages) > maxFew {
		return notary.FieldErrorf(field, "too many extended key usages: list at most %d", maxFew)
	}
	var seen []string
	for _, purpose := range r.ExtKeyUsages {
		oid, ok := purposeOID(purpose)
		switch {
		case !ok:
			return notary.FieldErrorf(field, "%.60q is not an extended key usage: use %s, or a dotted object "+
				"identifier",
				purpose, all(notary.ExtKeyUsageNames))
		case slices.Contains(seen, oid.String()):
			return notary.FieldErrorf(field, "%s is listed twice", purpose)
		case oid.String() == anyExtKeyUsage:
			return notary.FieldErrorf(field, "anyExtendedKeyUsage would allow everything: list the extended key usages")
		}
		seen = append(seen, oid.String())
	}
	return nil
}

// consistent maps an extended key usage to the key usages consistent with it (RFC 5280, section 4.2.1.12). A
// certificate needs at least one of these.
var consistent = map[string][]notary.KeyUsage{
	notary.ServerAuth:  {notary.DigitalSignature, notary.KeyEncipherment, notary.KeyAgreement},
	notary.ClientAuth:  {notary.DigitalSignature, notary.KeyAgreement},
	notary.CodeSigning: {notary.DigitalSignature},
	notary.EmailProtection: {notary.DigitalSignature, notary.ContentCommitment, notary.KeyEncipherment,
		notary.KeyAgreement},
	notary.TimeStamping: {notary.DigitalSignature, notary.ContentCommitment},
	notary.OCSPSigning:  {notary.DigitalSignature, notary.ContentCommitment},
}

func checkPurposesFit(r *notary.Rules) error {
	const field = "extended_key_usages"
	for _, purpose := range r.ExtKeyUsages {
		need, known := consistent[purpose]
		if known && !slices.ContainsFunc(need, func(usage notary.KeyUsage) bool {
			return slices.Contains(r.KeyUsages,
				usage)
		}) {
			return notary.FieldErrorf("key_usages", "%s requires one of the key usages %s (RFC 5280, "+
				"4.2.1.12)", purpose, all(need))
		}
	}
	switch {
	case r.CA && len(r.ExtKeyUsages) > 0:
		return notary.FieldErrorf(field, "extended key usages of a CA would limit "+
			"what it may issue: remove them, or set ca to false")
	case slices.Contains(r.ExtKeyUsages, notary.TimeStamping) && len(r.ExtKeyUsages) > 1:
		return notary.FieldErrorf(field, "timeStamping must be the only extended key usage (RFC 3161, 2.3)")
	case r.OCSPNoCheck && !slices.Contains(r.ExtKeyUsages, notary.OCSPSigning):
		return notary.FieldErrorf("ocsp_no_check", "id-pkix-ocsp-nocheck is for OCSP responders: add "+
			"OCSPSigning, or remove it")
	}
	return nil
}

func checkAuthorityRules(r *notary.Rules) error {
	switch {
	case !r.CA && r.PathLen != -1:
		return notary.FieldErrorf("path_length", "only CAs have a path length: omit it, or set ca to true")
	case r.PathLen < -1 || r.PathLen > maxPathLen:
		return notary.FieldErrorf("path_length", "the path length must be from 0 to %d, or omitted", maxPathLen)
	}
	return nil
}

func checkPeriods(r *notary.Rules) error {
	switch {
	case r.Validity < minValidity || r.Validity > maxValidity:
		return notary.FieldErrorf("validity", "the validity must be from 10m to 36500d, such as 90d")
	case r.MaxValidity != 0 && (r.MaxValidity < minValidity || r.MaxValidity > maxValidity):
		return notary.FieldErrorf("max_validity", "the maximum validity must be from 10m to 36500d, such as "+
			"398d, or omitted")
	case r.MaxValidity != 0 && r.Validity > r.MaxValidity:
		return notary.FieldErrorf("validity", "the validity is longer than max_validity: shorten it, or raise max_validity")
	}
	return nil
}

func checkPolicies(r *notary.Rules) error {
	const field = "policies"
	if len(r.Policies) > maxFew {
		return notary.FieldErrorf(field, "too many policies: list at most %d", maxFew)
	}
	for i, policy := range r.Policies {
		if _, ok := pki.ParseOID(policy); !ok {
			return notary.FieldErrorf(field, "%.60q is not an object identifier: use one such as "+
				"1.3.6.1.4.1.99999.1", policy)
		}
		if slices.Contains(r.Policies[:i], policy) {
			return notary.FieldErrorf(field, "%s is listed twice", policy)
		}
	}
	return nil
}
