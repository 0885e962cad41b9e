package store_test

import (
	"context"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/store"
	"notary/internal/testkit"
)

// small matches the tables, by their aliases, that hold tens of rows (CRLs, l, up to a thousand) and may be scanned.
// All others grow with use.
var small = regexp.MustCompile(`^SCAN (a|account|account_group|t|authority|l|p|profile)( USING .*)?$`)

// A list may sort what it has gathered by an index, at most some thousands, and the objects of a page.
var gathers = regexp.MustCompile(`\) page CROSS JOIN`)

// bounded matches the scans of subqueries with a limit.
var bounded = regexp.MustCompile(`^SCAN (t|u|g|page|\d+(-ROW VALUES CLAUSE)?|CONSTANT ROW|\(subquery-\d+\))$`)

var statementKind = regexp.MustCompile(`^\s*(SELECT|INSERT|UPDATE|DELETE)`)

// No query scans or sorts a large table.
func TestSQLiteQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	s, clock := open(t)
	walk(t, s, clock.Now())
	texts := append(store.Statements(s), store.SelectRevocations)
	if len(texts) < 50 {
		t.Fatalf("only %d statements were collected", len(texts))
	}
	path := copyOf(t, wholeDatabase(t))
	db := testkit.SQL(t, path)
	_, err := db.Exec(`PRAGMA foreign_keys = 1`) // foreign key checks are queries too
	testkit.Check(t, err)
	for _, text := range texts {
		if !statementKind.MatchString(text) {
			continue // BEGIN and the like
		}
		rows, err := db.Query(`EXPLAIN QUERY PLAN `+text, make([]any, parameters(text))...)
		testkit.Check(t, err)
		for rows.Next() {
			var id, parent, unused int
			var detail string
			testkit.Check(t, rows.Scan(&id, &parent, &unused, &detail))
			scan := strings.HasPrefix(detail, "SCAN") && !small.MatchString(detail)
			if scan && !bounded.MatchString(detail) || strings.Contains(detail, "TEMP B-TREE") &&
				!gathers.MatchString(text) {
				t.Errorf("%s\n\tin the plan of %s", detail, text)
			}
		}
		testkit.Check(t, rows.Err())
	}
}

var parameter = regexp.MustCompile(`\$\d+`)

// parameters returns the number of arguments of a statement.
func parameters(text string) int {
	distinct := map[string]bool{}
	for _, p := range parameter.FindAllString(text, -1) {
		distinct[p] = true
	}
	return len(distinct)
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
	for _, of := range []reflect.Type{reflect.TypeFor[*store.Store](), reflect.TypeFor[*store.Tx]()} {
		for i := range of.NumMethod() {
			if name := of.Method(i).Name; !seen[name] {
				t.Errorf("walk does not call the method %s of %s", name, of)
			}
		}
	}
}

