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

// RevocationCount returns how many revocations and corrections are recorded for the authority or for one
// shard of its CRL. It never falls: a CRL is current while the count is that with which it was built.
func (r reader) RevocationCount(ctx context.Context, authorityID int64, shard int) (count int64, err error) {
	revoked := revokedCounter(authorityID, shard)
	err = r.q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(value), 0) AS BIGINT) FROM counter
		WHERE name IN ($1, $2) AND at = 0 AND object_id = $3 AND part = $4`,
		revoked.Name, countCorrected, revoked.Object, revoked.Part).Scan(&count)
	return count, db.MapError(err)
}

// RevocationCounts returns every count of [reader.RevocationCount] that is not zero.
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

// RevokedCounts returns how many revocations each authority has recorded.
func (r reader) RevokedCounts(ctx context.Context) (map[int64]int64, error) {
	return r.countsByIssuer(ctx, countRevoked)
}

// IssuedCount is how many certificates the authority has issued.
func (r reader) IssuedCount(ctx context.Context, authorityID int64) (int64, error) {
	return db.Counter(ctx, r.q, issuedCounter(authorityID))
}

// ListKey names a list of an authority: that of all (shard 0), or of a shard.
type ListKey struct {
	AuthorityID int64
	Shard       int
}

// ListState is what can be known of a list without reading it.
type ListState struct {
	Number      int64 // 0 where the first one is still in the making
	ThisUpdate  time.Time
	NextUpdate  time.Time
	Revocations int64 // as in [notary.CRL]
	Known       int64 // the same of the list that got its number last; that may be in the making
}

// ListStates are the states of all lists of authorities that are not deleted.
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

// MaxShards is over how many lists an authority's CRL can be spread.
const MaxShards = 1000

const selectRevocations = `SELECT id, serial, revoked_at, reason, invalidity_date, hold_instruction, certificate_id FROM revocation
	WHERE authority_id = $1 AND shard >= $2 AND shard <= $3 AND listed_until >= $4`

// EachRevocation gives the entries of a list (shard 0: of all) one after the other, without
// those that are due no longer: which the last list, made at the given time, still had although
// their certificates had expired. The zero time leaves out none. They are of one moment, in
// which there were that many revocations, those left out included.
//
// They are read in one snapshot and not in steps: an import may move an entry to another shard or
// end meanwhile ([Tx.LinkRevocation]), and a list read in steps could then miss it. The snapshot
// lasts for the time that it takes to encode them, which no client can prolong. If PostgreSQL hangs
// meanwhile, the next row is waited for no longer than a query may take ([ReadTimeout]).
func (s *Store) EachRevocation(ctx context.Context, authorityID int64, shard int, last time.Time,
	add func(notary.Revocation) error) (known int64, err error) {
	err = s.db.Snapshot(ctx, false, func(conn *sql.Conn) error {
		r := reader{q: s.db.SnapshotReads(conn), damage: s.damage}
		if known, err = r.RevocationCount(ctx, authorityID, shard); err != nil {
			return err
		}
		from, to := shard, shard
		if shard == 0 {
			to = MaxShards
		}
		rows, err := r.q.Query(ctx, selectRevocations, authorityID, from, to, db.Seconds(last))
		if err != nil {
			return db.MapError(err)
		}
		defer rows.Close()
		for rows.Next() {
			var v revocationRow
			var certificate sql.NullInt64
			if err := rows.Scan(&v.id, &v.serial, &v.at, &v.reason, &v.invalidity, &v.hold, &certificate); err != nil {
				return db.MapError(err)
			}
			s.damage.add("revocation", v.id, v.problems())
			if notary.CheckSerial(v.serial) != nil {
				continue
			}
			revocation := v.value()
			revocation.Imported = !certificate.Valid
			if err := add(revocation); err != nil {
				return err
			}
		}
		return db.MapError(rows.Err())
	})
	return known, err
}

// revocationRow is a row of the table revocation.
type revocationRow struct {
	id     int64
	serial string
	at     instant
	reason string

	invalidity instant // NULL if unknown
	hold       sql.NullString
}

// problems describes what keeps the revocation from being listed as it was recorded.
func (v revocationRow) problems() []string {
	if err := notary.CheckSerial(v.serial); err != nil {
		return []string{"it is on no CRL: " + err.Error()}
	}
	_, known := notary.RevocationReasons[notary.RevocationReason(v.reason)]
	return unreadable(column{"revoked_at", v.unknownTime()}, column{"reason", !known},
		column{"invalidity_date", v.invalidity.unreadable()})
}

func (v revocationRow) unknownTime() bool { return v.at.unreadable() || v.at.Int64 == 0 }

// value returns the revocation. One whose time or reason is unreadable is still a revocation:
// it counts from 1970 on, without a reason.
func (v revocationRow) value() notary.Revocation {
	revocation := notary.Revocation{Serial: v.serial, At: v.at.time(), Reason: notary.RevocationReason(v.reason), HoldInstruction: v.hold.String}
	if v.invalidity.Valid && !v.invalidity.unreadable() {
		revocation.InvalidityDate = v.invalidity.time()
	}
	if v.unknownTime() {
		revocation.At = time.Unix(0, 0).UTC()
	}
	if _, known := notary.RevocationReasons[revocation.Reason]; !known {
		revocation.Reason = notary.Unspecified
	}
	return revocation
}

// CRL is the authority's newest list of all (shard 0) or of a shard; nil where there is none
// yet.
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

// CRLNumber returns the number of the newest list; 0 if there is none.
func (r reader) CRLNumber(ctx context.Context, authorityID int64, shard int) (number int64, err error) {
	err = r.q.QueryRow(ctx, `SELECT number FROM crl WHERE authority_id = $1 AND shard = $2`, authorityID, shard).Scan(&number)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return number, db.MapError(err)
}

// NextCRLNumber allocates the authority's next CRL number to a list (shard 0: the full CRL) that
// knows that many revocations. None is ever allocated twice; one may stay unused. A list that
// knows fewer revocations than one that has a number already is a [notary.Conflict]: what is on a
// list must be on all later ones.
//
// The number is greater than the authority's last one and than above, and at least crl_base plus
// the microseconds since 1970. No authority can issue CRLs faster than that, so a database that was
// put back to an earlier state never allocates a number that was already published, without being
// told of the restore (RFC 5280, section 5.2.3).
func (tx *Tx) NextCRLNumber(authorityID int64, shard int, known, above int64) (number int64, err error) {
	err = tx.q.QueryRow(context.Background(), `UPDATE authority SET crl_number = CASE
			WHEN crl_number >= crl_base + $2 AND crl_number >= $3 THEN crl_number + 1
			WHEN crl_base + $2 > $3 THEN crl_base + $2
			ELSE $3 + 1 END
		WHERE id = $1 AND deleted_at IS NULL RETURNING crl_number`, authorityID, tx.db.Now().UnixMicro(), above).Scan(&number)
	if err != nil {
		return 0, found(err, "certificate authority", authorityID)
	}
	err = tx.db.Change(db.Raced(), `INSERT INTO crl (authority_id, shard, known, number, der, this_update, next_update, revocations)
		VALUES ($1, $2, $3, 0, $4, 0, 0, 0)
		ON CONFLICT (authority_id, shard) DO UPDATE SET known = excluded.known WHERE crl.known <= excluded.known`,
		authorityID, shard, known, []byte{})
	if err != nil {
		return 0, err
	}
	return number, nil
}

// crlBase returns by how much the number of a CRL that was issued elsewhere is ahead of the clock.
func (tx *Tx) crlBase(number int64) int64 { return max(0, number-tx.db.Now().UnixMicro()) }

// SaveCRL keeps a list that has got a number. Where a newer one is there it is a
// [notary.Conflict].
func (tx *Tx) SaveCRL(c *notary.CRL) error {
	return tx.db.Change(db.Raced(), `UPDATE crl SET number = $1, der = $2, this_update = $3, next_update = $4, revocations = $5
		WHERE authority_id = $6 AND shard = $7 AND number < $1`,
		c.Number, c.DER, db.Seconds(c.ThisUpdate), db.Seconds(c.NextUpdate), c.Revocations, c.AuthorityID, c.Shard)
}

// ShardURLs are the URLs that certificates name for the shards of the authority's CRL.
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

// AddShardURL records that certificates of the shard may name this URL.
func (tx *Tx) AddShardURL(authorityID int64, shard int, url string) error {
	_, err := tx.db.Exec(`INSERT INTO crl_shard (authority_id, shard, url) VALUES ($1, $2, $3)
		ON CONFLICT (authority_id, shard, url) DO NOTHING`, authorityID, shard, url)
	return err
}
