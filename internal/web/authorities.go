package web

import (
	"fmt"
	"net/url"
	"strconv"

	"notary"
	"notary/internal/inspect"
	"notary/internal/web/page"
)

// authoritiesPage is the tree of authorities.
type authoritiesPage struct {
	Rows  []authorityRow
	Pager page.Pager
}

// authorityRow is one authority in the tree: each follows the one that signed it.
type authorityRow struct {
	*notary.Authority
	State   *notary.AuthorityState
	Depth   int    // below a root, or whatever stands at the top
	Above   string // the name of the one above; "" at the top
	Outside string // the outside authority that signed it; "" where none did
	InForce string // where its certificates in force are listed
}

func (s *site) authorities(c *call) error {
	rows, err := s.authorityRows(c)
	if err != nil {
		return err
	}
	shown, pager := page.Part(c.r.URL, rows)
	return c.show("authorities", "Authorities", authoritiesPage{shown, pager})
}

// authorityRows are all authorities, in the order of the tree.
func (s *site) authorityRows(c *call) ([]authorityRow, error) {
	all, err := s.ca.AuthorityStates(c.r.Context(), c.caller)
	if err != nil {
		return nil, err
	}
	t := authorityTree{site: s, all: all, held: map[int64]bool{}, added: map[int64]bool{}}
	for _, state := range all {
		t.held[state.Authority.ID] = true
	}
	anything := func(*notary.Authority) bool { return true } // of two that have signed one another, the first
	for _, top := range []func(*notary.Authority) bool{(*notary.Authority).SelfSigned, t.outside, pending, anything} {
		for _, state := range all {
			if top(state.Authority) {
				t.add(state, "", 0)
			}
		}
	}
	return t.rows, nil
}

// authorityTree is on its way to become rows.
type authorityTree struct {
	site  *site
	all   []*notary.AuthorityState
	held  map[int64]bool
	added map[int64]bool // those that have a row
	rows  []authorityRow
}

// outside says whether it was signed by an authority that is not held here, or not any more.
func (t *authorityTree) outside(a *notary.Authority) bool {
	return a.Certificate != nil && !a.SelfSigned() && !t.held[a.IssuerID()]
}

func pending(a *notary.Authority) bool { return a.Certificate == nil }

// add puts an authority below the one that signed it, and below that what it signed itself,
// each once.
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

// below are the rows below one authority, counted from there.
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

// issuerName is what a certificate calls its issuer.
func (s *site) issuerName(c *notary.Certificate) string {
	objects, err := inspect.Read([]byte(c.PEM()), s.ca.Now())
	if err != nil || objects[0].Certificate == nil {
		return "an outside authority"
	}
	return objects[0].Certificate.Issuer
}

// inForceURL is where the certificates of an authority are listed that are valid now.
func (s *site) inForceURL(id int64) string {
	return listURL("/certificates", url.Values{}, "certificate_authority_id", strconv.FormatInt(id, 10),
		"revoked", "false",
		"expires_after", moment(s.ca.Now()))
}

// Indent is the class that moves the name to the right.
func (r authorityRow) Indent() string { return fmt.Sprintf("d%d", min(r.Depth, 6)) }

func authorityPath(id int64) string { return fmt.Sprintf("/authorities/%d", id) }
