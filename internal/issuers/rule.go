package issuers

import (
	"context"
	"sync"

	"notary/internal/policy"
	"notary/internal/store"
)

// ruleCache caches the compiled active rules. A change to the active rules invalidates the cached set.
type ruleCache struct {
	store   *store.Store
	loading sync.Mutex // held while compiling, so that concurrent calls compile only once

	mu         sync.Mutex
	generation int // number of changes
	set        *policy.RuleSet
	compiled   map[string]*policy.Expression // expressions of the last set, most of which the next set reuses
}

// get returns the active rules. Callers must not change them.
func (c *ruleCache) get(ctx context.Context) (*policy.RuleSet, error) {
	if set, _, _ := c.cached(); set != nil {
		return set, nil
	}
	c.loading.Lock()
	defer c.loading.Unlock()
	set, generation, compiled := c.cached()
	if set != nil {
		return set, nil
	}
	// Read the version first. If the rules change in between, [store.Tx.RequireRules] rejects the outdated version.
	version, err := c.store.RuleSetVersion(ctx)
	if err != nil {
		return nil, err
	}
	rules, err := c.store.ActiveRules(ctx)
	if err != nil {
		return nil, err
	}
	kept := map[string]*policy.Expression{}
	set = policy.NewRuleSet(version, rules, func(text string) (*policy.Expression, error) {
		if e := compiled[text]; e != nil {
			kept[text] = e
			return e, nil
		}
		e, err := policy.Compile(text)
		if err == nil {
			kept[text] = e
		}
		return e, err
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation { // otherwise it may have been read before the change
		c.set, c.compiled = set, kept
	}
	return set, nil
}

func (c *ruleCache) cached() (set *policy.RuleSet, generation int, compiled map[string]*policy.Expression) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.set, c.generation, c.compiled
}

func (c *ruleCache) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	c.set = nil
}

// Rules returns the active rules.
func (s *Issuers) Rules(ctx context.Context) (*policy.RuleSet, error) { return s.rules.get(ctx) }

// ForgetRules drops the cached rules. Callers use it if the rules turn out to be outdated.
func (s *Issuers) ForgetRules() { s.rules.changed() }
