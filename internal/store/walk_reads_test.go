package store_test

import (
	"context"
	"time"

	"notary"
	"notary/internal/store"
)

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
	Tokens(context.Context, notary.TokenQuery) (notary.Page[*notary.Token], error)
	CountTokens(ctx context.Context, creatorID int64, now, since time.Time) (active, recent int64, err error)
	TokensToReview(ctx context.Context, creatorID int64, now time.Time, limit int) ([]*notary.Token, error)
	TokenCounts(context.Context, time.Time) (notary.TokenCounts, error)
	Token(context.Context, int64) (*notary.Token, error)
	TokenByHash(context.Context, []byte) (*notary.Token, notary.Role, error)
	CheckQuota(context.Context, notary.Caller, time.Time) error
	SessionAccount(context.Context, []byte, time.Time) (*notary.Account, *notary.Session, error)
	Sessions(context.Context, int64, time.Time) ([]*notary.Session, error)
	Events(context.Context, notary.EventQuery) (notary.Page[*notary.Event], error)
	RequestEvents(context.Context, int64, int) ([]*notary.Event, error)
	RequestSubmitter(context.Context, int64) (notary.Ref, error)
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
	Rules(context.Context) ([]*notary.Rule, error)
	ActiveRules(context.Context) ([]*notary.Rule, error)
	Rule(context.Context, int64, int) (*notary.Rule, error)
	RuleSetVersion(context.Context) (int64, error)
	PreviousCertificate(context.Context, *notary.Request) (*notary.Certificate, error)
	PreviousCertificateThen(context.Context, *notary.Request) (*notary.Certificate, error)
	RequestsBefore(context.Context, int64, int) ([]*notary.Request, error)
	RequestCreation(context.Context, int64) (notary.Ref, string, error)
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
	do("Tokens", second(r.Tokens(ctx, notary.TokenQuery{Limit: 10})))
	do("Tokens", second(r.Tokens(ctx, notary.TokenQuery{Limit: 10, CreatorID: 1})))
	do("Tokens", second(r.Tokens(ctx, notary.TokenQuery{Limit: 10, ID: 1})))
	do("CountTokens", func() error { _, _, err := r.CountTokens(ctx, 1, now, now); return err }())
	do("TokensToReview", second(r.TokensToReview(ctx, 0, now, 1)))
	do("TokensToReview", second(r.TokensToReview(ctx, 1, now, 1)))
	do("TokenCounts", second(r.TokenCounts(ctx, now)))
	do("Token", second(r.Token(ctx, 1)))
	_, _, err = r.TokenByHash(ctx, []byte("hash"))
	do("TokenByHash", err)
	do("CheckQuota", r.CheckQuota(ctx, notary.Caller{Principal: notary.Ref{ID: 1}, Token: &notary.TokenRights{Quota: true}},
		now))
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
	do("RequestSubmitter", second(r.RequestSubmitter(ctx, 1)))
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
	do("Rules", second(r.Rules(ctx)))
	do("ActiveRules", second(r.ActiveRules(ctx)))
	do("Rule", second(r.Rule(ctx, 1, 0)))
	do("RuleSetVersion", second(r.RuleSetVersion(ctx)))
	named := &notary.Request{ID: 1, CommonName: "web-15.zone-15.example.com", CreatedAt: now,
		Names: notary.Names{DNS: []string{"web-15.zone-15.example.com"}}}
	do("PreviousCertificate", second(r.PreviousCertificate(ctx, named)))
	do("PreviousCertificateThen", second(r.PreviousCertificateThen(ctx, named)))
	do("RequestsBefore", second(r.RequestsBefore(ctx, 0, 10)))
	_, _, err = r.RequestCreation(ctx, 1)
	do("RequestCreation", err)
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
