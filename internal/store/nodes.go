package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// Authorities is the topic of [Tx.Changed] for what nodes keep in memory of authorities.
const Authorities = "authorities"

// Profiles is the topic for what nodes keep in memory of profiles.
const Profiles = "profiles"

// topics are all that nodes tell each other of.
var topics = []string{Authorities, Profiles}

const (
	// channel is where nodes tell each other of changes.
	channel = "notary"
	// heartbeat is how often a node checks that the connection which listens still works.
	heartbeat = 30 * time.Second
)

// pollEvery is how often a node looks for changes that it was not told of. A variable, so that a
// test can make it long.
var pollEvery = 5 * time.Second

// Shared says whether other nodes may have the database open, too.
func (s *Store) Shared() bool {
	_, alone := s.engine.(*sqliteEngine)
	return !alone
}

// Watch calls fn whenever another node may have changed a topic, until ctx ends: soon after
// it was told so, within seconds where the message was lost, and for every topic after the
// connection was.
func (s *Store) Watch(ctx context.Context, fn func(topic string)) { s.engine.watch(ctx, fn) }

// Changed tells the other nodes of a change that they must not overlook, at the commit.
func (tx *Tx) Changed(topic string) error {
	tx.counts[changesCounter(topic)]++
	if tx.alone {
		return nil
	}
	return tx.later(`SELECT pg_notify($1, $2)`, channel, topic)
}

func changesCounter(topic string) string { return "changes of " + topic }

func (e *postgresEngine) watch(ctx context.Context, fn func(string)) {
	go e.poll(ctx, fn)
	for ctx.Err() == nil {
		_ = e.listen(ctx, fn) // it ends with the connection
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// listen passes on the notifications of all nodes, on a connection of its own.
func (e *postgresEngine) listen(ctx context.Context, fn func(string)) error {
	conn, err := e.connection(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		conn := driver.(*stdlib.Conn).Conn()
		defer e.disconnect(conn) // nobody else should get a connection that listens
		if err := e.ask(ctx, conn, "LISTEN "+channel); err != nil {
			return err
		}
		for _, topic := range topics { // whatever was missed
			fn(topic)
		}
		for {
			topic, err := awaitNotification(ctx, conn, heartbeat)
			switch {
			case err == nil:
				fn(topic)
			case ctx.Err() != nil || !timedOut(err):
				return err
			default: // silence: is the server still there?
				if err := e.ask(ctx, conn, "SELECT 1"); err != nil {
					return err
				}
			}
		}
	})
}

// awaitNotification returns the topic of the next notification. The connection survives when
// none comes in time.
func awaitNotification(ctx context.Context, conn *pgx.Conn, limit time.Duration) (topic string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	notification, err := conn.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	return notification.Payload, nil
}

// ask runs a statement that takes no longer than a query may.
func (e *postgresEngine) ask(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, e.limits.read)
	defer cancel()
	_, err := conn.Exec(ctx, statement)
	return err
}

func (e *postgresEngine) disconnect(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = conn.Close(ctx)
}

// poll looks for changes by their counters.
func (e *postgresEngine) poll(ctx context.Context, fn func(string)) {
	known := map[string]int64{}
	clock := time.NewTicker(pollEvery)
	defer clock.Stop()
	for {
		for _, topic := range topics {
			n, err := (reader{q: e.reads()}).counter(ctx, changesCounter(topic))
			if err == nil && n != known[topic] {
				known[topic] = n
				fn(topic)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-clock.C:
		}
	}
}

// Lease says whether the holder has the lease with that name, which it then has for the
// term. While it asks again in time nobody else gets it; when it does not, another one does
// after the term. The nodes' clocks decide: they must not be apart by much of the term.
// Where no other node can be, the lease is always had.
func (s *Store) Lease(ctx context.Context, name, holder string, term time.Duration) (had bool, err error) {
	if !s.Shared() {
		return true, nil
	}
	err = s.Write(ctx, func(tx *Tx) error {
		until := seconds(tx.now.Add(term))
		n, err := tx.exec(`UPDATE lease SET holder = $1, expires_at = $2
			WHERE name = $3 AND (holder = $1 OR expires_at <= $4)`, holder, until, name, seconds(tx.now))
		if err == nil && n == 0 {
			n, err = tx.exec(`INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO NOTHING`, name, holder, until)
		}
		had = n == 1
		return err
	})
	return had && err == nil, err
}

// Agree gives the value under that name that all nodes share: this one where there was none
// yet.
func (s *Store) Agree(ctx context.Context, name, value string) (agreed string, err error) {
	err = s.Write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
		if err != nil {
			return err
		}
		return mapped(tx.q.queryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&agreed))
	})
	return agreed, err
}

// Agreed is the value that all nodes share under that name; "" where there is none.
func (r reader) Agreed(ctx context.Context, name string) (value string, err error) {
	err = r.q.queryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, mapped(err)
}

// NodeID is a name for this process among the nodes on a database.
func NodeID() string { return strings.ToLower(rand.Text()[:12]) }
