package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/ca"
	"notary/internal/store"
	"notary/internal/store/archive"
	"notary/internal/testkit"
)

func decisionOf(t *testing.T, w *testkit.World, id int64) notary.RuleDecision {
	t.Helper()
	d := request(t, w, id).Decision
	if d == nil {
		t.Fatalf("request %d has no decision", id)
	}
	return *d
}

// The rules decide when a request is submitted, by any caller.
func TestRulesDecideOnSubmit(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	signs := activeRule(t, w, signingRule(root, 10, `names.below("good.example")`))
	refuses := activeRule(t, w, refusingRule(20, `names.below("bad.example")`))
	holds := activeRule(t, w, holdingRule(30, `names.below("odd.example")`))
	for _, caller := range []notary.Caller{w.Admin(), w.Caller(notary.CertificateRequestor)} {
		for name, want := range map[string]struct {
			status notary.RequestStatus
			rule   int64
			reason string
		}{
			"a.good.example": {notary.Active, signs, ""},
			"a.bad.example":  {notary.Rejected, refuses, "only names below example.com"},
			"a.odd.example":  {notary.Outstanding, holds, "ask the security team"},
		} {
			id := submitNamed(t, w, caller, name)
			req := request(t, w, id)
			d := decisionOf(t, w, id)
			if req.Status != want.status || d.RuleID != want.rule || d.RuleVersion != 1 || d.Reason != want.reason {
				t.Errorf("%s: %s, %+v", name, req.Status, d)
			}
			if want.status == notary.Rejected && req.Rejection != want.reason {
				t.Errorf("%s: rejected because of %q", name, req.Rejection)
			}
		}
		id := submitNamed(t, w, caller, "a.other.example")
		if req := request(t, w, id); req.Status != notary.Outstanding || req.Decision != nil {
			t.Errorf("without a match: %s, %+v", req.Status, req.Decision)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// The event of a decision names the program, the rule and its version.
func TestEventsOfDecisions(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	activeRule(t, w, signingRule(root, 10, `names.below("good.example")`))
	activeRule(t, w, refusingRule(20, `names.below("bad.example")`))
	activeRule(t, w, holdingRule(30, `true`))
	for name, want := range map[string]string{"a.good.example": "request.sign", "a.bad.example": "request.reject",
		"a.odd.example": "request.hold"} {
		caller := w.Admin()
		caller.RequestID = "call-1"
		id := submitNamed(t, w, caller, name)
		history, err := w.CA.History(t.Context(), w.Admin(), id)
		testkit.Check(t, err)
		e := history[0]
		ref, ok := e.FirstRef("rule")
		if e.Action != want || e.Principal.Kind != notary.SystemPrincipal || e.RequestID != "call-1" || !ok ||
			ref.ID != decisionOf(t, w, id).RuleID || e.After["rule_version"] != int64(1) {
			t.Errorf("%s: %+v", name, e)
		}
		if creation := history[len(history)-1]; creation.Action != "request.create" || creation.Principal.ID != caller.Principal.ID {
			t.Errorf("%s: %+v", name, creation)
		}
	}
}

// Without permission to sign, the rules decide about the one-call issue.
func TestRulesDecideOnIssue(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	activeRule(t, w, signingRule(root, 10, `names.below("good.example")`))
	refuses := activeRule(t, w, refusingRule(20, `names.below("bad.example")`))
	requestor := w.Caller(notary.CertificateRequestor)
	issue := func(name string, o ca.IssueOptions) (*ca.Issued, error) {
		return w.CA.Issue(t.Context(), requestor, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name), o)
	}
	signed, err := issue("a.good.example", ca.IssueOptions{})
	testkit.Check(t, err)
	if signed.Status != notary.Active || signed.Certificate == nil || signed.Certificate.Profile != "server" {
		t.Errorf("signed %+v", signed)
	}
	held, err := issue("a.other.example", ca.IssueOptions{})
	testkit.Check(t, err)
	if held.Status != notary.Outstanding || held.Certificate != nil {
		t.Errorf("held %+v", held)
	}
	_, err = issue("a.bad.example", ca.IssueOptions{})
	testkit.WantKind(t, err, notary.RefusedByRule)
	testkit.WantText(t, err, "only names below example.com")
	page, err := w.CA.Requests(t.Context(), w.Admin(), notary.Query{Limit: 1, Sort: notary.ByIDDown})
	testkit.Check(t, err)
	if last := page.Items[0]; last.Status != notary.Rejected || last.Decision.RuleID != refuses {
		t.Errorf("the refused request is %+v", last)
	}
}

// The same CSR again is a renewal, and a refused one is refused again.
func TestRulesOnRepeatedIssue(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	requestor := w.Caller(notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.good.example")
	held, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	rule := activeRule(t, w, signingRule(root, 10, `names.below("good.example")`))
	first, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	second, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	if first.RequestID != held.RequestID || second.RequestID != held.RequestID || first.Certificate == nil ||
		second.Certificate == nil || first.Certificate.ID == second.Certificate.ID {
		t.Errorf("%+v, %+v, %+v", held, first, second)
	}
	if d := decisionOf(t, w, held.RequestID); d.RuleID != rule || d.Effect != notary.SignEffect {
		t.Errorf("%+v", d)
	}
	testkit.Check(t, w.CA.DeactivateRule(t.Context(), w.Admin(), rule))
	again, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	if again.Certificate.ID != second.Certificate.ID {
		t.Errorf("without a rule, the certificate was renewed: %+v", again)
	}

	activeRule(t, w, refusingRule(20, `names.below("bad.example")`))
	bad := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.bad.example")
	for range 2 {
		_, err = w.CA.Issue(t.Context(), requestor, bad, ca.IssueOptions{Key: "key", Digest: "digest"})
		testkit.WantKind(t, err, notary.RefusedByRule)
	}
	_, err = w.CA.Issue(t.Context(), requestor, bad, ca.IssueOptions{})
	testkit.WantKind(t, err, notary.RefusedByRule)
}

// Approvers decide themselves, unless a rule refuses. They can override that by reopening and signing.
func TestRulesForCallersWhoMaySign(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	activeRule(t, w, refusingRule(10, `names.below("bad.example")`))
	activeRule(t, w, holdingRule(20, `true`))
	issued, err := w.CA.Issue(t.Context(), w.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example"),
		issueBy(root))
	testkit.Check(t, err)
	if req := request(t, w, issued.RequestID); req.Status != notary.Active || req.Decision != nil {
		t.Errorf("%s, %+v", req.Status, req.Decision)
	}
	bad := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.bad.example")
	_, err = w.CA.Issue(t.Context(), w.Admin(), bad, issueBy(root))
	testkit.WantKind(t, err, notary.RefusedByRule)
	id := issued.RequestID + 1
	wantStatus(t, w, id, notary.Rejected)
	testkit.Check(t, w.CA.Reopen(t.Context(), w.Admin(), id))
	sign(t, w, id, root)
	_, err = w.CA.Issue(t.Context(), w.Admin(), bad, issueBy(root)) // a renewal
	testkit.WantKind(t, err, notary.RefusedByRule)
	wantStatus(t, w, id, notary.Active)
}

// What would refuse a person who signs also stops a rule, and the request says why.
func TestRefusedSignaturesAreHeld(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	other := w.Root(t, notary.ECDSAP256)
	terms := signingRule(root, 10, `true`)
	terms.MaxValidity = 30 * 24 * time.Hour
	activeRule(t, w, terms)
	requestor := w.Caller(notary.CertificateRequestor)
	far := w.Clock.Now().AddDate(0, 0, 40)
	for name, tt := range map[string]struct {
		name string
		o    ca.SignOptions
		want string
	}{
		"profile refuses":   {"ops@a.example", ca.SignOptions{}, "host"},
		"another profile":   {"b.example", ca.SignOptions{Profile: "client"}, "the requested profile is client"},
		"another authority": {"c.example", ca.SignOptions{AuthorityID: other}, "the requested CA is"},
		"longer validity":   {"d.example", ca.SignOptions{NotAfter: far}, "longer than the rule allows (30d)"},
	} {
		issued, err := w.CA.Issue(t.Context(), requestor, testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), tt.name),
			ca.IssueOptions{SignOptions: tt.o})
		testkit.Check(t, err)
		d := decisionOf(t, w, issued.RequestID)
		if issued.Status != notary.Outstanding || d.Effect != notary.HoldEffect || !strings.Contains(d.Reason, tt.want) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	issued, err := w.CA.Issue(t.Context(), requestor, newCSR(t), ca.IssueOptions{})
	testkit.Check(t, err)
	if got := issued.Certificate.NotAfter.Sub(w.Clock.Now()); got > terms.MaxValidity {
		t.Errorf("valid for %s", got)
	}
	testkit.Check(t, w.CA.EnableAuthority(t.Context(), w.Admin(), root, false))
	d := decisionOf(t, w, submitNamed(t, w, requestor, "e.example"))
	if d.Effect != notary.HoldEffect || !strings.Contains(d.Reason, "disabled") {
		t.Errorf("with a disabled CA: %+v", d)
	}
}

func TestEvaluationErrorsHold(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	activeRule(t, w, refusingRule(10, `labels.team == "payments"`))
	activeRule(t, w, signingRule(root, 20, `true`))
	id := submitNamed(t, w, w.Admin(), "a.example")
	if d := decisionOf(t, w, id); d.Effect != notary.HoldEffect || !strings.Contains(d.Reason, "no such key: team") {
		t.Errorf("%+v", d)
	}
	wantStatus(t, w, id, notary.Outstanding)
}

// A renewal keeps names that a person replaced, so the rules judge these and not those of the CSR.
func TestRulesJudgeReplacedNames(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	requestor := w.Caller(notary.CertificateRequestor)
	csr := testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.good.example")
	held, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	testkit.Check(t, w.CA.Sign(t.Context(), w.Admin(), held.RequestID, ca.SignOptions{AuthorityID: root,
		Subject: "CN=bank.example", Names: []string{"bank.example"}}))
	before, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	activeRule(t, w, signingRule(root, 10, `names.below("good.example")`))
	after, err := w.CA.Issue(t.Context(), requestor, csr, ca.IssueOptions{})
	testkit.Check(t, err)
	if after.Certificate.ID != before.Certificate.ID {
		t.Errorf("the rule renewed a certificate for %v", after.Certificate.Names)
	}
}

func TestRulesKnowPreviousCertificates(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	mine, other := w.Caller(notary.CertificateRequestor), w.NewCaller(t, w.Admin(), notary.CertificateRequestor)
	sign(t, w, submitNamed(t, w, mine, "a.example"), root)
	terms := signingRule(root, 10, `certified_before && previous.same_owner && previous.owner == principal.account && `+
		`previous.authority_id == `+fmt.Sprint(root)+` && previous.not_after > now && previous.not_before <= now`)
	activeRule(t, w, terms)
	wantStatus(t, w, submitNamed(t, w, mine, "b.example"), notary.Outstanding)
	wantStatus(t, w, submitNamed(t, w, mine, "a.example"), notary.Active)
	wantStatus(t, w, submitNamed(t, w, other, "a.example"), notary.Outstanding)
}

func TestRulesKnowTheCaller(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	caller := w.Caller(notary.CertificateRequestor)
	group, err := w.Auth.CreateGroup(t.Context(), w.Admin(), "pipelines")
	testkit.Check(t, err)
	testkit.Check(t, w.Auth.ChangeMembers(t.Context(), w.Admin(), group, []int64{caller.Principal.ID}, nil))
	caller.Protocol, caller.Address = notary.WebProtocol, "10.1.2.3"
	activeRule(t, w, refusingRule(10, `principal.kind == "account" && principal.groups == ["pipelines"] && `+
		`protocol == "web" && cidr("10.0.0.0/8").containsIP(source) && principal.role == "Certificate Requestor"`))
	wantStatus(t, w, submitNamed(t, w, caller, "a.example"), notary.Rejected)
	caller.Address = "192.0.2.1"
	wantStatus(t, w, submitNamed(t, w, caller, "b.example"), notary.Outstanding)
}

// A rule for one token or account cannot be met by a token of another account, whatever its name.
func TestRulesKnowTokens(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	deploy := newToken(t, w, w.Admin(), granting(belowCI, "request.create"))
	attacker := newToken(t, w, w.Caller(notary.CertificateRequestor), granting(belowCI, "request.create"))
	if deploy.Principal.Name != attacker.Principal.Name {
		t.Fatalf("the tokens have the names %s and %s", deploy.Principal.Name, attacker.Principal.Name)
	}
	for i, expression := range []string{fmt.Sprint(`principal.id == `, deploy.Principal.ID),
		fmt.Sprintf(`principal.name == "pipeline" && principal.account == %q`, w.Admin().Principal.Name)} {
		rule := activeRule(t, w, refusingRule(10+i, expression))
		wantStatus(t, w, submitNamed(t, w, attacker, "a.ci.example.com"), notary.Outstanding)
		wantStatus(t, w, submitNamed(t, w, deploy, "b.ci.example.com"), notary.Rejected)
		testkit.Check(t, w.CA.DeactivateRule(t.Context(), w.Admin(), rule))
	}
}

// With active rules, rules can change while requests are decided: every decision records the version that was
// active, and nothing is lost.
func TestRulesChangeConcurrently(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	rule := activeRule(t, w, signingRule(root, 10, `true`))
	const n = 24
	csrs := make([]string, n)
	for i := range csrs {
		csrs[i] = testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example")
	}
	errs := testkit.Race(n, func(i int) error {
		if i%6 == 5 {
			if _, err := w.CA.UpdateRule(t.Context(), w.Admin(), rule, 0, signingRule(root, 10, `true || false`)); err != nil {
				return err
			}
			_, err := w.CA.ActivateRule(t.Context(), w.Admin(), rule, 0)
			if notary.KindOf(err) == notary.Conflict {
				err = nil
			}
			return err
		}
		_, err := w.CA.Submit(t.Context(), w.Admin(), csrs[i])
		return err
	})
	for _, err := range errs {
		if kind := notary.KindOf(err); kind != "" && kind != notary.Conflict {
			t.Error(err)
		}
	}
	page, err := w.CA.Requests(t.Context(), w.Admin(), notary.Query{Limit: 100, Sort: notary.ByID})
	testkit.Check(t, err)
	for _, req := range page.Items {
		if req.Decision == nil || req.Decision.RuleID != rule {
			t.Errorf("request %d, %s: %+v", req.ID, req.Status, req.Decision)
		}
	}
	testkit.Check(t, archive.CheckInvariants(t.Context(), w.Store))
}

// If rules are activated concurrently, one activation fails and must be reviewed again.
func TestConcurrentActivations(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	var ids []int64
	for i := range 4 {
		ids = append(ids, createRule(t, w, holdingRule(10+i, `true`)))
	}
	kinds := testkit.Kinds(testkit.Race(len(ids), func(i int) error {
		_, err := w.CA.ActivateRule(t.Context(), w.Admin(), ids[i], 0)
		return err
	}))
	if kinds[""] == 0 || kinds[""]+kinds[notary.Conflict] != len(ids) {
		t.Errorf("%v", kinds)
	}
	active := 0
	all, err := w.CA.Rules(t.Context(), w.Admin())
	testkit.Check(t, err)
	for _, r := range all {
		if r.Active != 0 {
			active++
		}
	}
	if diff := cmp.Diff(kinds[""], active); diff != "" {
		t.Errorf("active rules (-activations +got):\n%s", diff)
	}
}

// A node that was not yet notified of changed rules notices it when it records a decision.
func TestNodesDecideByTheSameRules(t *testing.T) {
	t.Parallel()
	w := testkit.NewAt(t, testkit.Postgres(t))
	root := w.Root(t, notary.ECDSAP256)
	st, err := store.Open(t.Context(), w.Database, w.Clock.Now, testkit.Patient...)
	testkit.Check(t, err)
	t.Cleanup(func() { testkit.Check(t, st.Close()) })
	other, err := testkit.OpenNode(t.Context(), st, w.Keys, testkit.NodeOptions{Now: w.Clock.Now})
	testkit.Check(t, err)
	submitThere := func(name string) notary.RuleDecision {
		t.Helper()
		id, err := other.CA.Submit(t.Context(), w.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), name))
		testkit.Check(t, err)
		return decisionOf(t, w, id)
	}
	rule := activeRule(t, w, signingRule(root, 10, `true`))
	if d := submitThere("a.example"); d.RuleVersion != 1 || d.Effect != notary.SignEffect {
		t.Errorf("%+v", d)
	}
	_, err = w.CA.UpdateRule(t.Context(), w.Admin(), rule, 0, refusingRule(10, `true`))
	testkit.Check(t, err)
	activate(t, w, rule)
	if d := submitThere("b.example"); d.RuleVersion != 2 || d.Effect != notary.RefuseEffect {
		t.Errorf("after the change: %+v", d)
	}
}
