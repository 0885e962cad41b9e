package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"

	"notary"
	"notary/internal/db"
)

// A certificate is replaced once there is a later one for the same names and owner that is not revoked. A later
// certificate becomes valid no earlier and expires no earlier. Certificates that are neither revoked nor replaced are
// current, and only these are counted and listed as expiring.
//
// The owner is a group or an account. Imported certificates have no owner: they replace, and are replaced by,
// certificates of any owner.
//
// A replaced certificate refers to one that replaces it. A revocation thus finds the certificates that become current
// again at a cost independent of how many have the same names. Dates decide, not the order of insertion, so a
// certificate never outlives the one that replaces it.

// nameSet returns a digest of a certificate's names that does not depend on their order. It returns "" for OCSP
// responders, whose certificates are replaced automatically.
func nameSet(c *notary.Certificate) string {
	if c.Profile == notary.OCSPProfile && c.RequesterID == 0 {
		return ""
	}
	names := slices.Concat([]string{c.CommonName}, strings.Fields(c.Names.String()))
	for i, name := range names {
		if _, value, ok := strings.Cut(name, ":"); ok && i > 0 {
			name = value
		}
		names[i] = strings.ToLower(strings.TrimSpace(name))
	}
	slices.Sort(names)
	names = slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
	if len(names) == 0 {
		return c.Fingerprint // without names, it never replaces another one
	}
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:16])
}

type member struct {
	set                            string
	id, owner, notBefore, notAfter int64 // owner is as returned by ownerOf
	replacedBy                     int64 // ID of the certificate that replaces it; 0 if it is current
}

// newMember stands for the ID of a certificate about to be inserted, which is greater than any other.
const newMember = math.MaxInt64

func memberOf(c *notary.Certificate, id int64) member {
	return member{set: nameSet(c), id: id, owner: ownerOf(c.RequesterID, c.OwnerGroupID),
		notBefore: db.Seconds(c.NotBefore),
		notAfter:  db.Seconds(c.NotAfter)}
}

// ownerOf returns the owner as one number: the ID of an account, the negative ID of a group, or 0 for none.
func ownerOf(requesterID, ownerGroupID int64) int64 {
	if ownerGroupID != 0 {
		return -ownerGroupID
	}
	return requesterID
}

// ownerColumn returns an SQL expression for the owner, as in [ownerOf], of the certificate with the given alias. The
// indexes use the same expression.
func ownerColumn(alias string) string {
	return "COALESCE(-" + alias + ".owner_group_id, " + alias + ".requester_id)"
}

// replacement returns an SQL expression for the ID of a certificate that replaces m, or NULL. This is a current
// certificate of the same owner (of any owner if m has none), or any certificate without an owner. The latter need not
// be current, because a certificate of another owner may have replaced it.
//
// The owner is cast because SQLite would compare a bare parameter with the condition of the index certificate_unowned,
// and would therefore recompile the statement whenever the parameter is bound.
func (m member) replacement(b *db.Binder) string {
	from := "FROM certificate y WHERE y.name_set = " + b.Bind(m.set) + " AND "
	later := " AND y.not_after >= " + b.Bind(m.notAfter) + m.compare(b, "y", " >= ", " > ")
	if m.owner == 0 {
		return "(SELECT MAX(y.id) " + from + "y.replaced_by IS NULL" + later + ")"
	}
	return "COALESCE((SELECT MAX(y.id) " + from + "y.replaced_by IS NULL AND " + ownerColumn("y") + " = CAST(" +
		b.Bind(m.owner) + " AS BIGINT)" + later + "), " +
		"(SELECT y.id " + from + ownerColumn("y") + " = 0" + later + " ORDER BY y.not_after DESC, y.id DESC LIMIT 1))"
}

// replaces returns the SQL condition that m replaces a current certificate x.
func (m member) replaces(b *db.Binder) string {
	owner := ""
	if m.owner != 0 {
		owner = " AND " + ownerColumn("x") + " IN (" + b.Bind(m.owner) + ", 0)"
	}
	return "x.name_set = " + b.Bind(m.set) + " AND x.replaced_by IS NULL" + owner +
		" AND x.not_after <= " + b.Bind(m.notAfter) + m.compare(b, "x", " <= ", " < ")
}

// compare returns the part of a condition that orders m and the certificate with the given alias by validity. If both
// have the same validity, the one with the greater ID is later.
func (m member) compare(b *db.Binder, alias, notBefore, strictly string) string {
	from, to, id := b.Bind(m.notBefore), b.Bind(m.notAfter), b.Bind(m.id)
	return " AND " + alias + ".not_before" + notBefore + from + " AND (" + alias + ".not_before" + strictly + from +
		" OR " + alias + ".not_after" + strictly + to + " OR " + alias + ".id" + strictly + id + ")"
}

