//go:build !race

// The race detector finds nothing in the filling of a database, which would take minutes: make test runs this file
// without it.

package ca_test

import "testing"

// TestUpgradeOfAHundredThousand is [TestUpgradeOfAnEstate] with 100,000 requests: no step of the upgrade depends on
// how many records there are.
func TestUpgradeOfAHundredThousand(t *testing.T) { upgradeEstate(t, 100_000) }
