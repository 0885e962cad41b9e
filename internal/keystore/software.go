package keystore

import (
	"context"
	"crypto"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"notary"
	"notary/internal/pki"
)

// MinPassphrase is the minimum length of a passphrase in characters.
const MinPassphrase = 12

const (
	saltSize = 16 // octets
	keySize  = 32 // octets: AES-256
)

type salt [saltSize]byte

// Software implements [Keys] in software: it seals private keys for the database with a secret and signs in this
// process.
type Software struct {
	secret []byte
	kdf    kdf

	mu      sync.Mutex // guards the fields below; held while deriving a key, so that each is derived only once
	derived map[salt][]byte
	sealing *salt // salt for sealing: the first one that opened a key, or a new one
}

// FromPassphrase returns a [Software] that uses a passphrase of at least [MinPassphrase] characters. The first use
// derives the sealing key, which takes 64 MiB and a large part of a second.
func FromPassphrase(passphrase string) (*Software, error) {
	if utf8.RuneCountInString(passphrase) < MinPassphrase {
		return nil, notary.Errorf(notary.Invalid, "the passphrase for the CAs' keys is too short: "+
			"use at least %d characters", MinPassphrase)
	}
	return newSoftware([]byte(passphrase), kdfPassphrase), nil
}

func newSoftware(secret []byte, kdf kdf) *Software {
	return &Software{secret: secret, kdf: kdf, derived: make(map[salt][]byte)}
}

// Generate creates and seals a key.
func (k *Software) Generate(ctx context.Context, alg notary.KeyAlgorithm) (Key, error) {
	key, err := pki.GenerateKey(alg)
	if err != nil {
		return Key{}, err
	}
	return k.Import(ctx, key)
}

// Import seals a key. A key held by a device cannot be sealed.
func (k *Software) Import(_ context.Context, key crypto.Signer) (Key, error) {
	sealed, err := k.seal(key)
	return Key{key, sealed}, err
}

// Open unseals a key. Errors are Internal. If the secret is wrong, the message names the one that is needed: the key
// file or the passphrase.
func (k *Software) Open(_ context.Context, ref Reference, public crypto.PublicKey) (crypto.Signer, error) {
	return k.unseal(ref, public)
}

// kdf is the function that derives the sealing key from the secret. Its values are stored in sealed keys.
type kdf byte

const (
	kdfFile       kdf = 1 // HKDF-SHA256 (RFC 5869) of the key file's secret
	kdfPassphrase kdf = 2 // argon2id (RFC 9106, section 4, second recommended option)
)

func (k kdf) String() string {
	switch k {
	case kdfFile:
		return "the key file"
	case kdfPassphrase:
		return "the passphrase"
	default:
		return fmt.Sprintf("a secret of unknown type %d", byte(k))
	}
}

func (k kdf) derive(secret []byte, salt salt) ([]byte, error) {
	const (
		passes  = 3
		memory  = 64 << 10 // KiB
		threads = 4
		context = "notary: sealing of authorities' private keys, version 1"
	)
	if k == kdfPassphrase {
		return argon2.IDKey(secret, salt[:], passes, memory, threads, keySize), nil
	}
	return hkdf.Key(sha256.New, secret, salt[:], context, keySize)
}

func (k *Software) key(s salt) ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.derived[s]; ok {
		return key, nil
	}
	key, err := k.kdf.derive(k.secret, s)
	if err != nil {
		return nil, notary.InternalError("derive the sealing key", err)
	}
	k.derived[s] = key
	return key, nil
}

// sealingSalt returns the salt for sealing keys. All new sealed keys share it, because each salt costs a key
// derivation. They differ in their nonces.
func (k *Software) sealingSalt() salt {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil {
		var fresh salt
		rand.Read(fresh[:]) // never returns an error
		k.sealing = &fresh
	}
	return *k.sealing
}

// reuse records that a key was opened with the salt, so that newly sealed keys can share it.
func (k *Software) reuse(s salt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil {
		k.sealing = &s
	}
}

// forget drops a derived key that did not open anything, so that forged salts do not fill the memory.
func (k *Software) forget(s salt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil || *k.sealing != s {
		delete(k.derived, s)
	}
}
