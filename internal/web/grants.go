package web

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/web/page"
)

var grantActions = []page.Option{
	{Value: "request.view", Label: "View requests and certificates of others"},
	{Value: "request.sign", Label: "Sign requests"},
	{Value: "request.reject", Label: "Reject requests"},
	{Value: "request.revoke", Label: "Revoke the certificates of requests"},
	{Value: "certificate.revoke", Label: "Revoke individual certificates"},
	{Value: "request.reopen", Label: "Reopen requests"},
	{Value: "request.upload", Label: "Upload certificates"},
	{Value: "request.remove_certificate", Label: "Detach certificates"},
	{Value: "request.delete", Label: "Delete requests"},
	{Value: "request.transfer", Label: "Transfer requests"},
	{Value: "certificate.transfer", Label: "Transfer certificates without a request"},
	{Value: "rule.activate", Label: "Activate rules"},
}

type grantsPage struct {
	Grants []*notary.Grant
	Pager  page.Pager
}

func (s *site) grants(c *call) error {
	all, err := s.auth.Grants(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	if to := c.value("to"); to != "" {
		all = slices.DeleteFunc(all, func(g *notary.Grant) bool { return g.Grantee() != to })
	}
	shown, pager := page.Part(c.r.URL, all)
	return c.show("grants", "Grants", grantsPage{shown, pager})
}

type grantForm struct {
	Form    page.Form
	Actions []page.Option
	To      []page.Option
	Owners  []page.Option // groups
}

// namesNote describes the names that limit a grant.
const namesNote = "One per line: dns:ci.example.com (that name and all below it), dns:.ci.example.com (only those below " +
	"it), ip:10.0.0.0/8, email:example.com, uri:spiffe://example.org/web. Leave blank for all."

// NamesNote returns the note of the field for names.
func (grantForm) NamesNote() string { return namesNote }

func (s *site) newGrantPage(c *call, f page.Form) error {
	groups, err := s.auth.Groups(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	to := []page.Option{{Value: "", Label: "Account (enter the email below)"}}
	var owners []page.Option
	for _, g := range groups {
		id := strconv.FormatInt(g.ID, 10)
		to = append(to, page.Option{Value: id, Label: "Group " + g.Name})
		owners = append(owners, page.Option{Value: id, Label: g.Name})
	}
	return c.show("grant-new", "New grant", grantForm{f.Fields("group", "email", "actions", "certificate_authority_ids",
		"profiles", "owner_account_ids", "owner_group_ids", "names"), grantActions, to, owners})
}

func (s *site) newGrant(c *call) error {
	g, err := s.readGrant(c)
	if err != nil {
		return c.again(err, s.newGrantPage)
	}
	if _, err := s.auth.CreateGrant(c.r.Context(), c.caller, g); err != nil {
		return c.again(asTyped(err), s.newGrantPage)
	}
	return c.done("/grants", "Grant created.")
}

// asTyped converts a not-found error with a field into an error that the form shows at that field.
func asTyped(err error) error {
	var e *notary.Error
	if errors.As(err, &e) && e.Kind == notary.NotFound && e.Field != "" {
		return notary.FieldErrorf(e.Field, "%s", e.Message)
	}
	return err
}

func (s *site) readGrant(c *call) (g *notary.Grant, err error) {
	g = &notary.Grant{GrantTerms: notary.GrantTerms{Actions: c.r.PostForm["actions"],
		Profiles: strings.Fields(c.value("profiles"))}}
	if group := c.value("group"); group != "" {
		if g.GroupID, err = strconv.ParseInt(group, 10, 64); err != nil {
			return nil, notary.FieldErrorf("group", "choose a group")
		}
	} else if g.PrincipalID, err = s.accountNamed(c, "email", c.value("email")); err != nil {
		return nil, err
	}
	authorities := strings.Fields(c.value("certificate_authority_ids"))
	if g.Authorities, err = readIDs("certificate_authority_ids", authorities); err != nil {
		return nil, err
	}
	if g.OwnerGroups, err = readIDs("owner_group_ids", c.r.PostForm["owner_group_ids"]); err != nil {
		return nil, err
	}
	for _, email := range strings.Fields(c.value("owner_account_ids")) {
		id, err := s.accountNamed(c, "owner_account_ids", email)
		if err != nil {
			return nil, err
		}
		g.Owners = append(g.Owners, id)
	}
	listed, err := readSubtrees("names", c.value("names"))
	g.Names = notary.NameLists(listed)
	return g, err
}

func readIDs(field string, texts []string) (ids []int64, err error) {
	for _, text := range texts {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, notary.FieldErrorf(field, "%.20q is not an ID: enter a number such as 7", text)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (s *site) deleteGrant(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.auth.DeleteGrant(c.r.Context(), c.caller, id); err != nil {
		return err
	}
	return c.done("/grants", "Grant deleted.")
}

func (grantsPage) Limits(g *notary.Grant) (all []string) {
	for _, id := range g.Authorities {
		all = append(all, "CA "+strconv.FormatInt(id, 10))
	}
	for _, name := range g.Profiles {
		all = append(all, "profile "+name)
	}
	all = append(all, subtreeTexts(notary.Subtrees(g.Names))...)
	for _, id := range g.Owners {
		all = append(all, "owner account "+strconv.FormatInt(id, 10))
	}
	for _, id := range g.OwnerGroups {
		all = append(all, "owner group "+strconv.FormatInt(id, 10))
	}
	return all
}
