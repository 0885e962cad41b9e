package db

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	// channel is the notification channel on which nodes announce changes.
	channel = "notary"
	// heartbeat is the interval at which a node checks an idle listening connection.
	heartbeat = 30 * time.Second
)

// Watch calls fn whenever another node may have changed one of the schema's topics, until ctx is done. If a
// notification is lost, the call is delayed by at most [PollInterval]. After a reconnect, Watch calls fn for every
// topic.
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

// listen calls fn for each notification, on a dedicated connection, until the connection ends.
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
		for _, topic := range topics { // changes may have been missed while disconnected
			fn(topic)
		}
		for {
			topic, err := awaitNotification(ctx, conn, heartbeat)
			switch {
			case err == nil:
				fn(topic)
			case ctx.Err() != nil || !timedOut(err):
				return err
			default: // no notification for a while: check the connection
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

// poll calls fn for each topic whose counter has changed since the last poll, until ctx is done.
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
