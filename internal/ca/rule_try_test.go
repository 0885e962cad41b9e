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
	"notary/internal/testkit"
)

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

// A trial says what would change if the tested rules replaced the active ones.
func TestTrialsCompareWithActiveRules(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root, other := w.Root(t, notary.ECDSAP256), w.Root(t, notary.ECDSAP256)
	held := submitNamed(t, w, w.Admin(), "held.example")
	submitNamed(t, w, w.Admin(), "bad.example")
	activeRule(t, w, refusingRule(10, `"bad.example" in names`))
	signing := activeRule(t, w, signingRule(root, 20, `names.exists(n, n.startsWith("signed"))`))
	submitNamed(t, w, w.Admin(), "signed.example")
	sign := signingRule(root, 15, `"held.example" in names`)
	same, elsewhere := signingRule(root, 20, `"signed.example" in names`), signingRule(other, 20, `"signed.example" in names`)
	for name, tt := range map[string]struct {
		o    ca.RuleTryOptions
		want int
	}{
		"as they are":          {ca.RuleTryOptions{}, 0},
		"one more that signs":  {ca.RuleTryOptions{Rules: []ca.ProposedRule{{Terms: &sign}}}, 1},
		"the same effects":     {ca.RuleTryOptions{Rules: []ca.ProposedRule{{ID: signing, Terms: &same}}}, 0},
		"signed by another CA": {ca.RuleTryOptions{Rules: []ca.ProposedRule{{ID: signing, Terms: &elsewhere}}}, 1},
		"no rules":             {ca.RuleTryOptions{Only: true}, 2},
	} {
		tt.o.Last = 10
		trial, err := w.CA.TryRules(t.Context(), w.Admin(), tt.o)
		testkit.Check(t, err)
		if trial.Changed != tt.want || len(trial.FirstChanged) != tt.want {
			t.Errorf("%s: %d changed, %+v; want %d", name, trial.Changed, trial.FirstChanged, tt.want)
		}
	}
	trial, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 10,
		Rules: []ca.ProposedRule{{Terms: &sign}}})
	testkit.Check(t, err)
	if c := trial.FirstChanged[0]; c.RequestID != held || c.Active.Effect != notary.HoldEffect || c.Active.RuleID != 0 ||
		c.Effect != notary.SignEffect || c.RuleName != sign.Name {
		t.Errorf("%+v", c)
	}
	if trial := activate(t, w, createRule(t, w, sign)); trial.Changed != 1 {
		t.Errorf("the activation reports %d changed, want 1", trial.Changed)
	}
}

// Identical errors are listed once, with their number.
func TestTrialsGroupErrors(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for range 3 {
		submitNamed(t, w, w.Admin(), "a.example")
	}
	latest := submitNamed(t, w, w.Admin(), "a.example")
	other := submitNamed(t, w, w.Admin(), "b.example")
	rule := holdingRule(10, `labels[common_name] == "x"`)
	trial, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 10,
		Rules: []ca.ProposedRule{{Terms: &rule}}})
	testkit.Check(t, err)
	counts := map[int64]int{}
	for _, f := range trial.Failures {
		counts[f.RequestID] = f.Count
	}
	if diff := cmp.Diff(map[int64]int{latest: 4, other: 1}, counts); diff != "" || trial.Failed != 5 {
		t.Errorf("%d failed; errors (-want +got):\n%s", trial.Failed, diff)
	}
}

// CEL repeats values in some errors. Only who may see groups learns their names from them.
func TestTrialsHideGroups(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	requestor := newRequestor(t, w)
	team := newTeam(t, w, "secret-team", requestor)
	sign(t, w, submitFor(t, w, requestor, team, "a.example"), root)
	w.Clock.Advance(time.Minute)
	submitFor(t, w, requestor, team, "a.example")
	for _, expression := range []string{
		`labels[principal.groups[0]] == "x"`, `timestamp(principal.groups[0]) == now`,
		`certified_before && labels[previous.owner] == "x"`, `certified_before && timestamp(previous.owner) == now`,
	} {
		rule := holdingRule(10, expression)
		o := ca.RuleTryOptions{Last: 1, CSR: csrFor(t, "a.example"), Rules: []ca.ProposedRule{{Terms: &rule}}}
		for _, role := range []notary.Role{notary.Admin, notary.CertificateManager, notary.ReadOnly} {
			trial, err := w.CA.TryRules(t.Context(), w.Caller(role), o)
			testkit.Check(t, err)
			if len(trial.Failures) != 1 {
				t.Fatalf("%s: %+v", expression, trial)
			}
			texts := trial.Failures[0].Reason + trial.CSR.Reason
			if named := strings.Contains(texts, "secret-team"); named != (role == notary.Admin) {
				t.Errorf("%s, %s: %s", role, expression, texts)
			}
		}
	}
	rule := holdingRule(10, `labels[common_name] == "x"`)
	trial, err := w.CA.TryRules(t.Context(), w.Caller(notary.ReadOnly), ca.RuleTryOptions{Last: 1,
		Rules: []ca.ProposedRule{{Terms: &rule}}})
	testkit.Check(t, err)
	if len(trial.Failures) != 1 || !strings.Contains(trial.Failures[0].Reason, "a.example") {
		t.Errorf("an error without groups: %+v", trial.Failures)
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
	asked := ca.RuleTryOptions{Submission: ca.Submission{SignOptions: ca.SignOptions{Profile: "client"}}}
	if got := outcome([]string{"a.example"}, asked, any); !strings.Contains(got.Problem, "the requested profile is client") {
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
		"rules.id": {Last: 1, Rules: []ca.ProposedRule{{}}},
		"rules":    {Last: 1, Only: true, Rules: make([]ca.ProposedRule, policy.MaxRules+1)}} {
		_, err := w.CA.TryRules(t.Context(), w.Admin(), o)
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantField(t, err, field)
	}
	bad := holdingRule(10, `nonsense`)
	_, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 1, Rules: []ca.ProposedRule{{Terms: &bad}}})
	testkit.WantField(t, err, "rules.expression")
}

