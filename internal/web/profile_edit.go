package web

import (
	"strconv"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type profileForm struct {
	Profile *notary.Profile // nil for a new profile
	Form    page.Form
	Tried   *notary.ProfileTrial // nil if no test was run
}

func (s *site) editProfilePage(c *call, f page.Form) error { return s.profileForm(c, f, nil) }

func (s *site) profileForm(c *call, f page.Form, tried *notary.ProfileTrial) error {
	if err := policy.AllowRole(c.caller, policy.ManageProfiles, policy.Resource{}); err != nil {
		return err
	}
	p, err := s.profileOf(c)
	if err != nil {
		return err
	}
	if !f.Given("version") { // not submitted yet
		values := valuesOf(&p.Rules)
		values.Set("version", strconv.Itoa(p.Version))
		values.Set("last", "100")
		f = f.WithValues(values)
	}
	return c.show("profile-edit", "Edit profile "+p.Name,
		profileForm{p, f.Fields(append(ruleFields(), "last", "csr")...), tried})
}

func (s *site) editProfile(c *call) error {
	p, err := s.profileOf(c)
	if err != nil {
		return err
	}
	rules, err := readRules(c.r.PostForm)
	if err != nil {
		return c.again(err, s.editProfilePage)
	}
	if c.value("do") == "try" {
		return s.tryProfile(c, p.ID, &rules)
	}
	from, err := strconv.Atoi(c.value("version"))
	if err != nil {
		return errNotFound
	}
	version, err := s.ca.UpdateProfile(c.r.Context(), c.caller, p.ID, from, rules)
	if err != nil {
		return c.again(err, s.editProfilePage)
	}
	return c.done(profilePath(p.ID), "Profile "+p.Name+" updated to version "+strconv.Itoa(version)+".")
}

func (s *site) tryProfile(c *call, id int64, rules *notary.Rules) error {
	last, err := number(c.r.PostForm, "last", 0)
	if err != nil {
		return c.again(err, s.editProfilePage)
	}
	tried, err := s.ca.TryProfile(c.r.Context(), c.caller, id,
		ca.TryOptions{CSR: c.value("csr"), Last: last, Rules: rules})
	if err != nil {
		return c.again(outOfField("profile", err), s.editProfilePage)
	}
	return s.profileForm(c, page.NewForm(c.r.PostForm), tried)
}

func (s *site) newProfilePage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ManageProfiles, policy.Resource{}); err != nil {
		return err
	}
	if !f.Given("validity") { // not submitted yet
		model, err := s.modelOf(c)
		if err != nil {
			return err
		}
		f = f.WithValues(valuesOf(&model.Rules))
	}
	return c.show("profile-edit", "New profile", profileForm{nil, f.Fields(append(ruleFields(), "name")...), nil})
}

func (s *site) modelOf(c *call) (*notary.Profile, error) {
	if text := c.r.URL.Query().Get("like"); text != "" {
		id, err := readID(text)
		if err != nil {
			return nil, err
		}
		return s.ca.Profile(c.r.Context(), c.caller, id, 0)
	}
	all, err := s.ca.Profiles(c.r.Context(), c.caller)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if p.Name == notary.DefaultProfile {
			return p, nil
		}
	}
	return all[0], nil // built-in profiles always exist
}

func (s *site) newProfile(c *call) error {
	rules, err := readRules(c.r.PostForm)
	if err != nil {
		return c.again(err, s.newProfilePage)
	}
	id, err := s.ca.CreateProfile(c.r.Context(), c.caller, c.value("name"), rules)
	if err != nil {
		return c.again(err, s.newProfilePage)
	}
	return c.done(profilePath(id), "Profile created. It can now be used for issuance.")
}

func outOfField(outer string, err error) error {
	return notary.MapField(err, func(field string) string { return strings.TrimPrefix(field, outer+".") })
}
