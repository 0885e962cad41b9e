package policy_test

import (
	"strings"
	"testing"

	"notary"
	"notary/internal/policy"
)

func tokenCaller(role notary.Role, all ...notary.GrantTerms) notary.Caller {
	return notary.Caller{Principal: notary.Ref{Kind: notary.TokenPrincipal, ID: 9, Name: "pipeline"}, Role: notary.NoRole,
		Token: &notary.TokenRights{Creator: notary.Ref{Kind: notary.AccountPrincipal, ID: 1, Name: "me@example.com"},
			Role: role, Grants: all}}
}

func actions(names ...string) notary.GrantTerms { return notary.GrantTerms{Actions: names} }

// For each role, action and grant: a token may do what its creator may, as far as its own grants include it.
func TestTokenMayWhatBothMay(t *testing.T) {
	t.Parallel()
	for _, role := range notary.Roles {
		for _, name := range policy.Actions(false) {
			action := policy.Action(name)
			always := action == policy.ViewOwnRequests || action == policy.ListProfiles
			for _, own := range policy.Actions(false) {
				caller := tokenCaller(role, actions(own))
				want := policy.RoleHas(role, action) && (always || own == name)
				err := policy.AllowRole(caller, action, policy.Resource{})
				inAToken := strings.Contains(strings.Join(policy.TokenActions(), " ")+" ", name+" ") || always
				if inAToken && (policy.May(caller, action) != want || (err == nil) != want) {
					t.Errorf("%s, %s, token of %s: may %v, want %v (%v)", role, name, own, policy.May(caller, action), want, err)
				}
				if policy.RoleHas(caller.Role, action) {
					t.Fatalf("a token has a role with %s", name)
				}
			}
		}
	}
	for _, name := range []string{"account.manage", "settings.view", "clock.confirm", "authority.certify_outside_key"} {
		if err := policy.CheckTokenGrants([]notary.GrantTerms{actions(name)}); err == nil {
			t.Errorf("a token can have %s", name)
		}
	}
}

// The limits of the token and those of the creator's grant both hold.
func TestTokenGrantsIntersect(t *testing.T) {
	t.Parallel()
	creator := []*notary.Grant{{ID: 4, PrincipalID: 1, GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"},
		Names: notary.NameLists{DNS: []string{"ci.example.com"}}}}}
	own := notary.GrantTerms{Actions: []string{"request.sign", "request.reject"}, Profiles: []string{"server"},
		Names: notary.NameLists{DNS: []string{"a.ci.example.com", "b.example.com"}}}
	for _, test := range []struct {
		role   notary.Role
		action policy.Action
		name   string
		want   string // of the refusal
	}{
		{notary.CertificateRequestor, policy.SignRequest, "a.ci.example.com", ""},
		{notary.CertificateRequestor, policy.SignRequest, "b.example.com",
			"grant 4 does not allow the name b.example.com for its creator"},
		{notary.CertificateRequestor, policy.SignRequest, "c.ci.example.com",
			"the API token pipeline does not allow the name c.ci.example.com"},
		{notary.CertificateRequestor, policy.RejectRequest, "a.ci.example.com",
			"me@example.com, who created the API token pipeline, does not have permission to reject"},
		{notary.CertificateRequestor, policy.RevokeRequest, "a.ci.example.com",
			"the API token pipeline does not have permission to revoke"},
		{notary.CertificateManager, policy.SignRequest, "b.example.com", ""},
		{notary.CertificateManager, policy.RejectRequest, "b.example.com", ""},
		{notary.CertificateManager, policy.SignRequest, "c.ci.example.com", "the API token pipeline does not allow"},
		{notary.Admin, policy.ManageAccounts, "", "API tokens do not have permission to manage accounts"},
	} {
		caller := tokenCaller(test.role, own)
		if needs := policy.TokenNeedsGrants(caller.Token); needs != (test.role == notary.CertificateRequestor) {
			t.Errorf("%s: needs the creator's grants: %v", test.role, needs)
		}
		err := policy.Allow(caller, policy.TokenGrants(caller, creator), test.action,
			policy.Resource{Profile: "server", Names: names(test.name)})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s, %s of %s: %v, want %q", test.role, test.action, test.name, err, test.want)
		}
	}
}

