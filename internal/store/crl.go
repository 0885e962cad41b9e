package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"notary"
	"notary/internal/db"
)

// RevocationCount returns the number of revocations and corrections for a CRL of the authority (shard 0: the full one).
// It never decreases. A CRL is current as long as the count is the same as when it was built.
func (r reader) RevocationCount(ctx context.Context, authorityID int64, shard int) (count int64, err error) {
	revoked := revokedCounter(authorityID, shard)
	err = r.q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter
		WHERE name IN ($1, $2) AND at = 0 AND object_id = $3 AND part = $4`,
		revoked.Name, countCorrected, revoked.Object, revoked.Part).Scan(&count)
	return count, db.MapError(err)
}

// RevocationCounts returns the counts of all CRLs: see [reader.RevocationCount]. A missing count is 0 or unreadable.
func (r reader) RevocationCounts(ctx context.Context) (map[ListKey]int64, error) {
	all := map[ListKey]int64{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var key ListKey
		var n number
		if err := row.Scan(&key.AuthorityID, &key.Shard, &n); err != nil {
			return none, err
		}
		if n.bad {
			r.damage.add("counter", key.AuthorityID, []string{fmt.Sprintf(
				"the count of revocations of shard %d cannot be read", key.Shard)})
			return none, nil
		}
		all[key] += n.Int64
		return none, nil
	}, `SELECT object_id, part, value FROM counter WHERE name IN ($1, $2, $3)`,
		countRevoked, countShardRevoked, countCorrected)
	return all, err
}

// RevokedCounts returns the number of revocations of each authority.
func (r reader) RevokedCounts(ctx context.Context) (map[int64]int64, error) {
	return r.countsByIssuer(ctx, countRevoked)
}

// IssuedCount returns the number of certificates that the authority has issued.
func (r reader) IssuedCount(ctx context.Context, authorityID int64) (int64, error) {
	return db.Counter(ctx, r.q, issuedCounter(authorityID))
}

// ListKey identifies a full CRL (shard 0) or a partitioned CRL of an authority.
type ListKey struct {
	AuthorityID int64
	Shard       int
}

// ListState is the state of a CRL, without the CRL itself.
type ListState struct {
	Number      int64 // 0 while the first CRL is being built
	ThisUpdate  time.Time
	NextUpdate  time.Time
	Revocations int64 // as in [notary.CRL]
	Known       int64 // Revocations of the CRL that was last allocated a number, which may not be stored yet
}

// ListStates returns the state of every CRL of the authorities that are not deleted.
func (r reader) ListStates(ctx context.Context) (map[ListKey]ListState, error) {
	all := map[ListKey]ListState{}
	_, err := db.Collect(ctx, r.q, func(row db.Row) (none struct{}, err error) {
		var key ListKey
		var this, next instant
		var shard, last, revocations, known number
		err = row.Scan(&key.AuthorityID, &shard, &last, &this, &next, &revocations, &known)
		key.Shard = int(shard.Int64)
		r.damage.add("crl", key.AuthorityID, unreadable(column{"shard", shard.bad}, column{"number", last.bad},
			column{"this_update", this.unreadable()}, column{"next_update", next.unreadable()},
			column{"revocations", revocations.bad}, column{"known", known.bad}))
		all[key] = ListState{last.Int64, this.time(), next.time(), revocations.Int64, known.Int64}
		return none, err
	}, `SELECT l.authority_id, l.shard, l.number, l.this_update, l.next_update, l.revocations, l.known
		FROM crl l JOIN authority a ON a.id = l.authority_id WHERE a.deleted_at IS NULL`)
	return all, err
}

// MaxShards is the maximum number of partitioned CRLs of an authority.
const MaxShards = 1000

// CRL returns the authority's newest CRL (shard 0: the full one), or nil if there is none yet.
func (r reader) CRL(ctx context.Context, authorityID int64, shard int) (*notary.CRL, error) {
	crl := &notary.CRL{AuthorityID: authorityID, Shard: shard}
	var this, next instant
	err := r.q.QueryRow(ctx, `SELECT number, der, this_update, next_update, revocations FROM crl
		WHERE authority_id = $1 AND shard = $2 AND number > 0`, authorityID, shard).Scan(
		&crl.Number, &crl.DER, &this, &next, &crl.Revocations)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	crl.ThisUpdate, crl.NextUpdate = this.time(), next.time()
	return crl, db.MapError(err)
}

// SaveCRL stores a CRL with a number from [Tx.NextCRLNumber]. It returns a [notary.Conflict] error unless the number is
// greater than the stored CRL's.
func (tx *Tx) SaveCRL(c *notary.CRL) error {
	return tx.db.Change(db.Raced(), `UPDATE crl SET number = $1, der = $2, this_update = $3, next_update = $4,
		revocations = $5 WHERE authority_id = $6 AND shard = $7 AND number < $1`,
		c.Number, c.DER, db.Seconds(c.ThisUpdate), db.Seconds(c.NextUpdate), c.Revocations, c.AuthorityID, c.Shard)
}

// PublishCRL stores a full CRL signed by an offline authority, which must list all revocations known so far. It returns
// a [notary.Conflict] error unless the CRL's number is at least the authority's last one and greater than the stored
// CRL's.
func (tx *Tx) PublishCRL(c *notary.CRL) error {
	err := tx.db.Change(db.Raced(), `UPDATE authority SET crl_number = $1,
			crl_base = CASE WHEN crl_base > $3 THEN crl_base ELSE $3 END
		WHERE id = $2 AND deleted_at IS NULL AND crl_number <= $1`, c.Number, c.AuthorityID, tx.crlBase(c.Number))
	if err != nil {
		return err
	}
	return tx.db.Change(db.Raced(), `INSERT INTO crl (authority_id, shard, known, number, der, this_update, next_update, revocations)
		VALUES ($1, 0, $2, $3, $4, $5, $6, $2)
		ON CONFLICT (authority_id, shard) DO UPDATE SET known = excluded.known, number = excluded.number, der = excluded.der,
			this_update = excluded.this_update, next_update = excluded.next_update, revocations = excluded.revocations
		WHERE crl.number < excluded.number`,
		c.AuthorityID, c.Revocations, c.Number, c.DER, db.Seconds(c.ThisUpdate), db.Seconds(c.NextUpdate))
}

// ShardURLs returns the URLs recorded with [Tx.AddShardURL] for the authority's partitioned CRLs, by shard.
func (r reader) ShardURLs(ctx context.Context, authorityID int64) (map[int][]string, error) {
	type one struct {
		shard int
		url   string
	}
	all, err := db.Collect(ctx, r.q, func(row db.Row) (o one, err error) {
		err = row.Scan(&o.shard, &o.url)
		return o, err
	}, `SELECT shard, url FROM crl_shard WHERE authority_id = $1 ORDER BY shard, url`, authorityID)
	urls := map[int][]string{}
	for _, o := range all {
		urls[o.shard] = append(urls[o.shard], o.url)
	}
	return urls, err
}

// AddShardURL records a URL of a partitioned CRL that certificates contain as their CRL distribution point.
func (tx *Tx) AddShardURL(authorityID int64, shard int, url string) error {
	_, err := tx.db.Exec(`INSERT INTO crl_shard (authority_id, shard, url) VALUES ($1, $2, $3)
		ON CONFLICT (authority_id, shard, url) DO NOTHING`, authorityID, shard, url)
	return err
}