// reads is the interface of methods that both a Store and a Tx have.
type reads interface {
	Account(context.Context, int64) (*notary.Account, error)
	Accounts(context.Context) ([]*notary.Account, error)
	HasAccounts(context.Context) (bool, error)
	SetupCodeHash(context.Context) (string, error)
	AccountByEmail(context.Context, string) (*notary.Account, string, error)
	PasswordHash(context.Context, int64) (string, error)
	Groups(context.Context) ([]*notary.Group, error)
	Group(context.Context, int64) (*notary.Group, error)
	Members(context.Context, int64) ([]*notary.Account, error)
	GroupsOf(context.Context, int64) ([]int64, error)
	GroupsWith(context.Context, int64) ([]*notary.Group, error)
	Grants(context.Context) ([]*notary.Grant, error)
	GrantsOf(context.Context, int64) ([]*notary.Grant, error)
	Grant(context.Context, int64) (*notary.Grant, error)
	SessionAccount(context.Context, []byte, time.Time) (*notary.Account, *notary.Session, error)
	Sessions(context.Context, int64, time.Time) ([]*notary.Session, error)
	Events(context.Context, notary.EventQuery) (notary.Page[*notary.Event], error)
	RequestEvents(context.Context, int64, int) ([]*notary.Event, error)
	EventsAfter(context.Context, int64, int) ([]store.PositionedEvent, error)
	Authority(context.Context, int64) (*notary.Authority, error)
	Authorities(context.Context) ([]*notary.Authority, error)
	HasAuthorities(context.Context) (bool, error)
	SealedKey(context.Context, int64) ([]byte, error)
	CountValidIssuedBy(context.Context, *notary.Authority, time.Time) (int64, error)
	CertifiedAuthorities(context.Context) ([]store.Certified, error)
	Successor(context.Context, int64) (int64, error)
	LastIssued(context.Context, int64, time.Time, int) ([]store.Issued, error)
	FirstIssued(context.Context, int64, time.Time, int) ([]store.Issued, error)
	Request(context.Context, int64) (*notary.Request, error)
	EachRequest(context.Context, notary.Filter, func(*notary.Request) error) error
	Certificate(context.Context, int64) (*notary.Certificate, error)
	CertificateByFingerprint(context.Context, string) (*notary.Certificate, error)
	EachCertificate(context.Context, notary.Filter, func(*notary.Certificate) error) error
	RequestWithContent(context.Context, int64, int64, string) (int64, error)
	CertificatesOfRequest(context.Context, int64) ([]*notary.Certificate, error)
	RequestUsing(context.Context, *notary.Certificate) (*notary.Request, error)
	RequestToRevoke(context.Context, int64, time.Time) (store.RequestToRevoke, error)
	CertificateOutlines(context.Context, []int64) (map[int64][]*notary.Certificate, error)
	Issuer(context.Context, int64) (*notary.Authority, error)
	AuthorityWithCertificate(context.Context, int64) (*notary.Authority, error)
	CertificatesWithKey(ctx context.Context, keyFingerprint string) ([]*notary.Certificate, error)
	KeysInForce(ctx context.Context, now time.Time, after int64, limit int) ([]store.CertificateKey, error)
	CertificatesInForce(ctx context.Context, now time.Time, ids []int64) ([]*notary.Certificate, error)
	Compromised(context.Context, ...string) (bool, error)
	KeyRecord(context.Context, ...string) (store.KeyRecord, error)
	UnrecordedKeys(context.Context) ([]store.UnrecordedKey, error)
	DeletedAuthority(ctx context.Context, keyFingerprint string) (int64, error)
	CertificateBySerial(ctx context.Context, authorityID int64, serial string) (*notary.Certificate, error)
	RevocationCount(context.Context, int64, int) (int64, error)
	CRL(context.Context, int64, int) (*notary.CRL, error)
	RevocationCounts(context.Context) (map[store.ListKey]int64, error)
	RevokedCounts(context.Context) (map[int64]int64, error)
	LatestIssuances(ctx context.Context, requestIDs []int64) (map[int64]notary.Issuance, error)
	Idempotency(ctx context.Context, accountID int64, key string, now time.Time) (*store.Idempotency, error)
	IssuedCount(context.Context, int64) (int64, error)
	IssuedCounts(context.Context) (map[int64]int64, error)
	ListStates(context.Context) (map[store.ListKey]store.ListState, error)
	CRLNumber(context.Context, int64, int) (int64, error)
	LaterCRLNumber(context.Context, int64, time.Time) (int64, error)
	ShardURLs(context.Context, int64) (map[int][]string, error)
	Responder(context.Context, int64) (*notary.Certificate, []byte, error)
	CertificateStatus(context.Context, int64, string) (bool, *notary.Revocation, error)
	InForce(context.Context, time.Time) (map[int64]int64, error)
	Expiring(context.Context, time.Time, time.Time) (int64, error)
	ResponderEnds(context.Context) (map[int64]time.Time, error)
	Totals(context.Context) (notary.Summary, error)
	Summary(context.Context, time.Time) (notary.Summary, error)
	Agreed(context.Context, string) (string, error)
	ClockMark(context.Context) (store.ClockMark, error)
	NewestEvent(context.Context) (int64, time.Time, error)
	RequestsSeen(context.Context, notary.Query, store.Seen[*notary.Request]) (notary.Page[*notary.Request], error)
	CertificatesSeen(context.Context, notary.Query, store.Seen[*notary.Certificate]) (notary.Page[*notary.Certificate],
		error)
	Requests(context.Context, notary.Query) (notary.Page[*notary.Request], error)
	Certificates(context.Context, notary.Query) (notary.Page[*notary.Certificate], error)
	Profiles(context.Context) ([]*notary.Profile, error)
	Profile(context.Context, int64) (*notary.Profile, error)
	ProfileByName(context.Context, string) (*notary.Profile, error)
	ProfileVersion(context.Context, int64, int) (*notary.Profile, error)
}

