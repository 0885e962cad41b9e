package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"

	"notary"
	"notary/internal/db"
)

const ruleColumns = ` t.id, t.version, t.active_version, t.created_at, v.version, v.created_at, v.terms `

// Rules returns the latest version of every rule, ordered by ID.
func (r reader) Rules(ctx context.Context) ([]*notary.Rule, error) {
	return db.Collect(ctx, r.q, r.scanRule, `SELECT`+ruleColumns+`FROM rule t
		JOIN rule_version v ON v.rule_id = t.id AND v.version = t.version WHERE t.deleted_at IS NULL ORDER BY t.id`)
}

// ActiveRules returns the active version of every rule that has one, ordered by ID.
func (r reader) ActiveRules(ctx context.Context) ([]*notary.Rule, error) {
	return db.Collect(ctx, r.q, r.scanRule, `SELECT`+ruleColumns+`FROM rule t
		JOIN rule_version v ON v.rule_id = t.id AND v.version = t.active_version WHERE t.deleted_at IS NULL ORDER BY t.id`)
}

// Rule returns a version of the rule with the given ID, or the latest one if version is 0. Deleted rules are not found.
func (r reader) Rule(ctx context.Context, id int64, version int) (*notary.Rule, error) {
	rule, err := r.scanRule(r.q.QueryRow(ctx, `SELECT`+ruleColumns+`FROM rule t
		JOIN rule_version v ON v.rule_id = t.id AND v.version = COALESCE($2, t.version)
		WHERE t.id = $1 AND t.deleted_at IS NULL`, id, nullable(int64(version))))
	if version != 0 && errors.Is(err, sql.ErrNoRows) {
		return nil, notary.Errorf(notary.NotFound, "there is no version %d of rule %d", version, id)
	}
	return rule, found(err, "rule", id)
}

// scanRule returns a rule even if its terms are unreadable. The empty expression of such a rule does not compile, so
// that the rule holds every request that reaches it.
func (r reader) scanRule(row db.Row) (*notary.Rule, error) {
	var rule notary.Rule
	var active number
	var created, updated instant
	var terms string
	if err := row.Scan(&rule.ID, &rule.Latest, &active, &created, &rule.Version, &updated, &terms); err != nil {
		return nil, err
	}
	rule.Active, rule.CreatedAt, rule.UpdatedAt = int(active.Int64), created.time(), updated.time()
	if json.Unmarshal([]byte(terms), &rule.RuleTerms) != nil {
		rule.RuleTerms = notary.RuleTerms{}
		r.damage.add("rule", rule.ID, []string{"its terms cannot be read"})
	}
	return &rule, nil
}

