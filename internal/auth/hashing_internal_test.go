package auth

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"notary"
)

// queued queues clients while the only slot is taken, and returns the order in which they are served.
func queued(t *testing.T, clients ...string) (order []string) {
	t.Helper()
	q := newHashQueue(1)
	if w := q.enter("holder", false); w != nil {
		t.Fatal("a free slot is not granted")
	}
	waiting := map[string]*waiter{}
	for i, client := range clients {
		network, known := client, false
		if len(client) > 1 {
			network, known = client[:1], client[1] == '!'
		}
		waiting[fmt.Sprint(client, " ", i)] = q.enter(network, known)
	}
	for range clients {
		q.release()
		for name, w := range waiting {
			select {
			case ok := <-w.answer:
				if ok {
					order = append(order, name[:1])
				}
				delete(waiting, name)
			default:
			}
		}
	}
	if len(waiting) > 0 {
		t.Errorf("%d are still waiting", len(waiting))
	}
	q.release()
	if q.free != 1 || q.known.n != 0 || q.unknown.n != 0 || len(q.unknown.order) != 0 || len(q.unknown.waiting) != 0 {
		t.Errorf("the queue is left as %+v", q)
	}
	return order
}

func TestHashQueueIsFairByNetwork(t *testing.T) {
	t.Parallel()
	got := queued(t, "a", "a", "a", "a", "b", "c", "b")
	if want := []string{"a", "b", "c", "a", "b", "a", "a"}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
}

// Known clients go first, but never starve others.
func TestHashQueuePrefersKnownClients(t *testing.T) {
	t.Parallel()
	got := queued(t, "a", "b", "k!", "k!", "l!", "k!", "k!", "k!")
	if want := []string{"k", "l", "k", "k", "a", "k", "k", "b"}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
}

// When the queue is full, the network with the most waiters makes room for others.
func TestHashQueueIsBounded(t *testing.T) {
	t.Parallel()
	q := newHashQueue(1)
	q.enter("holder", false)
	refused := func(w *waiter) bool {
		select {
		case ok := <-w.answer:
			return !ok
		default:
			return false
		}
	}
	var last *waiter
	for _, network := range []string{"a", "b", "c", "d"} {
		for range maxWaitingNetwork {
			if last = q.enter(network, false); refused(last) {
				t.Fatalf("%s is refused with %d waiting", network, q.unknown.n)
			}
		}
	}
	if w := q.enter("a", false); !refused(w) {
		t.Error("one network may have more waiting than its share")
	}
	if w := q.enter("owner", false); refused(w) {
		t.Error("a full queue refuses a network without waiters")
	}
	if q.unknown.n != maxWaiting {
		t.Errorf("%d wait, want %d", q.unknown.n, maxWaiting)
	}
	if w := q.enter("owner", true); refused(w) || q.known.n != 1 {
		t.Error("a known client is refused because of unknown ones")
	}
}

// A canceled waiter leaves the queue; a slot granted concurrently is passed on.
func TestHashQueueHonoursTheContext(t *testing.T) {
	t.Parallel()
	q := newHashQueue(1)
	release, err := q.acquire(t.Context(), "a", false)
	if err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 {
		if _, err := q.acquire(ended, "b", false); notary.KindOf(err) != notary.Unavailable {
			t.Fatalf("got %v", err)
		}
	}
	if q.unknown.n != 0 {
		t.Errorf("%d are still waiting", q.unknown.n)
	}
	release()
	if release, err = q.acquire(t.Context(), "b", false); err != nil {
		t.Fatal(err)
	}
	release()
}