func walkReads(ctx context.Context, r reads, now time.Time, do func(string, error)) {
	do("Account", second(r.Account(ctx, 1)))
	do("Accounts", second(r.Accounts(ctx)))
	do("HasAccounts", second(r.HasAccounts(ctx)))
	do("SetupCodeHash", second(r.SetupCodeHash(ctx)))
	_, _, err := r.AccountByEmail(ctx, "")
	do("AccountByEmail", err)
	do("PasswordHash", second(r.PasswordHash(ctx, 1)))
	do("Groups", second(r.Groups(ctx)))
	do("Group", second(r.Group(ctx, 1)))
	do("Members", second(r.Members(ctx, 1)))
	do("GroupsOf", second(r.GroupsOf(ctx, 1)))
	do("GroupsWith", second(r.GroupsWith(ctx, 1)))
	do("Grants", second(r.Grants(ctx)))
	do("GrantsOf", second(r.GrantsOf(ctx, 1)))
	do("Grant", second(r.Grant(ctx, 1)))
	_, _, err = r.SessionAccount(ctx, []byte("token"), now)
	do("SessionAccount", err)
	do("Sessions", second(r.Sessions(ctx, 1, now)))
	for _, q := range []notary.EventQuery{{}, {Kind: "request", ObjectID: 1},
		{Kind: "request", NotKinds: []string{"account"}}, {Email: "user@example.com", Action: "request.sign"},
		{Principal: "user@example.com", RequestID: "abc"}, {Principal: "7"}, {From: now.Add(-time.Hour), Until: now},
		{Before: someEvents(ctx, r)}} {
		q.Limit = 1
		do("Events", second(r.Events(ctx, q)))
	}
	do("EventsAfter", second(r.EventsAfter(ctx, 0, 10)))
	do("RequestEvents", second(r.RequestEvents(ctx, 1, 10)))
	do("Authority", second(r.Authority(ctx, 1)))
	do("Issuer", second(r.Issuer(ctx, 1)))
	do("AuthorityWithCertificate", second(r.AuthorityWithCertificate(ctx, 1)))
	do("Authorities", second(r.Authorities(ctx)))
	do("HasAuthorities", second(r.HasAuthorities(ctx)))
	do("SealedKey", second(r.SealedKey(ctx, 1)))
	do("CountValidIssuedBy", second(r.CountValidIssuedBy(ctx, &notary.Authority{ID: 1}, now)))
	do("CertifiedAuthorities", second(r.CertifiedAuthorities(ctx)))
	do("Successor", second(r.Successor(ctx, 1)))
	do("LastIssued", second(r.LastIssued(ctx, 1, now, 1)))
	do("FirstIssued", second(r.FirstIssued(ctx, 1, now, 1)))
	do("Request", second(r.Request(ctx, 1)))
	do("RequestUsing", second(r.RequestUsing(ctx, &notary.Certificate{ID: 1, RequestID: 1})))
	do("RequestWithContent", second(r.RequestWithContent(ctx, 1, 2, "ab")))
	do("EachRequest", r.EachRequest(ctx, notary.Filter{}, func(*notary.Request) error { return nil }))
	do("EachRequest", r.EachRequest(ctx, notary.Filter{Email: "user@example.com", Owner: 1},
		func(*notary.Request) error { return nil }))
	do("Certificate", second(r.Certificate(ctx, 1)))
	do("CertificateByFingerprint", second(r.CertificateByFingerprint(ctx, "")))
	do("EachCertificate", r.EachCertificate(ctx, notary.Filter{}, func(*notary.Certificate) error { return nil }))
	do("EachCertificate", r.EachCertificate(ctx, notary.Filter{Email: "user@example.com", Owner: 1},
		func(*notary.Certificate) error { return nil }))
	do("CertificatesOfRequest", second(r.CertificatesOfRequest(ctx, 1)))
	do("RequestToRevoke", second(r.RequestToRevoke(ctx, 1, now)))
	do("CertificateOutlines", second(r.CertificateOutlines(ctx, []int64{1, 2})))
	do("CertificatesWithKey", second(r.CertificatesWithKey(ctx, "")))
	do("KeysInForce", second(r.KeysInForce(ctx, now, 0, 1)))
	do("CertificatesInForce", second(r.CertificatesInForce(ctx, now, []int64{1})))
	do("Compromised", second(r.Compromised(ctx, "", "")))
	do("KeyRecord", second(r.KeyRecord(ctx, "", "")))
	do("UnrecordedKeys", second(r.UnrecordedKeys(ctx)))
	do("DeletedAuthority", second(r.DeletedAuthority(ctx, "")))
	do("CertificateBySerial", second(r.CertificateBySerial(ctx, 1, "")))
	do("RevocationCount", second(r.RevocationCount(ctx, 1, 0)))
	do("RevocationCounts", second(r.RevocationCounts(ctx)))
	do("RevokedCounts", second(r.RevokedCounts(ctx)))
	do("Idempotency", second(r.Idempotency(ctx, 1, "key", time.Now())))
	do("LatestIssuances", second(r.LatestIssuances(ctx, []int64{1, 2})))
	do("IssuedCount", second(r.IssuedCount(ctx, 1)))
	do("IssuedCounts", second(r.IssuedCounts(ctx)))
	do("ListStates", second(r.ListStates(ctx)))
	do("CRL", second(r.CRL(ctx, 1, 0)))
	do("ShardURLs", second(r.ShardURLs(ctx, 1)))
	do("CRLNumber", second(r.CRLNumber(ctx, 1, 0)))
	do("LaterCRLNumber", second(r.LaterCRLNumber(ctx, 1, now)))
	_, _, err = r.Responder(ctx, 1)
	do("Responder", err)
	_, _, err = r.CertificateStatus(ctx, 1, "ab")
	do("CertificateStatus", err)
	do("InForce", second(r.InForce(ctx, now)))
	do("Expiring", second(r.Expiring(ctx, now, now)))
	do("ResponderEnds", second(r.ResponderEnds(ctx)))
	do("Totals", second(r.Totals(ctx)))
	do("Summary", second(r.Summary(ctx, now)))
	do("Agreed", second(r.Agreed(ctx, "something")))
	do("ClockMark", second(r.ClockMark(ctx)))
	_, _, err = r.NewestEvent(ctx)
	do("NewestEvent", err)
	for _, owned := range []notary.Filter{{OwnerEmail: "user@example.com"}, {OwnerGroup: 3}} {
		do("Requests", second(r.Requests(ctx, notary.Query{Sort: notary.ByIDDown, Limit: 1, Filter: owned})))
		do("Certificates", second(r.Certificates(ctx, notary.Query{Sort: notary.ByNotAfter, Limit: 1, Filter: owned})))
	}
	for _, sort := range notary.Sorts {
		do("Requests", forthAndBack(ctx, notary.Query{Sort: sort, Limit: 1}, r.Requests))
		do("Certificates", forthAndBack(ctx, notary.Query{Sort: sort, Limit: 1}, r.Certificates))
		do("Requests", forthAndBack(ctx,
			notary.Query{Sort: sort, Limit: 1, Filter: notary.Filter{Status: notary.Active}}, r.Requests))
		expiring := notary.Query{Sort: sort, Limit: 1, Filter: notary.Filter{Expiring: time.Hour, Now: now}}
		for _, scope := range scopes {
			within := notary.Query{Sort: sort, Limit: 1, Filter: notary.Filter{Scope: scope}}
			do("RequestsSeen", forthAndBack(ctx, within, allSeen(r.RequestsSeen)))
			do("CertificatesSeen", forthAndBack(ctx, within, allSeen(r.CertificatesSeen)))
		}
		do("Requests", forthAndBack(ctx, expiring, r.Requests))
		do("Certificates", forthAndBack(ctx, expiring, r.Certificates))
	}
	do("Profiles", second(r.Profiles(ctx)))
	do("Profile", second(r.Profile(ctx, 1)))
	do("ProfileByName", second(r.ProfileByName(ctx, "server")))
	do("ProfileVersion", second(r.ProfileVersion(ctx, 1, 1)))
}

