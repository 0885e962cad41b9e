package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"notary"
	"notary/internal/web/page"
)

type filters struct {
	Form        page.Form
	Path        string // of the list
	Part        string // the parameter that the tabs set; the form keeps it
	Tabs        []tab
	Narrowed    bool   // whether a field of the form is set
	Clear       string // URL of the list without these fields
	SeesOthers  bool   // whether the list may include objects submitted by others
	Authorities []page.Option
	Names       map[int64]string // of the authorities, by ID
	query       url.Values
}

type tab struct {
	Label, URL string
	Count      string // "" if not known
	Here       bool
}

func (p *filters) nameAuthorities(s *site, c *call) error {
	var err error
	if p.SeesOthers, err = s.ca.SeesOthers(c.r.Context(), c.caller); err != nil {
		return err
	}
	if !c.caller.May(notary.ReadAuthorities) {
		return nil
	}
	all, err := s.ca.Authorities(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	p.Names = map[int64]string{}
	p.Authorities = []page.Option{{Label: "Any"}}
	if len(all) > maxChoices {
		p.Authorities = nil
	}
	for _, a := range all {
		p.Names[a.ID] = a.CommonName
		if p.Authorities != nil {
			label := fmt.Sprintf("%s (%d)", page.Shorten(a.CommonName), a.ID)
			p.Authorities = append(p.Authorities, page.Option{Value: strconv.FormatInt(a.ID, 10), Label: label})
		}
	}
	return nil
}

func (p *filters) form() page.Form {
	fields := []string{"q", "key", "label", "expires_after", "expires_before", "sort"}
	if p.SeesOthers {
		fields = append(fields, "email", "owner")
	}
	if len(p.Names) > 0 {
		fields = append(fields, "certificate_authority_id")
	}
	return p.Form.Fields(fields...)
}

const maxChoices = 200 // authorities in a selection; with more, the field takes an ID

func (p filters) Authority() page.Field {
	const name, label = "certificate_authority_id", "CA"
	if p.Authorities == nil {
		return p.Form.Input("number", name, label+" ID")
	}
	return p.Form.Choice(name, label, p.Authorities)
}

func (p filters) Sorts() []page.Option {
	return []page.Option{{Label: "Newest"}, {Value: "id", Label: "Oldest"},
		{Value: "not_after", Label: "Expiring soonest"}, {Value: "-not_after", Label: "Expiring latest"},
		{Value: "common_name", Label: "Name A–Z"}, {Value: "-common_name", Label: "Name Z–A"}}
}

func (p filters) Keys() []page.Option {
	all := []page.Option{{Label: "Any"}}
	for _, key := range []string{"ECDSA P-256", "ECDSA P-384", "ECDSA P-521", "Ed25519", "RSA 2048", "RSA 3072",
		"RSA 4096"} {
		all = append(all, page.Option{Value: key, Label: key})
	}
	return all
}

// Day returns a date field, or a text field if the value includes a time of day.
func (p filters) Day(name, label string) page.Field {
	kind := "date"
	if len(p.Form.Value(name)) > len("2006-01-02") {
		kind = "text"
	}
	return p.Form.Input(kind, name, label)
}

func (p filters) Others() (all []kept) {
	for _, name := range []string{"expiring", "serial_number", "fingerprint", "name", "name_prefix", "domain"} {
		if text := p.query.Get(name); text != "" {
			all = append(all, kept{name, text})
		}
	}
	return all
}

// Total returns the number of objects in the current tab, or "" if it is not known.
func (p filters) Total() string {
	for _, t := range p.Tabs {
		if t.Here {
			return t.Count
		}
	}
	return ""
}

func (p filters) Filters() filters { return p }

func narrows(v url.Values, but string) bool {
	return slices.ContainsFunc(filterFields, func(name string) bool { return name != but && v.Get(name) != "" })
}

// titleOf returns the common name or, if that is empty, the first name, and the number of other names.
func titleOf(commonName string, of notary.Names) (title string, more int) {
	names := of.All()
	title, more = commonName, len(names)
	if title == "" && len(names) > 0 {
		title = names[0]
	}
	if slices.Contains(names, title) {
		more--
	}
	return page.Shorten(title), more
}
