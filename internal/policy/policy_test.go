package policy_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/policy"
)

// The actions of roles are older than grants and must not change.
func TestRolesAreGrantSets(t *testing.T) {
	t.Parallel()
	decide := []string{"request.sign", "request.upload", "request.reject", "request.revoke", "request.remove_certificate",
		"request.reopen", "request.delete", "request.transfer", "request.annotate", "certificate.revoke",
		"certificate.transfer"}
	view := []string{"request.view_own", "request.view", "authority.view", "profile.list", "profile.view", "event.view",
		"rule.view"}
	manage := []string{"request.create", "authority.manage", "profile.manage", "rule.manage"}
	for role, want := range map[notary.Role][]string{
		notary.Admin: slices.Concat(decide, view, manage,
			[]string{"authority.certify_outside_key", "account.manage", "settings.view", "clock.confirm",
				"rule.activate"}),
		notary.CertificateManager:   slices.Concat(decide, view, manage),
		notary.CertificateRequestor: {"request.view_own", "request.create", "profile.list"},
		notary.ReadOnly:             view,
		17:                          nil,
	} {
		terms := policy.RoleGrant(role)
		if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(terms.Actions))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", role, diff)
		}
		for _, action := range policy.Actions(false) {
			d := policy.Decide(role, nil, policy.Action(action), policy.Resource{})
			if d.Allowed != slices.Contains(want, action) || d.Reason == "" {
				t.Errorf("%s, %s: %+v", role, action, d)
			}
		}
	}
}

func TestAdminHasEveryAction(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(policy.Actions(false), policy.RoleGrant(notary.Admin).Actions); diff != "" {
		t.Error(diff)
	}
}

// Actions that cannot be limited to some objects cannot be granted, even by a record in the database.
func TestGrantsNeverReachAccountsOrAuthorities(t *testing.T) {
	t.Parallel()
	grantable := policy.Actions(true)
	grants := []*notary.Grant{{ID: 1, PrincipalID: 1, GrantTerms: notary.GrantTerms{Actions: policy.Actions(false)}}}
	for _, action := range policy.Actions(false) {
		d := policy.Decide(notary.CertificateRequestor, grants, policy.Action(action), policy.Resource{})
		own := slices.Contains(policy.RoleGrant(notary.CertificateRequestor).Actions, action)
		if want := own || slices.Contains(grantable, action); d.Allowed != want {
			t.Errorf("%s: allowed %v, want %v", action, d.Allowed, want)
		}
		err := policy.CheckTerms(notary.GrantTerms{Actions: []string{action}})
		if (err == nil) != slices.Contains(grantable, action) {
			t.Errorf("%s: %v", action, err)
		}
	}
	for _, action := range []string{"account.manage", "authority.manage", "authority.certify_outside_key", "settings.view",
		"clock.confirm", "profile.manage", "event.view", "rule.manage"} {
		if slices.Contains(grantable, action) {
			t.Errorf("%s can be granted", action)
		}
	}
}

func names(dns ...string) notary.Names { return notary.Names{DNS: dns} }

var limitTests = []struct {
	name     string
	terms    notary.GrantTerms
	resource policy.Resource
	want     bool
}{
	{"no limit", notary.GrantTerms{}, policy.Resource{}, true},
	{"the authority", notary.GrantTerms{Authorities: []int64{3, 4}}, policy.Resource{AuthorityID: 4}, true},
	{"another authority", notary.GrantTerms{Authorities: []int64{3}}, policy.Resource{AuthorityID: 4}, false},
	{"no authority", notary.GrantTerms{Authorities: []int64{3}}, policy.Resource{}, false},
	{"an outside authority is not authority 0", notary.GrantTerms{Authorities: []int64{0}}, policy.Resource{}, false},
	{"the profile", notary.GrantTerms{Profiles: []string{"server"}}, policy.Resource{Profile: "server"}, true},
	{"another profile", notary.GrantTerms{Profiles: []string{"server"}}, policy.Resource{Profile: "server-client"}, false},
	{"a profile in another case", notary.GrantTerms{Profiles: []string{"server"}}, policy.Resource{Profile: "Server"},
		false},
	{"no profile", notary.GrantTerms{Profiles: []string{"server"}}, policy.Resource{}, false},
	{"no profile is not the empty one", notary.GrantTerms{Profiles: []string{""}}, policy.Resource{}, false},
	{"the owner", notary.GrantTerms{Owners: []int64{7}}, policy.Resource{OwnerID: 7}, true},
	{"another owner", notary.GrantTerms{Owners: []int64{7}}, policy.Resource{OwnerID: 8}, false},
	{"no owner", notary.GrantTerms{Owners: []int64{0}}, policy.Resource{}, false},
	{"an owner in the group", notary.GrantTerms{OwnerGroups: []int64{2}},
		policy.Resource{OwnerID: 8, OwnerGroups: []int64{1, 2}}, true},
	{"an owner in another group", notary.GrantTerms{OwnerGroups: []int64{2}},
		policy.Resource{OwnerID: 2, OwnerGroups: []int64{1}}, false},
	{"one owner or a group", notary.GrantTerms{Owners: []int64{8}, OwnerGroups: []int64{2}}, policy.Resource{OwnerID: 8},
		true},
	{"one limit of two", notary.GrantTerms{Authorities: []int64{3}, Profiles: []string{"server"}},
		policy.Resource{AuthorityID: 3, Profile: "client"}, false},
	{"both limits", notary.GrantTerms{Authorities: []int64{3}, Profiles: []string{"server"}},
		policy.Resource{AuthorityID: 3, Profile: "server"}, true},
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for _, test := range limitTests {
		check(t, test.name, test.terms, test.resource, test.want)
	}
}

