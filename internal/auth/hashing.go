package auth

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"notary"
)

// Limits on the waiting requests in a lane: per network, and in total.
const (
	maxWaitingNetwork = 128
	maxWaiting        = 512
)

// knownTurns is the number of known clients served before an unknown one while both wait.
const knownTurns = 4

// sharedHashing limits concurrent password hashing. Each hash takes 19 MiB and one processor.
var sharedHashing = newHashQueue(runtime.GOMAXPROCS(0))

// hashQueue grants slots for hashing. Known clients have priority. Networks take turns within a lane, so that many
// logins from one network mainly delay that network.
type hashQueue struct {
	mu      sync.Mutex
	free    int
	known   lane
	unknown lane
	turns   int // granted to known clients while unknown ones waited
	granted int
}

func newHashQueue(slots int) *hashQueue {
	return &hashQueue{free: slots, known: newLane(), unknown: newLane()}
}

func (q *hashQueue) acquire(ctx context.Context, network string, known bool) (release func(), err error) {
	w := q.enter(network, known)
	if w == nil {
		return q.release, nil
	}
	select {
	case ok := <-w.answer:
		if !ok {
			return nil, &notary.Error{Kind: notary.RateLimited, RetryAfter: time.Second,
				Message: "too many logins are waiting: try again in a moment"}
		}
		return q.release, nil
	case <-ctx.Done():
		if !q.leave(w) && <-w.answer { // the slot was granted concurrently
			q.release()
		}
		return nil, &notary.Error{Kind: notary.Unavailable, Message: "the request was canceled", Err: ctx.Err()}
	}
}

// enter takes a free slot and returns nil, or returns a waiter, which may already be refused.
func (q *hashQueue) enter(network string, known bool) *waiter {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.free > 0 {
		q.free--
		q.granted++
		return nil
	}
	w := &waiter{network: network, lane: &q.unknown, answer: make(chan bool, 1)}
	if known {
		w.lane = &q.known
	}
	if refused := w.lane.add(w); refused != nil {
		refused.answer <- false
	}
	return w
}

// leave removes a waiter that gives up. It returns false if w already has its answer.
func (q *hashQueue) leave(w *waiter) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return w.lane.remove(w)
}

func (q *hashQueue) release() {
	q.mu.Lock()
	defer q.mu.Unlock()
	next := q.next()
	if next == nil {
		q.free++
		return
	}
	q.granted++
	next.answer <- true
}

func (q *hashQueue) next() *waiter {
	if q.unknown.n > 0 && (q.known.n == 0 || q.turns >= knownTurns) {
		q.turns = 0
		return q.unknown.next()
	}
	if q.unknown.n > 0 {
		q.turns++
	}
	return q.known.next()
}

type waiter struct {
	network string
	lane    *lane
	answer  chan bool // true if granted, false if refused
}

type lane struct {
	waiting map[string][]*waiter // by network; no slice is empty
	order   []string             // networks, next one first
	n       int
}

func newLane() lane { return lane{waiting: map[string][]*waiter{}} }

// add appends w and returns the waiter to refuse, if any: w itself, or the last waiter of the network with the most
// waiters.
func (l *lane) add(w *waiter) (refused *waiter) {
	own := len(l.waiting[w.network])
	if own >= maxWaitingNetwork {
		return w
	}
	if l.n >= maxWaiting {
		longest := w.network
		for network, waiting := range l.waiting {
			if len(waiting) > len(l.waiting[longest]) {
				longest = network
			}
		}
		most := l.waiting[longest]
		if len(most) <= own+1 {
			return w
		}
		refused = most[len(most)-1]
		l.remove(refused)
	}
	if own == 0 {
		l.order = append(l.order, w.network)
	}
	l.waiting[w.network] = append(l.waiting[w.network], w)
	l.n++
	return refused
}

func (l *lane) next() *waiter {
	if l.n == 0 {
		return nil
	}
	w := l.waiting[l.order[0]][0]
	l.remove(w)
	if i := slices.Index(l.order, w.network); i >= 0 { // requeue the network if it has more waiters
		l.order = append(slices.Delete(l.order, i, i+1), w.network)
	}
	return w
}

func (l *lane) remove(w *waiter) bool {
	waiting := l.waiting[w.network]
	i := slices.Index(waiting, w)
	if i < 0 {
		return false
	}
	l.n--
	if waiting = slices.Delete(waiting, i, i+1); len(waiting) > 0 {
		l.waiting[w.network] = waiting
		return true
	}
	delete(l.waiting, w.network)
	l.order = slices.DeleteFunc(l.order, func(network string) bool { return network == w.network })
	return true
}
