package store_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
)

// walked returns every statement of the store. A store keeps the last ones only.
func walked(t *testing.T) (texts []string) {
	t.Helper()
	s, clock := open(t)
	recording, asked := store.Record(s)
	walk(t, recording, clock.Now())
	for _, a := range *asked {
		texts = append(texts, a.Text)
	}
	return texts
}

// walk calls every method of Store and Tx, so that every statement is prepared. New methods must be added here.
func walk(t *testing.T, s *store.Store, now time.Time) {
	t.Helper()
	ctx := t.Context()
	seen := map[string]bool{"Write": true, "WriteAs": true, "WriteAccount": true, "Close": true, "DB": true,
		"EachRevocation": true, "OnDamage": true, "RevokedIssuers": true, "RevokedCertificates": true,
		"Fill": true, "Shared": true, "Watch": true, "OnChange": true, "Ready": true, "DatabaseTime": true,
		"LoginAddresses":   true, // scans the few events that it found
		"CompromisedInUse": true} // after an upgrade, every compromised key
	do := func(name string, err error) {
		t.Helper()
		if seen[name] = true; err != nil && notary.KindOf(err) != notary.NotFound {
			t.Fatalf("%s: %v", name, err)
		}
	}
	write(t, s, func(tx *store.Tx) error { walkTx(ctx, tx, now, do); return nil })
	do("Agree", second(s.Agree(ctx, "something", "value")))
	do("AgreeOnCursors", s.AgreeOnCursors(ctx))
	do("Lease", second(s.Lease(ctx, "something", "node", time.Minute)))
	_, _, err := s.UpgradeKeyFingerprints(ctx, func(_ []byte, recorded string) string { return recorded + "0" })
	do("UpgradeKeyFingerprints", err)
	_, _, err = s.UpgradeReplaced(ctx)
	do("UpgradeReplaced", err)
	_, _, err = s.UpgradeContents(ctx, func(csr string) string { return "ab" })
	do("UpgradeContents", err)
	_, _, err = s.UpgradeEvents(ctx)
	do("UpgradeEvents", err)
	do("NewSequencer", store.NewSequencer(s).Run(ctx))
	walkReads(ctx, s, now, do)
	_ = s.Verify(ctx, notary.Caller{Principal: notary.Ref{Kind: notary.AccountPrincipal, ID: 1},
		SessionID: 1}) // the session has ended
	do("Verify", nil)
	_ = s.Verify(ctx, notary.Caller{Principal: notary.Ref{Kind: notary.TokenPrincipal, ID: 9},
		Token: &notary.TokenRights{Creator: notary.Ref{ID: 1}}}) // there is none
	for _, of := range []reflect.Type{reflect.TypeFor[*store.Store](), reflect.TypeFor[*store.Tx]()} {
		for i := range of.NumMethod() {
			if name := of.Method(i).Name; !seen[name] {
				t.Errorf("walk does not call the method %s of %s", name, of)
			}
		}
	}
}

// walkProfiles creates a profile and changes it.
func walkProfiles(ctx context.Context, tx *store.Tx, do func(string, error)) *notary.Profile {
	do("SeedProfile", tx.SeedProfile(&notary.Profile{Name: "built-in"}))
	id, err := tx.InsertProfile(&notary.Profile{Name: "mine"})
	do("InsertProfile", err)
	p, err := tx.Profile(ctx, id)
	do("Profile", err)
	do("UpdateProfile", second(tx.UpdateProfile(p, notary.Rules{Description: "new"})))
	p, err = tx.Profile(ctx, id)
	do("Profile", err)
	return p
}

// walkImport records an entry of an imported CRL, and then its certificate.
func walkImport(tx *store.Tx, authorityID int64, now time.Time, do func(string, error)) {
	cert := newCertificate(0, 77, now)
	do("ImportRevocations", tx.ImportRevocations(authorityID, []notary.Revocation{
		{Serial: cert.Serial, At: now, Reason: notary.CertificateHold}}))
	var err error
	cert.ID, err = tx.InsertCertificate(cert)
	do("InsertCertificate", err)
	do("SetIssuer", tx.SetIssuer(cert, authorityID))
	cert.AuthorityID = authorityID
	do("LinkRevocation", second(tx.LinkRevocation(cert)))
}

// walkRenewal replaces a certificate of an account, and undoes that.
func walkRenewal(tx *store.Tx, authorityID int64, now time.Time, do func(string, error)) {
	var renewal *notary.Certificate
	for i := range 2 {
		renewal = newCertificate(authorityID, 80+i, now.AddDate(0, 0, i))
		renewal.RequesterID = 7
		var err error
		renewal.ID, err = tx.InsertCertificate(renewal)
		do("InsertCertificate", err)
	}
	do("InsertRevocation", tx.InsertRevocation(renewal, notary.Superseded))
}

