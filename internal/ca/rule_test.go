package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/policy"
	"notary/internal/store"
	"notary/internal/testkit"
)

func signingRule(authority int64, priority int, expression string) notary.RuleTerms {
	return notary.RuleTerms{Name: fmt.Sprintf("sign %d", priority), Priority: priority, Expression: expression,
		Effect: notary.SignEffect, AuthorityID: authority, Profile: "server"}
}

func refusingRule(priority int, expression string) notary.RuleTerms {
	return notary.RuleTerms{Name: fmt.Sprintf("refuse %d", priority), Priority: priority, Expression: expression,
		Effect: notary.RefuseEffect, Reason: "only names below example.com"}
}

func holdingRule(priority int, expression string) notary.RuleTerms {
	return notary.RuleTerms{Name: fmt.Sprintf("hold %d", priority), Priority: priority, Expression: expression,
		Effect: notary.HoldEffect, Reason: "ask the security team"}
}

func createRule(t *testing.T, w *testkit.World, terms notary.RuleTerms) int64 {
	t.Helper()
	id, err := w.CA.CreateRule(t.Context(), w.Admin(), terms)
	testkit.Check(t, err)
	return id
}

// activeRule creates a rule and activates it.
func activeRule(t *testing.T, w *testkit.World, terms notary.RuleTerms) int64 {
	t.Helper()
	id := createRule(t, w, terms)
	activate(t, w, id)
	return id
}

func activate(t *testing.T, w *testkit.World, id int64) *notary.RuleTrial {
	t.Helper()
	trial, err := w.CA.ActivateRule(t.Context(), w.Admin(), id, 0)
	testkit.Check(t, err)
	return trial
}

func getRule(t *testing.T, w *testkit.World, id int64) *notary.Rule {
	t.Helper()
	r, err := w.CA.Rule(t.Context(), w.Admin(), id, 0)
	testkit.Check(t, err)
	return r
}

func submitNamed(t *testing.T, w *testkit.World, caller notary.Caller, names ...string) int64 {
	t.Helper()
	id, err := w.CA.Submit(t.Context(), caller, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...))
	testkit.Check(t, err)
	return id
}

func TestRuleVersions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := createRule(t, w, signingRule(root, 10, `true`))
	if r := getRule(t, w, id); r.Version != 1 || r.Latest != 1 || r.Active != 0 {
		t.Errorf("created %+v", r)
	}
	activate(t, w, id)
	changed := signingRule(root, 20, `names.below("example.com")`)
	version, err := w.CA.UpdateRule(t.Context(), w.Admin(), id, 1, changed)
	testkit.Check(t, err)
	r := getRule(t, w, id)
	if version != 2 || r.Version != 2 || r.Active != 1 || r.Priority != 20 {
		t.Errorf("updated to version %d: %+v", version, r)
	}
	first, err := w.CA.Rule(t.Context(), w.Admin(), id, 1)
	testkit.Check(t, err)
	if first.Expression != "true" || first.Priority != 10 {
		t.Errorf("the first version is now %+v", first)
	}
	_, err = w.CA.UpdateRule(t.Context(), w.Admin(), id, 1, changed)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "version")
	_, err = w.CA.ActivateRule(t.Context(), w.Admin(), id, 1)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantKind(t, w.CA.DeleteRule(t.Context(), w.Admin(), id), notary.Conflict)
	testkit.Check(t, w.CA.DeactivateRule(t.Context(), w.Admin(), id))
	testkit.WantKind(t, w.CA.DeactivateRule(t.Context(), w.Admin(), id), notary.Conflict)
	testkit.Check(t, w.CA.DeleteRule(t.Context(), w.Admin(), id))
	_, err = w.CA.Rule(t.Context(), w.Admin(), id, 0)
	testkit.WantKind(t, err, notary.NotFound)
}

// A changed rule does not count before it is activated again.
func TestDraftsDoNotCount(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := createRule(t, w, signingRule(root, 10, `names.below("a.example")`))
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "1.a.example"), notary.Outstanding)
	activate(t, w, id)
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "2.a.example"), notary.Active)
	_, err := w.CA.UpdateRule(t.Context(), w.Admin(), id, 0, signingRule(root, 10, `names.below("b.example")`))
	testkit.Check(t, err)
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "3.a.example"), notary.Active)
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "3.b.example"), notary.Outstanding)
	activate(t, w, id)
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "4.a.example"), notary.Outstanding)
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "4.b.example"), notary.Active)
	testkit.Check(t, w.CA.DeactivateRule(t.Context(), w.Admin(), id))
	wantStatus(t, w, submitNamed(t, w, w.Admin(), "5.b.example"), notary.Outstanding)
}

