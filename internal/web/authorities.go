package web

import (
	"fmt"
	"net/url"
	"strconv"

	"notary"
	"notary/internal/inspect"
	"notary/internal/web/page"
)

type authoritiesPage struct {
	Rows  []authorityRow
	Pager page.Pager
}

type authorityRow struct {
	*notary.Authority
	State   *notary.AuthorityState
	Depth   int    // number of levels below the top of its tree
	Above   string // name of its issuer; "" at the top
	Outside string // name of its external issuer, or ""
	InForce string // URL of the list of its valid certificates
}

func (s *site) authorities(c *call) error {
	rows, err := s.authorityRows(c)
	if err != nil {
		return err
	}
	shown, pager := page.Part(c.r.URL, rows)
	return c.show("authorities", "Certificate authorities", authoritiesPage{shown, pager})
}

func (s *site) authorityRows(c *call) ([]authorityRow, error) {
	all, err := s.ca.AuthorityStates(c.r.Context(), c.caller)
	if err != nil {
		return nil, err
	}
	t := authorityTree{site: s, all: all, held: map[int64]bool{}, added: map[int64]bool{}}
	for _, state := range all {
		t.held[state.Authority.ID] = true
	}
	anything := func(*notary.Authority) bool { return true } // what is left: authorities that have signed each other
	for _, top := range []func(*notary.Authority) bool{(*notary.Authority).SelfSigned, t.outside, pending, anything} {
		for _, state := range all {
			if top(state.Authority) {
				t.add(state, "", 0)
			}
		}
	}
	return t.rows, nil
}

type authorityTree struct {
	site  *site
	all   []*notary.AuthorityState
	held  map[int64]bool
	added map[int64]bool // authorities that have a row
	rows  []authorityRow
}

// outside reports whether the authority has an issuer that is not, or no longer, held here.
func (t *authorityTree) outside(a *notary.Authority) bool {
	return a.Certificate != nil && !a.SelfSigned() && !t.held[a.IssuerID()]
}

func pending(a *notary.Authority) bool { return a.Certificate == nil }

func (t *authorityTree) add(state *notary.AuthorityState, above string, depth int) {
	a := state.Authority
	if t.added[a.ID] {
		return
	}
	t.added[a.ID] = true
	row := authorityRow{Authority: a, State: state, Depth: depth, Above: above, InForce: t.site.inForceURL(a.ID)}
	if t.outside(a) {
		row.Outside = t.site.issuerName(a.Certificate)
	}
	t.rows = append(t.rows, row)
	for _, below := range t.all {
		if below.Authority.IssuerID() == a.ID {
			t.add(below, a.CommonName, depth+1)
		}
	}
}

// below returns the rows below an authority. Direct subordinates have the depth 0.
func below(rows []authorityRow, id int64) (found []authorityRow) {
	depth := -1
	for _, row := range rows {
		switch {
		case row.ID == id:
			depth = row.Depth
		case depth >= 0 && row.Depth <= depth:
			return found
		case depth >= 0:
			row.Depth -= depth + 1
			found = append(found, row)
		}
	}
	return found
}

func (s *site) issuerName(c *notary.Certificate) string {
	objects, err := inspect.Read([]byte(c.PEM()), s.ca.Now())
	if err != nil || objects[0].Certificate == nil {
		return "External CA"
	}
	return objects[0].Certificate.Issuer
}

func (s *site) inForceURL(id int64) string {
	return listURL("/certificates", url.Values{}, "certificate_authority_id", strconv.FormatInt(id, 10),
		"revoked", "false",
		"expires_after", moment(s.ca.Now()))
}

// Indent returns the CSS class that indents the name.
func (r authorityRow) Indent() string { return fmt.Sprintf("d%d", min(r.Depth, 6)) }

func authorityPath(id int64) string { return fmt.Sprintf("/authorities/%d", id) }
