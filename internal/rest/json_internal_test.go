package rest

import (
	"strings"
	"testing"
)

// A body is refused as soon as it exceeds the limit: what follows costs nothing.
func TestStructureIsCheckedUpToTheLimit(t *testing.T) {
	count := func(depth int) float64 {
		data := []byte(strings.Repeat(`{"":`, depth))
		return testing.AllocsPerRun(3, func() { _ = checkStructure(data) })
	}
	if least, most := count(maxContainers), count(20*maxContainers); most > least+50 {
		t.Errorf("%v allocations at the limit, %v far above", least, most)
	}
}
