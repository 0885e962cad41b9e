package keystore_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"notary"
	"notary/internal/keystore"
	"notary/internal/pki"
)

func newKey(t *testing.T, alg notary.KeyAlgorithm) crypto.Signer {
	t.Helper()
	key, err := pki.GenerateKey(alg)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func fileKeystore(t *testing.T) *keystore.Software {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key")
	if err := keystore.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	k, err := keystore.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func passphraseKeystore(t *testing.T, passphrase string) *keystore.Software {
	t.Helper()
	k, err := keystore.FromPassphrase(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func wantError(t *testing.T, err error, kind notary.Kind, words ...string) {
	t.Helper()
	if err == nil || notary.KindOf(err) != kind {
		t.Fatalf("got error %v, want one of kind %s", err, kind)
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not mention %q", err, word)
		}
	}
}

func seal(k *keystore.Software, key crypto.Signer) ([]byte, error) {
	sealed, err := k.Import(context.Background(), key)
	return sealed.Reference, err
}

func TestKeysOpenByTheirReference(t *testing.T) {
	t.Parallel()
	var keys keystore.Keys = fileKeystore(t)
	generated, err := keys.Generate(t.Context(), notary.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	imported, err := keys.Import(t.Context(), newKey(t, notary.Ed25519))
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]keystore.Key{"generated": generated, "imported": imported} {
		if len(key.Reference) == 0 || key.Reference[0] >= 0x20 {
			t.Errorf("the reference of the %s key could be a URI: %.20q", name, key.Reference)
		}
		opened, err := keys.Open(t.Context(), key.Reference, key.Public())
		if err != nil || !opened.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key.Signer) {
			t.Errorf("the %s key opens to another one (%v)", name, err)
		}
	}
	_, err = keys.Generate(t.Context(), "rsa-1")
	wantError(t, err, notary.Invalid, "key algorithm")
}

func TestSealedKeyOpensToTheSameKey(t *testing.T) {
	t.Parallel()
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.ECDSAP384,
		notary.ECDSAP521, notary.Ed25519, notary.RSA2048} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			k, key := fileKeystore(t), newKey(t, alg)
			sealed, err := seal(k, key)
			if err != nil {
				t.Fatal(err)
			}
			opened, err := k.Open(context.Background(), sealed, key.Public())
			if err != nil {
				t.Fatal(err)
			}
			if !opened.(interface{ Equal(crypto.PrivateKey) bool }).Equal(key) {
				t.Error("got a different key")
			}
		})
	}
}

func TestSealedKeyOpensAfterARestart(t *testing.T) {
	t.Parallel()
	key := newKey(t, notary.Ed25519)
	sealed, err := seal(passphraseKeystore(t, "correct horse battery"), key)
	if err != nil {
		t.Fatal(err)
	}
	again := passphraseKeystore(t, "correct horse battery")
	if _, err := again.Open(context.Background(), sealed, key.Public()); err != nil {
		t.Fatal(err)
	}
	// The next seal shares the salt, so that one key derivation opens all keys.
	next, err := seal(again, key)
	if err != nil {
		t.Fatal(err)
	}
	const salt = 2 + 16
	if string(next[:salt]) != string(sealed[:salt]) {
		t.Error("the second seal has a salt of its own")
	}
	if string(next[salt:salt+12]) == string(sealed[salt:salt+12]) {
		t.Error("the nonce was used twice")
	}
}

func TestTamperingIsDetected(t *testing.T) {
	t.Parallel()
	k, key := fileKeystore(t), newKey(t, notary.Ed25519)
	sealed, err := seal(k, key)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sealed {
		for _, flip := range []byte{0x01, 0x80, 0xff} {
			changed := bytes.Clone(sealed)
			changed[i] ^= flip
			if _, err := k.Open(context.Background(), changed, key.Public()); notary.KindOf(err) != notary.Internal {
				t.Errorf("byte %d flipped by %02x: got error %v", i, flip, err)
			}
		}
	}
	for length := range sealed {
		if _, err := k.Open(context.Background(), sealed[:length],
			key.Public()); notary.KindOf(err) != notary.Internal {
			t.Errorf("cut to %d octets: got error %v", length, err)
		}
	}
	if _, err := k.Open(context.Background(), append(sealed, 0), key.Public()); err == nil {
		t.Error("a byte more was not noticed")
	}
	if _, err := k.Open(context.Background(), sealed, key.Public()); err != nil {
		t.Errorf("the untouched one does not open any more: %v", err)
	}
}

func TestSealedKeyOpensOnlyForItsAuthority(t *testing.T) {
	t.Parallel()
	k, key, other := fileKeystore(t), newKey(t, notary.ECDSAP256), newKey(t, notary.ECDSAP256)
	sealed, err := seal(k, key)
	if err != nil {
		t.Fatal(err)
	}
	_, err = k.Open(context.Background(), sealed, other.Public())
	wantError(t, err, notary.Internal, "cannot be decrypted with the key file", "tampered")
}

func TestWrongSecretNamesTheRightOne(t *testing.T) {
	t.Parallel()
	key := newKey(t, notary.Ed25519)
	file, phrase := fileKeystore(t), passphraseKeystore(t, "correct horse battery")
	byFile, err := seal(file, key)
	if err != nil {
		t.Fatal(err)
	}
	byPhrase, err := seal(phrase, key)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		with   *keystore.Software
		sealed []byte
		words  string
	}{
		{"another key file", fileKeystore(t), byFile, "cannot be decrypted with the key file: it was encrypted with a different one"},
		{"another passphrase", passphraseKeystore(t, "incorrect horse"), byPhrase,
			"cannot be decrypted with the passphrase: it was encrypted with a different one"},
		{"passphrase needed", file, byPhrase,
			"sealed with the passphrase, but the program was started with the key file"},
		{"key file needed", phrase, byFile,
			"sealed with the key file, but the program was started with the passphrase"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.with.Open(context.Background(), test.sealed, key.Public())
			wantError(t, err, notary.Internal, test.words)
		})
	}
}

func TestPassphraseLength(t *testing.T) {
	t.Parallel()
	_, err := keystore.FromPassphrase("elf letters")
	wantError(t, err, notary.Invalid, "12 characters")
	if _, err := keystore.FromPassphrase("zwölf Zeiche"); err != nil {
		t.Errorf("twelve characters are refused: %v", err)
	}
}

// deviceKey is a signer without access to its private key.
type deviceKey struct{ ed25519.PublicKey }

func (d deviceKey) Public() crypto.PublicKey { return d.PublicKey }
func (deviceKey) Sign(_ io.Reader, _ []byte, _ crypto.SignerOpts) ([]byte, error) {
	return nil, nil
}

func TestKeyOfADeviceIsNotSealed(t *testing.T) {
	t.Parallel()
	_, err := seal(fileKeystore(t), deviceKey{newKey(t, notary.Ed25519).Public().(ed25519.PublicKey)})
	wantError(t, err, notary.Internal, "seal")
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	k, key := fileKeystore(t), newKey(t, notary.Ed25519)
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			sealed, err := seal(k, key)
			if err == nil {
				_, err = k.Open(context.Background(), sealed, key.Public())
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestKeyFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	_, err := keystore.FromFile(path)
	wantError(t, err, notary.NotFound, path)

	if err := keystore.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o600 {
		t.Errorf("the key file has mode %04o", got)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "Back it up separately from the database") {
		t.Errorf("the key file does not explain itself:\n%s", text)
	}

	wantError(t, keystore.CreateFile(path), notary.Conflict, "never overwritten")
	if again, err := os.ReadFile(path); err != nil || string(again) != string(text) {
		t.Error("the key file was overwritten")
	}
}

func TestInvalidKeyFiles(t *testing.T) {
	t.Parallel()
	const good = "notary-key-v1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	tests := []struct {
		name, text string
		mode       os.FileMode
		words      string // "" if accepted
	}{
		{"good", good + "\n", 0o600, ""},
		{"read-only, CRLF, comments", "# hello\r\n\r\n" + good + "\r\n", 0o400, ""},
		{"readable by the group", good, 0o640, "chmod 600"},
		{"readable by all", good, 0o604, "chmod 600"},
		{"executable", good, 0o700, "chmod 600"},
		{"empty", "", 0o600, "truncated"},
		{"only comments", "# nothing\n", 0o600, "truncated"},
		{"cut", good[:40], 0o600, "truncated"},
		{"too short a secret", "notary-key-v1 AAECAwQFBgcICQoLDA0ODw==", 0o600, "truncated"},
		{"not base64", "notary-key-v1 !!!!", 0o600, "truncated"},
		{"of another version", strings.Replace(good, "v1", "v2", 1), 0o600, "truncated"},
		{"two secrets", good + "\n" + good, 0o600, "truncated"},
		{"too large", good + "\n" + strings.Repeat("#", 5000), 0o600, "truncated"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "key")
			if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, test.mode); err != nil {
				t.Fatal(err)
			}
			_, err := keystore.FromFile(path)
			if test.words == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantError(t, err, notary.Invalid, test.words)
			if strings.Contains(err.Error(), "AAEC") {
				t.Errorf("the error tells the secret: %v", err)
			}
		})
	}
	_, err := keystore.FromFile(t.TempDir())
	wantError(t, err, notary.Invalid, "not a regular file")
}
