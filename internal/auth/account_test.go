package auth_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/testkit"
)

const newPassword = "another violet harbour engine"

func second[T any](_ T, err error) error { return err }

var (
	everybody = notary.Roles
	admins    = []notary.Role{notary.Admin}
)

var useCases = map[string]struct {
	may  []notary.Role
	call func(context.Context, *auth.Service, notary.Caller) error
}{
	"CreateAccount": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.CreateAccount(ctx, c, "", "", nil))
	}},
	"Groups": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Groups(ctx, c))
	}},
	"Group": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		_, _, err := s.Group(ctx, c, 999)
		return err
	}},
	"CreateGroup": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.CreateGroup(ctx, c, ""))
	}},
	"DeleteGroup": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.DeleteGroup(ctx, c, 999)
	}},
	"ChangeMembers": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.ChangeMembers(ctx, c, 999, nil, nil)
	}},
	"Grants": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Grants(ctx, c))
	}},
	"Grant": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Grant(ctx, c, 999))
	}},
	"CreateGrant": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.CreateGrant(ctx, c, &notary.Grant{}))
	}},
	"DeleteGrant": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.DeleteGrant(ctx, c, 999)
	}},
	"Tokens": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Tokens(ctx, c, notary.TokenQuery{Limit: 1}))
	}},
	"Token": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Token(ctx, c, 999))
	}},
	"CreateToken": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		_, _, err := s.CreateToken(ctx, c, &notary.Token{})
		return err
	}},
	"RevokeToken": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.RevokeToken(ctx, c, 999)
	}},
	"TakeOverToken": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.TakeOverToken(ctx, c, 999)
	}},
	"ReadSettings": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.ReadSettings(ctx, c)
	}},
	"Accounts": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Accounts(ctx, c))
	}},
	"Account": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Account(ctx, c, 999))
	}},
	"DeleteAccount": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.DeleteAccount(ctx, c, 999)
	}},
	"ChangeRole": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.ChangeRole(ctx, c, 999, 99)
	}},
	"ChangePassword": {admins, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.ChangePassword(ctx, c, 999, "")
	}},
	"Me": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Me(ctx, c))
	}},
	"MyGroups": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.MyGroups(ctx, c))
	}},
	"ChangeMyPassword": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.ChangeMyPassword(ctx, c, "", "")
	}},
	"ChangeMyPasswordAndStay": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		if !c.Known() {
			_, _, err := s.ChangeMyPasswordAndStay(ctx, c, "", "", "")
			return err
		}
		token, err := s.Login(ctx, c.Principal.Name, testkit.Password, auth.Client{})
		if err == nil {
			_, _, err = s.ChangeMyPasswordAndStay(ctx, c, "", "", token)
		}
		return err
	}},
	"Sessions": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return second(s.Sessions(ctx, c, "no token"))
	}},
	"EndSession": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.EndSession(ctx, c, 999)
	}},
	"EndOtherSessions": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		if !c.Known() {
			return s.EndOtherSessions(ctx, c, "")
		}
		token, err := s.Login(ctx, c.Principal.Name, testkit.Password, auth.Client{})
		if err == nil {
			err = s.EndOtherSessions(ctx, c, token)
		}
		return err
	}},
	"Logout": {everybody, func(ctx context.Context, s *auth.Service, c notary.Caller) error {
		return s.Logout(ctx, c, "no token")
	}},
}

// open lists the methods without a caller, because they determine it or because only the program calls them.
var open = []string{"AwaitFirstAccount", "Caller", "CleanUp", "CreateFirstAccount", "HasAccounts", "Initialized",
	"IsSetupCode", "KeepRefusals", "LimitSessions", "LimitTokens", "Login", "LoginBrowser", "MaxTokenLife", "NeedsSetupCode", "NewDevice",
	"Now", "OfferSetupCode", "Recognizes", "RecordRefusals", "Recover", "Refused", "RefusedScrape", "SessionCaller", "SetSetupCode"}

