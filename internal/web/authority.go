package web

import (
	"net/url"
	"slices"
	"strconv"

	"notary"
	"notary/internal/web/page"
)

type authorityPage struct {
	authorityRow
	Issuer       *notary.Authority // nil for a root or if the issuer is not held here
	Successor    *notary.Authority // nil without a successor
	Own          []ownCertificate  // all certificates for its key
	View         certificateView
	Downloads    downloads
	Below        []authorityRow
	Issuers      []page.Option // authorities that can sign it
	Profiles     []page.Option
	NotRevocable string      // reason why it cannot be revoked, or ""
	History      []eventView // its last events, without system events
	forms
}

var authorityFields = formFields{"sign": {"certificate_authority_id", "profile"}, "certificate": {"certificate_chain"},
	"settings": {"crl", "ocsp", "issuer", "crl_shards"}, "issued": {"certificates"}, "crl": {"crl"}}

func (s *site) authorityPage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	a, err := s.ca.Authority(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	rows, err := s.authorityRows(c)
	if err != nil {
		return err
	}
	p := authorityPage{Below: below(rows, id), forms: formsOf(c, f, authorityFields)}
	all := make([]*notary.Authority, len(rows))
	for i, row := range rows {
		all[i] = row.Authority
		switch row.ID {
		case id:
			p.authorityRow = row
		case a.IssuerID():
			p.Issuer = row.Authority
		}
		if row.PredecessorID == id {
			p.Successor = row.Authority
		}
	}
	if p.State == nil {
		return errNotFound // it was just deleted
	}
	if a.Certificate != nil {
		p.View = s.viewOf(a.Certificate, all)
		p.Downloads = downloadsOf(a.Certificate, authorityPath(id)+"/download")
	}
	if p.Own, err = s.ownCertificates(c, id); err != nil {
		return err
	}
	p.NotRevocable = whyNotRevocable(a, all)
	p.Issuers = s.possibleIssuers(all, p.Below, id)
	if p.Profiles, err = s.authorityProfiles(c); err != nil {
		return err
	}
	if p.History, err = s.authorityHistory(c, id, all); err != nil {
		return err
	}
	if p.sent == "sign" && len(p.Issuers) == 0 || (p.sent == "sign" || p.sent == "certificate") && !p.CanBeSigned() {
		p.Form = p.Form.Fields() // the form is no longer shown
	}
	return c.show("authority", a.CommonName, p)
}

const (
	lastEvents  = 200
	shownEvents = 10
)

// authorityHistory returns the last events of an authority. It omits system events, because periodic CRLs and responder
// certificates would displace all others.
func (s *site) authorityHistory(c *call, id int64, all []*notary.Authority) ([]eventView, error) {
	if !c.caller.May(notary.ReadEvents) {
		return nil, nil
	}
	found, err := s.ca.Events(c.r.Context(), c.caller,
		notary.EventQuery{Kind: "authority", ObjectID: id, Limit: lastEvents})
	if err != nil {
		return nil, err
	}
	byPeople := slices.DeleteFunc(slices.Clone(found.Items),
		func(e *notary.Event) bool { return e.Principal.Kind == notary.SystemPrincipal })
	return eventViews(c.caller, byPeople[:min(len(byPeople), shownEvents)], all), nil
}

// possibleIssuers returns the active authorities that are neither the given one nor subordinate to it.
func (s *site) possibleIssuers(all []*notary.Authority, below []authorityRow, id int64) (found []page.Option) {
	for _, a := range all {
		under := slices.ContainsFunc(below, func(row authorityRow) bool { return row.ID == a.ID })
		if a.ID != id && !under && a.CanSign(s.ca.Now()) {
			found = append(found, page.Option{Value: strconv.FormatInt(a.ID, 10), Label: authorityLabel(a)})
		}
	}
	return found
}

func (s *site) authorityProfiles(c *call) (found []page.Option, err error) {
	all, err := s.ca.Profiles(c.r.Context(), c.caller)
	for _, p := range all {
		if p.CA {
			found = append(found, page.Option{Value: p.Name, Label: p.Name,
				Chosen: p.Name == notary.IntermediateProfile})
		}
	}
	return found, err
}

func (p authorityPage) Settings() page.Form {
	f, pub := p.At("settings"), p.Publication
	if !f.Given("crl_shards") {
		f = f.WithValues(url.Values{"crl_shards": {strconv.Itoa(pub.Shards)}, "crl": flag(!pub.NoCRL),
			"ocsp":   flag(!pub.NoOCSP),
			"issuer": flag(!pub.NoIssuer)})
	}
	return f
}

// FirstBelow returns the subordinate authorities shown in the list.
func (p authorityPage) FirstBelow() []authorityRow { return p.Below[:min(len(p.Below), page.MaxRows)] }

// OtherBelow returns the number of subordinate authorities not shown.
func (p authorityPage) OtherBelow() int { return len(p.Below) - len(p.FirstBelow()) }

func (p authorityPage) CanBeSigned() bool {
	return !p.SelfSigned() && p.State.Status != notary.AuthorityRevoked
}
