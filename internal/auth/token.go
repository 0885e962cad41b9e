package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

const (
	DefaultTokenLife = 365 * 24 * time.Hour // maximum lifetime of an API token

	maxTokenName = 100 // octets
	maxRanges    = 50
	maxQuota     = 1_000_000_000
	maxTokens    = 500 // active tokens per account, and tokens that it creates within createdWithin

	createdWithin  = 24 * time.Hour
	maxEventGrants = 8 << 10 // octets of encoded grants that an event repeats
)

// LimitTokens sets the maximum lifetime of new API tokens.
func (s *Service) LimitTokens(life time.Duration) { s.tokenLife.Store(int64(life)) }

// MaxTokenLife returns the maximum lifetime of new API tokens.
func (s *Service) MaxTokenLife() time.Duration { return time.Duration(s.tokenLife.Load()) }

// Now returns the current time of the clock that determines when tokens expire.
func (s *Service) Now() time.Time { return s.now() }

// Tokens returns a page of the caller's own API tokens or, if the caller is an Admin, of those of the creator in q. A
// token sees only itself.
func (s *Service) Tokens(ctx context.Context, caller notary.Caller,
	q notary.TokenQuery) (none notary.Page[*notary.Token], err error) {
	if !caller.Known() {
		return none, policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{})
	}
	switch {
	case q.Limit < 1 || q.Limit > notary.MaxTokenPage:
		return none, notary.FieldErrorf("limit", "the limit must be from 1 to %d", notary.MaxTokenPage)
	case q.After != "" && q.Before != "":
		return none, notary.FieldErrorf("before", "set after or before, not both")
	}
	switch {
	case caller.Token != nil:
		q = notary.TokenQuery{ID: caller.Principal.ID, Limit: q.Limit, After: q.After, Before: q.Before}
	case !policy.May(caller, policy.ManageAccounts):
		q.CreatorID = caller.Principal.ID
	}
	return s.store.Tokens(ctx, q)
}

// Token returns the API token with the given ID. It returns a [notary.NotFound] error unless the token is the caller's
// own or the caller is an Admin.
func (s *Service) Token(ctx context.Context, caller notary.Caller, id int64) (*notary.Token, error) {
	if err := requireAccount(caller); err != nil {
		return nil, err
	}
	t, err := s.store.Token(ctx, id)
	if err != nil {
		return nil, err
	}
	return t, policy.AllowToSeeToken(caller, t)
}

// CreateToken creates an API token for the caller with the name, grants, ranges, quotas and expiry of t. It returns the
// ID and the secret. Only the hash of the secret is stored.
func (s *Service) CreateToken(ctx context.Context, caller notary.Caller, t *notary.Token) (id int64, secret string,
	err error) {
	if err := requireAccount(caller); err != nil {
		return 0, "", err
	}
	if err := s.checkToken(t); err != nil {
		return 0, "", err
	}
	fields, err := tokenFields(t)
	if err != nil {
		return 0, "", err
	}
	secret = newSecret()
	t.Creator, t.Start = caller.Ref(), secret[:secretStart]
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := s.allowToken(ctx, tx, caller, t); err != nil {
			return err
		}
		if t.ID, err = tx.InsertToken(t, hashToken(secret)); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "token.create", t.Ref()).Set(fields))
	})
	if err != nil {
		return 0, "", err
	}
	return t.ID, secret, nil
}

func (s *Service) checkToken(t *notary.Token) error {
	if err := checkTokenName(t.Name); err != nil {
		return err
	}
	now, life := s.now(), s.MaxTokenLife()
	switch {
	case t.ExpiresAt.IsZero():
		return notary.FieldErrorf("expires_at", "the expiry is missing: set it to at most %s from now",
			notary.FormatPeriod(life))
	case !t.ExpiresAt.After(now):
		return notary.FieldErrorf("expires_at", "the expiry must be in the future")
	case t.ExpiresAt.After(now.Add(life)):
		return notary.FieldErrorf("expires_at", "the expiry is too late: set it to at most %s from now (the "+
			"setting token_life)", notary.FormatPeriod(life))
	case t.PerHour < 0 || t.PerHour > maxQuota:
		return notary.FieldErrorf("quota_per_hour", "a quota must be from 1 to %d, or omitted", maxQuota)
	case t.PerDay < 0 || t.PerDay > maxQuota:
		return notary.FieldErrorf("quota_per_day", "a quota must be from 1 to %d, or omitted", maxQuota)
	}
	t.ExpiresAt = t.ExpiresAt.UTC().Truncate(time.Second)
	if err := checkRanges(t); err != nil {
		return err
	}
	return policy.CheckTokenGrants(t.Grants)
}

func checkTokenName(name string) error {
	// A token must not have the name of an account.
	refused := func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError || r == '@' }
	if name == "" || len(name) > maxTokenName || name != strings.TrimSpace(name) ||
		strings.ContainsFunc(name, refused) {
		return notary.FieldErrorf("name", "%.70q cannot be the name of an API token: use up to %d printable characters "+
			"without @", name, maxTokenName)
	}
	return nil
}

// checkRanges validates the address ranges and rewrites them in canonical form.
func checkRanges(t *notary.Token) error {
	if len(t.Ranges) > maxRanges {
		return notary.FieldErrorf("address_ranges", "too many address ranges: list at most %d", maxRanges)
	}
	var ranges []string
	for _, text := range t.Ranges {
		prefix, err := parseRange(text)
		if err != nil || prefix.Addr().Is4In6() || prefix.Addr().Zone() != "" {
			return notary.FieldErrorf("address_ranges", "%.70q is not an address range: use one such as 10.0.0.0/8, "+
				"2001:db8::/32 or 192.0.2.7", text)
		}
		if prefix != prefix.Masked() {
			return notary.FieldErrorf("address_ranges", "%s has bits beyond its prefix: write %s", text, prefix.Masked())
		}
		ranges = append(ranges, prefix.String())
	}
	t.Ranges = ranges
	return nil
}

