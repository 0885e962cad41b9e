package store

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/db"
)

// eventsConverted names the row of table agreement that holds the ID of the last event upgraded. The row is deleted
// when the upgrade is complete.
const eventsConverted = "events are data up to event"

// UpgradeEvents upgrades the next events recorded by an earlier version. It adds the name of the event's object, if the
// object still exists, and references to the objects named in the text. It returns the ID of the last event read, and
// whether the upgrade is complete.
func (s *Store) UpgradeEvents(ctx context.Context) (last int64, done bool, err error) {
	return s.upgrade(ctx, eventsConverted, func(tx *Tx, after int64) (int64, error) {
		events, err := tx.eventsAfter(ctx, after)
		if err != nil {
			return 0, err
		}
		authorities, err := tx.authorityNames(ctx)
		if err != nil {
			return 0, err
		}
		for _, e := range events {
			after = e.ID
			if e.Refs, err = tx.textRefs(ctx, &e, authorities); err != nil {
				return 0, err
			}
			if len(e.Refs) == 0 && e.Object.Name == "" {
				continue
			}
			if err := tx.db.Later(`UPDATE event SET object_name = $1, refs = $2 WHERE id = $3`,
				nullableText(e.Object.Name), nullableText(encodeRefs(e.Refs)), e.ID); err != nil {
				return 0, err
			}
		}
		return after, nil
	})
}

func (tx *Tx) eventsAfter(ctx context.Context, after int64) ([]notary.Event, error) {
	return db.Collect(ctx, tx.q, func(row db.Row) (e notary.Event, err error) {
		var object number
		var name string
		err = row.Scan(&e.ID, &e.Object.Kind, &e.Action, &object, &e.Text, &name)
		e.Object = notary.NewRef(e.Object.Kind, object.Int64, name)
		return e, err
	}, `SELECT e.id, e.kind, e.action, e.object_id, e.detail, COALESCE(CASE e.kind
			WHEN 'request' THEN (SELECT r.common_name FROM request r WHERE r.id = e.object_id)
			WHEN 'certificate' THEN (SELECT k.common_name FROM certificate k WHERE k.id = e.object_id)
			WHEN 'authority' THEN (SELECT a.common_name FROM authority a WHERE a.id = e.object_id)
			WHEN 'profile' THEN (SELECT p.name FROM profile p WHERE p.id = e.object_id)
			WHEN 'account' THEN (SELECT c.email FROM account c WHERE c.id = e.object_id) END, '')
		FROM event e WHERE e.id > $1 AND e.principal IS NULL ORDER BY e.id LIMIT $2`, after, upgradeStep)
}

func (tx *Tx) authorityNames(ctx context.Context) (map[int64]string, error) {
	all := map[int64]string{}
	_, err := db.Collect(ctx, tx.q, func(row db.Row) (none struct{}, err error) {
		var id int64
		var name string
		err = row.Scan(&id, &name)
		all[id] = name
		return none, err
	}, `SELECT id, common_name FROM authority`)
	return all, err
}

// namingActions are the actions whose event texts name objects, as in "authority 3, certificate 17, serial 0a1b".
var namingActions = []string{"request.sign", "request.upload", "request.revoke", "certificate.revoke",
	"certificate.correct_reason",
	"authority.sign", "authority.upload", "authority.cross_sign", "authority.cross_upload", "authority.use_certificate",
	"authority.roll_over", "authority.responder"}

var textPart = regexp.MustCompile(`^(authority|certificate) ([1-9][0-9]{0,17})$`)

func (tx *Tx) textRefs(ctx context.Context, e *notary.Event,
	authorities map[int64]string) (refs []notary.Ref, err error) {
	if !slices.Contains(namingActions, e.Action) {
		return nil, nil
	}
	serial := ""
	for part := range strings.SplitSeq(e.Text, ", ") {
		if object := textPart.FindStringSubmatch(part); object != nil {
			id, _ := strconv.ParseInt(object[2], 10, 64) // cannot fail: matched by the expression
			refs = append(refs, notary.NewRef(object[1], id, ""))
			if object[1] == "authority" {
				refs[len(refs)-1] = notary.NewRef("authority", id, authorities[id])
			}
		} else if after, ok := strings.CutPrefix(part, "serial "); ok && serial == "" {
			serial = after
		}
	}
	if e.Action != "request.revoke" || len(refs) != 1 || serial == "" {
		return refs, nil
	}
	cert, err := tx.CertificateBySerial(ctx, refs[0].ID, serial)
	if err != nil || cert == nil {
		return refs, err
	}
	return append(refs, cert.Ref()), nil
}