func check(t *testing.T, name string, terms notary.GrantTerms, r policy.Resource, want bool) {
	t.Helper()
	terms.Actions = []string{"request.sign"}
	grants := []*notary.Grant{{ID: 7, PrincipalID: 1, GrantTerms: terms}}
	d := policy.Decide(notary.ReadOnly, grants, policy.SignRequest, r)
	if d.Allowed != want || d.Reason == "" || (d.Grant != nil) != want {
		t.Errorf("%s: %+v, want %v", name, d, want)
	}
	if policy.Decide(notary.ReadOnly, grants, policy.RejectRequest, r).Allowed {
		t.Errorf("%s: another action is allowed", name)
	}
}

var team = notary.NameLists{DNS: []string{"team.example.com", ".lab.example.org"},
	IP:    []string{"10.1.0.0/16", "2001:db8::/32"},
	Email: []string{"team.example.com"}, URI: []string{"spiffe://example.org/team"}}

var nameTests = map[string]struct {
	names       notary.Names
	commonNames []string
	want        bool
}{
	"itself":                             {names: names("team.example.com"), want: true},
	"below":                              {names: names("a.b.team.example.com"), want: true},
	"a wildcard below":                   {names: names("*.team.example.com"), want: true},
	"only below":                         {names: names("x.lab.example.org"), want: true},
	"not itself":                         {names: names("lab.example.org")},
	"above":                              {names: names("example.com")},
	"a wildcard above":                   {names: names("*.example.com")},
	"a wildcard of everything":           {names: names("*")},
	"a wildcard of a top-level domain":   {names: names("*.com")},
	"a wildcard in a label":              {names: names("*team.example.com")},
	"a wildcard further down":            {names: names("a.*.team.example.com")},
	"a longer label":                     {names: names("xteam.example.com")},
	"a suffix":                           {names: names("team.example.com.evil.example")},
	"a trailing dot":                     {names: names("a.team.example.com.")},
	"upper case, which is not canonical": {names: names("A.team.example.com")},
	"an empty label":                     {names: names("a..team.example.com")},
	"a leading dot":                      {names: names(".team.example.com")},
	"an empty name":                      {names: names("")},
	"a NUL":                              {names: names("evil.example\x00.team.example.com")},
	"a space":                            {names: names("evil.example .team.example.com")},
	"an IDN as U-label":                  {names: names("bücher.team.example.com")},
	"an IDN as A-label":                  {names: names("xn--bcher-kva.team.example.com"), want: true},
	"an IDN look-alike":                  {names: names("xn--tam-hma.example.com")},
	"an underscore":                      {names: names("_sip.team.example.com"), want: true},
	"an address as DNS name":             {names: names("10.1.2.3")},
	"no name":                            {},
	"one of two":                         {names: names("a.team.example.com", "b.example.com")},
	"one of two kinds": {names: notary.Names{DNS: []string{"a.team.example.com"},
		IP: []string{"10.2.0.1"}}},
	"an address":                    {names: notary.Names{IP: []string{"10.1.2.3"}}, want: true},
	"an address outside":            {names: notary.Names{IP: []string{"10.2.0.0"}}},
	"an IPv6 address":               {names: notary.Names{IP: []string{"2001:db8::7"}}, want: true},
	"an IPv6 address with a zone":   {names: notary.Names{IP: []string{"2001:db8::7%eth0"}}},
	"an IPv4 address in IPv6":       {names: notary.Names{IP: []string{"::ffff:10.2.0.1"}}},
	"no address":                    {names: notary.Names{IP: []string{"010.1.2.3"}}},
	"an email address":              {names: notary.Names{Email: []string{"me@team.example.com"}}, want: true},
	"an email address below":        {names: notary.Names{Email: []string{"me@a.team.example.com"}}},
	"two at signs":                  {names: notary.Names{Email: []string{"me@team.example.com@evil.example"}}},
	"a URI":                         {names: notary.Names{URI: []string{"spiffe://example.org/team/web"}}, want: true},
	"a URI with a longer segment":   {names: notary.Names{URI: []string{"spiffe://example.org/teams"}}},
	"a URI with userinfo":           {names: notary.Names{URI: []string{"spiffe://example.org@evil.example/team"}}},
	"a URI with userinfo of ours":   {names: notary.Names{URI: []string{"spiffe://evil@example.org/team"}}},
	"a URI that climbs":             {names: notary.Names{URI: []string{"spiffe://example.org/team/../admin"}}},
	"a URI that hides a slash":      {names: notary.Names{URI: []string{"spiffe://example.org/team/..%2fadmin"}}},
	"a URI of another host":         {names: notary.Names{URI: []string{"spiffe://example.org.evil.example/team"}}},
	"a URI with a port":             {names: notary.Names{URI: []string{"spiffe://example.org:1/team"}}},
	"a user principal name":         {names: notary.Names{UPN: []string{"me@team.example.com"}}},
	"a common name among the names": {names("a.team.example.com"), []string{"a.team.example.com"}, true},
	"a common name below":           {names("a.team.example.com"), []string{"b.team.example.com"}, true},
	"a common name alone":           {commonNames: []string{"b.team.example.com"}, want: true},
	"another common name":           {names("a.team.example.com"), []string{"evil.example"}, false},
	"a person":                      {names("a.team.example.com"), []string{"Admin"}, false},
	"one of two common names": {names("a.team.example.com"), []string{"a.team.example.com", "cluster-admin"},
		false},
	"a common name with a trailing dot": {names("a.team.example.com"), []string{"evil.example."}, false},
	"a common name in full width":       {names("a.team.example.com"), []string{"ｅvil.example"}, false},
	"an address as common name":         {names("a.team.example.com"), []string{"10.1.0.9"}, true},
	"another address as common name":    {names("a.team.example.com"), []string{"10.2.0.9"}, false},
	"words before a listed name":        {names("a.team.example.com"), []string{"CN=admin .team.example.com"}, false},
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, test := range nameTests {
		check(t, name, notary.GrantTerms{Names: team}, policy.Resource{Names: test.names, CommonNames: test.commonNames},
			test.want)
		// A limit to one type of names excludes all other types.
		if test.names.IP != nil {
			check(t, name+", of DNS names only", notary.GrantTerms{Names: notary.NameLists{DNS: team.DNS}},
				policy.Resource{Names: test.names, CommonNames: test.commonNames}, false)
		}
	}
}

