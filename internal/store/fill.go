package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"iter"
	"strings"

	"notary"
	"notary/internal/db"
	"notary/internal/store/query"
)

// Life is a request with its certificates and events, for [Store.Fill].
type Life struct {
	// Request is recorded unchanged except for its ID, which Fill assigns.
	Request notary.Request
	// Certificates are ordered from oldest to newest. If the request is Active, the last one is current. Fill assigns
	// their IDs, request and requester.
	Certificates []*notary.Certificate
	// Events must have times. Those without an object belong to the request.
	Events []notary.Event
}

const fillLives = 20_000

// Fill bulk-loads requests for benchmarks and for tests of large databases. Nothing else may use the database
// meanwhile. An interrupted Fill leaves the database unusable.
func (s *Store) Fill(ctx context.Context, lives iter.Seq[Life]) error {
	f := &filling{store: s, chains: map[string]int64{}}
	if err := f.lastIDs(ctx); err != nil {
		return err
	}
	again, err := f.prepare(ctx)
	if err != nil {
		return err
	}
	var some []Life
	for life := range lives {
		if some = append(some, life); len(some) < fillLives {
			continue
		}
		if err := f.write(ctx, some); err != nil {
			return err
		}
		some = some[:0]
	}
	if err := f.write(ctx, some); err != nil {
		return err
	}
	for _, text := range again {
		if err := s.execAlone(ctx, text); err != nil {
			return err
		}
	}
	if err := s.db.Snapshot(ctx, true, func(conn *sql.Conn) error {
		return s.db.Loaded(ctx, conn, TableNames())
	}); err != nil {
		return err
	}
	return s.markFilled(ctx)
}

// prepare drops the indexes of the large tables and redirects names to unindexed tables. It returns the statements that
// restore both. With a million rows, this is faster than updating the indexes row by row.
func (f *filling) prepare(ctx context.Context) (again []string, err error) {
	err = f.store.db.Snapshot(ctx, true, func(conn *sql.Conn) error {
		for _, table := range []string{"request", "certificate"} {
			// Keep the two indexes that foreign key checks use.
			some, err := f.store.db.DropIndexes(ctx, conn, table, "request_certificate", "certificate_request")
			if err != nil {
				return err
			}
			names := table + "_name"
			if _, err := conn.ExecContext(ctx,
				"CREATE TABLE "+f.into(names)+" AS SELECT * FROM "+names+" LIMIT 0"); err != nil {
				return db.MapError(err)
			}
			again = append(append(again, some...), fmt.Sprintf("INSERT INTO %s (name, %s_id) SELECT name, %[2]s_id "+
				"FROM %s ORDER BY name, %[2]s_id", names, table, f.into(names)), "DROP TABLE "+f.into(names))
		}
		return nil
	})
	return again, err
}

func (f *filling) into(table string) string {
	if strings.HasSuffix(table, "_name") {
		return "new_" + table
	}
	return table
}

func (s *Store) execAlone(ctx context.Context, text string) error {
	return s.db.Snapshot(ctx, true, func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, text)
		return db.MapError(err)
	})
}

type filling struct {
	store                                           *Store
	request, certificate, revocation, event, issuer int64 // the last ID of each
	position                                        int64 // of the last event
	chains                                          map[string]int64

	rows   map[string][][]any // by table
	counts db.Counts
}

func (f *filling) lastIDs(ctx context.Context) error {
	for table, last := range map[string]*int64{"request": &f.request, "certificate": &f.certificate,
		"revocation": &f.revocation, "event": &f.event, "issuer_chain": &f.issuer} {
		err := f.store.reader.q.QueryRow(ctx, "SELECT COALESCE(MAX(id), 0) FROM "+table).Scan(last)
		if err != nil {
			return db.MapError(err)
		}
	}
	var err error
	if f.position, err = f.store.lastPosition(ctx); err != nil {
		return err
	}
	_, err = db.Collect(ctx, f.store.reader.q, func(row db.Row) (none struct{}, err error) {
		var id int64
		var fingerprint string
		err = row.Scan(&id, &fingerprint)
		f.chains[fingerprint] = id
		return none, err
	}, `SELECT id, fingerprint FROM issuer_chain`)
	return err
}

func (f *filling) write(ctx context.Context, lives []Life) error {
	f.rows, f.counts = map[string][][]any{}, db.Counts{}
	for i := range lives {
		f.life(&lives[i])
	}
	return f.store.db.Snapshot(ctx, true, func(conn *sql.Conn) error {
		for _, t := range Tables {
			if rows := f.rows[t.Name]; len(rows) > 0 {
				if err := f.store.db.Bulk(ctx, conn, f.into(t.Name), t.Columns, rows); err != nil {
					return err
				}
			}
		}
		return f.counts.Save(func(text string, args ...any) error {
			_, err := conn.ExecContext(ctx, text, args...)
			return db.MapError(err)
		})
	})
}

func (f *filling) add(table string, values ...any) { f.rows[table] = append(f.rows[table], values) }

