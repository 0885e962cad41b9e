package server

import (
	"container/heap"
	"container/list"
	"maps"
	"net"
	"sync"
	"time"
)

// connections tracks the open connections of a listener. At a limit it closes connections that are waiting for their
// client, those without a session or token first, but never one with a request in progress.
type connections struct {
	limits  ConnectionLimits
	now     func() time.Time
	metrics *Metrics
	proxies *TrustedProxies

	proxyProtocol bool // a connection from a trusted proxy belongs to a single client

	mu       sync.Mutex
	open     map[*conn]struct{}
	unknown  int // number of open connections without a session or token
	sources  map[string]*source
	waiting  sourceHeap           // sources with waiting unknown connections
	familiar map[string]time.Time // networks and when they last had a valid session or token
}

const (
	newFor = 2 * time.Second // how long a connection counts as new

	// How long a network counts as familiar after a request with a valid session or token, and the maximum number
	// of such networks.
	familiarFor  = time.Hour
	maxFamiliar  = 4096
	familiarStep = time.Minute // minimum interval between updates of the time
)

// Reasons for closing or refusing a connection.
const (
	closedIdle    = "idle"
	closedForRoom = "limit"
	refusedNoRoom = "refused"
)

type source struct {
	network  string
	familiar bool // had a valid session or token in the last hour; its connections are closed last
	open     int
	waiting  list.List // unknown connections waiting for their client, the longest waiting first
	index    int       // in the heap; -1 if absent
}

type conn struct {
	net.Conn
	of      *connections
	source  *source // nil for a trusted proxy, which serves many clients
	proxied bool    // source is the proxy's until the first request (PROXY protocol)
	known   bool    // its last request had a valid session or token
	busy    int     // requests in progress
	since   time.Time
	place   *list.Element // in source.waiting; nil if known or busy
}

func newConnections(c Config) *connections {
	return &connections{limits: c.Connections, now: time.Now, metrics: c.Metrics,
		proxies: c.Proxies, proxyProtocol: c.ProxyProtocol,
		open: map[*conn]struct{}{}, sources: map[string]*source{}, familiar: map[string]time.Time{}}
}

// admit counts a new connection and closes others if necessary. It returns nil if there is no room.
func (t *connections) admit(c net.Conn) *conn {
	network, trusted := t.limitAddress(c)
	t.mu.Lock()
	defer t.mu.Unlock()
	admitted := &conn{Conn: c, of: t, since: t.now()}
	if trusted && !t.proxyProtocol {
		admitted.known = true
	} else {
		admitted.source, admitted.proxied = t.source(network), trusted
	}
	if !t.hasRoom(admitted) {
		t.metrics.closed.WithLabelValues(refusedNoRoom).Inc()
		return nil
	}
	t.metrics.open.Inc()
	t.open[admitted] = struct{}{}
	if admitted.source != nil {
		t.unknown++
		t.enter(admitted)
		t.wait(admitted)
	}
	return admitted
}

func (t *connections) enter(c *conn) {
	c.source.open++
	t.sources[c.source.network] = c.source
}

func (t *connections) leave(c *conn) {
	if c.source.open--; c.source.open == 0 {
		delete(t.sources, c.source.network)
	}
}

// identify assigns c, which came through a proxy, to the network of its client. It may close another connection.
func (t *connections) identify(c *conn, network string) {
	t.stopWaiting(c)
	t.leave(c)
	c.source, c.proxied = t.source(network), false
	if c.source.open >= t.limits.PerAddress {
		t.evict(t.oldestOf(c.source))
	}
	t.enter(c)
}

// hasRoom reports whether a new connection is within the limits. It closes others to make room.
func (t *connections) hasRoom(c *conn) bool {
	if c.source != nil {
		if !c.proxied && c.source.open >= t.limits.PerAddress && !t.evict(t.oldestOf(c.source)) {
			return false
		}
		if t.unknown >= t.limits.Unknown && !t.evict(t.oldestUnknown()) {
			return false
		}
	}
	return len(t.open) < t.limits.Total || t.evict(t.oldestUnknown()) || t.evict(t.oldestKnown(nil))
}

func (t *connections) source(network string) *source {
	if s := t.sources[network]; s != nil {
		return s
	}
	seen, familiar := t.familiar[network]
	return &source{network: network, familiar: familiar && t.now().Sub(seen) < familiarFor, index: -1}
}

// remember records that a network has a valid session or token, so that a flood from elsewhere does not close its new
// connections.
func (t *connections) remember(s *source) {
	now := t.now()
	if now.Sub(t.familiar[s.network]) < familiarStep {
		return
	}
	if len(t.familiar) >= maxFamiliar {
		maps.DeleteFunc(t.familiar, func(_ string, seen time.Time) bool { return now.Sub(seen) >= familiarFor })
	}
	if _, listed := t.familiar[s.network]; !listed && len(t.familiar) >= maxFamiliar {
		return
	}
	t.familiar[s.network] = now
	if !s.familiar {
		s.familiar = true
		t.reorder(s)
	}
}