func TestRuleTermsAreChecked(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	createRule(t, w, signingRule(root, 10, `true`))
	disabled := w.Root(t, notary.ECDSAP256)
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), disabled, false))
	for field, change := range map[string]func(*notary.RuleTerms){
		"expression":               func(r *notary.RuleTerms) { r.Expression = "nonsense" },
		"certificate_authority_id": func(r *notary.RuleTerms) { r.AuthorityID = 0 },
		"profile":                  func(r *notary.RuleTerms) { r.Profile = "nonsense" },
		"name":                     func(r *notary.RuleTerms) { r.Name = "sign 10" },
		"priority":                 func(r *notary.RuleTerms) { r.Priority = 10 },
	} {
		terms := signingRule(root, 20, `true`)
		change(&terms)
		_, err := w.CA.CreateRule(t.Context(), w.Admin(), terms)
		testkit.WantField(t, err, field)
		if kind := notary.KindOf(err); kind != notary.Invalid && kind != notary.Conflict {
			t.Errorf("%s: %v", field, err)
		}
	}
	_, err := w.CA.CreateRule(t.Context(), w.Admin(), signingRule(disabled, 20, `true`))
	testkit.WantKind(t, err, notary.Conflict)
	terms := signingRule(root, 20, `true`)
	terms.Profile = notary.IntermediateProfile
	_, err = w.CA.CreateRule(t.Context(), w.Admin(), terms)
	testkit.WantText(t, err, "is for CAs")
}

// The priority of an active version cannot be taken by another active one.
func TestActivePrioritiesAreUnique(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	first := activeRule(t, w, holdingRule(10, `true`))
	_, err := w.CA.UpdateRule(t.Context(), w.Admin(), first, 0, holdingRule(30, `true`))
	testkit.Check(t, err)
	second := createRule(t, w, refusingRule(10, `true`))
	_, err = w.CA.ActivateRule(t.Context(), w.Admin(), second, 0)
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantField(t, err, "priority")
	activate(t, w, first)
	activate(t, w, second)
}

func TestEventsOfRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	submitNamed(t, w, w.Admin(), "a.example")
	id := createRule(t, w, signingRule(root, 10, `true`))
	_, err := w.CA.UpdateRule(t.Context(), w.Admin(), id, 0, signingRule(root, 10, `false`))
	testkit.Check(t, err)
	activate(t, w, id)
	testkit.Check(t, w.CA.DeactivateRule(t.Context(), w.Admin(), id))
	testkit.Check(t, w.CA.DeleteRule(t.Context(), w.Admin(), id))
	page, err := w.CA.Events(t.Context(), w.Admin(), notary.EventQuery{Kind: "rule", ObjectID: id, Limit: 10})
	testkit.Check(t, err)
	var actions []string
	for _, e := range page.Items {
		actions = append(actions, e.Action)
	}
	want := []string{"rule.delete", "rule.deactivate", "rule.activate", "rule.update", "rule.create"}
	if diff := cmp.Diff(want, actions); diff != "" {
		t.Fatalf("(-want +got):\n%s", diff)
	}
	update, activation := page.Items[3], page.Items[2]
	if diff := cmp.Diff(notary.Fields{"expression": "true", "version": int64(1)}, update.Before); diff != "" {
		t.Errorf("before (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(notary.Fields{"expression": "false", "version": int64(2)}, update.After); diff != "" {
		t.Errorf("after (-want +got):\n%s", diff)
	}
	trial, _ := activation.After["trial"].(map[string]any)
	if fmt.Sprintf("%v %v %v", trial["looked"], trial["unmatched"], trial["sign"]) != "1 1 0" ||
		activation.After["active_version"] != int64(2) {
		t.Errorf("the activation has %v", activation.After)
	}
}

