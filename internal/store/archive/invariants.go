package archive

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"time"

	"notary"
	"notary/internal/db"
	"notary/internal/store"
	"notary/internal/store/query"
)

// invariants lists rules that hold in every intact database.
var invariants = []db.Rule{
	{Says: "an active request has a certificate of its own that is not revoked", Breaches: `
		SELECT CAST(r.id AS TEXT) FROM request r
		JOIN certificate k ON k.id = r.certificate_id
		LEFT JOIN revocation v ON v.certificate_id = k.id
		WHERE k.request_id IS NULL OR k.request_id <> r.id OR v.certificate_id IS NOT NULL`},
	{Says: "a revoked request has a revoked certificate", Breaches: `
		SELECT CAST(r.id AS TEXT) FROM request r WHERE r.status = 'Revoked' AND NOT EXISTS (
			SELECT 1 FROM certificate k JOIN revocation v ON v.certificate_id = k.id WHERE k.request_id = r.id)`},
	{Says: "a request has its CSR", Breaches: `
		SELECT CAST(r.id AS TEXT) FROM request r
		LEFT JOIN request_csr c ON c.request_id = r.id WHERE c.request_id IS NULL`},
	{Says: "a certificate has its DER", Breaches: `
		SELECT CAST(k.id AS TEXT) FROM certificate k
		LEFT JOIN certificate_der d ON d.certificate_id = k.id WHERE d.certificate_id IS NULL`},
	{Says: "a revocation names the issuer and serial number of its certificate", Breaches: `
		SELECT CAST(v.certificate_id AS TEXT) FROM revocation v
		JOIN certificate k ON k.id = v.certificate_id
		WHERE k.authority_id IS NULL OR k.authority_id <> v.authority_id OR k.serial <> v.serial OR k.shard <> v.shard`},
	{Says: "no CRL is ahead of its authority's number", Breaches: `
		SELECT CAST(c.authority_id AS TEXT) FROM crl c
		JOIN authority a ON a.id = c.authority_id WHERE c.number > a.crl_number`},
	{Says: "the current certificate of an authority refers to it", Breaches: `
		SELECT CAST(a.id AS TEXT) FROM authority a
		JOIN certificate k ON k.id = a.certificate_id WHERE k.request_id IS NOT NULL`},
	{Says: "an OCSP responder has a certificate of its authority, which is not deleted", Breaches: `
		SELECT CAST(o.authority_id AS TEXT) FROM responder o
		JOIN certificate k ON k.id = o.certificate_id JOIN authority a ON a.id = o.authority_id
		WHERE k.authority_id IS NULL OR k.authority_id <> o.authority_id OR a.deleted_at IS NOT NULL`},
	{Says: "every request, authority, account, group, grant, token and rule has the event of its creation", Breaches: `
		SELECT 'request ' || CAST(r.id AS TEXT) FROM request r
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'request.create') e ON e.object_id = r.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'authority ' || CAST(a.id AS TEXT) FROM authority a
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'authority.create') e ON e.object_id = a.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'account ' || CAST(a.id AS TEXT) FROM account a
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'account.create') e ON e.object_id = a.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'group ' || CAST(g.id AS TEXT) FROM account_group g
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'group.create') e ON e.object_id = g.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'grant ' || CAST(t.id AS TEXT) FROM access_grant t
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'grant.create') e ON e.object_id = t.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'token ' || CAST(t.id AS TEXT) FROM token t
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'token.create') e ON e.object_id = t.id
		WHERE e.object_id IS NULL
		UNION ALL
		SELECT 'rule ' || CAST(r.id AS TEXT) FROM rule r
		LEFT JOIN (SELECT object_id FROM event WHERE action = 'rule.create') e ON e.object_id = r.id
		WHERE e.object_id IS NULL`},
	{Says: "the positions of events have no gaps, and each has its event", Breaches: `
		SELECT CAST(n AS TEXT) || ' positions up to ' || CAST(last AS TEXT) FROM (
			SELECT COUNT(*) AS n, COALESCE(MAX(position), 0) AS last, COALESCE(MIN(position), 1) AS first FROM event_position
		) t WHERE n <> last OR first <> 1
		UNION ALL
		SELECT 'position ' || CAST(p.position AS TEXT) FROM event_position p
		LEFT JOIN event e ON e.id = p.event_id WHERE e.id IS NULL`},
	{Says: "a request has the issuer and expiry of its current certificate", Breaches: `
		SELECT CAST(r.id AS TEXT) FROM request r LEFT JOIN certificate k ON k.id = r.certificate_id
		WHERE COALESCE(r.authority_id, 0) <> COALESCE(k.authority_id, 0)
			OR r.not_after <> COALESCE(k.not_after, 1152921504606846976)`}, // query.NoEnd
	{Says: "every name is in the search index, and every entry of the index has an object", Breaches: `
		SELECT 'request ' || CAST(r.id AS TEXT) FROM request r
		LEFT JOIN (SELECT DISTINCT request_id FROM request_name) n ON n.request_id = r.id
		WHERE n.request_id IS NULL AND LENGTH(r.search) > 1
		UNION ALL
		SELECT 'certificate ' || CAST(k.id AS TEXT) FROM certificate k
		LEFT JOIN (SELECT DISTINCT certificate_id FROM certificate_name) n ON n.certificate_id = k.id
		WHERE n.certificate_id IS NULL AND LENGTH(k.search) > 1
		UNION ALL
		SELECT n.name FROM request_name n LEFT JOIN request r ON r.id = n.request_id WHERE r.id IS NULL
		UNION ALL
		SELECT n.name FROM certificate_name n LEFT JOIN certificate k ON k.id = n.certificate_id WHERE k.id IS NULL`},
	{Says: "a certificate has the labels of its request", Breaches: `
		SELECT CAST(k.id AS TEXT) FROM certificate k JOIN request r ON r.id = k.request_id
		WHERE COALESCE(k.labels, '') <> COALESCE(r.labels, '')`},
	{Says: "every label is in the search index, and every entry of the index has an object", Breaches: `
		SELECT 'request ' || CAST(r.id AS TEXT) FROM request r
		LEFT JOIN (SELECT DISTINCT request_id FROM request_label) l ON l.request_id = r.id
		WHERE l.request_id IS NULL AND r.labels IS NOT NULL
		UNION ALL
		SELECT 'certificate ' || CAST(k.id AS TEXT) FROM certificate k
		LEFT JOIN (SELECT DISTINCT certificate_id FROM certificate_label) l ON l.certificate_id = k.id
		WHERE l.certificate_id IS NULL AND k.labels IS NOT NULL
		UNION ALL
		SELECT l.label FROM request_label l LEFT JOIN request r ON r.id = l.request_id WHERE r.labels IS NULL
		UNION ALL
		SELECT l.label FROM certificate_label l LEFT JOIN certificate k ON k.id = l.certificate_id
		WHERE k.labels IS NULL`},
	{Says: "the count of certificates is correct", Breaches: `
		SELECT 'counted ' || CAST(n AS TEXT) || ', there are ' || CAST(rows AS TEXT) FROM (
			SELECT (SELECT COUNT(*) FROM certificate) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c WHERE c.name = 'certificates') AS n
		) t WHERE n <> rows`},
	{Says: "the counts of issued certificates are correct", Breaches: `
		SELECT 'authority ' || CAST(id AS TEXT) FROM (
			SELECT a.id, (SELECT COUNT(*) FROM certificate k WHERE k.authority_id = a.id) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c WHERE c.name = 'issued' AND c.object_id = a.id) AS n
			FROM authority a
		) t WHERE n <> rows`},
	{Says: "the counts of requests by status are correct", Breaches: `
		SELECT 'counted ' || CAST(n AS TEXT) || ', there are ' || CAST(rows AS TEXT) || ' ' || status FROM (
			SELECT s.status, (SELECT COUNT(*) FROM request r WHERE r.status = s.status) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c WHERE c.name = 'requests ' || s.status) AS n
			FROM (SELECT 'Outstanding' AS status UNION SELECT 'Active' UNION SELECT 'Rejected' UNION SELECT 'Revoked') s
		) t WHERE n <> rows`},
	{Says: "the counts of revocations by authority are correct", Breaches: `
		SELECT 'authority ' || CAST(id AS TEXT) FROM (
			SELECT a.id, (SELECT COUNT(*) FROM revocation v WHERE v.authority_id = a.id) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c WHERE c.name = 'revoked' AND c.object_id = a.id) AS n
			FROM authority a
		) t WHERE n <> rows`},
	{Says: "the counts of revocations by shard are correct", Breaches: `
		SELECT 'shard ' || CAST(shard AS TEXT) || ' of authority ' || CAST(authority_id AS TEXT) FROM (
			SELECT v.authority_id, v.shard, COUNT(*) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c
					WHERE c.name = 'shard' AND c.object_id = v.authority_id AND c.part = v.shard) AS n
			FROM revocation v WHERE v.shard > 0 GROUP BY v.authority_id, v.shard
		) t WHERE n <> rows`},
	{Says: "the count of revocations without a certificate is correct", Breaches: `
		SELECT 'counted ' || CAST(n AS TEXT) || ', there are ' || CAST(rows AS TEXT) FROM (
			SELECT (SELECT COUNT(*) FROM revocation WHERE certificate_id IS NULL) AS rows,
				(SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter c WHERE c.name = 'unknown') AS n
		) t WHERE n <> rows`},
	{Says: "exactly the certificates that are neither revoked nor renewed by the program have a digest of their names",
		Breaches: `
		SELECT CAST(k.id AS TEXT) FROM certificate k
		LEFT JOIN (SELECT certificate_id AS revoked FROM revocation) v ON v.revoked = k.id
		WHERE (k.name_set IS NULL) <>
				(v.revoked IS NOT NULL OR (k.profile = '` + notary.OCSPProfile + `' AND k.requester_id = 0))
			AND NOT EXISTS (SELECT 1 FROM agreement WHERE name = '` + store.ReplacedMarked + `')`},
	{Says: "a certificate is replaced by a later one for the same names and owner", Breaches: `
		SELECT CAST(x.id AS TEXT) FROM certificate x LEFT JOIN certificate y ON y.id = x.replaced_by AND ` + replaces + `
		WHERE x.replaced_by IS NOT NULL AND y.id IS NULL`},
	{Says: "no certificate is current if another one replaces it", Breaches: `
		SELECT CAST(x.id AS TEXT) FROM certificate x WHERE x.replaced_by IS NULL AND (
			EXISTS (SELECT 1 FROM certificate y WHERE y.replaced_by IS NULL AND ` + replaces + `)
			OR EXISTS (SELECT 1 FROM certificate y WHERE COALESCE(-y.owner_group_id, y.requester_id) = 0 AND ` + replaces +
		`))`},
	{Says: "every shard that certificates refer to has a URL", Breaches: `
		SELECT CAST(k.id AS TEXT) FROM certificate k
		LEFT JOIN (SELECT DISTINCT authority_id, shard FROM crl_shard) s
			ON s.authority_id = k.authority_id AND s.shard = k.shard
		WHERE k.shard > 0 AND s.shard IS NULL`},
	{Says: "every account has a principal of the same name", Breaches: `
		SELECT CAST(a.id AS TEXT) FROM account a
		LEFT JOIN principal p ON p.id = a.id AND p.kind = '` + notary.AccountPrincipal + `' AND p.name = a.email
			AND p.deleted_at IS NULL
		WHERE p.id IS NULL
		UNION ALL
		SELECT CAST(p.id AS TEXT) FROM principal p LEFT JOIN account a ON a.id = p.id
		WHERE p.kind = '` + notary.AccountPrincipal + `' AND p.deleted_at IS NULL AND a.id IS NULL`},
	{Says: "every API token is a principal of the same name, deleted if it is revoked", Breaches: `
		SELECT CAST(t.id AS TEXT) FROM token t
		LEFT JOIN principal p ON p.id = t.id AND p.kind = '` + notary.TokenPrincipal + `' AND p.name = t.name
			AND (p.deleted_at IS NULL) = (t.revoked_at IS NULL)
		WHERE p.id IS NULL
		UNION ALL
		SELECT CAST(p.id AS TEXT) FROM principal p LEFT JOIN token t ON t.id = p.id
		WHERE p.kind = '` + notary.TokenPrincipal + `' AND t.id IS NULL`},
	{Says: "the counts of accounts and Admins are correct, and there is an Admin", Breaches: `
		SELECT 'accounts' FROM counter WHERE name = 'accounts' AND value <> (SELECT COUNT(*) FROM account)
		UNION ALL
		SELECT 'admins' FROM counter WHERE name = 'admins' AND value <> (SELECT COUNT(*) FROM account WHERE role = 0)
		UNION ALL
		SELECT 'no Admin' FROM counter WHERE name = 'accounts' AND value > 0
			AND NOT EXISTS (SELECT 1 FROM account WHERE role = 0)`},
}