func TestWhoMay(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for name, useCase := range useCases {
		t.Run(name, func(t *testing.T) {
			testkit.WantKind(t, useCase.call(t.Context(), w.Auth, notary.Caller{}), notary.Unauthenticated)
			for _, role := range notary.Roles {
				kind := notary.KindOf(useCase.call(t.Context(), w.Auth, w.Caller(role)))
				refused := kind == notary.Forbidden || kind == notary.Unauthenticated
				if may := slices.Contains(useCase.may, role); may == refused {
					t.Errorf("%s may: %v, but the result is %q", role, may, kind)
				}
			}
		})
	}
	service := reflect.TypeFor[*auth.Service]()
	for i := range service.NumMethod() {
		name := service.Method(i).Name
		if _, ok := useCases[name]; !ok && !slices.Contains(open, name) {
			t.Errorf("the roles for %s are not listed", name)
		}
	}
}

func TestEmailRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	role := notary.ReadOnly
	for _, tt := range []struct {
		email string
		good  bool
	}{
		{"me@example.com", true},
		{"first.last+tag@mail.example.com", true},
		{"o'brien@example.com", true},
		{"bücher@example.com", true},
		{strings.Repeat("a", 254-12) + "@example.com", true},
		{strings.Repeat("a", 255-12) + "@example.com", false},
		{"", false},
		{"me", false},
		{"@example.com", false},
		{"me@", false},
		{"me@@example.com", false},
		{"me@example.com,you@example.com", false},
		{"Me <me@example.com>", false},
		{"<me@example.com>", false},
		{"me@example.com (me)", false},
		{`"m e"@example.com`, false},
		{"m e@example.com", false},
		{"me@exa mple.com", false},
		{"me@example.com\r\nBcc: you@example.com", false},
		{"me\x00@example.com", false},
		{"me\xff@example.com", false},
		{"m\u00a0e@example.com", false},
		{"me\u202e@example.com", false},
		{"me\u200b@example.com", false},
	} {
		_, err := w.Auth.CreateAccount(t.Context(), w.Admin(), tt.email, testkit.Password, &role)
		if tt.good {
			testkit.Check(t, err)
			continue
		}
		if notary.KindOf(err) != notary.Invalid {
			t.Errorf("the email %q gives %v, want an invalid input", tt.email, err)
			continue
		}
		testkit.WantField(t, err, "email")
	}
}

func TestRoleRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for _, role := range []*notary.Role{nil, new(notary.Role(-1)), new(notary.Role(4))} {
		_, err := w.Auth.CreateAccount(t.Context(), w.Admin(), "me@example.com", testkit.Password, role)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, "role_id")
		if role != nil {
			err := w.Auth.ChangeRole(t.Context(), w.Admin(), w.Caller(notary.ReadOnly).Principal.ID, *role)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, "role_id")
		}
	}
}

func TestLastAdmin(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	one := w.Admin()
	demote := func(by, whom notary.Caller) error {
		return w.Auth.ChangeRole(t.Context(), by, whom.Principal.ID, notary.ReadOnly)
	}
	remove := func(by, whom notary.Caller) error {
		return w.Auth.DeleteAccount(t.Context(), by, whom.Principal.ID)
	}
	for name, do := range map[string]func(by, whom notary.Caller) error{"demote": demote, "delete": remove} {
		err := do(one, one)
		testkit.WantKind(t, err, notary.Conflict)
		testkit.WantText(t, err, "last Admin")
		two := w.NewCaller(t, one, notary.Admin)
		both := []notary.Caller{one, two}
		kinds := testkit.Kinds(testkit.Race(2, func(i int) error { return do(both[i], both[1-i]) }))
		if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Unauthenticated: 1}, kinds); diff != "" {
			t.Errorf("%s one another (-want +got):\n%s", name, diff)
		}
		if a, err := w.Auth.Me(t.Context(), one); err != nil || a.Role != notary.Admin {
			one = two
		}
	}
}

