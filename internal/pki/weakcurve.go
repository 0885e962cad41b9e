package pki

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"encoding/binary"
	"math/big"
	"slices"
	"sync"
)

// trivialScalars is the number of small private keys that are refused. A table holds their public keys.
const trivialScalars = 1 << 13

// trivialPoints holds, for each curve, the last 64 bits of the x coordinates of the public keys of trivial private
// keys: small numbers, powers of two, repeated or ascending octets and a published example (RFC 6979, appendix A.2). A
// public key and its negation have the same x. A random key matches with a probability below 2^-49.
var trivialPoints = map[elliptic.Curve]func() []uint64{
	elliptic.P256(): newTrivialPoints(elliptic.P256(), ecdh.P256(),
		"c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"),
	elliptic.P384(): newTrivialPoints(elliptic.P384(), ecdh.P384(),
		"6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5"),
	elliptic.P521(): newTrivialPoints(elliptic.P521(), ecdh.P521(),
		"00fad06daa62ba3b25d2fb40133da757205de67f5bb0018fee8c86e1b68c7e75caa896eb32f1f47c70855836a6d16fcc14"+
			"66f6d8fbec67db89ec0c08b0e996b83538"),
}

func isTrivialPoint(curve elliptic.Curve, point []byte) bool {
	_, found := slices.BinarySearch(trivialPoints[curve](), endOfX(point))
	return found
}

func endOfX(point []byte) uint64 {
	x := point[1 : 1+len(point)/2]
	return binary.BigEndian.Uint64(x[len(x)-8:])
}

func newTrivialPoints(curve elliptic.Curve, base ecdh.Curve, example string) func() []uint64 {
	return sync.OnceValue(func() []uint64 {
		params := curve.Params()
		table := make([]uint64, 0, trivialScalars+params.BitSize+300)
		for _, p := range smallMultiples(params, trivialScalars) {
			table = append(table, new(big.Int).And(p.x, last64).Uint64())
		}
		for _, d := range notableScalars(params, example) {
			octets := make([]byte, (params.BitSize+7)/8)
			if key, err := base.NewPrivateKey(d.FillBytes(octets)); err == nil {
				table = append(table, endOfX(key.PublicKey().Bytes()))
			}
		}
		slices.Sort(table)
		return table
	})
}

var last64 = new(big.Int).SetUint64(1<<64 - 1)

// notableScalars returns private keys that are trivial without being small. Some may exceed the order of the curve.
func notableScalars(params *elliptic.CurveParams, example string) (all []*big.Int) {
	for shift := 16; shift < params.BitSize; shift++ {
		all = append(all, new(big.Int).Lsh(big.NewInt(1), uint(shift)))
	}
	length := params.BitSize / 8
	for octet := 1; octet < 256; octet++ {
		all = append(all, new(big.Int).SetBytes(slices.Repeat([]byte{byte(octet)}, length)))
	}
	for first := range 2 {
		all = append(all, new(big.Int).SetBytes(counting(first, length)))
	}
	published, _ := new(big.Int).SetString(example, 16)
	return append(all, published)
}

func counting(first, length int) []byte {
	octets := make([]byte, length)
	for i := range octets {
		octets[i] = byte(first + i)
	}
	return octets
}

// affinePoint is a point on a curve other than the point at infinity.
type affinePoint struct{ x, y *big.Int }

// smallMultiples returns the first multiples of the generator of a curve y² = x³ - 3x + b. Each pass adds the last
// multiple to all previous ones and to itself, which doubles their number with one inversion. It is not constant-time,
// because nothing is secret.
func smallMultiples(params *elliptic.CurveParams, count int) []affinePoint {
	points := []affinePoint{{params.Gx, params.Gy}}
	for len(points) < count {
		points = append(points, addToAll(points[len(points)-1], points, params.P)...)
	}
	return points[:count]
}

// addToAll returns the sums of q and each point. No point may be -q.
func addToAll(q affinePoint, points []affinePoint, prime *big.Int) []affinePoint {
	denominators := make([]*big.Int, len(points))
	for i, p := range points {
		if p.x.Cmp(q.x) == 0 {
			denominators[i] = new(big.Int).Lsh(p.y, 1)
		} else {
			denominators[i] = new(big.Int).Sub(p.x, q.x)
		}
	}
	inverses := invertAll(denominators, prime)
	sums := make([]affinePoint, len(points))
	for i, p := range points {
		slope := new(big.Int)
		if p.x.Cmp(q.x) == 0 { // the tangent: 3x² - 3
			slope.Mul(p.x, p.x).Sub(slope, big.NewInt(1)).Mul(slope, big.NewInt(3))
		} else {
			slope.Sub(p.y, q.y)
		}
		slope.Mul(slope, inverses[i]).Mod(slope, prime)
		x := new(big.Int).Mul(slope, slope)
		x.Sub(x, p.x).Sub(x, q.x).Mod(x, prime)
		y := new(big.Int).Sub(q.x, x)
		y.Mul(y, slope).Sub(y, q.y).Mod(y, prime)
		sums[i] = affinePoint{x, y}
	}
	return sums
}

// invertAll returns the inverses of numbers modulo p with a single inversion (Montgomery's trick).
func invertAll(numbers []*big.Int, p *big.Int) []*big.Int {
	products := make([]*big.Int, len(numbers)) // of all previous numbers
	product := big.NewInt(1)
	for i, n := range numbers {
		products[i] = new(big.Int).Set(product)
		product.Mul(product, n).Mod(product, p)
	}
	inverse := new(big.Int).ModInverse(product, p)
	inverses := make([]*big.Int, len(numbers))
	for i := len(numbers) - 1; i >= 0; i-- {
		inverses[i] = new(big.Int).Mul(inverse, products[i])
		inverses[i].Mod(inverses[i], p)
		inverse.Mul(inverse, numbers[i]).Mod(inverse, p)
	}
	return inverses
}