// A token can only have limits that are at least those of a grant of its creator.
func TestAllowToken(t *testing.T) {
	t.Parallel()
	outer := notary.GrantTerms{Actions: []string{"request.sign"}, Authorities: []int64{3, 4}, Profiles: []string{"server"},
		Owners: []int64{7}, OwnerGroups: []int64{2}, Names: team}
	inner := func(change func(*notary.GrantTerms)) notary.GrantTerms {
		terms := notary.GrantTerms{Actions: []string{"request.sign"}, Authorities: []int64{3}, Profiles: []string{"server"},
			Owners: []int64{7}, Names: notary.NameLists{DNS: []string{"x.team.example.com"}}}
		change(&terms)
		return terms
	}
	for name, test := range map[string]struct {
		change func(*notary.GrantTerms)
		want   bool
	}{
		"narrower":          {func(*notary.GrantTerms) {}, true},
		"the same":          {func(t *notary.GrantTerms) { *t = outer }, true},
		"another authority": {func(t *notary.GrantTerms) { t.Authorities = []int64{3, 5} }, false},
		"every authority":   {func(t *notary.GrantTerms) { t.Authorities = nil }, false},
		"every profile":     {func(t *notary.GrantTerms) { t.Profiles = nil }, false},
		"every owner":       {func(t *notary.GrantTerms) { t.Owners = nil }, false},
		"another owner":     {func(t *notary.GrantTerms) { t.Owners = []int64{8} }, false},
		"a group as owner":  {func(t *notary.GrantTerms) { t.Owners, t.OwnerGroups = nil, []int64{2} }, true},
		"every name":        {func(t *notary.GrantTerms) { t.Names = notary.NameLists{} }, false},
		"a name above":      {func(t *notary.GrantTerms) { t.Names.DNS = []string{"example.com"} }, false},
		"below only":        {func(t *notary.GrantTerms) { t.Names.DNS = []string{".team.example.com"} }, true},
		"the same domains":  {func(t *notary.GrantTerms) { t.Names.DNS = team.DNS }, true},
		"itself of a domain whose subdomains are listed": {func(t *notary.GrantTerms) {
			t.Names.DNS = []string{"lab.example.org"}
		}, false},
		"a range":          {func(t *notary.GrantTerms) { t.Names.IP = []string{"10.1.2.0/24", "10.1.2.3"} }, true},
		"a larger range":   {func(t *notary.GrantTerms) { t.Names.IP = []string{"10.0.0.0/8"} }, false},
		"a mailbox":        {func(t *notary.GrantTerms) { t.Names.Email = []string{"me@team.example.com"} }, true},
		"domains of email": {func(t *notary.GrantTerms) { t.Names.Email = []string{".team.example.com"} }, false},
		"a path":           {func(t *notary.GrantTerms) { t.Names.URI = []string{"spiffe://example.org/team/web"} }, true},
		"a shorter path":   {func(t *notary.GrantTerms) { t.Names.URI = []string{"spiffe://example.org/"} }, false},
		"another action":   {func(t *notary.GrantTerms) { t.Actions = append(t.Actions, "request.reject") }, false},
	} {
		err := policy.AllowToken(notary.CertificateRequestor, []*notary.Grant{{ID: 1, PrincipalID: 1, GrantTerms: outer}},
			[]notary.GrantTerms{inner(test.change)})
		if (err == nil) != test.want || err != nil && notary.KindOf(err) != notary.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
		if err := policy.AllowToken(notary.CertificateManager, nil, []notary.GrantTerms{inner(test.change)}); err != nil {
			t.Errorf("%s, of a Certificate Manager: %v", name, err)
		}
	}
}