// claimNames serialises the transactions that change certificates with the given name set.
func (tx *Tx) claimNames(set string) error {
	if set == "" {
		return nil
	}
	return tx.db.Lock(lockNames, lockID(set))
}

// joined updates the counters after m joined its name set. If count, the number of certificates that m replaces, is not
// 0, it marks these as replaced.
func (tx *Tx) joined(m member, count int64) error {
	if m.replacedBy == 0 {
		tx.db.Count(ExpiryCounter(db.TimeOf(m.notAfter)), 1)
	}
	if count == 0 {
		return nil
	}
	b := &db.Binder{}
	id := b.Bind(m.id)
	ends, err := db.Collect(context.Background(), tx.reader.q, db.Scan[int64],
		"UPDATE certificate AS x SET replaced_by = "+id+" WHERE x.id <> "+id+" AND "+m.replaces(b)+" RETURNING not_after",
		b.Args...)
	for _, notAfter := range ends {
		tx.db.Count(ExpiryCounter(db.TimeOf(notAfter)), -1)
	}
	return err
}

// joinNames adds a recorded certificate to its name set. The caller must have called claimNames.
func (tx *Tx) joinNames(m member) error {
	if m.set == "" {
		return nil
	}
	b := &db.Binder{}
	var count int64
	err := tx.q.QueryRow(context.Background(), "UPDATE certificate SET name_set = "+b.Bind(m.set)+", replaced_by = "+
		m.replacement(b)+
		" WHERE id = "+b.Bind(m.id)+" RETURNING COALESCE(replaced_by, 0), "+m.countReplaced(b),
		b.Args...).Scan(&m.replacedBy, &count)
	if err != nil {
		return db.MapError(err)
	}
	return tx.joined(m, count)
}

func (m member) countReplaced(b *db.Binder) string {
	return "(SELECT COUNT(*) FROM certificate x WHERE x.id <> certificate.id AND " + m.replaces(b) + ")"
}

// leaveNames removes a certificate from its name set because it is revoked or its owner changes. The certificates that
// it replaced become current again unless others replace them.
func (tx *Tx) leaveNames(c *notary.Certificate) error {
	if err := tx.claimNames(nameSet(c)); err != nil {
		return err
	}
	left, err := tx.withdraw(c.ID, "replaced_by IS NULL")
	if err != nil {
		return err
	}
	if left.found {
		tx.db.Count(ExpiryCounter(db.TimeOf(left.notAfter)), -1)
	} else if left, err = tx.withdraw(c.ID, "replaced_by IS NOT NULL"); err != nil {
		return err
	}
	if !left.replacesOthers {
		return nil
	}
	others, err := db.Collect(context.Background(), tx.reader.q, scanMember,
		`SELECT `+memberColumns+` FROM certificate k WHERE k.replaced_by = $1`, c.ID)
	if err != nil {
		return err
	}
	return tx.replaceAgain(others, func(m member) { tx.db.Count(ExpiryCounter(db.TimeOf(m.notAfter)), 1) })
}

type withdrawn struct {
	found, replacesOthers bool
	notAfter              int64
}

// withdraw removes a certificate from its name set, if it is in one and meets the condition.
func (tx *Tx) withdraw(id int64, condition string) (w withdrawn, err error) {
	err = tx.q.QueryRow(context.Background(), `UPDATE certificate SET name_set = NULL, replaced_by = NULL
		WHERE id = $1 AND name_set IS NOT NULL AND `+condition+`
		RETURNING not_after, EXISTS (SELECT 1 FROM certificate k WHERE k.replaced_by = certificate.id)`, id).
		Scan(&w.notAfter, &w.replacesOthers)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	w.found = true
	return w, db.MapError(err)
}

const memberColumns = `k.name_set, k.id, COALESCE(-k.owner_group_id, k.requester_id), k.not_before, k.not_after,
	COALESCE(k.replaced_by, 0)`

func scanMember(row db.Row) (m member, err error) {
	err = row.Scan(&m.set, &m.id, &m.owner, &m.notBefore, &m.notAfter, &m.replacedBy)
	return m, err
}

// replaceAgain determines which certificate replaces each member, and calls fn for each member that becomes
// current. It begins with the latest members, because they may replace the others.
func (tx *Tx) replaceAgain(members []member, fn func(member)) error {
	slices.SortFunc(members, func(a, b member) int {
		return slices.Compare([]int64{b.notAfter, b.notBefore, b.id}, []int64{a.notAfter, a.notBefore, a.id})
	})
	for _, m := range members {
		b := &db.Binder{}
		var replacement int64
		err := tx.q.QueryRow(context.Background(), "UPDATE certificate SET replaced_by = "+m.replacement(b)+
			" WHERE id = "+b.Bind(m.id)+" RETURNING COALESCE(replaced_by, 0)", b.Args...).Scan(&replacement)
		if err != nil {
			return db.MapError(err)
		}
		if replacement == 0 {
			fn(m)
		}
	}
	return nil
}
