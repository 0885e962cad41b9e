package store

import (
	"context"
	"strconv"

	"notary"
	"notary/internal/db"
)

const upgradeStep = 5_000

// upgrade runs the next step of an upgrade that SQL alone cannot do. The migration adds an agreement with the given
// name, whose value is the ID of the last record upgraded. The agreement is deleted when the upgrade is complete.
//
// The function step upgrades the next records with IDs greater than after. It returns the ID of the last one, or after
// if no records remain. An interrupted upgrade continues at the next start. Nodes that start together take turns.
func (s *Store) upgrade(ctx context.Context, name string,
	step func(tx *Tx, after int64) (int64, error)) (last int64, done bool, err error) {
	pending, err := s.Agreed(ctx, name)
	if err != nil || pending == "" {
		return 0, true, err
	}
	err = s.Write(ctx, func(tx *Tx) error {
		if err := tx.db.Lock(lockUpgrade, 0); err != nil {
			return err
		}
		pending, err := tx.Agreed(ctx, name)
		if done = pending == ""; err != nil || done { // another node has completed the upgrade
			return err
		}
		after, err := strconv.ParseInt(pending, 10, 64)
		if err != nil {
			return notary.InternalError("read the progress of the upgrade", err)
		}
		if last, err = step(tx, after); err != nil {
			return err
		}
		if done = last == after; done {
			return tx.db.Later(`DELETE FROM agreement WHERE name = $1`, name)
		}
		return tx.db.Later(`UPDATE agreement SET value = $1 WHERE name = $2`, strconv.FormatInt(last, 10), name)
	})
	return last, done, err
}

// ReplacedMarked names the row of table agreement that holds the ID of the last certificate upgraded. The row is
// deleted when the upgrade is complete.
const ReplacedMarked = "replaced certificates are marked up to certificate"

// UpgradeReplaced determines which of the next certificates recorded by an earlier version are current. It returns the
// ID of the last certificate read, and whether the upgrade is complete.
func (s *Store) UpgradeReplaced(ctx context.Context) (last int64, done bool, err error) {
	return s.upgrade(ctx, ReplacedMarked, func(tx *Tx, after int64) (int64, error) {
		certificates, err := db.Collect(ctx, tx.reader.q, scanUnmarked,
			`SELECT k.id, k.requester_id, k.owner_group_id, k.common_name, k.names,
			k.fingerprint, k.profile, k.not_before, k.not_after, CASE WHEN k.name_set IS NULL AND v.id IS NULL THEN 1 ELSE 0 END
			FROM certificate k LEFT JOIN revocation v ON v.certificate_id = k.id
			WHERE k.id > $1 ORDER BY k.id LIMIT $2`, after, upgradeStep)
		for _, c := range certificates {
			if after = c.ID; err == nil && c.unmarked {
				err = tx.joinNames(memberOf(&c.Certificate, c.ID))
			}
		}
		return after, err
	})
}

type unmarked struct {
	notary.Certificate
	unmarked bool
}

func scanUnmarked(row db.Row) (c unmarked, err error) {
	var requester, group number
	var notBefore, notAfter instant
	var names string
	err = row.Scan(&c.ID, &requester, &group, &c.CommonName, &names, &c.Fingerprint, &c.Profile, &notBefore, &notAfter,
		&c.unmarked)
	c.Names, c.RequesterID, c.OwnerGroupID = notary.ParseNames(names), requester.Int64, group.Int64
	c.NotBefore, c.NotAfter = notBefore.time(), notAfter.time()
	c.unmarked = c.unmarked && !requester.bad && !group.bad && !notBefore.unreadable() && !notAfter.unreadable()
	return c, err
}
