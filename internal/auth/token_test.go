package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/auth"
	"notary/internal/policy"
	"notary/internal/store"
	"notary/internal/testkit"
)

func tokenOf(w *testkit.World, actions ...string) *notary.Token {
	return &notary.Token{Name: "pipeline", ExpiresAt: w.Clock.Now().Add(30 * 24 * time.Hour),
		Grants: []notary.GrantTerms{{Actions: actions}}}
}

func createToken(t *testing.T, w *testkit.World, creator notary.Caller, token *notary.Token) (id int64, secret string) {
	t.Helper()
	id, secret, err := w.Auth.CreateToken(t.Context(), creator, token)
	testkit.Check(t, err)
	return id, secret
}

func wantTokenCaller(t *testing.T, w *testkit.World, secret string) notary.Caller {
	t.Helper()
	caller, err := w.Auth.Caller(t.Context(), secret, "192.0.2.7")
	testkit.Check(t, err)
	return caller
}

func wantRefusedToken(t *testing.T, w *testkit.World, secret string, kind notary.Kind, text string) {
	t.Helper()
	_, err := w.Auth.Caller(t.Context(), secret, "192.0.2.7")
	testkit.WantKind(t, err, kind)
	testkit.WantText(t, err, text)
}

// The caller is the token. It acts on behalf of its creator, and has no role.
func TestTokenAuthenticates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id, secret := createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
	caller := wantTokenCaller(t, w, secret)
	want := notary.Caller{Principal: notary.Ref{Kind: notary.TokenPrincipal, ID: id, Name: "pipeline"},
		Role: notary.NoRole, Address: "192.0.2.7", Token: &notary.TokenRights{Creator: w.Admin().Principal,
			Role: notary.Admin, Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}}}
	if diff := cmp.Diff(want, caller); diff != "" {
		t.Errorf("the caller (-want +got):\n%s", diff)
	}
	if !w.Auth.Recognizes(secret) {
		t.Error("the token is not recognised afterwards")
	}
	if _, err := w.Auth.SessionCaller(t.Context(), secret, ""); notary.KindOf(err) != notary.Unauthenticated {
		t.Errorf("a browser can use the token as its session: %v", err)
	}
	for _, rows := range w.Dump(t) {
		if strings.Contains(strings.Join(rows, "\n"), secret) {
			t.Error("the database has the secret")
		}
	}
}

