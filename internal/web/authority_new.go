package web

import (
	"crypto/x509/pkix"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type authorityForm struct {
	Form    page.Form
	Issuers []page.Option

	PublishWarning string
}

func (s *site) newAuthorityPage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return err
	}
	all, err := s.ca.Authorities(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	f = f.Fields("common_name", "signed_by", "key_algorithm", "not_valid_after", "path_length", "organization_name",
		"organizational_unit_name", "country_name", "state_or_province_name", "locality_name",
		"name_constraints.permitted", "name_constraints.excluded")
	return c.show("authority-new", "New CA",
		authorityForm{f, s.possibleIssuers(all, nil, 0), s.ca.PublishWarning()})
}

const (
	bySelf    = "self"
	byOutside = "outside"
)

// Signers returns the possible issuers of the new authority.
func (p authorityForm) Signers() []page.Option {
	signers := []page.Option{{Value: bySelf, Label: "Root (self-signed)"}}
	for _, issuer := range p.Issuers {
		issuer.Label = "Subordinate of " + issuer.Label
		signers = append(signers, issuer)
	}
	return append(signers, page.Option{Value: byOutside, Label: "Externally signed (generates a CSR)"})
}

func (s *site) newAuthority(c *call) error {
	o, err := readAuthorityOptions(c, "")
	if err != nil {
		return c.again(err, s.newAuthorityPage)
	}
	var issuer int64
	signer := c.value("signed_by")
	switch o.SelfSigned = signer == bySelf; {
	case signer != bySelf && signer != byOutside:
		if issuer, err = readAuthority(signer); err != nil {
			return c.again(notary.FieldErrorf("signed_by", "choose a type"), s.newAuthorityPage)
		}
	}
	id, err := s.ca.CreateAuthority(c.r.Context(), c.caller, o)
	if err != nil {
		return c.again(err, s.newAuthorityPage)
	}
	switch {
	case issuer != 0:
		if err := s.ca.SignAuthority(c.r.Context(), c.caller, id, issuer); err != nil {
			e := c.explain(err)
			return c.done(authorityPath(id), "CA created but not signed: "+page.Sentence(e.Message)+
				" Sign it below, or upload its certificate.")
		}
		return c.done(authorityPath(id), "CA created and signed. It can now issue certificates.")
	case o.SelfSigned:
		return c.done(authorityPath(id), "Root CA created. Install its certificate in clients' trust stores.")
	}
	return c.done(authorityPath(id), "CA created. Have its CSR signed by the external CA, then upload the certificate here.")
}

// readAuthorityOptions parses the fields of a new authority. The field names of the common name, expiry and path length
// start with prefix.
func readAuthorityOptions(c *call, prefix string) (o ca.AuthorityOptions, err error) {
	o = ca.AuthorityOptions{
		KeyAlgorithm: notary.KeyAlgorithm(c.value("key_algorithm")),
		Subject: pkix.Name{
			CommonName: c.value(prefix + "common_name"), Country: some(c.value("country_name")),
			Province: some(c.value("state_or_province_name")),
			Locality: some(c.value("locality_name")), Organization: some(c.value("organization_name")),
			OrganizationalUnit: some(c.value("organizational_unit_name")),
		},
	}
	if o.NotAfter, err = readEnd(c.value(prefix+"not_valid_after"), c.site.ca.Now()); err != nil {
		return o, atTier(prefix, err)
	}
	if o.PathLen, err = number(c.r.PostForm, prefix+"path_length", -1); err != nil {
		return o, err
	}
	if o.Constraints.Permitted, err = readSubtrees("name_constraints.permitted",
		c.value("name_constraints.permitted")); err != nil {
		return o, err
	}
	o.Constraints.Excluded, err = readSubtrees("name_constraints.excluded", c.value("name_constraints.excluded"))
	return o, err
}

func some(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

func keyAlgorithms() []page.Option {
	names := map[notary.KeyAlgorithm]string{
		notary.ECDSAP256: "ECDSA P-256 (recommended)", notary.ECDSAP384: "ECDSA P-384",
		notary.ECDSAP521: "ECDSA P-521",
		notary.Ed25519:   "Ed25519 (not supported by browsers)", notary.RSA2048: "RSA 2048",
		notary.RSA3072: "RSA 3072 (legacy clients)",
		notary.RSA4096: "RSA 4096",
	}
	var all []page.Option
	for _, alg := range notary.KeyAlgorithms {
		all = append(all, page.Option{Value: string(alg), Label: names[alg]})
	}
	return all
}

func (authorityForm) KeyAlgorithms() []page.Option { return keyAlgorithms() }

func (authorityForm) SubtreesNote() string { return subtreesNote }
