package app

import (
	"fmt"
	"os"

	"notary/internal/config"
	"notary/internal/pki"
)

// ReadBlockedKeys reads a list of blocked keys. Without a file it is empty.
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

// blockKeys loads the list of blocked keys now and at each reload. A list that cannot be read fails
// the start; at a reload the former one stays in force.
func (a *App) blockKeys() error {
	list, err := ReadBlockedKeys(a.config.BlockedKeys)
	if err != nil {
		return fmt.Errorf("%s: %w", config.KeyBlockedKeys, err)
	}
	a.authorities.BlockKeys(list)
	a.live.BeforeReload(func(c *config.Config) (func(), error) {
		list, err := ReadBlockedKeys(c.BlockedKeys)
		return func() {
			a.authorities.BlockKeys(list)
			a.log.Info("blocked keys loaded", "keys", list.Len())
		}, err
	})
	return nil
}
