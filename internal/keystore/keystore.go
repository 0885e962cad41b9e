// Package keystore keeps the private keys of authorities: sealed for the database, opened to
// a [crypto.Signer].
//
// A [Keystore] is made from a key file ([FromFile], [CreateFile]) or from a passphrase
// ([FromPassphrase]). [Keystore.Seal] makes of a private key what may be stored,
// [Keystore.Open] a signer of that again. Nothing outside this package sees more of a key
// than its signer, so that the signer of a hardware security module can take its place.
//
// The secret and the database belong to different backups: either one alone opens nothing,
// and a database whose secret is lost holds authorities that will never sign again.
package keystore

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"notary"
)

// MinPassphrase is how many characters a passphrase must have at least.
const MinPassphrase = 12

const (
	saltSize = 16 // octets
	keySize  = 32 // octets: AES-256
)

type salt [saltSize]byte

// Keystore seals and opens private keys under one secret. It is safe for concurrent use.
type Keystore struct {
	secret []byte
	kdf    kdf

	mu      sync.Mutex // guards what follows; held while a key is derived, so that it is once
	derived map[salt][]byte
	sealing *salt // the salt of new seals: the first that proved good
}

// FromPassphrase makes a keystore of a passphrase of at least [MinPassphrase] characters.
// Deriving the key from it takes 64 MiB and a good part of a second, at the first use.
func FromPassphrase(passphrase string) (*Keystore, error) {
	if utf8.RuneCountInString(passphrase) < MinPassphrase {
		return nil, notary.Errorf(notary.Invalid, "the passphrase for the authorities' keys is too short: "+
			"it needs at least %d characters", MinPassphrase)
	}
	return newKeystore([]byte(passphrase), kdfPassphrase), nil
}

func newKeystore(secret []byte, kdf kdf) *Keystore {
	return &Keystore{secret: secret, kdf: kdf, derived: make(map[salt][]byte)}
}

// kdf says how the sealing key is derived from the secret. The numbers are in what is stored.
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
		return fmt.Sprintf("a secret of unknown kind %d", byte(k))
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

// key is the sealing key for a salt, derived at most once.
func (k *Keystore) key(s salt) ([]byte, error) {
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

// sealingSalt is the salt for new seals. One is enough for all: what differs between seals is
// the nonce, and every further salt would cost whoever opens them another derivation.
func (k *Keystore) sealingSalt() salt {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil {
		var fresh salt
		rand.Read(fresh[:]) // never fails: it ends the program rather
		k.sealing = &fresh
	}
	return *k.sealing
}

// proved notes that something was opened under the salt, which new seals can share from now.
func (k *Keystore) proved(s salt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil {
		k.sealing = &s
	}
}

// forget drops a key that opened nothing, lest made-up salts fill the memory.
func (k *Keystore) forget(s salt) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.sealing == nil || *k.sealing != s {
		delete(k.derived, s)
	}
}
