package ca_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
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
			if err := tx.Event(notary.EventBy(w.Admin(), "rule.create", (&notary.Rule{ID: id}).Ref())); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := w.CA.CreateRule(t.Context(), w.Admin(), holdingRule(policy.MaxRules+1, `true`))
	testkit.WantKind(t, err, notary.Conflict)
	testkit.WantText(t, err, "the maximum")
	id := submitNamed(t, w, w.Caller(notary.CertificateRequestor), "a.example")
	if d := request(t, w, id).Decision; d == nil || d.RuleName != fmt.Sprintf("hold %d", policy.MaxRules) {
		t.Errorf("the decision is %+v", d)
	}
}