// All names must match the same grant: grants do not combine for one certificate.
func TestGrantsDoNotCombine(t *testing.T) {
	t.Parallel()
	grant := func(id int64, terms notary.GrantTerms) *notary.Grant {
		terms.Actions = []string{"request.sign"}
		return &notary.Grant{ID: id, GroupID: 2, GrantTerms: terms}
	}
	grants := []*notary.Grant{grant(1, notary.GrantTerms{Names: notary.NameLists{DNS: []string{"a.example"}}}),
		grant(2, notary.GrantTerms{Names: notary.NameLists{DNS: []string{"b.example"}}, Profiles: []string{"server"}})}
	decide := func(dns ...string) policy.Decision {
		return policy.Decide(notary.ReadOnly, grants, policy.SignRequest,
			policy.Resource{Names: names(dns...), Profile: "server"})
	}
	both := decide("a.example", "b.example")
	if both.Allowed || !strings.Contains(both.Reason, "grant 1 does not allow the name b.example") ||
		!strings.Contains(both.Reason, "grant 2 does not allow the name a.example") ||
		!strings.Contains(both.Reason, "profile server, a.example, b.example") {
		t.Errorf("%+v", both)
	}
	second := decide("b.example")
	if !second.Allowed || second.Grant.ID != 2 ||
		second.Reason != "grant 2 to group 2 gives permission to sign certificate requests" {
		t.Errorf("%+v", second)
	}
}

func TestDecideSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	d := policy.Decide(notary.ReadOnly, nil, policy.SignRequest, policy.Resource{AuthorityID: 3})
	if want := "the role Read Only does not have permission to sign certificate requests, " +
		"which requires the role Admin or Certificate Manager"; d.Reason != want {
		t.Errorf("got %q, want %q", d.Reason, want)
	}
	if d := policy.Decide(notary.Admin, nil, "request.steal", policy.Resource{}); d.Allowed ||
		!strings.Contains(d.Reason, `"request.steal"`) {
		t.Errorf("%+v", d)
	}
}

func TestCheckTerms(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		terms notary.GrantTerms
		field string
	}{
		"whole": {notary.GrantTerms{Authorities: []int64{1}, Profiles: []string{"server"}, Names: team, Owners: []int64{1},
			OwnerGroups: []int64{1}}, ""},
		"no limit":              {notary.GrantTerms{}, ""},
		"an id of 0":            {notary.GrantTerms{Authorities: []int64{0}}, "certificate_authority_ids"},
		"a negative id":         {notary.GrantTerms{Owners: []int64{-1}}, "owner_account_ids"},
		"too many":              {notary.GrantTerms{OwnerGroups: make([]int64, 501)}, "owner_group_ids"},
		"an empty profile":      {notary.GrantTerms{Profiles: []string{""}}, "profiles"},
		"an empty domain":       {notary.GrantTerms{Names: notary.NameLists{DNS: []string{""}}}, "names.dns"},
		"a dot":                 {notary.GrantTerms{Names: notary.NameLists{DNS: []string{"."}}}, "names.dns"},
		"a wildcard":            {notary.GrantTerms{Names: notary.NameLists{DNS: []string{"*.example.com"}}}, "names.dns"},
		"bits after the prefix": {notary.GrantTerms{Names: notary.NameLists{IP: []string{"10.1.2.3/8"}}}, "names.ip"},
		"no address":            {notary.GrantTerms{Names: notary.NameLists{Email: []string{"@"}}}, "names.email"},
		"a URI with userinfo": {notary.GrantTerms{Names: notary.NameLists{URI: []string{"spiffe://me@example.org/"}}},
			"names.uri"},
	} {
		test.terms.Actions = []string{"request.sign"}
		err := policy.CheckTerms(test.terms)
		if test.field == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if e, ok := err.(*notary.Error); !ok || e.Field != test.field || e.Kind != notary.Invalid {
			t.Errorf("%s: %v, want an error of %s", name, err, test.field)
		}
	}
	if policy.CheckTerms(notary.GrantTerms{}) == nil ||
		policy.CheckTerms(notary.GrantTerms{Actions: []string{"request.sign", "request.sign"}}) == nil {
		t.Error("no action, or one that is listed twice, is accepted")
	}
}

func TestAllowNamesThePermissionAndTheObject(t *testing.T) {
	t.Parallel()
	caller := notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 1}, Role: notary.ReadOnly}
	for _, test := range []struct {
		action policy.Action
		on     policy.Resource
		want   string // after "the role Read Only does not have permission to "; "" if it has it
	}{
		{policy.ViewRequests, policy.Resource{}, ""},
		{policy.ManageAccounts, policy.Resource{}, "manage accounts, which requires the role Admin: ask an Admin"},
		{policy.ManageAuthorities, policy.On("certificate authority", 3),
			"manage certificate authorities (certificate authority 3), " +
				"which requires the role Admin or Certificate Manager: ask an Admin"},
	} {
		err := policy.AllowRole(caller, test.action, test.on)
		if policy.May(caller, test.action) != (err == nil) || (err == nil) != (test.want == "") {
			t.Errorf("%s: %v", test.action, err)
		}
		want := "the role Read Only does not have permission to " + test.want
		if err != nil && (notary.KindOf(err) != notary.Forbidden || err.Error() != want) {
			t.Errorf("got %q, want %q", err, want)
		}
	}
	// The program itself has the number of a role, and no permission.
	for _, unknown := range []notary.Caller{{}, notary.SystemCaller} {
		err := policy.AllowRole(unknown, policy.ManageAccounts, policy.Resource{})
		if notary.KindOf(err) != notary.Unauthenticated || policy.May(unknown, policy.ManageAccounts) {
			t.Errorf("%+v: %v", unknown, err)
		}
	}
}
