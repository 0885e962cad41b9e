package web

import (
	"cmp"
	"strconv"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

type signGroup struct {
	ca.SignGroup
	Authority string // name of the authority of their former certificates, or ""
}

// HasFormer reports whether the requests have had a certificate from an authority held here.
func (g signGroup) HasFormer() bool { return g.SignGroup.Former != (notary.Issuance{}) }

func (s *site) signGroups(c *call, m ca.Many, authorities []*notary.Authority) (groups []signGroup, err error) {
	plan, _, err := s.ca.SignPlan(c.r.Context(), c.caller, m, ca.SignOptions{})
	if err != nil {
		return nil, err
	}
	for _, g := range plan {
		shown := signGroup{SignGroup: g}
		if id := g.Former.AuthorityID; id != 0 {
			shown.Authority = cmp.Or(authorityName(id, authorities), strconv.FormatInt(id, 10))
		}
		groups = append(groups, shown)
	}
	return groups, nil
}

// HasFormer reports whether any of the requests has had a certificate from an authority held here.
func (p manyPage) HasFormer() bool {
	for _, g := range p.Groups {
		if g.HasFormer() {
			return true
		}
	}
	return false
}

// FormerField returns the choice of authority and profile for requests that have had a certificate.
func (p manyPage) FormerField() page.Field {
	return p.Form.Choice("former", "Requests with an earlier certificate", []page.Option{
		{Value: "keep", Label: "Keep the CA and profile of that certificate", Chosen: true},
		{Value: "replace", Label: "Use the CA and profile selected above"},
	})
}
