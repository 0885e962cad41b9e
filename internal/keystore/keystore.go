// Package keystore creates, keeps and opens the private keys of authorities and OCSP responders.
//
// [Keys] is the interface behind which they are kept. Nothing outside this package generates such a key or sees more
// of it than its [crypto.Signer], so that a hardware security module can take the place of [Software].
//
// Software is made from a key file ([FromFile], [CreateFile]) or a passphrase ([FromPassphrase]). This secret and the
// database belong to different backups: either one alone opens nothing, and a database whose secret is lost holds
// authorities that will never sign again.
package keystore

import (
	"context"
	"crypto"

	"notary"
)

// Keys creates and opens private keys. It is safe for concurrent use.
type Keys interface {
	// Generate creates a key. An unknown algorithm is an Invalid error of the field key_algorithm.
	Generate(ctx context.Context, alg notary.KeyAlgorithm) (Key, error)
	// Import takes over a key that was created elsewhere.
	Import(ctx context.Context, key crypto.Signer) (Key, error)
	// Open returns the key with that reference. It fails unless public is its public key.
	Open(ctx context.Context, ref Reference, public crypto.PublicKey) (crypto.Signer, error)
}

// Key is a private key that was created or imported.
type Key struct {
	crypto.Signer
	Reference Reference
}

// Reference is what the database keeps of a key, in the columns sealed_key: enough to open it again.
//
// Of a software key it is the sealed key itself, which begins with its version, an octet below 0x20. Of a key that
// lives elsewhere it is a URI (such as pkcs11:…, RFC 7512), which begins with a letter. So the first octet tells who
// holds a key, and the references of all versions of the schema remain valid.
type Reference []byte
