package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

var tokenActions = slices.Concat([]page.Option{{Value: "request.create", Label: "Create requests"}}, grantActions,
	[]page.Option{
		{Value: "authority.view", Label: "View CAs (unrestricted tokens only)"},
		{Value: "authority.manage", Label: "Manage CAs (unrestricted tokens only)"},
		{Value: "profile.view", Label: "View profiles (unrestricted tokens only)"},
		{Value: "profile.manage", Label: "Manage profiles (unrestricted tokens only)"},
		{Value: "event.view", Label: "View events (unrestricted tokens only)"},
	})

type tokensPage struct {
	Tokens []tokenRow
	Pager  page.Pager
}

type tokenRow struct {
	*notary.Token
	Status notary.TokenStatus
	Unused bool
}

func (s *site) tokenRow(t *notary.Token) tokenRow {
	return tokenRow{t, t.Status(s.auth.Now()), t.Unused(s.auth.Now())}
}

// Actions returns the actions of all grants.
func (r tokenRow) Actions() (all []string) {
	for _, terms := range r.Grants {
		all = append(all, terms.Actions...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (s *site) tokens(c *call) error {
	after, before := c.cursors()
	found, err := s.auth.Tokens(c.r.Context(), c.caller, notary.TokenQuery{Limit: page.Size, After: after, Before: before})
	if err != nil {
		return err
	}
	p := tokensPage{Pager: c.pager(found.Previous, found.Next)}
	for _, t := range found.Items {
		p.Tokens = append(p.Tokens, s.tokenRow(t))
	}
	return c.show("tokens", "API tokens", p)
}

type tokenForm struct {
	Form    page.Form
	Actions []page.Option
	MaxDays int
}

// NamesNote returns the note of the field for names.
func (tokenForm) NamesNote() string { return namesNote }

func (s *site) newTokenPage(c *call, f page.Form) error {
	form := tokenForm{Form: f.Fields("name", "days", "actions", "certificate_authority_ids", "profiles", "names",
		"address_ranges", "quota_per_hour", "quota_per_day"), MaxDays: int(s.auth.MaxTokenLife() / day)}
	for _, o := range tokenActions {
		grantable := slices.Contains(policy.Actions(true), o.Value)
		if grantable || policy.May(c.caller, policy.Action(o.Value)) {
			form.Actions = append(form.Actions, o)
		}
	}
	return c.show("token-new", "New API token", form)
}

const day = 24 * time.Hour

type createdToken struct {
	ID     int64
	Name   string
	Secret string
}

// newToken shows the secret in the response to the form, because the secret is not stored.
func (s *site) newToken(c *call) error {
	t, err := s.readToken(c)
	if err != nil {
		return c.again(err, s.newTokenPage)
	}
	id, secret, err := s.auth.CreateToken(c.r.Context(), c.caller, t)
	if notary.KindOf(err) == notary.Forbidden { // but the user can correct the form
		err = notary.FieldErrorf("actions", "%s", c.explain(err).Message)
	}
	if err != nil {
		return c.again(asTyped(inFirstGrant(err)), s.newTokenPage)
	}
	return c.show("token-created", "API token created", createdToken{id, t.Name, secret})
}

// inFirstGrant renames the field of an error to its name on the form, which has a single grant.
func inFirstGrant(err error) error {
	return notary.MapField(err, func(field string) string {
		switch field = strings.TrimPrefix(field, "grants.0."); field {
		case "expires_at":
			return "days"
		case "grants":
			return "actions"
		}
		return field
	})
}

func (s *site) readToken(c *call) (*notary.Token, error) {
	t := &notary.Token{Name: c.value("name"), Ranges: strings.Fields(c.value("address_ranges"))}
	days, err := readNumber("days", c.value("days"))
	if err != nil {
		return nil, err
	}
	if days > 0 {
		t.ExpiresAt = s.auth.Now().Add(time.Duration(min(days, 100_000)) * day)
	}
	if t.PerHour, err = readNumber("quota_per_hour", c.value("quota_per_hour")); err != nil {
		return nil, err
	}
	if t.PerDay, err = readNumber("quota_per_day", c.value("quota_per_day")); err != nil {
		return nil, err
	}
	terms := notary.GrantTerms{Actions: c.r.PostForm["actions"], Profiles: strings.Fields(c.value("profiles"))}
	authorities := strings.Fields(c.value("certificate_authority_ids"))
	if terms.Authorities, err = readIDs("certificate_authority_ids", authorities); err != nil {
		return nil, err
	}
	listed, err := readSubtrees("names", c.value("names"))
	terms.Names = notary.NameLists(listed)
	t.Grants = []notary.GrantTerms{terms}
	return t, err
}

func readNumber(field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, notary.FieldErrorf(field, "%.20q is not a positive number", text)
	}
	return n, nil
}

type tokenPage struct {
	tokenRow
	Form     page.Form
	TakeOver bool // whether the caller may take it over
}

func (s *site) tokenPage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	t, err := s.auth.Token(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	row := s.tokenRow(t)
	takeOver := (row.Status == notary.TokenActive || row.Status == notary.TokenSuspended) &&
		policy.May(c.caller, policy.ManageAccounts) && t.Creator.ID != c.caller.Principal.ID
	return c.show("token", t.Name, tokenPage{row, f.Fields(page.FieldSure), takeOver})
}

// tokenMention returns the mention of an API token, with its path if the caller may see it. For other principals it
// returns nil.
func (s *site) tokenMention(c *call, ref notary.Ref) (*mention, error) {
	if ref.Kind != notary.TokenPrincipal {
		return nil, nil
	}
	m := mention{Text: "API token " + ref.Name}
	_, err := s.auth.Token(c.r.Context(), c.caller, ref.ID)
	switch notary.KindOf(err) {
	case "":
		m.Path = objectPath(ref)
	case notary.NotFound:
	default:
		return nil, err
	}
	return &m, nil
}

// Limits returns the limits of a grant, in words.
func (tokenPage) Limits(terms notary.GrantTerms) []string {
	return grantsPage{}.Limits(&notary.Grant{GrantTerms: terms})
}

func (s *site) revokeToken(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.tokenPage)
	}
	if err := s.auth.RevokeToken(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.tokenPage)
	}
	return c.done("/tokens", "API token revoked.")
}

func (s *site) takeOverToken(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.auth.TakeOverToken(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.tokenPage)
	}
	return c.done(fmt.Sprintf("/tokens/%d", id), "API token taken over. It now acts on your behalf.")
}