// Only one of several concurrent password changes with the same old password succeeds.
func TestChangeMyPasswordRace(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.Caller(notary.ReadOnly)
	kinds := testkit.Kinds(testkit.Race(6, func(i int) error {
		return w.Auth.ChangeMyPassword(t.Context(), me, testkit.Password, fmt.Sprint(newPassword, i))
	}))
	if diff := cmp.Diff(map[notary.Kind]int{"": 1, notary.Invalid: 5}, kinds); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for name, change := range map[string]func(me notary.Caller, password string) error{
		"by an Admin": func(me notary.Caller, password string) error {
			return w.Auth.ChangePassword(t.Context(), w.Admin(), me.Principal.ID, password)
		},
		"by its owner": func(me notary.Caller, password string) error {
			return w.Auth.ChangeMyPassword(t.Context(), me, testkit.Password, password)
		},
	} {
		t.Run(name, func(t *testing.T) {
			me := w.NewCaller(t, w.Admin(), notary.ReadOnly)
			for _, bad := range []string{"", "short", me.Principal.Name, strings.Repeat("x", auth.MaxPassword+1)} {
				err := change(me, bad)
				testkit.WantKind(t, err, notary.Invalid)
				testkit.WantField(t, err, "password")
			}
			login(t, w, me.Principal.Name) // still the old password
			testkit.Check(t, change(me, newPassword))
			_, err := w.Auth.Login(t.Context(), me.Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
			testkit.WantKind(t, err, notary.Unauthenticated)
			_, err = w.Auth.Login(t.Context(), me.Principal.Name, newPassword, auth.Client{Address: "192.0.2.1"})
			testkit.Check(t, err)
		})
	}
	testkit.WantKind(t, w.Auth.ChangePassword(t.Context(), w.Admin(), 999, newPassword), notary.NotFound)
}

// A deleted account's token and caller are no longer valid.
func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	me := w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
	id := w.Request(t, me)
	testkit.Check(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), me.Principal.ID))
	_, err := w.Auth.Me(t.Context(), me)
	testkit.WantKind(t, err, notary.NotFound)
	_, err = w.Auth.Login(t.Context(), me.Principal.Name, testkit.Password, auth.Client{Address: "192.0.2.1"})
	testkit.WantKind(t, err, notary.Unauthenticated)
	if err := w.Auth.ChangeMyPassword(t.Context(), me, testkit.Password, newPassword); err == nil {
		t.Error("a deleted account changed its password")
	}
	testkit.WantKind(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), me.Principal.ID), notary.NotFound)
	req, err := w.CA.Request(t.Context(), w.Admin(), id) // its requests remain
	testkit.Check(t, err)
	if req.Email != me.Principal.Name || req.RequesterID != me.Principal.ID {
		t.Errorf("the request is of %q (%d), want %q (%d)", req.Email, req.RequesterID, me.Principal.Name, me.Principal.ID)
	}
	// A new account with the same email is a different account.
	role := notary.CertificateRequestor
	again, err := w.Auth.CreateAccount(t.Context(), w.Admin(), me.Principal.Name, testkit.Password, &role)
	testkit.Check(t, err)
	_, err = w.CA.Request(t.Context(), notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: again,
		Name: me.Principal.Name}, Role: role}, id)
	testkit.WantKind(t, err, notary.NotFound)
}

func TestAccountEvents(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	var me notary.Caller
	var token string
	for _, tt := range []struct {
		want string
		do   func() error
	}{
		{"account.create", func() error { me = w.NewCaller(t, w.Admin(), notary.ReadOnly); return nil }},
		{"account.login", func() error { token = login(t, w, me.Principal.Name); return nil }},
		{"account.logout", func() error { return w.Auth.Logout(t.Context(), me, token) }},
		{"account.role", func() error {
			me.Role = notary.CertificateManager
			return w.Auth.ChangeRole(t.Context(), w.Admin(), me.Principal.ID, me.Role)
		}},
		{"account.password", func() error {
			return w.Auth.ChangePassword(t.Context(), w.Admin(), me.Principal.ID,
				newPassword)
		}},
		{"account.password", func() error { return w.Auth.ChangeMyPassword(t.Context(), me, newPassword, testkit.Password) }},
		{"account.delete", func() error { return w.Auth.DeleteAccount(t.Context(), w.Admin(), me.Principal.ID) }},
	} {
		recorded := w.EventsOf(t, func() { testkit.Check(t, tt.do()) })
		if diff := cmp.Diff([]string{tt.want}, recorded); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		all := w.Events(t)
		if last := all[len(all)-1]; last.Object != me.Ref() || last.Principal.ID == 0 || last.Principal.Name == "" {
			t.Errorf("the event is %+v, want one about the account %d", last, me.Principal.ID)
		}
	}
}