// Secrets have the documented form, and any change of one character is noticed without the database.
func TestTokenSecrets(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	_, secret := createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
	pattern := regexp.MustCompile(`\b` + auth.SecretPattern + `\b`)
	if found := pattern.FindString("password: " + secret + "\n"); found != secret {
		t.Errorf("a scanner finds %q of %q", found, secret)
	}
	for _, broken := range []string{secret[:len(secret)-1], secret + "0", secret + " ", "ntry_", "ntry_" + secret,
		strings.ToLower(secret), secret[:12] + "é" + secret[13:], "ntry_" + strings.Repeat("0", 10_000)} {
		wantRefusedToken(t, w, broken, notary.Unauthenticated, "checksum")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the database refuses queries
	_, err := w.Auth.Caller(ctx, secret, "192.0.2.7")
	testkit.WantKind(t, err, notary.Unavailable)
	for i := len("ntry_"); i < len(secret); i++ {
		other := byte('x')
		if secret[i] == other {
			other = 'y'
		}
		_, err := w.Auth.Caller(ctx, secret[:i]+string(other)+secret[i+1:], "192.0.2.7")
		testkit.WantKind(t, err, notary.Unauthenticated)
		testkit.WantText(t, err, "checksum")
	}
}

// The checksum is that of the documentation, so that scanners can verify it.
func TestTokenChecksum(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{auth.NewSecret(), auth.NewSecret()} {
		if !auth.IntactSecret(secret) {
			t.Errorf("%s is not intact", secret)
		}
	}
	// Computed with: python3 -c "import zlib; …" as in docs/tokens.md.
	const known = "ntry_0123456789ABCDEFGHIJKLMNOPQRSTUV402Jx6"
	if !auth.IntactSecret(known) {
		t.Errorf("%s is not intact", known)
	}
}

func TestCreateTokenRefuses(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor := w.Caller(notary.CertificateRequestor)
	for name, test := range map[string]struct {
		change func(*notary.Token)
		kind   notary.Kind
		field  string
		text   string
	}{
		"no name":            {func(n *notary.Token) { n.Name = "" }, notary.Invalid, "name", "cannot be the name"},
		"a name of 10 kB":    {func(n *notary.Token) { n.Name = strings.Repeat("a", 10_000) }, notary.Invalid, "name", ""},
		"control characters": {func(n *notary.Token) { n.Name = "a\x1b[2Jb" }, notary.Invalid, "name", ""},
		"a line break":       {func(n *notary.Token) { n.Name = "a\nb" }, notary.Invalid, "name", ""},
		"invalid UTF-8":      {func(n *notary.Token) { n.Name = "a\xff" }, notary.Invalid, "name", ""},
		"an address":         {func(n *notary.Token) { n.Name = w.Admin().Principal.Name }, notary.Invalid, "name", "without @"},
		"spaces":             {func(n *notary.Token) { n.Name = " a" }, notary.Invalid, "name", ""},
		"no expiry":          {func(n *notary.Token) { n.ExpiresAt = time.Time{} }, notary.Invalid, "expires_at", "the expiry is missing"},
		"a past expiry":      {func(n *notary.Token) { n.ExpiresAt = w.Clock.Now() }, notary.Invalid, "expires_at", "future"},
		"an overlong life": {func(n *notary.Token) { n.ExpiresAt = w.Clock.Now().Add(auth.DefaultTokenLife + time.Second) },
			notary.Invalid, "expires_at", "at most 365d"},
		"a negative quota": {func(n *notary.Token) { n.PerHour = -1 }, notary.Invalid, "quota_per_hour", ""},
		"a huge quota":     {func(n *notary.Token) { n.PerDay = 1 << 62 }, notary.Invalid, "quota_per_day", ""},
		"no range":         {func(n *notary.Token) { n.Ranges = []string{"here"} }, notary.Invalid, "address_ranges", "is not an address"},
		"bits after the prefix": {func(n *notary.Token) { n.Ranges = []string{"10.1.2.3/8"} }, notary.Invalid,
			"address_ranges", "write 10.0.0.0/8"},
		"mapped IPv6":     {func(n *notary.Token) { n.Ranges = []string{"::ffff:10.0.0.0/104"} }, notary.Invalid, "address_ranges", ""},
		"too many ranges": {func(n *notary.Token) { n.Ranges = make([]string, 51) }, notary.Invalid, "address_ranges", ""},
		"no grants":       {func(n *notary.Token) { n.Grants = nil }, notary.Invalid, "grants", ""},
		"too many grants": {func(n *notary.Token) { n.Grants = make([]notary.GrantTerms, 21) }, notary.Invalid, "grants", ""},
		"no actions": {func(n *notary.Token) { n.Grants = []notary.GrantTerms{{}} }, notary.Invalid, "grants.0.actions",
			"at least one"},
		"accounts": {func(n *notary.Token) { n.Grants = []notary.GrantTerms{{Actions: []string{"account.manage"}}} },
			notary.Invalid, "grants.0.actions", "cannot be granted"},
		"limited events": {func(n *notary.Token) {
			n.Grants = []notary.GrantTerms{{Actions: []string{"event.view"}, Profiles: []string{"server"}}}
		}, notary.Invalid, "grants.0.actions", "cannot be limited"},
		"a wildcard": {func(n *notary.Token) {
			n.Grants[0].Names = notary.NameLists{DNS: []string{"*.ci.example.com"}}
		}, notary.Invalid, "grants.0.names.dns", "cannot be listed"},
		"a profile twice": {func(n *notary.Token) { n.Grants[0].Profiles = []string{"server", "server"} }, notary.Invalid,
			"grants.0.profiles", "server is listed twice"},
		"a CA twice": {func(n *notary.Token) { n.Grants[0].Authorities = []int64{1, 2, 1} }, notary.Invalid,
			"grants.0.certificate_authority_ids", "1 is listed twice"},
		"a domain twice": {func(n *notary.Token) {
			n.Grants[0].Names.DNS = []string{"ci.example.com", "ci.example.com"}
		}, notary.Invalid, "grants.0.names.dns", "listed twice"},
		"64 KiB of grants": {func(n *notary.Token) {
			n.Grants = slices.Repeat([]notary.GrantTerms{namedGrant(400)}, 10)
		}, notary.Invalid, "grants", "at most 65536 octets"},
		"an unknown profile": {func(n *notary.Token) { n.Grants[0].Profiles = []string{"nothing"} }, notary.Invalid, "profiles",
			"there is no profile"},
		"more than the creator may": {func(n *notary.Token) {
			n.Grants = append(n.Grants, notary.GrantTerms{Actions: []string{"request.sign"}})
		}, notary.Forbidden, "", "you do not have permission to sign certificate requests"},
	} {
		token := tokenOf(w, "request.create")
		test.change(token)
		events := w.EventsOf(t, func() {
			_, secret, err := w.Auth.CreateToken(t.Context(), requestor, token)
			testkit.WantKind(t, err, test.kind)
			testkit.WantText(t, err, test.text)
			if e, ok := err.(*notary.Error); !ok || e.Field != test.field || secret != "" {
				t.Errorf("%s: %v (%q), want an error of %q", name, err, secret, test.field)
			}
		})
		if len(events) > 0 {
			t.Errorf("%s: %q was recorded", name, events)
		}
	}
}

// The longest lifetime is a setting.
func TestLongestTokenLife(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	w.Auth.LimitTokens(time.Hour)
	_, _, err := w.Auth.CreateToken(t.Context(), w.Admin(), tokenOf(w, "request.create"))
	testkit.WantText(t, err, "at most 1h")
	w.Auth.LimitTokens(30 * 24 * time.Hour)
	_, secret := createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
	w.Clock.Advance(30*24*time.Hour - time.Second)
	wantTokenCaller(t, w, secret)
	w.Clock.Advance(time.Second)
	wantRefusedToken(t, w, secret, notary.Unauthenticated, "is expired")
}

// A creator can give what a grant gives it, within the limits of the grant.
func TestTokenOfAGrant(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor := w.Caller(notary.CertificateRequestor)
	grant, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{PrincipalID: requestor.Principal.ID,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}, Profiles: []string{notary.DefaultProfile},
			Names: notary.NameLists{DNS: []string{"example.com"}}}})
	testkit.Check(t, err)
	wide := tokenOf(w, "request.sign")
	_, _, err = w.Auth.CreateToken(t.Context(), requestor, wide)
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantText(t, err, fmt.Sprintf("your permission to sign certificate requests is limited (grant %d is limited "+
		"to other profiles)", grant))
	wide.Grants[0].Profiles, wide.Grants[0].Names = []string{notary.DefaultProfile}, notary.NameLists{DNS: []string{"example.org"}}
	_, _, err = w.Auth.CreateToken(t.Context(), requestor, wide)
	testkit.WantText(t, err, "does not allow example.org")
	wide.Grants[0].Names = notary.NameLists{DNS: []string{"ci.example.com"}}
	createToken(t, w, requestor, wide)
}