// walkGrants creates a group with a grant and a member, and deletes them.
func walkGrants(ctx context.Context, tx *store.Tx, account int64, do func(string, error)) {
	do("LockGrantsShared", tx.LockGrantsShared())
	do("LockGrants", tx.LockGrants())
	group, err := tx.InsertGroup("operators")
	do("InsertGroup", err)
	do("AddMember", tx.AddMember(group, account))
	do("RemoveMember", tx.RemoveMember(group, account))
	grant, err := tx.InsertGrant(&notary.Grant{GroupID: group,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}}})
	do("InsertGrant", err)
	do("DeleteGrant", tx.DeleteGrant(grant))
	do("DeleteGroup", tx.DeleteGroup(ctx, group))
}

// walkTokens goes through the life of a token.
func walkTokens(ctx context.Context, tx *store.Tx, account int64, now time.Time, do func(string, error)) {
	t := &notary.Token{Name: "ci", Creator: notary.NewRef(notary.AccountPrincipal, account, ""), ExpiresAt: now.Add(time.Hour),
		PerHour: 1, Grants: []notary.GrantTerms{{Actions: []string{"request.sign"}}}}
	var err error
	t.ID, err = tx.InsertToken(t, []byte("hash of the secret"))
	do("InsertToken", err)
	do("Event", creation(tx, "token", t.ID))
	do("TouchToken", tx.TouchToken(t.ID, "192.0.2.1"))
	by := notary.Caller{Principal: t.Ref(), Token: t.Rights(notary.Admin)}
	do("CountIssuance", tx.CountIssuance(ctx, by))
	do("CheckQuota", tx.CheckQuota(ctx, by, now.Add(-48*time.Hour)))
	for _, period := range []string{"hour", "day"} {
		do("NoteQuotaExceeded", second(tx.NoteQuotaExceeded(t.ID, &store.QuotaError{Period: period, Since: now})))
	}
	do("TakeOverToken", tx.TakeOverToken(t, account))
	do("RevokeToken", tx.RevokeToken(t.ID))
}

// walkRules goes through the life of a rule.
func walkRules(ctx context.Context, tx *store.Tx, do func(string, error)) {
	do("LockRules", tx.LockRules())
	id, err := tx.InsertRule(notary.RuleTerms{Name: "mine"})
	do("InsertRule", err)
	do("Event", creation(tx, "rule", id))
	r, err := tx.Rule(ctx, id, 0)
	do("Rule", err)
	do("UpdateRule", second(tx.UpdateRule(r, notary.RuleTerms{Name: "new"})))
	r.Latest++
	set, err := tx.ActivateRule(r, true)
	do("ActivateRule", err)
	do("RequireRules", tx.RequireRules(set))
	r.Active = r.Latest
	do("ActivateRule", second(tx.ActivateRule(r, false)))
	do("DeleteRule", tx.DeleteRule(r))
}