// replaces is the SQL condition that certificate y replaces certificate x. It corresponds to type member in package
// store.
const replaces = `y.name_set = x.name_set
	AND (COALESCE(-y.owner_group_id, y.requester_id) IN (COALESCE(-x.owner_group_id, x.requester_id), 0)
		OR COALESCE(-x.owner_group_id, x.requester_id) = 0)
	AND y.not_before >= x.not_before AND y.not_after >= x.not_after
	AND (y.not_before > x.not_before OR y.not_after > x.not_after OR y.id > x.id)`

// CheckInvariants returns nil if the database is intact, or an error that lists each broken rule and what breaks it. It
// reads everything in one snapshot.
func CheckInvariants(ctx context.Context, s *store.Store) error {
	return s.DB().Snapshot(ctx, false, func(conn *sql.Conn) error {
		return check(ctx, db.OnConn(conn), s.DB().FileRules())
	})
}

func check(ctx context.Context, q db.Querier, more []db.Rule) error {
	var errs []error
	for _, rule := range slices.Concat(invariants, more) {
		errs = append(errs, rule.Check(ctx, q))
	}
	for _, counted := range countedByExpiry {
		errs = append(errs, counted.check(ctx, q))
	}
	return errors.Join(errs...)
}

// countedByExpiry lists the counters by expiry, each with a query for the issuer and expiry of the certificates that it
// counts.
var countedByExpiry = []expiryCount{
	{store.CountExpiring, func(_ int64, notAfter time.Time) db.CounterKey { return store.ExpiryCounter(notAfter) },
		`SELECT 0, k.not_after FROM certificate k WHERE ` + query.Current("k")},
	{store.CountLive, store.LiveCounter, `
		SELECT COALESCE(k.authority_id, 0), k.not_after FROM certificate k
		LEFT JOIN revocation v ON v.certificate_id = k.id WHERE v.certificate_id IS NULL`},
}

type expiryCount struct {
	name    string
	key     func(issuer int64, notAfter time.Time) db.CounterKey
	counted string
}

func (c expiryCount) check(ctx context.Context, q db.Querier) error {
	kept := db.Counts{}
	_, err := db.Collect(ctx, q, func(row db.Row) (none struct{}, err error) {
		key, value := db.CounterKey{Name: c.name}, int64(0)
		err = row.Scan(&key.At, &key.Object, &key.Part, &value)
		kept[key] += value
		return none, err
	}, `SELECT at, object_id, part, value FROM counter WHERE name = $1`, c.name)
	if err != nil {
		return err
	}
	_, err = db.Collect(ctx, q, func(row db.Row) (none struct{}, err error) {
		var issuer, notAfter int64
		err = row.Scan(&issuer, &notAfter)
		kept[c.key(issuer, db.TimeOf(notAfter))]--
		return none, err
	}, c.counted)
	if err != nil {
		return err
	}
	for key, n := range kept {
		if n != 0 {
			return notary.Errorf(notary.Internal, "broken: the counter %q of authority %d at %s is off by %d",
				key.Name, key.Object, db.TimeOf(key.At).Format(time.RFC3339), n)
		}
	}
	return nil
}
