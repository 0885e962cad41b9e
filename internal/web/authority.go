package web

import (
	"net/url"
	"slices"
	"strconv"

	"notary"
	"notary/internal/web/page"
)

// authorityPage is one authority, and what can be done with it.
type authorityPage struct {
	authorityRow
	Issuer    *notary.Authority // held here; nil for a root, and where it is not
	Successor *notary.Authority // that goes on for it; nil for none
	Own       []ownCertificate  // the certificates of its key
	View      certificateView
	Downloads downloads
	Below     []authorityRow
	Issuers   []page.Option // that could sign it
	Profiles  []page.Option
	Stays     string      // why it cannot be revoked; "" where it can
	History   []eventView // the last that was done to it, without what the program does by itself
	forms
}

// authorityFields are the fields of the page's forms.
var authorityFields = formFields{"sign": {"certificate_authority_id", "profile"}, "certificate": {"certificate_chain"},
	"settings": {"crl", "ocsp", "issuer", "crl_shards"}, "issued": {"certificates"}}

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
		return errNothingHere // it was deleted just now
	}
	if a.Certificate != nil {
		p.View = s.viewOf(a.Certificate, all)
		p.Downloads = downloadsOf(a.Certificate, authorityPath(id)+"/download")
	}
	if p.Own, err = s.ownCertificates(c, id); err != nil {
		return err
	}
	p.Stays = stays(a, all)
	p.Issuers = s.possibleIssuers(all, p.Below, id)
	if p.Profiles, err = s.authorityProfiles(c); err != nil {
		return err
	}
	if p.History, err = s.authorityHistory(c, id, all); err != nil {
		return err
	}
	if p.sent == "sign" && len(p.Issuers) == 0 || (p.sent == "sign" || p.sent == "certificate") && !p.CanBeSigned() {
		p.Form = p.Form.Fields() // this form is not shown any more
	}
	return c.show("authority", a.CommonName, p)
}

// The events of an authority that are looked at, and those that are shown: the record has all.
const (
	lastEvents  = 200
	shownEvents = 10
)

// authorityHistory is what people did to it last. Lists and responders are made by the clock, and
// would be all that one sees.
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
	return eventViews(byPeople[:min(len(byPeople), shownEvents)], all), nil
}

// possibleIssuers are the authorities that can sign now and are not below that one.
func (s *site) possibleIssuers(all []*notary.Authority, below []authorityRow, id int64) (found []page.Option) {
	for _, a := range all {
		under := slices.ContainsFunc(below, func(row authorityRow) bool { return row.ID == a.ID })
		if a.ID != id && !under && a.Status(s.ca.Now()) == notary.AuthorityActive {
			found = append(found, page.Option{Value: strconv.FormatInt(a.ID, 10), Label: authorityLabel(a)})
		}
	}
	return found
}

// authorityProfiles are those by which an authority can be signed.
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

// Settings is the form for what its certificates name: as it is, unless that was typed.
func (p authorityPage) Settings() page.Form {
	f, pub := p.At("settings"), p.Publication
	if !f.Given("crl_shards") {
		f = f.WithValues(url.Values{"crl_shards": {strconv.Itoa(pub.Shards)}, "crl": flag(!pub.NoCRL),
			"ocsp":   flag(!pub.NoOCSP),
			"issuer": flag(!pub.NoIssuer)})
	}
	return f
}

// FirstBelow are the authorities below it that are listed.
func (p authorityPage) FirstBelow() []authorityRow { return p.Below[:min(len(p.Below), page.MaxRows)] }

// OtherBelow is how many are not.
func (p authorityPage) OtherBelow() int { return len(p.Below) - len(p.FirstBelow()) }

// CanBeSigned says whether it may get a certificate from above.
func (p authorityPage) CanBeSigned() bool {
	return !p.SelfSigned() && p.State.Status != notary.AuthorityRevoked
}
