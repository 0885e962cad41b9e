package pki_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

var identityAlgorithms = []notary.KeyAlgorithm{notary.ECDSAP256, notary.ECDSAP384, notary.ECDSAP521, notary.Ed25519,
	notary.RSA2048}

func fingerprint(tb testing.TB, key crypto.PublicKey) string {
	tb.Helper()
	got, err := pki.KeyFingerprint(key)
	if err != nil {
		tb.Fatal(err)
	}
	return got
}

func TestKeyVariants(t *testing.T) {
	t.Parallel()
	for _, alg := range identityAlgorithms {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			keys := 20
			if alg == notary.RSA2048 {
				keys = 2
			}
			for range keys {
				checkVariants(t, newKey(t, alg))
			}
		})
	}
}

func checkVariants(t *testing.T, key crypto.Signer) {
	t.Helper()
	want := fingerprint(t, key.Public())
	for _, v := range testkit.KeyVariants(t, key) {
		got, err := pki.ParsePublicKey(v.SPKI)
		switch {
		case v.Related && err != nil:
			t.Errorf("%s: %v", v.Name, err)
		case v.Related:
			wantSameIdentity(t, v.Name, got, key.Public())
		case err == nil:
			t.Errorf("%s is accepted: %x", v.Name, v.SPKI)
		default:
			wantInvalid(t, err, "", "key")
		}
		if lenient, err := x509.ParsePKIXPublicKey(v.SPKI); err == nil && fingerprint(t, lenient) != want {
			t.Errorf("%s has another identity", v.Name)
		}
	}
}

func wantSameIdentity(t *testing.T, name string, variant, key crypto.PublicKey) {
	t.Helper()
	if pki.SameKey(variant, key) || !pki.SameIdentity(variant, key) || fingerprint(t, variant) != fingerprint(t, key) {
		t.Errorf("%s: the same key %v, the same identity %v", name, pki.SameKey(variant, key), pki.SameIdentity(variant, key))
	}
	if other := testKey().Public(); pki.SameIdentity(variant, other) {
		t.Errorf("%s has the identity of another key", name)
	}
}

// A key recorded under the SHA-256 of its SubjectPublicKeyInfo is found by either of its points.
func TestFormerFingerprints(t *testing.T) {
	t.Parallel()
	for _, alg := range identityAlgorithms {
		key := newKey(t, alg)
		for _, v := range testkit.KeyVariants(t, key) {
			if !v.Related {
				continue
			}
			variant, err := pki.ParsePublicKey(v.SPKI)
			testkit.Check(t, err)
			id, err := pki.IdentifyKey(variant)
			testkit.Check(t, err)
			if id.Fingerprint != fingerprint(t, variant) {
				t.Errorf("%s: the identity has the fingerprint %s", alg, id.Fingerprint)
			}
			found := []string{id.Fingerprint, id.Former}
			if !slices.Contains(found, pki.Fingerprint(v.SPKI)) {
				t.Errorf("%s: the variant's own fingerprint is not found", alg)
			}
			if alg != notary.RSA2048 && !slices.Contains(found, pki.Fingerprint(publicKeyInfo(t, key.Public()))) {
				t.Errorf("%s: the key's own fingerprint is not found", alg)
			}
		}
	}
}

// Databases store the identity. The key is from RFC 8410, section 10.1; its x is even. Its negation is tested too.
func TestKeyFingerprintIsStable(t *testing.T) {
	t.Parallel()
	der, err := base64.StdEncoding.DecodeString("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=")
	testkit.Check(t, err)
	key, err := pki.ParsePublicKey(der)
	testkit.Check(t, err)
	even := slices.Clone(der)
	even[len(even)-1] &= 0x7f
	if got, want := fingerprint(t, key), pki.Fingerprint(even); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	n, _ := new(big.Int).SetString("1"+strings.Repeat("0", 511)+"7", 16)
	usual, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n, E: 65537})
	testkit.Check(t, err)
	if got, want := fingerprint(t, &rsa.PublicKey{N: n, E: 3}), pki.Fingerprint(usual); got != want {
		t.Errorf("RSA: got %s, want %s", got, want)
	}
}

