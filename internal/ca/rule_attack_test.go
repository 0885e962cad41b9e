package ca_test

import (
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// What an earlier call asked for counts as if it were asked again.
func TestRulesJudgeTheWishesOfEarlierCalls(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	limited := signingRule(root, 10, `names.below("dev.example.com") && validity <= duration("9000h")`)
	limited.MaxValidity = 365 * 24 * time.Hour
	activate(t, w, createRule(t, w, limited))
	me := newRequestor(t, w)
	long := w.Clock.Now().Add(10 * 365 * 24 * time.Hour)
	for name, first := range map[string]func(csr string) error{
		"a held call": func(csr string) error {
			_, err := w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{SignOptions: ca.SignOptions{NotAfter: long}})
			return err
		},
		"a request": func(csr string) error {
			_, err := w.CA.SubmitWith(t.Context(), me, csr, ca.SubmitOptions{
				Annotation: ca.Annotation{Wishes: notary.Wishes{NotAfter: long}}})
			return err
		},
	} {
		csr := csrFor(t, "a.dev.example.com")
		testkit.Check(t, first(csr))
		issued, err := w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{})
		testkit.Check(t, err)
		if issued.Certificate != nil {
			t.Errorf("%s, then another: a certificate until %v", name, issued.Certificate.NotAfter)
		}
	}
}

// A token is limited in all common names of a subject, and one of several has no earlier certificate.
func TestEveryCommonNameCounts(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	subject := pkix.Name{ExtraNames: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "bank.example"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "a.ci.example.com"}}}
	two, err := pki.NewCSR(key, subject, notary.Names{DNS: []string{"a.ci.example.com"}})
	testkit.Check(t, err)
	token := newToken(t, w, w.Admin(), granting(belowCI, "request.create"))
	_, err = w.CA.Issue(t.Context(), token, two.PEM, ca.IssueOptions{})
	testkit.WantKind(t, err, notary.Forbidden)
	testkit.WantText(t, err, "bank.example")

	activate(t, w, createRule(t, w, signingRule(root, 10, `certified_before && previous.same_owner`)))
	me := newRequestor(t, w)
	sign(t, w, submitNamed(t, w, me, "a.ci.example.com"), root)
	issued, err := w.CA.Issue(t.Context(), me, two.PEM, ca.IssueOptions{})
	testkit.Check(t, err)
	if issued.Certificate != nil {
		t.Error("a rule signed another common name as certified before")
	}
}

// A rule that refuses also refuses renewals.
func TestRulesRefuseRenewals(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	me := newRequestor(t, w)
	csr := csrFor(t, "a.example.com")
	id, err := w.CA.Submit(t.Context(), me, csr)
	testkit.Check(t, err)
	sign(t, w, id, root)
	activate(t, w, createRule(t, w, refusingRule(10, `names.below("example.com")`)))
	_, err = w.CA.Issue(t.Context(), me, csr, ca.IssueOptions{})
	testkit.WantKind(t, err, notary.RefusedByRule)
}

// The labels of a repeated call count when rules judge it.
func TestRulesJudgeNewLabels(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	activate(t, w, createRule(t, w, refusingRule(10, `"env" in labels && labels.env == "prod"`)))
	activate(t, w, createRule(t, w, signingRule(root, 20, `true`)))
	me, csr := newRequestor(t, w), csrFor(t, "a.example.com")
	label := func(value string) ca.IssueOptions { return ca.IssueOptions{Labels: notary.Labels{"env": value}} }
	_, err := w.CA.Issue(t.Context(), me, csr, label("dev"))
	testkit.Check(t, err)
	_, err = w.CA.Issue(t.Context(), me, csr, label("prod"))
	testkit.WantKind(t, err, notary.RefusedByRule)
}

// Replacing the active version of a rule needs permission to deactivate it.
func TestReplacingASigningRule(t *testing.T) {
	t.Parallel()
	w := testkit.New(t)
	root := w.Root(t, notary.ECDSAP256)
	rule := signingRule(root, 10, `true`)
	id := createRule(t, w, rule)
	activate(t, w, id)
	reader := w.NewCaller(t, w.Admin(), notary.ReadOnly)
	_, err := w.Auth.CreateGrant(t.Context(), w.Admin(), &notary.Grant{PrincipalID: reader.Principal.ID,
		GrantTerms: notary.GrantTerms{Actions: []string{"rule.activate"}}})
	testkit.Check(t, err)
	hold := holdingRule(10, `true`)
	_, err = w.CA.UpdateRule(t.Context(), w.Admin(), id, 1, hold)
	testkit.Check(t, err)
	_, err = w.CA.ActivateRule(t.Context(), reader, id, 0)
	testkit.WantKind(t, err, notary.Forbidden)
}