// oldestUnknown returns the unknown connection to close first, or nil if none is waiting for its client. It is the one
// that has waited longest. If all are new, as in a flood, it belongs to the source with the most waiting connections.
// Connections of familiar networks come last.
func (t *connections) oldestUnknown() (oldest *conn) {
	for _, s := range t.waiting {
		if first := s.waiting.Front().Value.(*conn); oldest == nil || first.closedBefore(oldest) {
			oldest = first
		}
	}
	if oldest == nil || t.now().Sub(oldest.since) >= newFor {
		return oldest
	}
	return t.waiting[0].waiting.Front().Value.(*conn)
}

func (c *conn) closedBefore(other *conn) bool {
	if c.source.familiar != other.source.familiar {
		return other.source.familiar
	}
	return c.since.Before(other.since)
}

func (t *connections) oldestOf(s *source) *conn {
	if first := s.waiting.Front(); first != nil {
		return first.Value.(*conn)
	}
	return t.oldestKnown(s)
}

// oldestKnown returns the longest idle connection with a session or token, of s or, if s is nil, of all sources.
func (t *connections) oldestKnown(s *source) (oldest *conn) {
	for c := range t.open {
		if c.source == nil || s != nil && c.source != s || !c.known || c.busy > 0 {
			continue
		}
		if oldest == nil || c.since.Before(oldest.since) {
			oldest = c
		}
	}
	return oldest
}

// evict closes c to make room. It returns false if c is nil.
func (t *connections) evict(c *conn) bool {
	if c == nil {
		return false
	}
	t.drop(c, closedForRoom)
	return true
}

func (t *connections) drop(c *conn, reason string) {
	t.remove(c)
	t.metrics.closed.WithLabelValues(reason).Inc()
	_ = c.Conn.Close() // net/http sees the connection end and cleans up
}

func (t *connections) makeRoom() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.evict(t.oldestUnknown())
}

// closeIdle closes unknown connections that have waited too long for their client: in the handshake, a header, a body
// or between requests.
func (t *connections) closeIdle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	limit := t.now().Add(-unknownWait)
	for c := range t.open {
		if c.place != nil && c.since.Before(limit) {
			t.drop(c, closedIdle)
		}
	}
}

// remove stops counting c. It may be called twice.
func (t *connections) remove(c *conn) {
	if _, open := t.open[c]; !open {
		return
	}
	t.stopWaiting(c)
	delete(t.open, c)
	t.metrics.open.Dec()
	if c.source == nil {
		return
	}
	if !c.known {
		t.unknown--
	}
	t.leave(c)
}

func (t *connections) wait(c *conn) {
	t.stopWaiting(c)
	c.since = t.now()
	if _, open := t.open[c]; !open || c.known || c.busy > 0 {
		return
	}
	c.place = c.source.waiting.PushBack(c)
	t.reorder(c.source)
}

func (t *connections) stopWaiting(c *conn) {
	if c.place == nil {
		return
	}
	c.source.waiting.Remove(c.place)
	c.place = nil
	t.reorder(c.source)
}

func (t *connections) reorder(s *source) {
	switch waits := s.waiting.Len() > 0; {
	case waits && s.index < 0:
		heap.Push(&t.waiting, s)
	case waits:
		heap.Fix(&t.waiting, s.index)
	case s.index >= 0:
		heap.Remove(&t.waiting, s.index)
	}
}

func (c *conn) received(network string, known bool) {
	if c == nil {
		return
	}
	t := c.of
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, open := t.open[c]; !open || c.source == nil {
		return
	}
	if c.proxied {
		t.identify(c, network)
	}
	if known && !c.known {
		t.unknown--
	} else if !known && c.known {
		t.unknown++
	}
	c.known = known
	if known {
		t.remember(c.source)
	}
	t.wait(c)
}

func (c *conn) begin() {
	if c == nil {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.busy++
	c.of.stopWaiting(c)
}

func (c *conn) end() {
	if c == nil {
		return
	}
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.busy--
	c.of.wait(c)
}

// Close closes the connection and stops counting it.
func (c *conn) Close() error {
	c.of.mu.Lock()
	c.of.remove(c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite closes the sending side, so that net/http can finish a response before it closes a plain connection.
func (c *conn) CloseWrite() error {
	if below, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return below.CloseWrite()
	}
	return nil
}

// sourceHeap is a [heap.Interface] ordered by number of waiting connections, most first, with familiar sources last.
type sourceHeap []*source

func (h sourceHeap) Len() int { return len(h) }
func (h sourceHeap) Less(i, j int) bool {
	if h[i].familiar != h[j].familiar {
		return h[j].familiar
	}
	return h[i].waiting.Len() > h[j].waiting.Len()
}
func (h sourceHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *sourceHeap) Push(s any) {
	s.(*source).index = len(*h)
	*h = append(*h, s.(*source))
}

func (h *sourceHeap) Pop() any {
	last := (*h)[len(*h)-1]
	last.index = -1
	*h = (*h)[:len(*h)-1]
	return last
}
