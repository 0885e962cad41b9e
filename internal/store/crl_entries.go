package store

import (
	"context"
	"database/sql"
	"time"

	"notary"
	"notary/internal/db"
)

// listingMargin exceeds the longest commit delay and the clock skew between nodes.
const listingMargin = time.Hour

// listedUntil returns the time until which CRLs must list a revoked certificate. The entry must appear on at least one
// CRL issued after the certificate expired (RFC 5280, section 3.3).
func listedUntil(c *notary.Certificate, revokedAt time.Time) int64 {
	until := c.NotAfter
	if revokedAt.After(until) {
		until = revokedAt
	}
	return db.Seconds(until.Add(listingMargin))
}

const selectRevocations = `SELECT id, serial, revoked_at, reason, invalidity_date, hold_instruction, certificate_id
	FROM revocation WHERE authority_id = $1 AND shard >= $2 AND shard <= $3 AND listed_until >= $4`

// EachRevocation calls add for each entry of a CRL (shard 0: the full one), except those with an invalid serial number.
// It also omits expired certificates that need not be listed after a CRL issued at the time last: see [listedUntil].
// The zero time omits none. It returns the number of known revocations, including those omitted.
//
// All entries are read in one snapshot, because reading in steps could miss an entry that an import moves to another
// shard ([Tx.LinkRevocation]). No client can delay the encoding. If PostgreSQL hangs, [ReadTimeout] limits the wait for
// a row.
func (s *Store) EachRevocation(ctx context.Context, authorityID int64, shard int, last time.Time,
	add func(notary.Revocation) error) (known int64, err error) {
	err = s.db.Snapshot(ctx, false, func(conn *sql.Conn) error {
		r := s.reader
		r.q = s.db.SnapshotReads(conn)
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

type revocationRow struct {
	id     int64
	serial string
	at     instant
	reason string

	invalidity instant // NULL if unknown
	hold       sql.NullString
}

func (v revocationRow) problems() []string {
	if err := notary.CheckSerial(v.serial); err != nil {
		return []string{"no CRL lists it: " + err.Error()}
	}
	_, known := notary.RevocationReasons[notary.RevocationReason(v.reason)]
	return unreadable(column{"revoked_at", v.unknownTime()}, column{"reason", !known},
		column{"invalidity_date", v.invalidity.unreadable()})
}

func (v revocationRow) unknownTime() bool { return v.at.unreadable() || v.at.Int64 == 0 }

// value returns the revocation. An unreadable revocation time becomes 1970, an unknown reason becomes unspecified, and
// an unreadable invalidity date is omitted.
func (v revocationRow) value() notary.Revocation {
	revocation := notary.Revocation{Serial: v.serial, At: v.at.time(), Reason: notary.RevocationReason(v.reason),
		HoldInstruction: v.hold.String}
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
