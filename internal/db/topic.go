package db

import (
	"slices"
	"strings"
	"sync"
)

// Topic is a set of tables that nodes cache. Any statement that writes to one of the tables invalidates the topic on
// every node.
type Topic struct {
	Name   string
	Tables []string

	// Except lists the prefixes of statements that do not invalidate the topic, because they change only uncached columns.
	Except []string
}

type topics map[string]*Topic

func (s *Schema) topics() topics {
	found := topics{}
	for i := range s.Topics {
		for _, table := range s.Topics[i].Tables {
			found[table] = &s.Topics[i]
		}
	}
	return found
}

func (t topics) of(statement string) string {
	topic := t[written(statement)]
	if topic == nil || slices.ContainsFunc(topic.Except,
		func(s string) bool { return strings.HasPrefix(statement, s) }) {
		return ""
	}
	return topic.Name
}

func written(statement string) string {
	for _, verb := range [...]string{"INSERT INTO ", "UPDATE ", "DELETE FROM "} {
		if rest, ok := strings.CutPrefix(statement, verb); ok {
			if end := strings.IndexAny(rest, " \t\n("); end >= 0 {
				return rest[:end]
			}
			return rest
		}
	}
	return ""
}

// Changed invalidates a topic. It is needed only if no statement of the transaction does so: see [Topic].
func (tx *Tx) Changed(topic string) {
	tx.Count(changesCounter(topic), 1)
	if !slices.Contains(tx.changed, topic) {
		tx.changed = append(tx.changed, topic)
	}
}

func (tx *Tx) note(statement string) {
	if topic := tx.topics.of(statement); topic != "" {
		tx.Changed(topic)
	}
}

// notify makes the commit notify the other nodes of invalidated topics. A node that misses the notification detects the
// change from the topic's counter.
func (tx *Tx) notify() error {
	if tx.alone {
		return nil
	}
	for _, topic := range tx.changed {
		if err := tx.Later(`SELECT pg_notify($1, $2)`, channel, topic); err != nil {
			return err
		}
	}
	return nil
}

func changesCounter(topic string) CounterKey { return CounterKey{Name: "changes of " + topic} }

type listeners struct {
	mu  sync.RWMutex
	all []func(topic string)
}

// OnChange registers fn. Before [DB.Write] returns, it calls fn for each topic that the transaction invalidated, even
// if the transaction failed. [DB.Watch] reports changes by other nodes.
func (d *DB) OnChange(fn func(topic string)) {
	d.listeners.mu.Lock()
	defer d.listeners.mu.Unlock()
	d.listeners.all = append(d.listeners.all, fn)
}

func (l *listeners) call(changed []string) {
	if len(changed) == 0 {
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, topic := range changed {
		for _, fn := range l.all {
			fn(topic)
		}
	}
}
