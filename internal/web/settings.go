package web

import "notary"

type settingsPage struct{ Settings []notary.Setting }

func (s *site) settingsPage(c *call) error {
	if err := s.auth.ReadSettings(c.r.Context(), c.caller); err != nil {
		return err
	}
	return c.show("settings", "Settings", settingsPage{s.settings()})
}
