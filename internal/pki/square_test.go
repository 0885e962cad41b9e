package pki

import (
	"math/big"
	"testing"
)

// No square is passed over, and few other numbers are taken for one.
func TestMaybeSquare(t *testing.T) {
	t.Parallel()
	long := new(big.Int).Lsh(big.NewInt(1), 520)
	for _, start := range []*big.Int{new(big.Int), long} {
		taken := 0
		for n := range int64(10_000) {
			root := new(big.Int).Add(start, big.NewInt(n))
			square := new(big.Int).Mul(root, root)
			if !maybeSquare(square) {
				t.Fatalf("the square of %v is passed over", root)
			}
			if maybeSquare(square.Add(square, big.NewInt(2+n))) {
				taken++
			}
		}
		if taken > 100 {
			t.Errorf("from %v on, %d of 10,000 numbers are taken for squares", start, taken)
		}
	}
}