// scopes have grants with each kind of limit, with and without an index.
var scopes = []*notary.Scope{
	{AccountID: 1, Email: "somebody@example.com", Groups: []int64{1}},
	{AccountID: 1, Email: "somebody@example.com", Groups: []int64{1, 2},
		Grants: []notary.GrantTerms{{Authorities: []int64{1, 2}},
			{Names: notary.NameLists{DNS: []string{"example.com", ".example.org"}, IP: []string{"10.1.0.0/16", "2001:db8::/32"},
				Email: []string{"example.com"}, URI: []string{"spiffe://example.org/web", "example.com"}}}}},
	{AccountID: 1, Email: "somebody@example.com", Grants: []notary.GrantTerms{{Authorities: []int64{1},
		Profiles: []string{"server"},
		Owners:   []int64{1, 2}, OwnerGroups: []int64{1, 2}, Names: notary.NameLists{IP: []string{"0.0.0.0/0"}}},
		{Profiles: []string{"server"}}, {Owners: []int64{3}}}},
}

// someEvents returns a cursor of the event log.
func someEvents(ctx context.Context, r reads) notary.Cursor {
	page, err := r.Events(ctx, notary.EventQuery{Limit: 1})
	if err != nil {
		return ""
	}
	return page.Next
}

// forthAndBack reads the first page, and the page before its end.
func forthAndBack[T any](ctx context.Context, q notary.Query,
	read func(context.Context, notary.Query) (notary.Page[T], error)) error {
	page, err := read(ctx, q)
	if err != nil || page.Next == "" {
		return err
	}
	q.Before = page.Next
	return second(read(ctx, q))
}

// allSeen reads a page for a reader who sees everything that the query finds.
func allSeen[T any](read func(context.Context, notary.Query, store.Seen[T]) (notary.Page[T], error)) func(
	context.Context, notary.Query) (notary.Page[T], error) {
	return func(ctx context.Context, q notary.Query) (notary.Page[T], error) {
		return read(ctx, q, func(_ context.Context, all []T) ([]T, error) { return all, nil })
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
	do("Transfer", tx.Transfer(ctx, req, nil, 3))
	req, err = tx.Request(ctx, id)
	do("Request", err)
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