// Small changes to a key's octets are refused or yield another canonical key.
func TestChangedKeyEncodings(t *testing.T) {
	t.Parallel()
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for _, alg := range identityAlgorithms {
		spki := publicKeyInfo(t, newKey(t, alg).Public())
		for range 3000 {
			changed := slices.Clone(spki)
			at := random.IntN(min(len(changed), 60))
			switch random.IntN(3) {
			case 0:
				changed[at] ^= 1 << random.IntN(8)
			case 1:
				changed = slices.Insert(changed, at, byte(random.Uint32()))
			case 2:
				changed = slices.Delete(changed, at, at+1)
			}
			wantCanonical(t, changed)
		}
	}
}

func wantCanonical(t *testing.T, spki []byte) {
	t.Helper()
	key, err := pki.ParsePublicKey(spki)
	if err != nil {
		wantInvalid(t, err, "", "key")
		return
	}
	again, err := x509.MarshalPKIXPublicKey(key)
	if err == nil && string(again) != string(spki) {
		t.Errorf("%x is accepted, and is %x in DER", spki, again)
	}
}

func FuzzParsePublicKey(f *testing.F) {
	for _, alg := range identityAlgorithms {
		key := newKey(f, alg)
		f.Add(publicKeyInfo(f, key.Public()))
		for _, v := range testkit.KeyVariants(f, key) {
			f.Add(v.SPKI)
		}
	}
	f.Fuzz(func(t *testing.T, spki []byte) { wantCanonical(t, spki) })
}

// Points of small order, sums of a key and such a point, and non-canonical encodings are refused: their signatures
// can be forged, or made with another key.
func TestInvalidEd25519Points(t *testing.T) {
	t.Parallel()
	key := newKey(t, notary.Ed25519).Public().(ed25519.PublicKey)
	point, err := new(edwards25519.Point).SetBytes(key)
	testkit.Check(t, err)
	// A point of order 8, whose multiples are the other points of small order.
	octets, err := hex.DecodeString("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
	testkit.Check(t, err)
	torsion, err := new(edwards25519.Point).SetBytes(octets)
	testkit.Check(t, err)
	small := edwards25519.NewIdentityPoint()
	for i := range 8 {
		wantBadPoint(t, fmt.Sprintf("%d times the point of order 8", i), small.Bytes())
		if i > 0 {
			wantBadPoint(t, fmt.Sprintf("the key and %d times it", i), new(edwards25519.Point).Add(point, small).Bytes())
		}
		small.Add(small, torsion)
	}
	large := slices.Repeat([]byte{0xff}, 32) // y = 2^255 - 1 = 18 modulo p
	for last := range 19 {
		large[0], large[31] = 0xff-byte(last), 0x7f
		wantBadPoint(t, fmt.Sprintf("y = p + %d", 18-last), large)
	}
	testkit.Check(t, pki.CheckKey(key))
	testkit.Check(t, pki.CheckKey(ed25519.PublicKey(new(edwards25519.Point).Negate(point).Bytes())))
}

func wantBadPoint(t *testing.T, name string, octets []byte) {
	t.Helper()
	if err := pki.CheckKey(ed25519.PublicKey(octets)); err == nil {
		t.Errorf("%s is accepted: %x", name, octets)
	} else {
		wantInvalid(t, err, "", "Ed25519")
	}
}

// Keys on curves that are not certified here still have an identity, because external certificates may contain
// them.
func TestKeyFingerprintOfOtherCurves(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	testkit.Check(t, err)
	checkVariants(t, key)
}

func BenchmarkCheckEd25519(b *testing.B) {
	key := newKey(b, notary.Ed25519).Public()
	for b.Loop() {
		if err := pki.CheckKey(key); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyFingerprint(b *testing.B) {
	key := testKey().Public()
	for b.Loop() {
		fingerprint(b, key)
	}
}
