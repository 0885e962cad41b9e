package pki_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"math/big"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"notary"
	"notary/internal/pki"
)

func rsaOf(p, q *big.Int) *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).Mul(p, q), E: 65537}
}

func plusPower(p *big.Int, shift uint) *big.Int {
	sum := new(big.Int).Lsh(big.NewInt(1), shift)
	sum.Add(sum, p)
	return nextPrime(sum.SetBit(sum, 0, 1))
}

// rocaPrime returns a prime that the flawed library could have generated: a small multiple of a
// primorial plus a power of 65537.
func rocaPrime(t *testing.T) *big.Int {
	t.Helper()
	primorial := big.NewInt(1)
	for n := int64(2); n <= 701; n++ {
		if big.NewInt(n).ProbablyPrime(0) {
			primorial.Mul(primorial, big.NewInt(n))
		}
	}
	for {
		k, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 52))
		if err != nil {
			t.Fatal(err)
		}
		a, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
		if err != nil {
			t.Fatal(err)
		}
		k.SetBit(k, 52, 1)
		p := k.Mul(k, primorial)
		p.Add(p, a.Exp(big.NewInt(65537), a, primorial))
		if p.BitLen() == 1024 && p.Bit(1022) == 1 && p.ProbablyPrime(0) {
			return p
		}
	}
}