// RuleSetVersion returns the version of the set of active rules, which changes whenever a rule is activated or
// deactivated.
func (r reader) RuleSetVersion(ctx context.Context) (version int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT COALESCE((SELECT version FROM rule_set WHERE id = 1), 0)`).Scan(&version)
	return version, db.MapError(err)
}

// LockRules locks all rules for update.
func (tx *Tx) LockRules() error { return tx.db.Lock(lockRules, 0) }

// ErrRulesChanged is returned by [Tx.RequireRules] when the active rules have changed.
var ErrRulesChanged = notary.Errorf(notary.Conflict, "the active rules have just been changed: try again")

// RequireRules makes the transaction fail with [ErrRulesChanged] unless version is the current version of the set of
// active rules. The set cannot change until the transaction ends.
func (tx *Tx) RequireRules(version int64) error {
	if err := tx.db.LockShared(lockRules, 0); err != nil {
		return err
	}
	return tx.db.Need(ErrRulesChanged, `SELECT 1 WHERE $1 = COALESCE((SELECT version FROM rule_set WHERE id = 1), 0)`,
		version)
}

// InsertRule records a new, inactive rule and returns its ID.
func (tx *Tx) InsertRule(terms notary.RuleTerms) (id int64, err error) {
	id, err = tx.db.Insert(`INSERT INTO rule (version, created_at) VALUES (1, $1) RETURNING id`,
		db.Seconds(tx.db.Now()))
	if err != nil {
		return 0, err
	}
	return id, tx.insertRuleVersion(id, 1, terms)
}

// UpdateRule records new terms for a rule that is unchanged since it was read, and returns the new version. The active
// version does not change.
func (tx *Tx) UpdateRule(r *notary.Rule, terms notary.RuleTerms) (version int, err error) {
	version = r.Latest + 1
	err = tx.db.Change(db.Raced(), `UPDATE rule SET version = $1 WHERE id = $2 AND version = $3 AND deleted_at IS NULL`,
		version, r.ID, r.Latest)
	if err != nil {
		return 0, err
	}
	return version, tx.insertRuleVersion(r.ID, version, terms)
}

func (tx *Tx) insertRuleVersion(id int64, version int, terms notary.RuleTerms) error {
	text, err := json.Marshal(terms)
	if err != nil {
		return notary.InternalError("encode the rule", err)
	}
	return tx.db.Later(`INSERT INTO rule_version (rule_id, version, terms, created_at) VALUES ($1, $2, $3, $4)`,
		id, version, string(text), db.Seconds(tx.db.Now()))
}

// ActivateRule activates the latest version of a rule that is unchanged since it was read or, if active is false,
// deactivates the rule. It returns the new version of the set of active rules.
func (tx *Tx) ActivateRule(r *notary.Rule, active bool) (set int64, err error) {
	var version any
	if active {
		version = r.Latest
	}
	err = tx.db.Change(db.Raced(), `UPDATE rule SET active_version = $1
		WHERE id = $2 AND version = $3 AND COALESCE(active_version, 0) = $4 AND deleted_at IS NULL`,
		version, r.ID, r.Latest, r.Active)
	if err != nil {
		return 0, err
	}
	return tx.db.Insert(`INSERT INTO rule_set (id, version) VALUES (1, 1)
		ON CONFLICT (id) DO UPDATE SET version = rule_set.version + 1 RETURNING version`)
}

// DeleteRule hides an inactive rule that is unchanged since it was read. Its versions remain for the requests that they
// decided.
func (tx *Tx) DeleteRule(r *notary.Rule) error {
	return tx.db.Change(db.Raced(), `UPDATE rule SET deleted_at = $1
		WHERE id = $2 AND version = $3 AND active_version IS NULL AND deleted_at IS NULL`,
		db.Seconds(tx.db.Now()), r.ID, r.Latest)
}

// maxPrevious limits how many certificates with a request's names [reader.PreviousCertificate] examines.
const maxPrevious = 1000

const previousColumns = `SELECT k.id, k.requester_id, k.owner_group_id, k.email, k.authority_id, k.profile, k.not_before,
	k.not_after, k.names FROM certificate k WHERE k.id = `

// PreviousCertificate returns the most recently recorded current certificate with the same names as the request, or nil
// if there is none. Only its ID, owner, issuer, profile and validity are set.
func (r reader) PreviousCertificate(ctx context.Context, req *notary.Request) (*notary.Certificate, error) {
	return r.previous(ctx, req, previousColumns+`(SELECT MAX(t.id) FROM (SELECT y.id FROM certificate y
		WHERE y.name_set = $1 AND y.replaced_by IS NULL LIMIT $2) t)`, namesOf(req), maxPrevious)
}

// PreviousCertificateThen returns what [reader.PreviousCertificate] would have returned when the request was created,
// except that it does not find certificates revoked since then.
func (r reader) PreviousCertificateThen(ctx context.Context, req *notary.Request) (*notary.Certificate, error) {
	return r.previous(ctx, req, previousColumns+`(WITH RECURSIVE older (id) AS (
			SELECT y.id FROM certificate y WHERE y.name_set = $1 AND y.replaced_by IS NULL
			UNION SELECT x.id FROM older u JOIN certificate x ON x.replaced_by = u.id)
		SELECT MAX(z.id) FROM (SELECT id FROM older LIMIT $2) t JOIN certificate z ON z.id = t.id
		WHERE z.created_at <= $3 AND COALESCE(z.request_id, 0) <> $4)`, namesOf(req), maxPrevious,
		db.Seconds(req.CreatedAt), req.ID)
}

func namesOf(req *notary.Request) string {
	return nameSet(&notary.Certificate{CommonName: req.CommonName, Names: req.Names, RequesterID: req.RequesterID})
}

// previous returns nil also if a name in the request has another type in the certificate, which the digest of the names
// does not tell.
func (r reader) previous(ctx context.Context, req *notary.Request, text string, args ...any) (*notary.Certificate,
	error) {
	var cert notary.Certificate
	var requester, group, authority number
	var notBefore, notAfter instant
	var names string
	err := r.q.QueryRow(ctx, text, args...).Scan(&cert.ID, &requester, &group, &cert.Email, &authority, &cert.Profile,
		&notBefore, &notAfter, &names)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !containsNames(names, req.Names.String()) {
		return nil, nil
	}
	cert.RequesterID, cert.OwnerGroupID, cert.AuthorityID = requester.Int64, group.Int64, authority.Int64
	cert.NotBefore, cert.NotAfter = notBefore.time(), notAfter.time()
	return &cert, db.MapError(err)
}

// containsNames reports whether a list of names, with their types, contains another.
func containsNames(list, other string) bool {
	all := strings.Fields(strings.ToLower(list))
	return !slices.ContainsFunc(strings.Fields(strings.ToLower(other)), func(name string) bool {
		return !slices.Contains(all, name)
	})
}

// RequestsBefore returns up to limit requests with an ID less than id (0: any ID), newest first. Only the fields that
// rules need are set.
func (r reader) RequestsBefore(ctx context.Context, id int64, limit int) ([]*notary.Request, error) {
	if id == 0 {
		id = math.MaxInt64
	}
	return db.Collect(ctx, r.q, r.scanRuled, `SELECT r.id, r.status, r.requester_id, r.owner_group_id, r.common_name, r.names,
		r.email, r.key, r.created_at, r.decision, r.wishes, r.labels FROM request r WHERE r.id < $1 ORDER BY r.id DESC LIMIT $2`, id, limit)
}

func (r reader) scanRuled(row db.Row) (*notary.Request, error) {
	var email, key string
	var created instant
	var decision sql.NullString
	var notes annotationRow
	req, err := scanStatus(row, &email, &key, &created, &decision, &notes.wishes, &notes.labels)
	if err != nil {
		return nil, err
	}
	req.Email, req.Key, req.CreatedAt = email, key, created.time()
	r.damage.add("request", req.ID, notes.into(req))
	if req.Decision, err = decodeDecision(decision); err != nil {
		r.damage.add("request", req.ID, []string{"the decision of the rules cannot be read"})
	}
	return req, nil
}

// RequestCreation returns the principal that created a request and its client address, or zero values if unknown.
func (r reader) RequestCreation(ctx context.Context, requestID int64) (by notary.Ref, address string, err error) {
	var kind sql.NullString
	var id number
	err = r.q.QueryRow(ctx, `SELECT e.principal, e.account_id, e.email, e.address FROM event e
		WHERE e.object_id = $1 AND e.kind = 'request' ORDER BY e.id LIMIT 1`, requestID).Scan(&kind, &id, &by.Name, &address)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return notary.Ref{}, "", nil
	case err != nil:
		return notary.Ref{}, "", db.MapError(err)
	}
	by.Kind, by.ID = kind.String, id.Int64
	if by.Kind == "" { // recorded by an earlier version
		by.Kind = formerPrincipal(by.ID)
	}
	return by, address, nil
}

func decodeDecision(text sql.NullString) (*notary.RuleDecision, error) {
	if !text.Valid {
		return nil, nil
	}
	var d notary.RuleDecision
	if err := json.Unmarshal([]byte(text.String), &d); err != nil {
		return nil, notary.InternalError("read the decision of the rules", err)
	}
	return &d, nil
}

func encodeDecision(d *notary.RuleDecision) (any, error) {
	if d == nil {
		return nil, nil
	}
	text, err := json.Marshal(d)
	if err != nil {
		return nil, notary.InternalError("encode the decision of the rules", err)
	}
	return string(text), nil
}