func TestWhoMayActivate(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	id := createRule(t, w, signingRule(root, 10, `true`))
	manager := w.Caller(notary.CertificateManager)
	_, err := w.CA.ActivateRule(t.Context(), manager, id, 0)
	testkit.WantKind(t, err, notary.Forbidden)
	grant := func(to notary.Caller, terms notary.GrantTerms) {
		t.Helper()
		_, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{PrincipalID: to.Principal.ID, GrantTerms: terms})
		testkit.Check(t, err)
	}
	grant(manager, notary.GrantTerms{Actions: []string{"rule.activate"}, Profiles: []string{"client"}})
	_, err = w.CA.ActivateRule(t.Context(), manager, id, 0)
	testkit.WantKind(t, err, notary.Forbidden)
	grant(manager, notary.GrantTerms{Actions: []string{"rule.activate"}, Profiles: []string{"server"}})
	_, err = w.CA.ActivateRule(t.Context(), manager, id, 0)
	testkit.Check(t, err)

	// Who may not sign cannot let a rule sign.
	reader := w.Caller(notary.ReadOnly)
	grant(reader, notary.GrantTerms{Actions: []string{"rule.activate"}})
	testkit.WantKind(t, w.CA.DeactivateRule(t.Context(), reader, id), notary.Forbidden)
	grant(reader, notary.GrantTerms{Actions: []string{"request.sign"}, Authorities: []int64{root}})
	testkit.Check(t, w.CA.DeactivateRule(t.Context(), reader, id))
	_, err = w.CA.ActivateRule(t.Context(), reader, id, 0)
	testkit.Check(t, err)
}

func TestMostRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	testkit.Check(t, w.Store.Write(t.Context(), func(tx *store.Tx) error {
		for i := 1; i <= policy.MaxRules; i++ {
			terms := holdingRule(i, fmt.Sprint(i == policy.MaxRules))
			id, err := tx.InsertRule(terms)
			if err != nil {
				return err
			}
			if _, err := tx.ActivateRule(&notary.Rule{ID: id, Latest: 1}, true); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := w.CA.CreateRule(t.Context(), w.Admin(), holdingRule(policy.MaxRules+1, `true`))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "no more are possible")
	id := submitNamed(t, w, w.Caller(notary.CertificateRequestor), "a.example")
	if d := request(t, w, id).Decision; d == nil || d.RuleName != fmt.Sprintf("hold %d", policy.MaxRules) {
		t.Errorf("the decision is %+v", d)
	}
}

func TestTryRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	signed := submitNamed(t, w, w.Admin(), "a.bad.example")
	sign(t, w, signed, root)
	rejected := submitNamed(t, w, w.Admin(), "b.good.example")
	testkit.Check(t, w.CA.Reject(t.Context(), w.Admin(), rejected, ""))
	submitNamed(t, w, w.Admin(), "c.good.example")
	submitNamed(t, w, w.Admin(), "d.other.example")
	submitNamed(t, w, w.Admin(), "e.odd.example")
	refuse := refusingRule(10, `names.below("bad.example")`)
	fails := holdingRule(20, `common_name.endsWith(".odd.example") && labels.team == "x"`)
	allow := signingRule(root, 30, `names.below("good.example")`)
	trial, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 100, Rules: []ca.ProposedRule{
		{Terms: &refuse}, {Terms: &fails}, {Terms: &allow}}})
	testkit.Check(t, err)
	if trial.Looked != 5 || trial.Effects[notary.SignEffect] != 2 || trial.Effects[notary.RefuseEffect] != 1 ||
		trial.Effects[notary.HoldEffect] != 2 || trial.Unmatched != 1 || trial.Failed != 1 || trial.Differing != 2 {
		t.Errorf("%+v", trial)
	}
	differing := map[int64]notary.Effect{}
	for _, d := range trial.First {
		differing[d.RequestID] = d.Effect
	}
	want := map[int64]notary.Effect{signed: notary.RefuseEffect, rejected: notary.SignEffect}
	if diff := cmp.Diff(want, differing); diff != "" {
		t.Errorf("differing (-want +got):\n%s", diff)
	}
	if len(trial.Failures) != 1 || !strings.Contains(trial.Failures[0].Reason, "no such key: team") {
		t.Errorf("failures %+v", trial.Failures)
	}
	for i, n := range []int{1, 0, 2} {
		if trial.Rules[i].Matches != n {
			t.Errorf("rule %d: %+v", i, trial.Rules[i])
		}
	}
	if requests, err := w.CA.Requests(t.Context(), w.Admin(), notary.Query{Limit: 10, Sort: notary.ByID}); err != nil ||
		len(requests.Items) != 5 || requests.Items[2].Decision != nil {
		t.Errorf("the trial changed something: %v", err)
	}
}