// A token can do nothing that needs an account. In a list of tokens it finds itself: see TestTokenGetsItself.
func TestTokensAreNotAccounts(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	_, secret := createToken(t, w, w.Admin(), tokenOf(w, policy.TokenActions()...))
	caller := wantTokenCaller(t, w, secret)
	for name, useCase := range useCases {
		err := useCase.call(t.Context(), w.Auth, caller)
		if kind := notary.KindOf(err); name != "Tokens" && kind != notary.Forbidden && kind != notary.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Demotion and deletion of the creator limit the token at once, until an Admin takes it over.
func TestTokenFollowsItsCreator(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	creator := w.NewCaller(t, w.Admin(), notary.CertificateManager)
	id, secret := createToken(t, w, creator, tokenOf(w, "request.create", "request.sign"))
	may := func(want bool) {
		t.Helper()
		if got := policy.May(wantTokenCaller(t, w, secret), policy.SignRequest); got != want {
			t.Errorf("the token may sign: %v, want %v", got, want)
		}
	}
	may(true)
	testkit.Check(t, w.Auth.ChangeRole(t.Context(), w.Admin(), creator.Principal.ID, notary.CertificateRequestor))
	may(false)
	testkit.Check(t, w.Auth.ChangeRole(t.Context(), w.Admin(), creator.Principal.ID, notary.CertificateManager))
	may(true)
	testkit.Check(t, w.Auth.DeleteAccount(t.Context(), w.Admin(), creator.Principal.ID))
	wantRefusedToken(t, w, secret, notary.Unauthenticated, "was deleted")

	testkit.WantKind(t, w.Auth.TakeOverToken(t.Context(), w.Caller(notary.CertificateManager), id), notary.Forbidden)
	events := w.EventsOf(t, func() { testkit.Check(t, w.Auth.TakeOverToken(t.Context(), w.Admin(), id)) })
	if len(events) != 1 || events[0] != "token.takeover" {
		t.Errorf("events %q", events)
	}
	may(true)
	if got := wantTokenCaller(t, w, secret).Account(); got != w.Admin().Principal {
		t.Errorf("it acts on behalf of %v", got)
	}
	testkit.WantKind(t, w.Auth.TakeOverToken(t.Context(), w.Admin(), id), notary.Conflict)
}

// Accounts see and revoke their own tokens, Admins all.
func TestRevokeToken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	requestor, reader := w.Caller(notary.CertificateRequestor), w.Caller(notary.ReadOnly)
	own, secret := createToken(t, w, requestor, tokenOf(w, "request.create"))
	another, _ := createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
	for _, test := range []struct {
		caller notary.Caller
		want   []int64
	}{{requestor, []int64{own}}, {reader, nil}, {w.Admin(), []int64{another, own}}} {
		page, err := w.Auth.Tokens(t.Context(), test.caller, notary.TokenQuery{Limit: 10})
		testkit.Check(t, err)
		var ids []int64
		for _, token := range page.Items {
			ids = append(ids, token.ID)
		}
		if !slices.Equal(ids, test.want) {
			t.Errorf("%s sees %v, want %v", test.caller.Role, ids, test.want)
		}
	}
	for _, caller := range []notary.Caller{reader, w.Caller(notary.CertificateManager)} {
		theirs, missing := w.Auth.RevokeToken(t.Context(), caller, own), w.Auth.RevokeToken(t.Context(), caller, 999)
		testkit.WantKind(t, theirs, notary.NotFound)
		if strings.ReplaceAll(theirs.Error(), fmt.Sprint(own), "999") != missing.Error() {
			t.Errorf("the error reveals whether the token exists: %v, %v", theirs, missing)
		}
	}
	wantTokenCaller(t, w, secret)
	testkit.Check(t, w.Auth.RevokeToken(t.Context(), requestor, own))
	wantRefusedToken(t, w, secret, notary.Unauthenticated, "is revoked")
	testkit.WantKind(t, w.Auth.RevokeToken(t.Context(), w.Admin(), own), notary.Conflict)
	testkit.WantKind(t, w.Auth.TakeOverToken(t.Context(), w.Admin(), own), notary.Conflict)
	testkit.Check(t, w.Auth.RevokeToken(t.Context(), w.Admin(), another))
}

// A token with address ranges works only from these, and refused uses are counted by address and reason.
func TestTokenAddresses(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token := tokenOf(w, "request.create")
	token.Ranges = []string{"10.0.0.0/8", "2001:DB8::/32", "192.0.2.7"}
	id, secret := createToken(t, w, w.Admin(), token)
	recorded, err := w.Auth.Token(t.Context(), w.Admin(), id)
	testkit.Check(t, err)
	if want := []string{"10.0.0.0/8", "2001:db8::/32", "192.0.2.7/32"}; !slices.Equal(recorded.Ranges, want) {
		t.Errorf("recorded %q, want %q", recorded.Ranges, want)
	}
	for address, kind := range map[string]notary.Kind{"10.1.2.3": "", "::ffff:10.1.2.3": "", "2001:db8::1": "",
		"192.0.2.7": "", "192.0.2.8": notary.Forbidden, "11.0.0.1": notary.Forbidden, "2001:db9::1": notary.Forbidden,
		"": notary.Forbidden, "nonsense": notary.Forbidden} {
		caller, err := w.Auth.Caller(t.Context(), secret, address)
		testkit.WantKind(t, err, kind)
		if err != nil && (caller.Token != nil || caller.Principal.ID != id) {
			t.Errorf("%s: the refused caller is %+v", address, caller)
		}
	}
	recordedRefusals(t, w)
	for range 3 {
		_, err := w.Auth.Caller(t.Context(), secret, "192.0.2.8")
		testkit.WantKind(t, err, notary.Forbidden)
	}
	want := []notary.Event{{At: w.Clock.Now(), Action: "token.refused", Object: recorded.Ref(),
		Principal: notary.Ref{Kind: notary.AnonymousPrincipal}, Address: "192.0.2.8",
		After: notary.Fields{"count": int64(3), "reason": "address"}}}
	if diff := cmp.Diff(want, recordedRefusals(t, w)); diff != "" {
		t.Errorf("the events (-want +got):\n%s", diff)
	}
}

// The last use is recorded once a minute.
func TestTokenUseIsRecorded(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	id, secret := createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
	use := func() *notary.Token {
		t.Helper()
		wantTokenCaller(t, w, secret)
		auth.WaitNoted(w.Auth)
		token, err := w.Auth.Token(t.Context(), w.Admin(), id)
		testkit.Check(t, err)
		return token
	}
	first := w.Clock.Now()
	if token := use(); !token.LastUsedAt.Equal(first) || token.LastAddress != "192.0.2.7" {
		t.Errorf("last used %v from %s, want %v", token.LastUsedAt, token.LastAddress, first)
	}
	w.Clock.Advance(59 * time.Second)
	if token := use(); !token.LastUsedAt.Equal(first) {
		t.Errorf("recorded again %v later", token.LastUsedAt.Sub(first))
	}
	w.Clock.Advance(time.Second)
	if token := use(); !token.LastUsedAt.Equal(w.Clock.Now()) {
		t.Errorf("not recorded a minute later: %v", token.LastUsedAt)
	}
}

func TestUnusedTokens(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	now := testkit.NewClock().Now()
	for name, test := range map[string]struct {
		token notary.Token
		want  bool
	}{
		"new":               {notary.Token{CreatedAt: now.Add(-6 * day)}, false},
		"never used":        {notary.Token{CreatedAt: now.Add(-7 * day)}, true},
		"in use":            {notary.Token{CreatedAt: now.Add(-300 * day), LastUsedAt: now.Add(-89 * day)}, false},
		"no longer in use":  {notary.Token{CreatedAt: now.Add(-300 * day), LastUsedAt: now.Add(-90 * day)}, true},
		"revoked":           {notary.Token{CreatedAt: now.Add(-300 * day), RevokedAt: now.Add(-day)}, false},
		"its creator ended": {notary.Token{CreatedAt: now.Add(-300 * day), CreatorDeleted: true}, false},
	} {
		test.token.ExpiresAt = now.Add(day)
		if got := test.token.Unused(now); got != test.want {
			t.Errorf("%s: unused %v, want %v", name, got, test.want)
		}
	}
}

// namedGrant is limited to n names of about 20 octets.
func namedGrant(n int) notary.GrantTerms {
	terms := notary.GrantTerms{Actions: []string{"request.create"}}
	for i := range n {
		terms.Names.DNS = append(terms.Names.DNS, fmt.Sprintf("host-%d.ci.example.com", i))
	}
	return terms
}

// An account has at most 500 active tokens and creates at most 500 within a day, even if it revokes them at once.
func TestTokensAreFew(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	create := func(caller notary.Caller) (int64, error) {
		id, _, err := w.Auth.CreateToken(t.Context(), caller, tokenOf(w, "request.create"))
		return id, err
	}
	keeps, revokes := w.Caller(notary.CertificateRequestor), w.Caller(notary.CertificateManager)
	for range auth.MaxTokens {
		_, err := create(keeps)
		testkit.Check(t, err)
		id, err := create(revokes)
		testkit.Check(t, err)
		testkit.Check(t, w.Auth.RevokeToken(t.Context(), revokes, id))
	}
	_, err := create(keeps)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "500 active API tokens")
	_, err = create(revokes)
	testkit.WantKind(t, err, notary.RateLimited)
	_, err = create(w.Admin())
	testkit.Check(t, err)

	w.Clock.Advance(24 * time.Hour)
	_, err = create(keeps)
	testkit.WantKind(t, err, notary.Conflict)
	_, err = create(revokes)
	testkit.Check(t, err)
	w.Clock.Advance(29 * 24 * time.Hour) // the 500 expire
	_, err = create(keeps)
	testkit.Check(t, err)
}

