package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

type signChoices struct {
	Authorities []page.Option // active ones
	Profiles    []page.Option
	CAProfiles  []page.Option // profiles for CAs, if the caller may use them
	all         []*notary.Authority

	seesAuthorities bool // whether the caller sees authorities; otherwise all is empty
}

func (s *site) signChoices(c *call) (o signChoices, err error) {
	if o.seesAuthorities = c.caller.May(notary.ReadAuthorities); o.seesAuthorities {
		if o.all, err = s.ca.Authorities(c.r.Context(), c.caller); err != nil {
			return o, err
		}
	}
	signers, err := s.ca.Signers(c.r.Context(), c.caller)
	if err != nil {
		return o, err
	}
	profiles, err := s.ca.Profiles(c.r.Context(), c.caller)
	if err != nil {
		return o, err
	}
	for _, a := range signers {
		if a.CanSign(s.ca.Now()) {
			o.Authorities = append(o.Authorities, page.Option{Value: strconv.FormatInt(a.ID, 10), Label: authorityLabel(a),
				Chosen: !a.SelfSigned() && !chosen(o.Authorities)})
		}
	}
	for _, p := range profiles {
		if p.CA && c.caller.May(notary.ManageAuthorities) {
			o.CAProfiles = append(o.CAProfiles, page.Option{Value: p.Name, Label: profileLabel(p)})
		}
		if !p.CA && p.Name != notary.OCSPProfile {
			o.Profiles = append(o.Profiles, page.Option{Value: p.Name, Label: profileLabel(p),
				Chosen: p.Name == notary.DefaultProfile})
		}
	}
	return o, nil
}

var signFields = []string{"certificate_authority_id", "profile", "not_valid_after"}

// SignFields returns the fields of the form for signing requests.
func (o signChoices) SignFields(f page.Form) []page.Field {
	return []page.Field{f.Choice("certificate_authority_id", "CA", o.Authorities),
		f.Choice("profile", "Profile", o.Profiles),
		f.Input("text", "not_valid_after", "Validity").With("Days or an end date (YYYY-MM-DD). Default: from the profile. " +
			"Capped at the CA's expiry.")}
}

func chosen(options []page.Option) bool {
	return slices.ContainsFunc(options, func(o page.Option) bool { return o.Chosen })
}

// choose selects the option with the given value. If there is no such option, it adds and selects one that asks for a
// choice.
func choose(options []page.Option, value string) []page.Option {
	found := false
	for i := range options {
		options[i].Chosen = options[i].Value == value
		found = found || options[i].Chosen
	}
	if !found && len(options) > 0 {
		options = append([]page.Option{{Label: "Choose…", Chosen: true}}, options...)
	}
	return options
}

func authorityLabel(a *notary.Authority) string {
	label := fmt.Sprintf("%s (%d)", page.Shorten(a.CommonName), a.ID)
	if a.SelfSigned() {
		label += ", root"
	}
	return label
}

func profileLabel(p *notary.Profile) string {
	label := p.Name
	if p.Description != "" {
		label += ": " + page.Shorten(p.Description)
	}
	return label
}

func (s *site) readSignOptions(c *call) (o ca.SignOptions, err error) {
	o.Profile = c.value("profile")
	if o.AuthorityID, err = strconv.ParseInt(c.value("certificate_authority_id"), 10, 64); err != nil {
		return o, notary.FieldErrorf("certificate_authority_id", "choose a CA")
	}
	o.NotAfter, err = readEnd(c.value("not_valid_after"), s.ca.Now())
	return o, err
}

func readOwnOptions(c *call, o *ca.SignOptions) (err error) {
	if profile := c.value("ca_profile"); profile != "" {
		o.Profile = profile
	}
	o.Subject, o.Names = c.value("subject"), lines(c.r.PostForm.Get("names"))
	pathLen, err := number(c.r.PostForm, "path_length", -1)
	if err != nil {
		return err
	}
	if c.value("path_length") != "" {
		o.PathLen = &pathLen
	}
	if o.Constraints.Permitted, err = readSubtrees("name_constraints.permitted",
		c.value("name_constraints.permitted")); err != nil {
		return err
	}
	o.Constraints.Excluded, err = readSubtrees("name_constraints.excluded", c.value("name_constraints.excluded"))
	return err
}

// readEnd parses an expiry: a number of days from now, a period, or the last day of validity.
func readEnd(text string, now time.Time) (end time.Time, err error) {
	if text == "" {
		return end, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		end = day.AddDate(0, 0, 1).Add(-time.Second)
	} else {
		if strings.Trim(text, "0123456789") == "" {
			text += "d"
		}
		period, ok := notary.ParsePeriod(text)
		if !ok || period == 0 {
			return end, notary.FieldErrorf("not_valid_after",
				"enter a number of days such as 90, or an end date such as 2027-01-31")
		}
		end = now.Add(period)
	}
	if !end.After(now) {
		return end, notary.FieldErrorf("not_valid_after", "the end date must be in the future")
	}
	return end, nil
}

func (s *site) onRequest(done string, do func(c *call, id int64) error) func(*call) error {
	return func(c *call) error {
		id, err := c.id()
		if err != nil {
			return err
		}
		if err := do(c, id); err != nil {
			return c.again(err, s.requestPage)
		}
		return c.done(requestPath(id), done)
	}
}

func (s *site) signRequest(c *call, id int64) error {
	o, err := s.readSignOptions(c)
	if err != nil {
		return err
	}
	if err := readOwnOptions(c, &o); err != nil {
		return err
	}
	return s.ca.Sign(c.r.Context(), c.caller, id, o)
}

func (s *site) rejectRequest(c *call, id int64) error {
	return s.ca.Reject(c.r.Context(), c.caller, id, c.value("reason"))
}

func (s *site) reopenRequest(c *call, id int64) error {
	return s.ca.Reopen(c.r.Context(), c.caller, id)
}

func (s *site) uploadCertificate(c *call, id int64) error {
	_, err := s.ca.Upload(c.r.Context(), c.caller, id, c.r.PostForm.Get("certificate"))
	return err
}

func (s *site) removeCertificate(c *call, id int64) error {
	if err := c.mustBeSure(); err != nil {
		return err
	}
	return s.ca.RemoveCertificate(c.r.Context(), c.caller, id)
}

func (s *site) deleteRequest(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	err = c.mustBeSure()
	if err == nil {
		err = s.ca.Delete(c.r.Context(), c.caller, id)
	}
	if err != nil {
		return c.again(err, s.requestPage)
	}
	return c.done("/requests", fmt.Sprintf("Request %d deleted. Its certificates are kept and can still be revoked.", id))
}