// An account runs one trial at a time, and a node few.
func TestConcurrentTrialsAreLimited(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	reader := w.Caller(notary.ReadOnly)
	try := func() error {
		_, err := w.CA.TryRules(t.Context(), reader, ca.RuleTryOptions{Last: 1})
		return err
	}
	own, err := ca.BeginTrial(w.CA, reader.Principal.ID)
	testkit.Check(t, err)
	wantRetryLater(t, try(), notary.RateLimited)
	own()
	testkit.Check(t, try())
	var others []func()
	for i := range ca.MaxTrials {
		done, err := ca.BeginTrial(w.CA, 1000+int64(i))
		testkit.Check(t, err)
		others = append(others, done)
	}
	wantRetryLater(t, try(), notary.Unavailable)
	activeRule(t, w, holdingRule(10, `true`)) // an activation does not wait for the trials of others
	others[0]()
	testkit.Check(t, try())
}

func wantRetryLater(t *testing.T, err error, kind notary.Kind) {
	t.Helper()
	testkit.WantKind(t, err, kind)
	if e, ok := err.(*notary.Error); !ok || e.RetryAfter == 0 {
		t.Errorf("without a time to retry: %v", err)
	}
}

// A trial ends after its time and counts the requests that it looked at.
func TestTrialsEnd(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	for range 3 {
		submitNamed(t, w, w.Admin(), "a.example")
	}
	ca.SetTrialTime(w.CA, 0)
	hold := holdingRule(10, `true`)
	trial, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 3,
		Rules: []ca.ProposedRule{{Terms: &hold}}})
	testkit.Check(t, err)
	if trial.Looked != 1 || trial.Rules[0].Matches != 1 {
		t.Errorf("%+v", trial)
	}
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

// Past requests are tried as they were created: by whom, from where, with their wishes and labels.
func TestTryRulesOnRequestsOfTokens(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	token := newToken(t, w, w.Admin(), granting(belowCI, "request.create"))
	end := w.Clock.Now().Add(48 * time.Hour)
	_, err := w.CA.SubmitWith(t.Context(), token, csrFor(t, "a.ci.example.com"), ca.SubmitOptions{Annotation: ca.Annotation{
		Labels: notary.Labels{"team": "build"}, Wishes: notary.Wishes{Profile: "server", NotAfter: end}}})
	testkit.Check(t, err)
	submitNamed(t, w, w.Admin(), "b.example.com")
	for expression, want := range map[string]int{
		`principal.kind == "token" && principal.name == "pipeline"`:      1,
		fmt.Sprint(`principal.id == `, token.Principal.ID):               1,
		fmt.Sprintf(`principal.account == %q`, w.Admin().Principal.Name): 2,
		`source == "192.0.2.7"`:                                          1,
		`"team" in labels && labels.team == "build"`:                     1,
		`profile == "server"`:                                            1,
		`validity == duration("48h")`:                                    1,
		`principal.kind == "account"`:                                    1,
		`principal.role == "Admin"`:                                      2,
		`principal.kind == "token" && source == "::1"`:                   0,
	} {
		rule := holdingRule(1, expression)
		trial, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 100,
			Rules: []ca.ProposedRule{{Terms: &rule}}})
		testkit.Check(t, err)
		if trial.Rules[0].Matches != want || trial.Failed != 0 {
			t.Errorf("%s matches %d requests, want %d (%+v)", expression, trial.Rules[0].Matches, want, trial.Failures)
		}
	}
}
