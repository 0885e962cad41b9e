package pki

import (
	"math/big"
	"math/bits"
	"sync"
)

// fermatRounds is the number of candidates that [hasCloseFactors] tries, a multiple of 64. They suffice for primes of k
// bits that differ by less than about 2^(k/2+11). No sound generator produces such primes.
const fermatRounds = 1 << 20

// hasCloseFactors reports whether Fermat's method finds factors n = a² - b² = (a-b)(a+b), trying values of a from the
// square root of n upwards. A sieve eliminates almost all of them, so that few square roots are computed.
func hasCloseFactors(n *big.Int) bool {
	a := new(big.Int).Sqrt(n)
	if isSquareOf(a, n) {
		return true
	}
	a.Add(a, big.NewInt(1))
	sieve := newFermatSieve(a, n)
	for first := 0; first < fermatRounds; first += 64 {
		for left := sieve.candidates(first); left != 0; left &= left - 1 {
			if leavesSquare(a, first+bits.TrailingZeros64(left), n) {
				return true
			}
		}
	}
	return false
}

func leavesSquare(a *big.Int, i int, n *big.Int) bool {
	rest := new(big.Int).Add(a, big.NewInt(int64(i)))
	rest.Mul(rest, rest).Sub(rest, n)
	return isSquareOf(new(big.Int).Sqrt(rest), rest)
}

func isSquareOf(root, n *big.Int) bool { return new(big.Int).Mul(root, root).Cmp(n) == 0 }

// fermatSieve eliminates candidates a+i for which (a+i)² - n is not a square modulo 64 or a small prime.
type fermatSieve struct {
	mod64   uint64         // bit i is set if a+i remains modulo 64
	filters []moduloFilter // one for each prime
}

// moduloFilter holds, at index r, the remaining candidates from a+r to a+r+63 as bits.
type moduloFilter []uint64

// sievePrimes are the primes of the sieve, which leave fewer than one candidate in a million.
var sievePrimes = primesBelow(74)[1:]

func newFermatSieve(a, n *big.Int) fermatSieve {
	sieve := fermatSieve{mod64: newModuloFilter(mod(a, 64), mod(n, 64), 64)[0]}
	for _, p := range sievePrimes {
		sieve.filters = append(sieve.filters, newModuloFilter(mod(a, p), mod(n, p), p))
	}
	return sieve
}

func newModuloFilter(a, n, modulus int) moduloFilter {
	squares := squaresModulo()[modulus]
	left := func(i int) uint64 {
		x := a + i
		rest := (x*x%modulus - n + modulus) % modulus
		return squares[rest]
	}
	filter := make(moduloFilter, modulus)
	for i := range 64 {
		filter[0] |= left(i) << i
	}
	for r := 1; r < modulus; r++ {
		filter[r] = filter[r-1]>>1 | left(r+63)<<63
	}
	return filter
}

var squaresModulo = sync.OnceValue(func() map[int][]uint64 {
	all := map[int][]uint64{}
	for _, modulus := range append([]int{64}, sievePrimes...) {
		all[modulus] = make([]uint64, modulus)
		for n := range modulus {
			all[modulus][n*n%modulus] = 1
		}
	}
	return all
})

// candidates returns the remaining candidates among the 64 numbers from a+first as bits. first must be a multiple of
// 64.
func (s *fermatSieve) candidates(first int) uint64 {
	left := s.mod64
	for _, filter := range s.filters {
		if left &= filter[uint32(first)%uint32(len(filter))]; left == 0 {
			break
		}
	}
	return left
}
