package app

import (
	"context"
	"fmt"
	"os"

	"notary/internal/config"
	"notary/internal/pki"
)

// ReadBlockedKeys reads a blocklist of keys from the named file. It returns an empty list if name is "".
func ReadBlockedKeys(name string) (*pki.Blocklist, error) {
	if name == "" {
		return &pki.Blocklist{}, nil
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	list, err := pki.ReadBlocklist(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return list, nil
}

// blockKeys loads the blocklist of keys now and at each reload. An unreadable list makes startup or the reload fail.
func (a *App) blockKeys() error {
	list, err := ReadBlockedKeys(a.config.BlockedKeys)
	if err != nil {
		return fmt.Errorf("%s: %w", config.KeyBlockedKeys, err)
	}
	a.authorities.BlockKeys(list)
	a.blockedKeys = make(chan struct{}, 1)
	a.blockedKeys <- struct{}{}
	a.live.BeforeReload(func(c *config.Config) (func(), error) {
		list, err := ReadBlockedKeys(c.BlockedKeys)
		return func() {
			a.authorities.BlockKeys(list)
			a.log.Info("blocked keys loaded", "keys", list.Len())
			select {
			case a.blockedKeys <- struct{}{}:
			default: // a search is already due
			}
		}, err
	})
	return nil
}

func (a *App) reportBlockedKeys(ctx context.Context) {
	for {
		select {
		case <-a.blockedKeys:
		case <-ctx.Done():
			return
		}
		if err := a.authorities.FindBlockedKeys(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("looking for certificates with blocked keys failed", "err", err)
		}
	}
}