func TestWeakRSAKeys(t *testing.T) {
	t.Parallel()
	p := prime(t, 1024)
	mersenne := new(big.Int).Lsh(big.NewInt(1), 2203)
	mersenne.Sub(mersenne, big.NewInt(1)) // 2^2203 - 1 is prime
	for name, test := range map[string]struct {
		key   *rsa.PublicKey
		words string
	}{
		"ROCA":                            {rsaOf(rocaPrime(t), rocaPrime(t)), "ROCA"},
		"primes 2^522 apart":              {rsaOf(p, plusPower(p, 522)), "close primes"},
		"primes 2^500 apart":              {rsaOf(p, plusPower(p, 500)), "close primes"},
		"a factor of four digits":         {rsaOf(big.NewInt(7919), prime(t, 2040)), "small prime factor"},
		"the largest prime below 2^16":    {rsaOf(big.NewInt(65521), prime(t, 2040)), "small prime factor"},
		"a prime modulus":                 {&rsa.PublicKey{N: mersenne, E: 65537}, "prime number"},
		"a square":                        {rsaOf(p, p), "close primes"},
		"even":                            {rsaOf(big.NewInt(2), prime(t, 2048)), "small prime factor"},
		"primes of a sound generator":     {rsaOf(p, prime(t, 1024)), ""},
		"primes that agree in a few bits": {rsaOf(p, plusPower(p, 1000)), ""},
	} {
		for range 2 { // the second time from the cache
			err := pki.CheckKey(test.key)
			if test.words != "" {
				wantInvalid(t, err, "", test.words)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func scalarPoint(t *testing.T, curve elliptic.Curve, d *big.Int, negated bool) *ecdsa.PublicKey {
	t.Helper()
	params := curve.Params()
	if negated {
		d = new(big.Int).Sub(params.N, d)
	}
	key, err := ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, (params.BitSize+7)/8)))
	if err != nil {
		t.Fatal(err)
	}
	return &key.PublicKey
}

func TestTrivialECDSAKeys(t *testing.T) {
	t.Parallel()
	examples := map[elliptic.Curve]string{
		elliptic.P256(): "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
		elliptic.P384(): "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5",
		elliptic.P521(): "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538",
	}
	for curve, example := range examples {
		t.Run(curve.Params().Name, func(t *testing.T) {
			t.Parallel()
			published, _ := new(big.Int).SetString(example, 16)
			trivial := []*big.Int{published, new(big.Int).Lsh(big.NewInt(1), 200),
				new(big.Int).SetBytes(slices.Repeat([]byte{0x11}, curve.Params().BitSize/8))}
			for _, small := range []int64{1, 2, 3, 4, 5, 1000, 4097, 8191, 8192, 65536} {
				trivial = append(trivial, big.NewInt(small))
			}
			for _, d := range trivial {
				for _, negated := range []bool{false, true} {
					if err := pki.CheckKey(scalarPoint(t, curve, d, negated)); err == nil ||
						!strings.Contains(err.Error(), "trivial") {
						t.Errorf("private key %x, negated %t: %v", d, negated, err)
					}
				}
			}
			for range 20 {
				key, err := ecdsa.GenerateKey(curve, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				if err := pki.CheckKey(&key.PublicKey); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestTrivialEd25519Keys(t *testing.T) {
	t.Parallel()
	seeded := func(seed []byte) ed25519.PublicKey {
		key, _ := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
		return key
	}
	example, err := hex.DecodeString("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
	if err != nil {
		t.Fatal(err)
	}
	nine := edwards25519.NewIdentityPoint()
	for range 9 {
		nine.Add(nine, edwards25519.NewGeneratorPoint())
	}
	one, counting := make([]byte, 32), make([]byte, 32)
	one[31] = 1
	for i := range counting {
		counting[i] = byte(i)
	}
	for name, key := range map[string]ed25519.PublicKey{
		"all-zero seed":      seeded(make([]byte, 32)),
		"all-one seed":       seeded(bytes.Repeat([]byte{0xff}, 32)),
		"seed 1":             seeded(one),
		"seed that counts":   seeded(counting),
		"RFC 8032, test 1":   example,
		"base point":         edwards25519.NewGeneratorPoint().Bytes(),
		"small multiple":     nine.Bytes(),
		"its negation":       new(edwards25519.Point).Negate(nine).Bytes(),
		"negated base point": new(edwards25519.Point).Negate(edwards25519.NewGeneratorPoint()).Bytes(),
	} {
		if err := pki.CheckKey(key); err == nil || !strings.Contains(err.Error(), "trivial") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := pki.CheckKey(newKey(t, notary.Ed25519).Public()); err != nil {
		t.Error(err)
	}
}

func marshalSPKI(t *testing.T, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestBlocklist(t *testing.T) {
	t.Parallel()
	keys := map[notary.KeyAlgorithm]crypto.PublicKey{}
	text := "\ufeff# keys of a firmware\r\n\r\n"
	for i, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		keys[alg] = newKey(t, alg).Public()
		line := pki.Fingerprint(marshalSPKI(t, keys[alg])) + "  -\n"
		if i == 0 {
			line = strings.ToUpper(line)
		}
		text += line
	}
	list, err := pki.ReadBlocklist(strings.NewReader(text + text))
	if err != nil {
		t.Fatal(err)
	}
	if list.Len() != len(keys) {
		t.Errorf("%d keys, want %d", list.Len(), len(keys))
	}
	for alg, key := range keys {
		if !list.Contains(key) || list.Contains(newKey(t, alg).Public()) {
			t.Errorf("%s: the list contains another key or not this one", alg)
		}
	}
	key, _ := keys[notary.RSA2048].(*rsa.PublicKey)
	if !list.Contains(&rsa.PublicKey{N: key.N, E: 3}) {
		t.Error("another exponent is not blocked")
	}
	if new(pki.Blocklist).Contains(key) || (*pki.Blocklist)(nil).Contains(key) {
		t.Error("an empty list contains a key")
	}
}

func TestBlocklistErrors(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("ab", 32)
	for name, test := range map[string]struct{ text, want string }{
		"too short":  {sum + "\n" + sum[2:] + "\n", "line 2"},
		"too long":   {sum + "ab\n", "line 1"},
		"no hex":     {"# comment\n\n" + sum[:62] + "zz", "line 3"},
		"base64":     {"q6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=", "64 hexadecimal digits"},
		"PEM":        {"-----BEGIN PUBLIC KEY-----\n", "line 1"},
		"long lines": {sum + "\n" + strings.Repeat("x", 5000), "line 2"},
	} {
		if _, err := pki.ReadBlocklist(strings.NewReader(test.text)); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}
