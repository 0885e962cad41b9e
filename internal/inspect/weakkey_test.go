package inspect_test

import (
	"crypto"
	"crypto/ed25519"
	"slices"
	"testing"

	"notary"
	"notary/internal/inspect"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestWeakAndBlockedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	zero := w.issuer.Issue(t, ed25519.NewKeyFromSeed(make([]byte, 32)).Public())
	objects, err := inspect.Read([]byte(testkit.PEM(zero)), now)
	testkit.Check(t, err)
	if !slices.Contains(wrong(objects...), "weak_key") {
		t.Errorf("the key of an all-zero seed is not reported: %v", wrong(objects...))
	}
	objects, err = inspect.Read([]byte(testkit.CSR(t, w.key, "a.example.com")), now)
	testkit.Check(t, err)
	inspect.ReportBlocked(objects, func(key crypto.PublicKey) bool { return pki.SameKey(key, zero.PublicKey) })
	if slices.Contains(wrong(objects...), "blocked_key") {
		t.Error("a key that is not blocked is reported")
	}
	inspect.ReportBlocked(objects, func(key crypto.PublicKey) bool { return pki.SameKey(key, w.key.Public()) })
	if !slices.Contains(wrong(objects...), "blocked_key") {
		t.Error("a blocked key is not reported")
	}
}

func TestExaminedKeysAreBounded(t *testing.T) {
	t.Parallel()
	const each = 8 // units of work for 2048 bits
	csr := []byte(testkit.CSR(t, testkit.Key(t, notary.RSA2048), "a.example.com"))
	for n, want := range map[int]bool{inspect.MaxKeyWork / each: false, inspect.MaxKeyWork/each + 1: true} {
		objects, err := inspect.Read(manyTimes(nil, n, csr), now)
		testkit.Check(t, err)
		if told := hasNotice(objects, "key_not_examined"); told != want {
			t.Errorf("%d keys: a notice %t, want %t", n, told, want)
		}
	}
}
