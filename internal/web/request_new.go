package web

import (
	"cmp"
	"strconv"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/inspect"
	"notary/internal/policy"
	"notary/internal/web/page"
)

// newRequestPage is the form for a CSR: pasted, from a file, or generated in the browser.
type newRequestPage struct {
	Form     page.Form
	Profiles []page.Option

	PublishWarning string // for callers who may manage authorities
}

func (s *site) newRequestPage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.CreateRequest, policy.Resource{}); err != nil {
		return err
	}
	choices, err := s.signChoices(c)
	if err != nil {
		return err
	}
	p := newRequestPage{Form: f.Fields("csr", "profile", "names", "key"), Profiles: profileWishes(choices.Profiles)}
	if c.caller.May(notary.ManageAuthorities) {
		p.PublishWarning = s.ca.PublishWarning()
	}
	return c.show("request-new", "New request", p)
}

// Keys returns the key types that browsers can generate.
func (newRequestPage) Keys() []page.Option {
	return []page.Option{{Value: "ecdsa-p256", Label: "ECDSA P-256 (recommended)"},
		{Value: "ecdsa-p384", Label: "ECDSA P-384"},
		{Value: "rsa-2048", Label: "RSA 2048 (widest compatibility)"}, {Value: "rsa-3072", Label: "RSA 3072"},
		{Value: "ed25519", Label: "Ed25519 (limited support)"}}
}

type checkedPage struct {
	Form     page.Form
	CSR      string
	Facts    *inspect.Request
	Problems []inspect.Problem
	Profile  string
	Profiles []page.Option
	Owners   []page.Option // the possible owners; none if the caller is the only one

	Authorities []page.Option // CAs that can be requested; none if the caller cannot see CAs
	Trial       *notary.RequestTrial
}

func (s *site) checkRequest(c *call) error {
	if c.value("do") == "change" {
		return s.newRequestPage(c, page.NewForm(c.r.PostForm))
	}
	return s.checkedPage(c, page.NewForm(c.r.PostForm))
}

func (s *site) checkedPage(c *call, f page.Form) error {
	csr := unixLines(f.Value("csr"))
	if strings.TrimSpace(csr) == "" {
		return c.again(notary.FieldErrorf("csr", "paste or upload a CSR, or generate one in this browser"), s.newRequestPage)
	}
	trial, err := s.ca.TryRequest(c.r.Context(), c.caller, csr, f.Value("profile"))
	if err != nil {
		return c.again(err, s.newRequestPage)
	}
	choices, err := s.signChoices(c)
	if err != nil {
		return err
	}
	fields := append([]string{"profile"}, annotationFields...)
	owners, err := s.ownerChoices(c)
	if err != nil {
		return err
	}
	if owners != nil && !trial.Recorded {
		fields = append(fields, "owner")
	}
	p := checkedPage{Form: f.Fields(fields...), Owners: owners, Authorities: authorityChoices(choices.all), CSR: csr, Profile: f.Value("profile"),
		Profiles: profileWishes(choices.Profiles), Trial: trial}
	p.Facts, p.Problems = s.readCSR(csr)
	return c.show("request-check", "Review request", p)
}

func (s *site) submitRequest(c *call) error {
	group, err := strconv.ParseInt(cmp.Or(c.value("owner"), "0"), 10, 64)
	if err != nil {
		return errNotFound
	}
	annotation, err := s.readAnnotation(c)
	var id int64
	if err == nil {
		id, err = s.ca.SubmitWith(c.r.Context(), c.caller, unixLines(c.r.PostForm.Get("csr")),
			ca.SubmitOptions{OwnerGroupID: group, Annotation: annotation})
	}
	if err != nil && c.aboutAnnotation(err) {
		return c.again(err, s.checkedPage)
	}
	if err != nil {
		return c.again(err, s.newRequestPage)
	}
	return c.done(requestPath(id), "Request submitted.")
}

// profileWishes returns the profiles that can be requested. The first option requests none.
func profileWishes(profiles []page.Option) []page.Option {
	wishes := []page.Option{{Label: "Chosen when signing"}}
	for _, o := range profiles {
		wishes = append(wishes, page.Option{Value: o.Value, Label: o.Label})
	}
	return wishes
}

// DefaultProfile returns the profile for requests that ask for none.
func (checkedPage) DefaultProfile() string { return notary.DefaultProfile }

// CheckedAgainst returns the profile that the request was checked against.
func (p checkedPage) CheckedAgainst() string { return cmp.Or(p.Profile, notary.DefaultProfile) }

func authorityChoices(all []*notary.Authority) (options []page.Option) {
	for _, a := range all {
		options = append(options, page.Option{Value: strconv.FormatInt(a.ID, 10), Label: authorityLabel(a)})
	}
	if len(options) > 0 {
		options = append([]page.Option{{Label: "Any"}}, options...)
	}
	return options
}

// unixLines converts the newlines of a submitted form, which browsers normalize to CRLF (HTML, 4.10.22.4), to LF.
func unixLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }
