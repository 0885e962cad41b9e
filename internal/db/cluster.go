package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// channel is the notification channel on which nodes announce changes.
	channel = "notary"
	// heartbeat is how often a node checks its listening connection.
	heartbeat = 30 * time.Second
)

// Shared reports whether other nodes may have the database open too.
func (d *DB) Shared() bool {
	_, alone := d.engine.(*sqliteEngine)
	return !alone
}

// Watch calls fn until ctx ends whenever another node may have changed one of the schema's topics: soon after its
// notification, within seconds if that was lost, and for every topic after a reconnect.
func (d *DB) Watch(ctx context.Context, fn func(topic string)) { d.engine.watch(ctx, d.topics, fn) }

func (e *postgresEngine) watch(ctx context.Context, topics []string, fn func(string)) {
	go e.poll(ctx, topics, fn)
	for ctx.Err() == nil {
		_ = e.listen(ctx, topics, fn) // returns when the connection ends
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// listen passes on the notifications of all nodes, on a dedicated connection.
func (e *postgresEngine) listen(ctx context.Context, topics []string, fn func(string)) error {
	conn, err := e.connection(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Raw(func(driver any) error {
		conn := driver.(*stdlib.Conn).Conn()
		defer e.disconnect(conn) // keep it out of the pool
		if err := e.ask(ctx, conn, "LISTEN "+channel); err != nil {
			return err
		}
		for _, topic := range topics { // changes missed while disconnected
			fn(topic)
		}
		for {
			topic, err := awaitNotification(ctx, conn, heartbeat)
			switch {
			case err == nil:
				fn(topic)
			case ctx.Err() != nil || !timedOut(err):
				return err
			default: // silence: check the server
				if err := e.ask(ctx, conn, "SELECT 1"); err != nil {
					return err
				}
			}
		}
	})
}

// awaitNotification returns the topic of the next notification. The connection survives a timeout.
func awaitNotification(ctx context.Context, conn *pgx.Conn, limit time.Duration) (topic string, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	notification, err := conn.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	return notification.Payload, nil
}

// ask runs a statement within the time limit of a query.
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

// poll detects changes by their counters.
func (e *postgresEngine) poll(ctx context.Context, topics []string, fn func(string)) {
	known := map[string]int64{}
	clock := time.NewTicker(e.limits.poll)
	defer clock.Stop()
	for {
		for _, topic := range topics {
			n, err := Counter(ctx, e.reads(), changesCounter(topic))
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

// Lease acquires or renews the named lease for the term and reports whether the holder has it. No other holder gets a
// lease that is renewed in time; after the term anyone may. The nodes' clocks decide: they must differ by much less
// than the term. Without other nodes the holder always has the lease.
func (d *DB) Lease(ctx context.Context, name, holder string, term time.Duration) (held bool, err error) {
	if !d.Shared() {
		return true, nil
	}
	err = d.Write(ctx, func(tx *Tx) error {
		until := Seconds(tx.now.Add(term))
		n, err := tx.Exec(`UPDATE lease SET holder = $1, expires_at = $2
			WHERE name = $3 AND (holder = $1 OR expires_at <= $4)`, holder, until, name, Seconds(tx.now))
		if err == nil && n == 0 {
			n, err = tx.Exec(`INSERT INTO lease (name, holder, expires_at) VALUES ($1, $2, $3)
				ON CONFLICT (name) DO NOTHING`, name, holder, until)
		}
		held = n == 1
		return err
	})
	return held && err == nil, err
}

// Agree proposes the value of that name and returns the one on which all nodes agree: the first proposal.
func (d *DB) Agree(ctx context.Context, name, value string) (agreed string, err error) {
	err = d.Write(ctx, func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO agreement (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
		if err != nil {
			return err
		}
		return MapError(tx.QueryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&agreed))
	})
	return agreed, err
}

// Agreed returns the agreed value of that name, or "".
func Agreed(ctx context.Context, q Querier, name string) (value string, err error) {
	err = q.QueryRow(ctx, `SELECT value FROM agreement WHERE name = $1`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, MapError(err)
}

// Writers returns the transactions in progress that may have added rows to a table. Rows added by any other transaction
// are committed or never will be. It returns none on SQLite, where ids follow the order of commits.
func (d *DB) Writers(ctx context.Context, table string) ([]string, error) {
	return d.engine.writersOf(ctx, table)
}

func (e *postgresEngine) writersOf(ctx context.Context, table string) ([]string, error) {
	return Collect(ctx, e.reads(), Scan[string], `SELECT virtualtransaction FROM pg_locks
		WHERE locktype = 'relation' AND relation = to_regclass($1) AND mode = 'RowExclusiveLock' AND granted
			AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`, table)
}
