package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type accountsPage struct {
	Form     page.Form
	Accounts []*notary.Account
	Pager    page.Pager
}

func (s *site) accounts(c *call) error {
	all, err := s.auth.Accounts(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	f := page.NewForm(url.Values{"email": {c.value("email")}})
	found := slices.DeleteFunc(slices.Clone(all), func(a *notary.Account) bool {
		return !strings.Contains(a.Email,
			strings.ToLower(f.Value("email")))
	})
	shown, pager := page.Part(c.r.URL, found)
	return c.show("accounts", "Accounts", accountsPage{f.Fields("email"), shown, pager})
}

type accountForm struct{ Form page.Form }

func (s *site) newAccountPage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ManageAccounts, policy.Resource{}); err != nil {
		return err
	}
	return c.show("account-new", "New account", accountForm{f.Fields("email", "role_id", "password")})
}

func (s *site) newAccount(c *call) error {
	role, err := readRole(c.value("role_id"))
	if err != nil {
		return c.again(err, s.newAccountPage)
	}
	id, err := s.auth.CreateAccount(c.r.Context(), c.caller, c.value("email"), c.r.PostForm.Get("password"), role)
	if err != nil {
		return c.again(err, s.newAccountPage)
	}
	return c.done(accountPath(id), "Account created. Share the password securely and ask the user to change it.")
}

type accountPage struct {
	Account *notary.Account
	Mine    bool
	Form    page.Form
}

func (s *site) accountPage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	a, err := s.auth.Account(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	return c.show("account", a.Email, accountPage{a, a.ID == c.caller.Principal.ID,
		f.Fields("role_id", "password", page.FieldSure)})
}

func (s *site) changeRole(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	role, err := readRole(c.value("role_id"))
	if err != nil {
		return c.again(err, s.accountPage)
	}
	if err := s.auth.ChangeRole(c.r.Context(), c.caller, id, *role); err != nil {
		return c.again(err, s.accountPage)
	}
	return c.done(accountPath(id), "Role changed to "+role.String()+". The user has been signed out.")
}

func (s *site) changePassword(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := s.auth.ChangePassword(c.r.Context(), c.caller, id, c.r.PostForm.Get("password")); err != nil {
		return c.again(err, s.accountPage)
	}
	return c.done(accountPath(id), "Password changed. The user has been signed out of all sessions.")
}

func (s *site) deleteAccount(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.accountPage)
	}
	if err := s.auth.DeleteAccount(c.r.Context(), c.caller, id); err != nil {
		return c.again(err, s.accountPage)
	}
	return c.done("/accounts", "Account deleted. Its audit history is kept.")
}

func accountPath(id int64) string { return fmt.Sprintf("/accounts/%d", id) }

func readRole(text string) (*notary.Role, error) {
	number, err := strconv.Atoi(text)
	if err != nil {
		return nil, notary.FieldErrorf("role_id", "choose a role")
	}
	role := notary.Role(number)
	return &role, nil
}

var rolesMay = map[notary.Role]string{
	notary.Admin:                "full access",
	notary.CertificateManager:   "manages CAs, profiles, rules and requests, and revokes certificates",
	notary.CertificateRequestor: "creates requests, and sees only its own and its groups' requests",
	notary.ReadOnly:             "read-only access to everything except accounts and settings",
}

func roles(chosen notary.Role) (all []page.Option) {
	for _, role := range notary.Roles {
		all = append(all, page.Option{Value: strconv.Itoa(int(role)), Label: role.String() + ": " + rolesMay[role],
			Chosen: role == chosen})
	}
	return all
}

func (accountForm) Roles() []page.Option { return roles(notary.CertificateRequestor) }

func (p accountPage) Roles() []page.Option { return roles(p.Account.Role) }
