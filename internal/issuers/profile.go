package issuers

import (
	"context"
	"errors"
	"sync"

	"notary"
	"notary/internal/issuance"
	"notary/internal/store"
)

// profileCache caches profiles by name. A change to any profile empties it.
type profileCache struct {
	store *store.Store

	mu         sync.Mutex
	generation int // number of changes
	byName     map[string]*notary.Profile
}

func newProfileCache(st *store.Store) *profileCache {
	return &profileCache{store: st, byName: map[string]*notary.Profile{}}
}

// get returns the profile with the given name, or nil if there is none. Callers must not modify it.
func (c *profileCache) get(ctx context.Context, name string) (*notary.Profile, error) {
	c.mu.Lock()
	p, generation := c.byName[name], c.generation
	c.mu.Unlock()
	if p != nil {
		return p, nil
	}
	p, err := c.store.ProfileByName(ctx, name)
	if err != nil || p == nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.generation == generation { // otherwise it may predate the change
		c.byName[name] = p
	}
	return p, nil
}

func (c *profileCache) changed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation++
	clear(c.byName)
}

// Profile returns a profile by name; "" means the default.
func (s *Issuers) Profile(ctx context.Context, name string) (*notary.Profile, error) {
	if name == "" {
		name = notary.DefaultProfile
	}
	p, err := s.profiles.get(ctx, name)
	if err == nil && p == nil {
		return nil, notary.FieldErrorf("profile", "%.40q is not a profile: use server, client, server-client or "+
			"another listed profile", name)
	}
	return p, err
}

// RetryStale runs do. If do fails because it used an outdated profile, RetryStale drops the cached profiles and runs it
// once more.
func (s *Issuers) RetryStale(do func() error) error {
	err := do()
	if errors.Is(err, store.ErrOldProfile) {
		s.ForgetProfiles()
		err = do()
	}
	return err
}

func (s *Issuers) seedProfiles(ctx context.Context) error {
	there, err := s.store.Profiles(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range there {
		known[p.Name] = true
	}
	var missing []*notary.Profile
	for _, p := range issuance.Builtins() {
		if !known[p.Name] {
			missing = append(missing, p)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		for _, p := range missing {
			if err := tx.SeedProfile(p); err != nil {
				return err
			}
		}
		return nil
	})
}