// The event of a new token has its grants, or the hash of the recorded ones if they are long.
func TestEventsOfTokensAreShort(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	created := func(grants ...notary.GrantTerms) *notary.Event {
		t.Helper()
		token := tokenOf(w)
		token.Grants = grants
		createToken(t, w, w.Admin(), token)
		all := w.Events(t)
		return &all[len(all)-1]
	}
	if e := created(namedGrant(3)); e.After["grants"] == nil || e.After["grants_sha256"] != nil {
		t.Errorf("short grants: %v", e.After)
	}
	long := []notary.GrantTerms{namedGrant(500), namedGrant(400)}
	encoded, err := json.Marshal(long)
	testkit.Check(t, err)
	want := fmt.Sprintf("%x", sha256.Sum256(encoded))
	if e := created(long...); e.After["grants"] != nil || e.After["grants_sha256"] != want {
		t.Errorf("long grants: %v, want the hash %s", e.After, want)
	}
}

// Lists of tokens come in pages.
func TestTokensInPages(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	var want, got []int64
	for range 5 {
		id, _ := createToken(t, w, w.Caller(notary.ReadOnly), tokenOf(w, "authority.view"))
		createToken(t, w, w.Admin(), tokenOf(w, "request.create"))
		want = append(want, id)
	}
	slices.Reverse(want)
	q := notary.TokenQuery{Limit: 2}
	for {
		page, err := w.Auth.Tokens(t.Context(), w.Caller(notary.ReadOnly), q)
		testkit.Check(t, err)
		if len(page.Items) > q.Limit {
			t.Fatalf("a page has %d tokens", len(page.Items))
		}
		for _, token := range page.Items {
			got = append(got, token.ID)
		}
		if page.Next == "" {
			break
		}
		q.After = page.Next
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for field, q := range map[string]notary.TokenQuery{"limit": {Limit: notary.MaxTokenPage + 1},
		"before": {Limit: 1, After: q.After, Before: q.After}, "after": {Limit: 1, After: "x"}} {
		_, err := w.Auth.Tokens(t.Context(), w.Admin(), q)
		testkit.WantField(t, err, field)
	}
}

// A token gets itself, with what is left of its quotas, and no other token.
func TestTokenGetsItself(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	end := w.Clock.Now().Add(time.Hour)
	create := func(name string) (int64, string) {
		id, secret, err := w.Auth.CreateToken(t.Context(), w.Admin(), &notary.Token{Name: name, ExpiresAt: end, PerDay: 3,
			Grants: []notary.GrantTerms{{Actions: []string{"request.create"}}}})
		testkit.Check(t, err)
		return id, secret
	}
	create("other")
	id, secret := create("ci")
	caller, err := w.Auth.Caller(t.Context(), secret, "192.0.2.7")
	testkit.Check(t, err)
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.CountIssuance(t.Context(), caller) }))
	for _, q := range []notary.TokenQuery{{Limit: 10}, {Limit: 10, CreatorID: w.Admin().Principal.ID}, {Limit: 1, ID: 1}} {
		page, err := w.Auth.Tokens(t.Context(), caller, q)
		testkit.Check(t, err)
		if len(page.Items) != 1 || page.Items[0].ID != id || page.Next != "" ||
			page.Items[0].LeftInDay(w.Clock.Now()) != 2 {
			t.Errorf("%+v: %+v", q, page)
		}
	}
	_, err = w.Auth.Tokens(t.Context(), notary.Caller{}, notary.TokenQuery{Limit: 1})
	testkit.WantKind(t, err, notary.Unauthenticated)
}