func parseRange(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	return netip.ParsePrefix(text)
}

// allowToken returns an error if the token would exceed the caller's permissions or refer to a missing object, or if
// the caller has too many active tokens.
func (s *Service) allowToken(ctx context.Context, tx *store.Tx, caller notary.Caller, t *notary.Token) error {
	if err := tx.LockGrantsShared(); err != nil {
		return err
	}
	grants, err := tx.GrantsOf(ctx, caller.Principal.ID)
	if err != nil {
		return err
	}
	if err := policy.AllowToken(caller.Role, grants, t.Grants); err != nil {
		return err
	}
	if err := s.requireFew(ctx, tx, caller.Principal.ID); err != nil {
		return err
	}
	named := allNamed(t.Grants)
	if !policy.May(caller, policy.ManageAccounts) {
		named.Owners, named.OwnerGroups = nil, nil // only Admins may learn whether they exist
	}
	if !policy.May(caller, policy.ViewAuthorities) {
		named.Authorities = nil
	}
	return requireNamed(ctx, tx, &notary.Grant{GrantTerms: named})
}

// allNamed returns the objects that any of the grants names, each once.
func allNamed(grants []notary.GrantTerms) (all notary.GrantTerms) {
	for _, t := range grants {
		all.Authorities, all.Profiles = append(all.Authorities, t.Authorities...), append(all.Profiles, t.Profiles...)
		all.Owners, all.OwnerGroups = append(all.Owners, t.Owners...), append(all.OwnerGroups, t.OwnerGroups...)
	}
	all.Authorities, all.Profiles = distinct(all.Authorities), distinct(all.Profiles)
	all.Owners, all.OwnerGroups = distinct(all.Owners), distinct(all.OwnerGroups)
	return all
}

func distinct[T cmp.Ordered](list []T) []T {
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *Service) requireFew(ctx context.Context, tx *store.Tx, creatorID int64) error {
	active, recent, err := tx.CountTokens(ctx, creatorID, s.now(), s.now().Add(-createdWithin))
	switch {
	case err != nil:
		return err
	case active >= maxTokens:
		return notary.Errorf(notary.Conflict, "you already have %d active API tokens: revoke some first", active)
	case recent >= maxTokens:
		e := notary.Errorf(notary.RateLimited, "you have created %d API tokens within a day: try again later", recent)
		e.RetryAfter = time.Hour
		return e
	}
	return nil
}

// tokenFields describes a new token for its event. The grants of a token never change, so that the event has only the
// hash of long ones.
func tokenFields(t *notary.Token) (notary.Fields, error) {
	grants, err := json.Marshal(t.Grants)
	if err != nil {
		return nil, notary.InternalError("encode the grants of the token", err)
	}
	fields := notary.Fields{"expires_at": t.ExpiresAt.Format(time.RFC3339)}
	if len(grants) > maxEventGrants {
		sum := sha256.Sum256(grants)
		fields["grants_sha256"] = hex.EncodeToString(sum[:])
	} else {
		var plain []any
		if err := json.Unmarshal(grants, &plain); err != nil {
			return nil, notary.InternalError("encode the grants of the token", err)
		}
		fields["grants"] = plain
	}
	if t.Ranges != nil {
		fields["address_ranges"] = t.Ranges
	}
	if t.PerHour > 0 {
		fields["quota_per_hour"] = t.PerHour
	}
	if t.PerDay > 0 {
		fields["quota_per_day"] = t.PerDay
	}
	return fields, nil
}

// RevokeToken revokes an API token of the caller or, for Admins, of anyone. It takes effect immediately.
func (s *Service) RevokeToken(ctx context.Context, caller notary.Caller, id int64) error {
	return s.changeToken(ctx, caller, id, func(tx *store.Tx, t *notary.Token) error {
		if err := tx.RevokeToken(id); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "token.revoke", t.Ref()).With(t.Creator))
	})
}

// TakeOverToken makes the caller, an Admin, the creator of a token, for instance after the account of its creator was
// deleted. Requests that the token has submitted keep their owner.
func (s *Service) TakeOverToken(ctx context.Context, caller notary.Caller, id int64) error {
	if err := policy.AllowRole(caller, policy.ManageAccounts, policy.On("API token", id)); err != nil {
		return err
	}
	return s.changeToken(ctx, caller, id, func(tx *store.Tx, t *notary.Token) error {
		switch status := t.Status(s.now()); {
		case status == notary.TokenRevoked || status == notary.TokenExpired:
			return notary.Errorf(notary.Conflict, "API token %d is %s: create a new one", id, status)
		case t.Creator.ID == caller.Principal.ID:
			return notary.Errorf(notary.Conflict, "API token %d already belongs to you", id)
		}
		if err := tx.TakeOverToken(t, caller.Principal.ID); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "token.takeover", t.Ref()).Change(notary.Fields{"creator": t.Creator},
			notary.Fields{"creator": caller.Ref()}))
	})
}

// changeToken applies change to a token. It waits for transactions that rely on the token, and blocks new ones.
func (s *Service) changeToken(ctx context.Context, caller notary.Caller, id int64,
	change func(*store.Tx, *notary.Token) error) error {
	if _, err := s.Token(ctx, caller, id); err != nil {
		return err
	}
	defer s.clearCaches()
	return s.store.WriteAccount(ctx, caller, id, func(tx *store.Tx) error {
		t, err := tx.Token(ctx, id)
		if err != nil {
			return err
		}
		if err := policy.AllowToSeeToken(caller, t); err != nil {
			return err
		}
		return change(tx, t)
	})
}
