package ca_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func tryAs(t *testing.T, w *testkit.World, caller notary.Caller, expression, name string,
	as ca.Submission) (*notary.RuleOutcome, error) {
	t.Helper()
	rule := holdingRule(1, expression)
	trial, err := w.CA.TryRules(t.Context(), caller, ca.RuleTryOptions{Only: true,
		Rules: []ca.ProposedRule{{Terms: &rule}}, CSR: csrFor(t, name), Submission: as})
	if err != nil {
		return nil, err
	}
	return trial.CSR, nil
}

// A CSR is tried with everything that rules know of the call that would submit it.
func TestTryRulesAsAToken(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.NewCaller(t, w.Admin(), notary.CertificateManager)
	group := newTeam(t, w, "pipelines", manager)
	token := newToken(t, w, manager, granting(belowCI, "request.create"))
	submission := ca.Submission{TokenID: token.Principal.ID, Labels: notary.Labels{"team": "build"},
		SignOptions: ca.SignOptions{Profile: "server", NotAfter: w.Clock.Now().Add(48 * time.Hour)}}
	rule := holdingRule(1, `true`)
	for _, expression := range []string{
		fmt.Sprintf(`principal.kind == "token" && principal.id == %d && principal.name == "pipeline"`, token.Principal.ID),
		fmt.Sprintf(`principal.account == %q && principal.role == "Certificate Manager"`, manager.Principal.Name),
		`"pipelines" in principal.groups`,
		`labels.team == "build" && profile == "server" && validity == duration("48h")`,
	} {
		for _, caller := range []notary.Caller{manager, w.Admin()} {
			outcome, err := tryAs(t, w, caller, expression, "a.ci.example.com", submission)
			testkit.Check(t, err)
			if outcome.Reason != rule.Reason || outcome.Forbidden != "" {
				t.Errorf("%s: %+v", expression, outcome)
			}
		}
	}
	outcome, err := tryAs(t, w, manager, `true`, "www.example.com", submission)
	testkit.Check(t, err)
	if !strings.Contains(outcome.Forbidden, "the API token pipeline does not allow the name www.example.com") {
		t.Errorf("outside its limits: %+v", outcome)
	}
	owned, err := tryAs(t, w, manager, `true`, "a.ci.example.com", ca.Submission{OwnerGroupID: group})
	testkit.Check(t, err)
	if owned.Forbidden != "" {
		t.Errorf("for a group: %+v", owned)
	}
}

// Trying as a token says nothing about tokens that the caller cannot see, not even whether they exist.
func TestTryRulesOnlyAsVisibleTokens(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	manager := w.NewCaller(t, w.Admin(), notary.CertificateManager)
	others := newToken(t, w, w.Admin(), granting(belowCI, "request.create"))
	revoked := newToken(t, w, manager, granting(belowCI, "request.create"))
	testkit.Check(t, w.Auth.RevokeToken(t.Context(), manager, revoked.Principal.ID))
	const missing = 987_654
	for name, test := range map[string]struct {
		caller notary.Caller
		token  int64
		want   notary.Kind
	}{
		"one of another account":     {manager, others.Principal.ID, notary.NotFound},
		"none":                       {manager, missing, notary.NotFound},
		"an account":                 {manager, manager.Principal.ID, notary.NotFound},
		"without managing rules":     {w.Caller(notary.ReadOnly), others.Principal.ID, notary.Forbidden},
		"none without managing them": {w.Caller(notary.ReadOnly), missing, notary.Forbidden},
		"a revoked one":              {manager, revoked.Principal.ID, notary.Conflict},
	} {
		_, err := tryAs(t, w, test.caller, `true`, "a.ci.example.com", ca.Submission{TokenID: test.token})
		testkit.WantKind(t, err, test.want)
		if test.want == notary.NotFound && err.Error() != fmt.Sprintf("there is no API token %d", test.token) {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := w.CA.TryRules(t.Context(), w.Admin(), ca.RuleTryOptions{Last: 1,
		Submission: ca.Submission{TokenID: others.Principal.ID}})
	testkit.WantField(t, err, "csr")
}

// How the CSR would be submitted is checked as when it is submitted.
func TestTriedSubmissionsAreChecked(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	_, err := tryAs(t, w, w.Admin(), `true`, "a.example.com", ca.Submission{Labels: notary.Labels{"a b": "c"}})
	testkit.WantKind(t, err, notary.Invalid)
	_, err = tryAs(t, w, w.Admin(), `true`, "a.example.com", ca.Submission{OwnerGroupID: 987_654})
	testkit.WantField(t, err, "owner")
	requestor := w.Caller(notary.ReadOnly)
	outcome, err := tryAs(t, w, requestor, `true`, "a.example.com", ca.Submission{OwnerGroupID: 987_654})
	testkit.Check(t, err)
	if !strings.Contains(outcome.Forbidden, "for group 987654") {
		t.Errorf("for the group of others: %+v", outcome)
	}
}