// walkTx goes through the life of an account, an authority and a request.
func walkTx(ctx context.Context, tx *store.Tx, now time.Time, do func(string, error)) {
	do("SetSetupCode", tx.SetSetupCode("hash"))
	do("OfferSetupCode", second(tx.OfferSetupCode("hash")))
	do("UseSetupCode", second(tx.UseSetupCode("hash")))
	do("DropSetupCode", tx.DropSetupCode())
	admin, err := insertAccount(tx, notary.Admin, 1, true)
	do("InsertAccount", err)
	do("InsertAccount", second(insertAccount(tx, notary.Admin, 2, false)))
	do("InsertSession", begin(tx, admin, "token", now))
	do("TouchSession", tx.TouchSession(1, now))
	do("DeleteSessionOf", tx.DeleteSessionOf(admin, 1))
	do("DeleteOtherSessions", tx.DeleteOtherSessions(admin, 1))
	do("DeleteSession", tx.DeleteSession([]byte("token")))
	do("DeleteSessionsOf", tx.DeleteSessionsOf(admin))
	do("DeleteExpiredSessions", tx.DeleteExpiredSessions())
	do("SetClockMark", tx.SetClockMark(store.ClockMark{At: now}))
	do("SetPassword", tx.SetPassword(admin, "hash", 1))
	account, err := tx.Account(ctx, admin)
	do("Account", err)
	do("SetRole", tx.SetRole(account, notary.ReadOnly))
	account.Role = notary.ReadOnly
	do("SetRole", tx.SetRole(account, notary.Admin))
	account.Role = notary.Admin
	walkGrants(ctx, tx, admin, do)
	walkTokens(ctx, tx, admin, now, do)
	do("DeleteAccount", tx.DeleteAccount(account))

	a := &notary.Authority{Enabled: true}
	a.ID, err = tx.InsertAuthority(a, []byte("sealed"))
	do("InsertAuthority", err)
	do("InsertIdempotency", tx.InsertIdempotency(store.Idempotency{PrincipalID: 1, Key: "key", RequestID: 1,
		CertificateID: 1}))
	do("RecordHeldKey", tx.RecordHeldKey("cd", a.ID))
	do("Event", creation(tx, "authority", a.ID))
	do("EventPair", tx.EventPair(notary.Event{}, notary.Event{}))
	own, err := tx.InsertCertificate(newCertificate(a.ID, 1, now))
	do("InsertCertificate", err)
	do("SetAuthorityCertificate", tx.SetAuthorityCertificate(a, own))
	a, err = tx.Authority(ctx, a.ID)
	do("Authority", err)
	p := walkProfiles(ctx, tx, do)
	do("RequireUsable", tx.RequireUsable(a, p))
	do("DeleteProfile", tx.DeleteProfile(p))
	walkRules(ctx, tx, do)
	do("EnableAuthority", tx.EnableAuthority(a.ID, true))
	do("NextCRLNumber", second(tx.NextCRLNumber(a.ID, 0, 0, 0)))
	do("AddShardURL", tx.AddShardURL(a.ID, 1, "http://example.com/1.crl"))
	do("SetPublication", tx.SetPublication(a.ID, notary.Publication{}))
	do("SaveCRL", tx.SaveCRL(&notary.CRL{AuthorityID: a.ID, Number: 1, DER: []byte{0}}))
	do("PublishCRL", tx.PublishCRL(&notary.CRL{AuthorityID: a.ID, Number: 1 << 55, DER: []byte{0}}))
	responder, err := tx.InsertCertificate(newCertificate(a.ID, 3, now))
	do("InsertCertificate", err)
	do("SetResponder", tx.SetResponder(a.ID, 0, responder, []byte("sealed")))
	do("SetResponder", tx.SetResponder(a.ID, responder, responder, []byte("sealed")))

	id, err := insertRequest(tx, 1, 1)
	do("InsertRequest", err)
	req, err := tx.Request(ctx, id)
	do("Request", err)
	warned := newCertificate(a.ID, 2, now)
	warned.Findings = []notary.Finding{{Lint: "w_something", Level: notary.FindingWarning}}
	certID, err := tx.InsertCertificate(warned)
	do("InsertCertificate", err)
	warned.ID = certID
	do("AdoptCertificate", tx.AdoptCertificate(warned, req))
	do("Transition", tx.Transition(req, notary.Active, certID))
	cert, err := tx.Certificate(ctx, certID)
	do("Certificate", err)
	do("InsertRevocation", tx.InsertRevocation(cert, notary.Unspecified))
	cert.Revocation = &notary.Revocation{Reason: notary.Unspecified}
	do("CorrectRevocation", tx.CorrectRevocation(cert, notary.KeyCompromise))
	do("ReportCompromised", tx.ReportCompromised("ab"))
	req, err = tx.Request(ctx, id)
	do("Request", err)
	rejected, err := insertRequest(tx, 1, 2)
	do("InsertRequest", err)
	other, err := tx.Request(ctx, rejected)
	do("Request", err)
	do("Transition", tx.Transition(other, notary.Rejected, 0))
	do("SetRejection", tx.SetRejection(rejected, "no"))
	do("SetDecision", tx.SetDecision(rejected, &notary.RuleDecision{Effect: notary.RefuseEffect}))
	do("Transfer", tx.Transfer(ctx, req, nil, 3))
	_, err = tx.Request(ctx, id)
	do("Request", err)
	req, err = tx.LockRequest(ctx, id)
	do("LockRequest", err)
	do("Annotate", tx.Annotate(req, notary.Wishes{Profile: "client"}, "note", notary.Labels{"team": "web"}))
	req, err = tx.Request(ctx, id)
	do("Request", err)
	do("Annotate", tx.Annotate(req, notary.Wishes{}, "", nil))
	do("RequireStatus", tx.RequireStatus(ctx, req.ID, req.Status))
	do("DeleteRequest", tx.DeleteRequest(req))
	cert, err = tx.Certificate(ctx, certID)
	do("Certificate", err)
	do("TransferCertificate", tx.TransferCertificate(cert, nil, 4))
	do("LockKeyShared", tx.LockKeyShared("ab"))
	do("LockKey", tx.LockKey("ab"))
	do("LockContent", tx.LockContent(2, "ab"))
	do("LockAuthorityShared", tx.LockAuthorityShared(a.ID))
	do("LockAuthority", tx.LockAuthority(a.ID))
	do("LockAccount", tx.LockAccount(admin))
	do("LockProfileShared", tx.LockProfileShared(p.ID))
	do("LockProfile", tx.LockProfile(p.ID))
	do("LockCertificate", second(tx.LockCertificate(ctx, cert)))
	walkImport(tx, a.ID, now, do)
	walkRenewal(tx, a.ID, now, do)
	do("DeleteAuthority", tx.DeleteAuthority(a))
	do("KeyKnownOutside", second(tx.KeyKnownOutside(ctx, "0123")))
	do("RecordOutsideKey", tx.RecordOutsideKey("0123"))
	do("ReviveAuthority", tx.ReviveAuthority(a.ID, "", []byte("sealed"), 7))
	walkReads(ctx, tx, now, do)
}
