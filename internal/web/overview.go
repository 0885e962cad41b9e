package web

// overviewPage is what needs somebody's attention.
type overviewPage struct{}

func (s *site) overview(c *call) error {
	return c.show("overview", "Overview", overviewPage{})
}
