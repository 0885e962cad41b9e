package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func ruleValues(authority int64) url.Values {
	return url.Values{"name": {"dev names"}, "priority": {"10"}, "expression": {`names.below("dev.example.com")`},
		"effect": {"sign"}, "certificate_authority_id": {fmt.Sprint(authority)}, "profile": {"server"},
		"max_validity": {"30d"}, "last": {"100"}, "do": {"save"}}
}

func TestRules(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	admin := h.as(t, notary.Admin)
	admin.get(t, "/rules").wantStatus(t, 200).wantText(t, "No rules yet.")
	admin.get(t, "/rules/new").wantStatus(t, 200).wantText(t, "previous.same_owner", "principal.groups")
	for field, test := range map[string]struct{ value, want string }{
		"expression": {"nonsense", "line 1, column 1"}, "priority": {"first", "Enter a whole number"},
		"name": {"", "needs a name"}, "max_validity": {"long", "such as 90d"}, "profile": {"", "Choose the profile"},
		"reason": {"why", "has no reason"},
	} {
		wrong := ruleValues(root)
		wrong.Set(field, test.value)
		admin.post(t, "/rules/new", wrong).wantStatus(t, 400).wantText(t, test.want, fmt.Sprintf(`id="f-%s-error"`, field))
	}
	try := ruleValues(root)
	try.Set("do", "try")
	id, err := h.CA.Submit(t.Context(), h.Admin(), testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.dev.example.com"))
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), id, ""))
	admin.post(t, "/rules/new", try).wantStatus(t, 200).wantText(t, "1 would be signed", "1 manual decision differed",
		fmt.Sprintf(`href="/requests/%d"`, id))
	admin.get(t, "/rules").wantText(t, "No rules yet.")

	admin.post(t, "/rules/new", ruleValues(root)).wantStatus(t, 200).wantAt(t, "/rules/1").wantText(t, "Rule created.",
		"This rule is not active", "Test Root", "30d")
	admin.post(t, "/rules/1/activate", url.Values{"version": {"1"}}).wantStatus(t, 200).wantText(t, "Version 1 is active.")
	changed := ruleValues(root)
	changed.Set("version", "1")
	changed.Set("priority", "20")
	admin.post(t, "/rules/1/edit", changed).wantStatus(t, 200).wantText(t, "Version 2 saved.", "is active")
	admin.post(t, "/rules/1/edit", changed).wantStatus(t, 409).wantText(t, "changed by someone else")
	admin.get(t, "/rules/1?version=1").wantStatus(t, 200).wantText(t, "1 of 2")
	admin.post(t, "/rules/1/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 409).wantText(t, "deactivate it first")

	id, err = h.CA.Submit(t.Context(), h.Caller(notary.CertificateRequestor),
		testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "b.dev.example.com"))
	testkit.Check(t, err)
	path := fmt.Sprintf("/requests/%d", id)
	admin.get(t, path).wantText(t, "Signed by", `href="/rules/1?version=1"`)
	h.as(t, notary.CertificateRequestor).get(t, path).wantText(t, "Signed by", "dev names")

	admin.post(t, "/rules/1/deactivate", nil).wantStatus(t, 200).wantText(t, "Rule deactivated.")
	admin.post(t, "/rules/1/delete", nil).wantStatus(t, 400).wantText(t, "Tick this box to confirm")
	admin.post(t, "/rules/1/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 200).wantAt(t, "/rules").wantText(t,
		"Rule deleted.")
}

func TestWhoSeesRules(t *testing.T) {
	t.Parallel()
	h := open(t)
	id, err := h.CA.CreateRule(t.Context(), h.Admin(), notary.RuleTerms{Name: "all", Priority: 1, Expression: "true",
		Effect: notary.HoldEffect})
	testkit.Check(t, err)
	path := fmt.Sprintf("/rules/%d", id)
	requestor, reader, manager := h.as(t, notary.CertificateRequestor), h.as(t, notary.ReadOnly),
		h.as(t, notary.CertificateManager)
	for _, of := range []string{"/rules", path, path + "/edit", "/rules/new"} {
		requestor.get(t, of).wantStatus(t, 403)
	}
	reader.get(t, path).wantStatus(t, 200)
	reader.get(t, path+"/edit").wantStatus(t, 403)
	manager.get(t, path+"/edit").wantStatus(t, 200)
	manager.post(t, path+"/activate", url.Values{"version": {"1"}}).wantStatus(t, 403)
	reader.post(t, path+"/delete", url.Values{"sure": {"yes"}}).wantStatus(t, 403)
}

func TestRulesInABrowser(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	id, err := h.CA.CreateRule(t.Context(), h.Admin(), notary.RuleTerms{Name: "dev names", Priority: 10,
		Expression: `names.below("dev.example.com")`, Effect: notary.SignEffect, AuthorityID: root, Profile: "server"})
	testkit.Check(t, err)
	h.Request(t, h.Admin())
	b := h.browseAs(t, notary.Admin)
	b.press(t, "Rules")
	b.look(t, "rules")
	b.press(t, "dev names")
	b.look(t, "rule")
	b.press(t, "Edit or test")
	b.press(t, "Run test")
	b.wantText(t, "Last 1 request")
	b.look(t, "rule-edit")
	b.open(t, fmt.Sprintf("/rules/%d", id))
	b.press(t, "Activate")
	b.wantText(t, "Version 1 is active.")
}

// The request tells in order what the rules decided and what was done then.
func TestRequestAfterARule(t *testing.T) {
	t.Parallel()
	h := open(t)
	root := h.Root(t, notary.ECDSAP256)
	rule, err := h.CA.CreateRule(t.Context(), h.Admin(), notary.RuleTerms{Name: "all", Priority: 1, Expression: "true",
		Effect: notary.HoldEffect, Reason: "wait"})
	testkit.Check(t, err)
	_, err = h.CA.ActivateRule(t.Context(), h.Admin(), rule, 1)
	testkit.Check(t, err)
	id := h.Request(t, h.Caller(notary.CertificateRequestor))
	b := h.browseAs(t, notary.CertificateRequestor)
	b.open(t, requestURL(id))
	held := "Held for review by rule all, version 1: wait"
	b.wantText(t, held)
	if strings.Contains(b.text(t), "; then") {
		t.Error("something was done after the rule's decision")
	}
	manager := h.Caller(notary.CertificateManager)
	testkit.Check(t, h.CA.Reject(t.Context(), manager, id, ""))
	testkit.Check(t, h.CA.Reopen(t.Context(), manager, id))
	testkit.Check(t, h.CA.Sign(t.Context(), manager, id, ca.SignOptions{AuthorityID: root}))
	b.open(t, requestURL(id))
	by := " by " + manager.Principal.Name + ", just now"
	b.wantText(t, held+"; then rejected"+by+"; then reopened"+by+"; then signed"+by)
	b.look(t, "request-after-a-rule")
	testkit.Check(t, h.RevokeRequest(t.Context(), h.Admin(), id, notary.Superseded))
	b.open(t, requestURL(id))
	b.wantText(t, "; see the history for more")
}
