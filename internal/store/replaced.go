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
)

// A certificate is replaced once there is a later one for the same names and owner that is not
// revoked: one that begins no earlier and expires no earlier. Imported certificates have no owner;
// they replace, and are replaced by, those of any. What is neither revoked nor replaced is current,
// and what expires soon is counted and listed among the current certificates only.
//
// Each certificate refers to one that replaces it, so that a revocation finds what becomes current
// again, and inserting or revoking one costs the same however many others have its names. Dates
// decide and not the order of insertion: a certificate never outlives the one that replaces it.

// current is the condition that a certificate, under this alias, is neither revoked nor replaced. It
// keeps the planner from the index of these, which is in the order of the names.
func current(alias string) string {
	return "(" + alias + ".name_set || '') IS NOT NULL AND (" + alias + ".replaced_by + 0) IS NULL"
}

// nameSet returns what identifies the names of a certificate, whatever their order; "" if nobody
// renews it: the program itself replaces the certificates of OCSP responders.
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
		return c.Fingerprint // it has the names of no other
	}
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:16])
}

// member is a certificate among those with the same names.
type member struct {
	set                            string
	id, owner, notBefore, notAfter int64
	replacedBy                     int64 // the id of a certificate; 0 while it is current
}

// newMember stands for a certificate that is about to be inserted: its id will be the greatest.
const newMember = math.MaxInt64

func memberOf(c *notary.Certificate, id int64) member {
	return member{set: nameSet(c), id: id, owner: c.RequesterID, notBefore: seconds(c.NotBefore), notAfter: seconds(c.NotAfter)}
}

// replacement is an expression for a certificate that replaces this one, NULL if there is none. It
// is one of the current certificates of the same owner, or any without an owner: those need not be
// current, because what replaces them may be somebody else's.
func (m member) replacement(b *binder) string {
	from := "FROM certificate y WHERE y.name_set = " + b.bind(m.set) + " AND "
	later := " AND y.not_after >= " + b.bind(m.notAfter) + m.compare(b, "y", " >= ", " > ")
	if m.owner == 0 {
		return "(SELECT MAX(y.id) " + from + "y.replaced_by IS NULL" + later + ")"
	}
	return "COALESCE((SELECT MAX(y.id) " + from + "y.replaced_by IS NULL AND y.requester_id = " + b.bind(m.owner) + later + "), " +
		"(SELECT y.id " + from + "y.requester_id = 0" + later + " ORDER BY y.not_after DESC, y.id DESC LIMIT 1))"
}

// replaces is the condition that a current certificate x is replaced by this one.
func (m member) replaces(b *binder) string {
	owner := ""
	if m.owner != 0 {
		owner = " AND x.requester_id IN (" + b.bind(m.owner) + ", 0)"
	}
	return "x.name_set = " + b.bind(m.set) + " AND x.replaced_by IS NULL" + owner +
		" AND x.not_after <= " + b.bind(m.notAfter) + m.compare(b, "x", " <= ", " < ")
}

// compare is the rest of the condition that another certificate is later, or earlier: one of two
// that are valid for the same time is replaced by that with the greater id.
func (m member) compare(b *binder, alias, notBefore, strictly string) string {
	from, to, id := b.bind(m.notBefore), b.bind(m.notAfter), b.bind(m.id)
	return " AND " + alias + ".not_before" + notBefore + from + " AND (" + alias + ".not_before" + strictly + from +
		" OR " + alias + ".not_after" + strictly + to + " OR " + alias + ".id" + strictly + id + ")"
}

// claimNames makes the transactions wait for each other that change certificates with these names.
func (tx *Tx) claimNames(set string) error {
	if set == "" {
		return nil
	}
	return tx.claim(theNames, keyTurn(set))
}

