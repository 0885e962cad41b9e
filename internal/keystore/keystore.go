// Package keystore creates, stores and opens the private keys of authorities and OCSP responders.
//
// [Keys] is the interface to these keys. Other packages see a key only as a [crypto.Signer], so that a hardware
// security module can replace [Software].
//
// Software is created from a key file ([FromFile], [CreateFile]) or a passphrase ([FromPassphrase]). Back up this
// secret and the database separately, because both are needed to sign. If the secret is lost, the authorities can never
// sign again.
package keystore

import (
	"context"
	"crypto"

	"notary"
)

// Keys creates and opens private keys. It is safe for concurrent use.
type Keys interface {
	// Generate creates a key. An unknown algorithm is an Invalid error for the field key_algorithm.
	Generate(ctx context.Context, alg notary.KeyAlgorithm) (Key, error)
	// Import stores an existing key.
	Import(ctx context.Context, key crypto.Signer) (Key, error)
	// Open returns the key of a reference, or an error if public is not its public key.
	Open(ctx context.Context, ref Reference, public crypto.PublicKey) (crypto.Signer, error)
}

// Key is a private key and its reference.
type Key struct {
	crypto.Signer
	Reference Reference
}

// Reference identifies a key in the database, in columns named sealed_key.
//
// For a software key it is the sealed key, which begins with its version, an octet below 0x20. For a key held
// elsewhere it is a URI (such as pkcs11:…, RFC 7512), which begins with a letter.
type Reference []byte
