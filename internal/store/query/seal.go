package query

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"sync/atomic"
)

// SealKeySize is the size of a [Seal]'s key in octets.
const SealKeySize = 32

// Seal encrypts the cursors of lists whose readers may not see every object: a short page may end at a hidden object,
// whose name and expiry the cursor would disclose. It is safe for concurrent use.
type Seal struct{ aead atomic.Pointer[cipher.AEAD] }

// NewSeal returns a Seal with a random key.
func NewSeal() *Seal {
	s := &Seal{}
	key := make([]byte, SealKeySize)
	_, _ = rand.Read(key) // never fails
	s.SetKey(key)
	return s
}

// SetKey replaces the key, which all nodes on a database share.
func (s *Seal) SetKey(key []byte) {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the key has the wrong size
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err) // cannot happen with AES
	}
	s.aead.Store(&aead)
}

func (s *Seal) seal(text, context []byte) []byte {
	return (*s.aead.Load()).Seal(nil, nil, text, context)
}

func (s *Seal) open(sealed, context []byte) ([]byte, error) {
	return (*s.aead.Load()).Open(nil, nil, sealed, context)
}