// joined counts a certificate that has joined those with its names, and marks those that it replaces,
// of which there are count.
func (tx *Tx) joined(m member, count int64) error {
	if m.replacedBy == 0 {
		tx.counts[expiryCounter(timeOf(m.notAfter))]++
	}
	if count == 0 {
		return nil
	}
	b := &binder{}
	id := b.bind(m.id)
	ends, err := collect(context.Background(), tx.reader, scanNumber,
		"UPDATE certificate AS x SET replaced_by = "+id+" WHERE x.id <> "+id+" AND "+m.replaces(b)+" RETURNING not_after", b.args...)
	for _, notAfter := range ends {
		tx.counts[expiryCounter(timeOf(notAfter))]--
	}
	return err
}

// joinNames adds a recorded certificate to those with its names. The caller has claimed the names.
func (tx *Tx) joinNames(m member) error {
	if m.set == "" {
		return nil
	}
	b := &binder{}
	var count int64
	err := tx.q.queryRow(context.Background(), "UPDATE certificate SET name_set = "+b.bind(m.set)+", replaced_by = "+m.replacement(b)+
		" WHERE id = "+b.bind(m.id)+" RETURNING COALESCE(replaced_by, 0), "+m.countReplaced(b), b.args...).Scan(&m.replacedBy, &count)
	if err != nil {
		return mapped(err)
	}
	return tx.joined(m, count)
}

// countReplaced is an expression, for RETURNING, of how many others the certificate replaces.
func (m member) countReplaced(b *binder) string {
	return "(SELECT COUNT(*) FROM certificate x WHERE x.id <> certificate.id AND " + m.replaces(b) + ")"
}

// leaveNames takes a certificate from those with its names: it is revoked, or gets another owner.
// What it replaced is current again if nothing else replaces it.
func (tx *Tx) leaveNames(c *notary.Certificate) error {
	ctx := context.Background()
	if err := tx.claimNames(nameSet(c)); err != nil {
		return err
	}
	var replacement, notAfter int64
	err := tx.q.queryRow(ctx, `SELECT COALESCE(replaced_by, 0), not_after FROM certificate
		WHERE id = $1 AND name_set IS NOT NULL`, c.ID).Scan(&replacement, &notAfter)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	} else if err != nil {
		return mapped(err)
	}
	if replacement == 0 {
		tx.counts[expiryCounter(timeOf(notAfter))]--
	}
	if err := tx.later(`UPDATE certificate SET name_set = NULL, replaced_by = NULL WHERE id = $1`, c.ID); err != nil {
		return err
	}
	left, err := collect(ctx, tx.reader, scanMember, `SELECT `+memberColumns+` FROM certificate k WHERE k.replaced_by = $1`, c.ID)
	if err != nil {
		return err
	}
	return tx.replaceAgain(left, func(m member) { tx.counts[expiryCounter(timeOf(m.notAfter))]++ })
}

const memberColumns = `k.name_set, k.id, k.requester_id, k.not_before, k.not_after`

func scanMember(row row) (m member, err error) {
	err = row.Scan(&m.set, &m.id, &m.owner, &m.notBefore, &m.notAfter)
	return m, err
}

// replaceAgain determines what replaces each of the certificates, and calls fn for those that
// nothing does. The latest come first: they may replace the others.
func (tx *Tx) replaceAgain(members []member, fn func(member)) error {
	slices.SortFunc(members, func(a, b member) int {
		return slices.Compare([]int64{b.notAfter, b.notBefore, b.id}, []int64{a.notAfter, a.notBefore, a.id})
	})
	for _, m := range members {
		b := &binder{}
		var replacement int64
		err := tx.q.queryRow(context.Background(), "UPDATE certificate SET replaced_by = "+m.replacement(b)+
			" WHERE id = "+b.bind(m.id)+" RETURNING COALESCE(replaced_by, 0)", b.args...).Scan(&replacement)
		if err != nil {
			return mapped(err)
		}
		if replacement == 0 {
			fn(m)
		}
	}
	return nil
}
