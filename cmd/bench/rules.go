package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/policy"
)

// The numbers of rules that are evaluated for a request, and of rules and requests in a trial.
const (
	rulesEvaluated = 100
	rulesTried     = 20
	requestsTried  = 100_000
)

// benchRules returns n rules. Only the last one matches the requests of the benchmark, and signs them.
func benchRules(n int, authority int64) []api.RuleTerms {
	all := make([]api.RuleTerms, n)
	for i := range all {
		all[i] = api.RuleTerms{Name: fmt.Sprintf("team %d", i), Priority: i + 1, Effect: "sign",
			CertificateAuthorityID: api.ID(authority), Profile: notary.DefaultProfile,
			Expression: fmt.Sprintf(`names.below("team-%d.example.com") && key.algorithm == "ecdsa" && `+
				`principal.kind == "account"`, i)}
	}
	all[n-1].Expression = `names.below("payments.example.com") && key.algorithm == "ecdsa"`
	return all
}

// measureRules measures issuance in one call, without rules and with many, the cost of evaluating rules, and a trial.
func (b *bench) measureRules(ctx context.Context) error {
	if !b.wanted("issue") {
		return nil
	}
	floors := []comparison{{with: floorCertificate}}
	if err := b.measureFloors(ctx, floors); err != nil {
		return err
	}
	csrs, err := b.makeCSRs(ctx, 2*b.objectsFor(floors[0].base))
	if err != nil {
		return err
	}
	authority := fmt.Appendf(nil, `{"certificate_authority_id":"%d",`, b.authority.issuing[0])
	half := len(csrs) / 2
	withAuthority := make([][]byte, half)
	for i, body := range csrs[:half] {
		withAuthority[i] = append(bytes.Clone(authority), body[1:]...)
	}
	plain, err := b.runBetween(ctx, issuing("issue", withAuthority), floors)
	if err != nil {
		return err
	}
	if err := b.measureEvaluation(ctx, plain); err != nil {
		return err
	}
	return b.withRules(ctx, func(c *client.Client, token string) error {
		own := b.token
		b.token = token
		_, err := b.run(ctx, issuing("issue by token and the last of 100 rules", csrs[half:]),
			rateOf(plain, "issue without rules", budgetIssueByRule))
		b.token = own
		return err
	})
}

func issuing(name string, bodies [][]byte) operation {
	left := upTo(len(bodies))
	return operation{name: name, next: func(*mathrand.Rand) (call, bool) {
		i, ok := left.take()
		if !ok {
			return call{}, false
		}
		return call{method: "POST", path: certificatesPath, body: bodies[i], status: 201}, true
	}}
}

// measureEvaluation compares the processor time of evaluating rules for one request with the processor time of issuing
// a certificate.
func (b *bench) measureEvaluation(ctx context.Context, signature figure) error {
	var rules []*notary.Rule
	for i, t := range benchRules(rulesEvaluated, b.authority.issuing[0]) {
		rules = append(rules, &notary.Rule{ID: int64(i + 1), Version: 1, RuleTerms: notary.RuleTerms{Name: t.Name,
			Priority: t.Priority, Expression: t.Expression, Effect: notary.SignEffect}})
	}
	set := policy.NewRuleSet(1, rules, policy.Compile)
	const name = "new-1.eu-west.prod.payments.example.com"
	b.say("measuring the evaluation of rules")
	s, err := repeat(ctx, 1, min(b.o.time, time.Second), func(int) error {
		verdict, err := set.Decide(&policy.Facts{Names: notary.Names{DNS: []string{name}}, CommonName: name,
			CommonNames: []string{name}, Key: "ECDSA P-256", Principal: notary.Ref{Kind: notary.AccountPrincipal}})
		if err == nil && verdict.Decision == nil {
			err = errors.New("no rule matches")
		}
		return err
	})
	if err == nil && signature.processor > 0 {
		b.report.addValue("100 rules, CPU time of a signature",
			100*s.processor.Seconds()/signature.processor.Seconds(), budgetRules)
	}
	return err
}

// withRules measures a trial, activates rules, calls fn with an API token of a Certificate Requestor, and deactivates
// the rules.
func (b *bench) withRules(ctx context.Context, fn func(c *client.Client, token string) error) (err error) {
	c, err := b.api()
	if err != nil {
		return err
	}
	defer c.CloseIdleConnections()
	if err := b.measureTrial(ctx); err != nil {
		return err
	}
	role := int(notary.CertificateRequestor)
	login := api.Login{Email: "requestor@example.com", Password: rand.Text()}
	_, err = c.CreateAccount(ctx, api.CreateAccount{Email: login.Email, Password: login.Password, RoleID: &role})
	if err != nil {
		return err
	}
	session, err := c.Login(ctx, login)
	if err != nil {
		return err
	}
	end := time.Now().Add(24 * time.Hour)
	token, err := c.WithToken(session).CreateAPIToken(ctx, api.CreateAPIToken{Name: "pipeline", ExpiresAt: &end,
		Grants: []api.TokenGrant{{Actions: []string{"request.create"},
			Names: api.NameLists{DNS: []string{"payments.example.com"}}}}})
	if err != nil {
		return err
	}
	b.say("activating %d rules", rulesEvaluated)
	for _, terms := range benchRules(rulesEvaluated, b.authority.issuing[0]) {
		id, err := c.CreateRule(ctx, terms)
		if err != nil {
			return err
		}
		if _, err := c.ActivateRule(ctx, id, api.ActivateRule{}); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.DeactivateRule(context.WithoutCancel(ctx), id)) }()
	}
	return fn(c, token.Token)
}

// measureTrial measures a trial of rules, and its processor time per request.
func (b *bench) measureTrial(ctx context.Context) error {
	body := api.CheckRules{Last: min(requestsTried, b.site.rows), Only: true}
	for _, terms := range benchRules(rulesTried, b.authority.issuing[0]) {
		body.Rules = append(body.Rules, api.ProposedRule{Rule: &terms})
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return err
	}
	op := operation{name: "try 20 rules", clients: 1, cold: true, half: true,
		next: func(*mathrand.Rand) (call, bool) {
			return call{method: "POST", path: "/api/v1/rules/check", body: encoded, status: 200}, true
		}}
	f, err := b.run(ctx, op)
	if err == nil && f.processor > 0 {
		b.report.addValue("try 20 rules, CPU time of a request", f.processor.Seconds()*1e6/float64(body.Last), budgetTrial)
	}
	return err
}
