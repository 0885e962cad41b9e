//go:build !race

// make test runs this file without the race detector, which would take minutes and find nothing.

package ca_test

import "testing"

// No step of the upgrade depends on how many records there are.
func TestUpgradeOfAHundredThousand(t *testing.T) { upgradeEstate(t, 100_000) }
