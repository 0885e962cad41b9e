package web

import (
	"fmt"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type profilesPage struct{ Profiles []*notary.Profile }

func (s *site) profiles(c *call) error {
	if err := policy.AllowRole(c.caller, policy.ViewProfiles, policy.Resource{}); err != nil {
		return err
	}
	all, err := s.ca.Profiles(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	return c.show("profiles", "Profiles", profilesPage{all})
}

type profilePage struct {
	*notary.Profile
	Newest int // number of the newest version
	Form   page.Form
}

func (s *site) profilePage(c *call, f page.Form) error {
	newest, err := s.profileOf(c)
	if err != nil {
		return err
	}
	shown := newest
	if text := c.r.URL.Query().Get("version"); text != "" {
		version, err := readID(text)
		if err != nil {
			return err
		}
		if shown, err = s.ca.Profile(c.r.Context(), c.caller, newest.ID, int(version)); err != nil {
			return err
		}
	}
	if !shown.Builtin {
		f = f.Fields(page.FieldSure)
	}
	return c.show("profile", "Profile "+shown.Name, profilePage{shown, newest.Version, f})
}

func (s *site) profileOf(c *call) (*notary.Profile, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	return s.ca.Profile(c.r.Context(), c.caller, id, 0)
}

func (s *site) deleteProfile(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.profilePage)
	}
	if err := s.ca.DeleteProfile(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.profilePage)
	}
	return c.done("/profiles", "Profile deleted. Existing certificates are not affected.")
}

func profilePath(id int64) string { return fmt.Sprintf("/profiles/%d", id) }

func (p profilePage) Versions() (all []int) {
	for v := p.Newest; v > 0; v-- {
		all = append(all, v)
	}
	return all
}
