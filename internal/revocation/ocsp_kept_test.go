package revocation

import (
	"fmt"
	"testing"
	"time"
)

// A response outdated by a revocation is not served even if it is cached later; nor is one from before the first
// count.
func TestOutdatedResponsesAreNotServed(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	answer := OCSPResponse{DER: []byte("good"), ThisUpdate: at, NextUpdate: at.Add(time.Hour)}
	key := answerKey{1, "id"}
	for name, tt := range map[string]struct {
		overtake func(*responseCache)
		given    bool
	}{
		"by nothing":                         {func(*responseCache) {}, true},
		"by a revocation":                    {func(c *responseCache) { c.revoked([]int64{2, 1}) }, false},
		"by a revocation of another":         {func(c *responseCache) { c.revoked([]int64{2}) }, true},
		"by another node's":                  {func(c *responseCache) { c.count(1, 6) }, false},
		"by another authority's":             {func(c *responseCache) { c.due(2, at); c.count(2, 9) }, true},
		"by a count that was read before it": {func(c *responseCache) { c.count(1, 4) }, true},
	} {
		for _, order := range []string{"put and overtaken", "overtaken and put"} {
			c := newAnswerCache()
			if !c.due(1, at) || c.due(1, at) {
				t.Fatal("not the first one counts, or a second one, too")
			}
			c.put(key, answer, c.now(1))
			if _, ok := c.get(key, at); ok {
				t.Errorf("%s: given before the first count", name)
			}
			c.count(1, 5)
			since := c.now(1)
			if order == "put and overtaken" {
				c.put(key, answer, since)
			}
			tt.overtake(c)
			if order == "overtaken and put" {
				c.put(key, answer, since)
			}
			if _, ok := c.get(key, at); ok != tt.given {
				t.Errorf("%s, %s: given %v, want %v", order, name, ok, tt.given)
			}
		}
	}
}

func TestRevocationsAreCountedOnceASecond(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newAnswerCache()
	for _, tt := range []struct {
		after time.Duration
		due   bool
	}{{0, true}, {999 * time.Millisecond, false}, {time.Second, true}, {1900 * time.Millisecond, false},
		{-time.Hour, true}} {
		if due := c.due(1, at.Add(tt.after)); due != tt.due {
			t.Errorf("after %v: %v, want %v", tt.after, due, tt.due)
		}
	}
}

// The cache never exceeds its limit; responses that are used stay longer.
func TestResponseCacheIsBounded(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	c := newAnswerCache()
	c.limit = 100 * (1000 + answerOverhead)
	c.due(1, at)
	c.count(1, 0)
	answer := OCSPResponse{DER: make([]byte, 995), ThisUpdate: at, NextUpdate: at.Add(time.Hour)}
	often, once := answerKey{1, "often"}, answerKey{1, "once!"}
	c.put(often, answer, c.now(1))
	c.put(once, answer, c.now(1))
	for i := range 1000 {
		c.put(answerKey{1, fmt.Sprintf("%05d", i)}, answer, c.now(1))
		if n := len(c.young) + len(c.old); n > 200 {
			t.Fatalf("%d responses are cached", n)
		}
		if _, ok := c.get(often, at); !ok {
			t.Fatalf("the frequently used response was dropped after %d others", i)
		}
	}
	if _, ok := c.get(once, at); ok {
		t.Error("the response used once is still cached")
	}
}