func (f *filling) life(l *Life) {
	f.request++
	r := &l.Request
	r.ID = f.request
	for _, c := range l.Certificates {
		f.addCertificate(r, c)
	}
	inUse, authority, notAfter := any(nil), any(nil), int64(query.NoEnd)
	if r.Status == notary.Active {
		c := l.Certificates[len(l.Certificates)-1]
		inUse, authority, notAfter = c.ID, nullable(c.AuthorityID), db.Seconds(c.NotAfter)
	}
	terms := query.TermsOf(r.CommonName, r.Names)
	wishes, labels, _ := encodeAnnotation(r) // encoding plain values cannot fail
	f.add("request", r.ID, r.Fingerprint, string(r.Status), r.RequesterID, r.Email, r.CommonName, r.Names.String(),
		r.Key, terms.Search, inUse, authority, notAfter, db.Seconds(r.CreatedAt), db.Seconds(r.UpdatedAt), r.Rejection,
		r.Content, nil, nullable(r.OwnerGroupID), wishes, nonempty(r.Note), labels, nil)
	f.labels(r.Labels, "request", r.ID)
	f.add("request_csr", r.ID, r.CSR)
	for _, name := range terms.Names {
		f.add("request_name", name, r.ID)
	}
	f.counts[statusCounter(r.Status)]++
	for _, e := range l.Events {
		f.event++
		if e.Object.ID == 0 {
			e.Object = r.Ref()
		}
		f.add("event", append([]any{f.event}, eventRow(e, db.Seconds(e.At))...)...)
		f.position++
		f.add("event_position", f.position, f.event)
	}
}

func (f *filling) addCertificate(r *notary.Request, c *notary.Certificate) {
	f.certificate++
	c.ID, c.RequestID, c.RequesterID, c.Email = f.certificate, r.ID, r.RequesterID, r.Email
	c.OwnerGroupID, c.Labels = r.OwnerGroupID, r.Labels
	labels, _ := encodeLabels(r.Labels)
	terms := query.TermsOf(c.CommonName, c.Names)
	f.add("certificate", c.ID, r.ID, c.RequesterID, c.Email, nullable(c.AuthorityID), f.chain(c), c.CommonName,
		c.Names.String(), c.Key, terms.Search, c.KeyFingerprint, c.Serial, c.Fingerprint,
		db.Seconds(c.NotBefore), db.Seconds(c.NotAfter), c.Profile, c.ProfileVersion, c.Shard, db.Seconds(c.NotBefore),
		f.names(c), nil, nullable(r.OwnerGroupID), labels)
	f.labels(r.Labels, "certificate", c.ID)
	f.add("certificate_der", c.ID, c.DER)
	for _, name := range terms.Names {
		f.add("certificate_name", name, c.ID)
	}
	f.counts[certificatesCounter]++
	f.counts[LiveCounter(c.AuthorityID, c.NotAfter)]++
	if c.AuthorityID != 0 {
		f.counts[issuedCounter(c.AuthorityID)]++
	}
	if v := c.Revocation; v != nil {
		f.revocation++
		f.add("revocation", f.revocation, c.AuthorityID, c.ID, c.Shard, c.Serial, db.Seconds(v.At), string(v.Reason),
			listedUntil(c, v.At), nil, nil)
		f.counts[revokedCounter(c.AuthorityID, 0)]++
		f.counts[LiveCounter(c.AuthorityID, c.NotAfter)]--
		if c.Shard > 0 {
			f.counts[revokedCounter(c.AuthorityID, c.Shard)]++
		}
	}
}

func (f *filling) labels(labels notary.Labels, table string, id int64) {
	for _, term := range query.LabelTerms(labels) {
		f.add(table+"_label", term, id)
	}
}

// names returns the name_set of a certificate, or nil if it is revoked or has none. It counts the certificate as
// current; [Store.markFilled] then corrects the count.
func (f *filling) names(c *notary.Certificate) any {
	set := nameSet(c)
	if set == "" || c.Revocation != nil {
		return nil
	}
	f.counts[ExpiryCounter(c.NotAfter)]++
	return set
}

func (s *Store) markFilled(ctx context.Context) error {
	members, err := db.Collect(ctx, s.reader.q, scanMember, `SELECT `+memberColumns+` FROM certificate k
		WHERE k.replaced_by IS NULL AND k.name_set IN (SELECT name_set FROM certificate
			WHERE name_set IS NOT NULL AND replaced_by IS NULL GROUP BY name_set HAVING COUNT(*) > 1)`)
	if err != nil {
		return err
	}
	return s.Write(ctx, func(tx *Tx) error {
		for _, m := range members {
			tx.db.Count(ExpiryCounter(db.TimeOf(m.notAfter)), -1)
		}
		return tx.replaceAgain(members, func(m member) { tx.db.Count(ExpiryCounter(db.TimeOf(m.notAfter)), 1) })
	})
}

func (f *filling) chain(c *notary.Certificate) int64 {
	der := bytes.Join(c.Issuers.DER(), nil)
	sum := sha256.Sum256(der)
	fingerprint := hex.EncodeToString(sum[:])
	if _, known := f.chains[fingerprint]; !known {
		f.issuer++
		f.chains[fingerprint] = f.issuer
		f.add("issuer_chain", f.issuer, fingerprint, der)
	}
	return f.chains[fingerprint]
}
