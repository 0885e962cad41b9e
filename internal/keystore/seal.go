package keystore

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/x509"
	"errors"

	"notary"
	"notary/internal/pki"
)

// A sealed key consists of a header (version, KDF, salt, nonce) and the AES-256-GCM ciphertext of the PKCS #8 key (RFC
// 5958).
const (
	version1   = 1
	nonceSize  = 12
	headerSize = 2 + saltSize + nonceSize
)

// seal encrypts a private key for the database. The header and the public key are associated data, so that a sealed key
// cannot be opened for another authority. A key held by a device cannot be sealed.
func (k *Software) seal(key crypto.Signer) ([]byte, error) {
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, notary.InternalError("seal the private key", err)
	}
	defer clear(plain)
	salt := k.sealingSalt()
	aead, err := k.aead(salt)
	if err != nil {
		return nil, err
	}
	sealed := make([]byte, headerSize, headerSize+len(plain)+aead.Overhead())
	sealed[0], sealed[1] = version1, byte(k.kdf)
	copy(sealed[2:], salt[:])
	nonce := sealed[2+saltSize : headerSize]
	rand.Read(nonce) // never returns an error
	data, err := associatedData(sealed, key.Public())
	if err != nil {
		return nil, err
	}
	return aead.Seal(sealed, nonce, plain, data), nil
}

// unseal decrypts a sealed private key and checks that it belongs to the public key. Errors are Internal. If the secret
// is wrong, the message names the one that is needed: the key file or the passphrase.
func (k *Software) unseal(sealed []byte, public crypto.PublicKey) (crypto.Signer, error) {
	if len(sealed) < headerSize || sealed[0] != version1 {
		return nil, notary.Errorf(notary.Internal, "the sealed private key of the CA is "+
			"damaged or from a newer version of this program")
	}
	if needed := kdf(sealed[1]); needed != k.kdf {
		return nil, notary.Errorf(notary.Internal, "the private key of the CA is sealed "+
			"with %s, but the program was started with %s: start it with %[1]s", needed, k.kdf)
	}
	salt := salt(sealed[2 : 2+saltSize])
	aead, err := k.aead(salt)
	if err != nil {
		return nil, err
	}
	data, err := associatedData(sealed[:headerSize], public)
	if err != nil {
		return nil, err
	}
	nonce, ciphertext := sealed[2+saltSize:headerSize], sealed[headerSize:]
	plain, err := aead.Open(nil, nonce, ciphertext, data)
	if err != nil {
		k.forget(salt)
		return nil, &notary.Error{Kind: notary.Internal, Err: err, Message: "the private key of the " +
			"CA cannot be decrypted with " + k.kdf.String() + ": it was encrypted with a different one, or the " +
			"database was tampered with"}
	}
	defer clear(plain)
	k.reuse(salt)
	return parseKey(plain, public)
}

func parseKey(plain []byte, public crypto.PublicKey) (crypto.Signer, error) {
	key, err := x509.ParsePKCS8PrivateKey(plain)
	if err != nil {
		return nil, notary.InternalError("read the private key of the CA", err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok || !pki.SameKey(signer.Public(), public) {
		return nil, notary.InternalError("read the private key of the CA",
			errors.New("it is not the key to its certificate"))
	}
	return signer, nil
}

func (k *Software) aead(s salt) (cipher.AEAD, error) {
	key, err := k.key(s)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, notary.InternalError("set up the sealing cipher", err)
	}
	return cipher.NewGCM(block)
}

func associatedData(header []byte, public crypto.PublicKey) ([]byte, error) {
	info, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, notary.InternalError("write the public key of the CA", err)
	}
	return append(header[:headerSize:headerSize], info...), nil
}
