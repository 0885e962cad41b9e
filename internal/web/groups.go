package web

import (
	"fmt"
	"strconv"
	"strings"

	"notary"
	"notary/internal/web/page"
)

type groupsPage struct {
	Form   page.Form
	Groups []*notary.Group
	Pager  page.Pager
}

func (s *site) groupsPage(c *call, f page.Form) error {
	all, err := s.auth.Groups(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	shown, pager := page.Part(c.r.URL, all)
	return c.show("groups", "Groups", groupsPage{f.Fields("name"), shown, pager})
}

func (s *site) newGroup(c *call) error {
	id, err := s.auth.CreateGroup(c.r.Context(), c.caller, c.value("name"))
	if err != nil {
		return c.again(err, s.groupsPage)
	}
	return c.done(groupPath(id), "Group created.")
}

func groupPath(id int64) string { return fmt.Sprintf("/groups/%d", id) }

type groupPage struct {
	Group   *notary.Group
	Members []*notary.Account
	Pager   page.Pager
	Form    page.Form
}

func (s *site) groupPage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	g, members, err := s.auth.Group(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	shown, pager := page.Part(c.r.URL, members)
	return c.show("group", g.Name, groupPage{g, shown, pager, f.Fields("email", page.FieldSure)})
}

func (s *site) addMember(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	account, err := s.accountNamed(c, "email", c.value("email"))
	if err != nil {
		return c.again(err, s.groupPage)
	}
	if err := s.auth.ChangeMembers(c.r.Context(), c.caller, id, []int64{account}, nil); err != nil {
		return c.again(err, s.groupPage)
	}
	return c.done(groupPath(id), "Account added to the group.")
}

func (s *site) accountNamed(c *call, field, email string) (int64, error) {
	all, err := s.auth.Accounts(c.r.Context(), c.caller)
	if err != nil {
		return 0, err
	}
	for _, a := range all {
		if strings.EqualFold(a.Email, strings.TrimSpace(email)) {
			return a.ID, nil
		}
	}
	return 0, notary.FieldErrorf(field, "no account has this email address")
}

// ownerChoices returns the possible owners of a caller's request, or nil if the caller is the only one.
func (s *site) ownerChoices(c *call) ([]page.Option, error) {
	groups, err := s.auth.MyGroups(c.r.Context(), c.caller)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	all := []page.Option{{Label: c.caller.Principal.Name}}
	for _, g := range groups {
		all = append(all, page.Option{Value: strconv.FormatInt(g.ID, 10), Label: "Group " + g.Name})
	}
	return all, nil
}

// groupName returns the name of a group of the caller, the ID of any other group, or "" for 0.
func (s *site) groupName(c *call, id int64) (string, error) {
	if id == 0 {
		return "", nil
	}
	groups, err := s.auth.MyGroups(c.r.Context(), c.caller)
	for _, g := range groups {
		if g.ID == id {
			return g.Name, err
		}
	}
	return strconv.FormatInt(id, 10), err
}

func (s *site) removeMember(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	account, err := readID(c.value("account"))
	if err != nil {
		return err
	}
	if err := s.auth.ChangeMembers(c.r.Context(), c.caller, id, nil, []int64{account}); err != nil {
		return c.again(err, s.groupPage)
	}
	return c.done(groupPath(id), "Account removed from the group.")
}

func (s *site) deleteGroup(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.groupPage)
	}
	if err := s.auth.DeleteGroup(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.groupPage)
	}
	return c.done("/groups", "Group and its grants deleted.")
}