// Active rules take part, unless the trial is of others only or replaces them.
func TestTryRulesWithActiveOnes(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	submitNamed(t, w, w.Admin(), "a.example")
	active := activeRule(t, w, refusingRule(10, `true`))
	hold := holdingRule(20, `true`)
	for name, tt := range map[string]struct {
		o    ca.RuleTryOptions
		want notary.Effect
	}{
		"in addition": {ca.RuleTryOptions{Rules: []ca.ProposedRule{{Terms: &hold}}}, notary.RefuseEffect},
		"alone":       {ca.RuleTryOptions{Rules: []ca.ProposedRule{{Terms: &hold}}, Only: true}, notary.HoldEffect},
		"instead":     {ca.RuleTryOptions{Rules: []ca.ProposedRule{{ID: active, Terms: &hold}}}, notary.HoldEffect},
		"as they are": {ca.RuleTryOptions{}, notary.RefuseEffect},
	} {
		tt.o.Last = 10
		trial, err := w.CA.TryRules(t.Context(), w.Admin(), tt.o)
		testkit.Check(t, err)
		if trial.Effects[tt.want] != 1 {
			t.Errorf("%s: %v", name, trial.Effects)
		}
	}
}

func TestTryRulesOnACSR(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	outcome := func(names []string, o ca.RuleTryOptions, rules ...notary.RuleTerms) *notary.RuleOutcome {
		t.Helper()
		for i := range rules {
			o.Rules = append(o.Rules, ca.ProposedRule{Terms: &rules[i]})
		}
		o.CSR = testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), names...)
		trial, err := w.CA.TryRules(t.Context(), w.Admin(), o)
		testkit.Check(t, err)
		return trial.CSR
	}
	any := signingRule(root, 10, `true`)
	if got := outcome([]string{"a.example"}, ca.RuleTryOptions{}, any); got.Effect != notary.SignEffect || got.Problem != "" {
		t.Errorf("%+v", got)
	}
	if got := outcome([]string{"ops@a.example"}, ca.RuleTryOptions{}, any); got.Problem == "" {
		t.Errorf("an email address: %+v", got)
	}
	asked := ca.RuleTryOptions{SignOptions: ca.SignOptions{Profile: "client"}}
	if got := outcome([]string{"a.example"}, asked, any); !strings.Contains(got.Problem, "asks for the profile client") {
		t.Errorf("another profile: %+v", got)
	}
	if got := outcome([]string{"a.example"}, ca.RuleTryOptions{}, refusingRule(10, `true`)); got.Effect != notary.RefuseEffect {
		t.Errorf("%+v", got)
	}
	if got := outcome([]string{"a.example"}, ca.RuleTryOptions{}); got.Effect != notary.HoldEffect ||
		got.Reason != "no rule matches" {
		t.Errorf("%+v", got)
	}
}

func TestTrialsAreLimited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for field, o := range map[string]ca.RuleTryOptions{"csr": {}, "last": {Last: ca.MaxRulesTried + 1},
		"rules.id": {Last: 1, Rules: []ca.ProposedRule{{}}}} {
		_, err := w.CA.TryRules(t.Context(), w.Admin(), o)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, field)
	}
	bad := holdingRule(10, `nonsense`)
	_, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 1, Rules: []ca.ProposedRule{{Terms: &bad}}})
	testkit.WantField(t, err, "rules.expression")
}

// What rules know of an earlier request is what they would have known then.
func TestTrialsLookBack(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	requestor := w.Caller(notary.CertificateRequestor)
	first := submitNamed(t, w, requestor, "a.example")
	sign(t, w, first, root)
	w.Clock.Advance(time.Minute)
	second := submitNamed(t, w, requestor, "a.example")
	sign(t, w, second, root)
	w.Clock.Advance(time.Minute)
	for expression, want := range map[string]int{
		`certified_before`: 1, `certified_before && previous.same_owner`: 1, `!certified_before`: 1,
		`principal.role == "Certificate Requestor" && size(principal.groups) == 0`: 2,
		`source == "192.0.2.1"`:                       2,
		`subject.common_name == ["a.example"]`:        2,
		`key.algorithm == "ecdsa" && key.size == 256`: 2,
		`principal.name == "nobody"`:                  0,
	} {
		terms := holdingRule(10, expression)
		trial, err := w.CA.TryRules(t.Context(), w.Admin(),
			ca.RuleTryOptions{Last: 10, Rules: []ca.ProposedRule{{Terms: &terms}}})
		testkit.Check(t, err)
		if trial.Rules[0].Matches != want || trial.Failed != 0 {
			t.Errorf("%s: %+v, want %d matches", expression, trial, want)
		}
	}
}
