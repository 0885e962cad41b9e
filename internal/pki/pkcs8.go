package pki

import (
	"crypto"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"
	"sync"

	"github.com/youmark/pkcs8"
	"golang.org/x/crypto/scrypt"
)

// MaxIterations is the maximum iteration count accepted for opening a file. It is Java's limit and takes some
// seconds. The count comes from the file, so an external file could otherwise cause hours of work.
const MaxIterations = 5_000_000

// Limits of the scrypt parameters: 128 MiB of memory, 16 times over.
const (
	maxScryptMemory   = 128 << 20
	maxScryptParallel = 16
)

// errTooMuchWork is returned for files whose iteration count exceeds the limit.
var errTooMuchWork = errors.New("its iteration count is above the limit")

func decryptPKCS8(der []byte, password string) (crypto.Signer, error) {
	if password == "" {
		return nil, noPassword("the private key")
	}
	key, err := openPKCS8(der, password)
	switch {
	case errors.Is(err, errTooMuchWork):
		return nil, invalid("the encrypted private key cannot be opened: %s", errTooMuchWork)
	case err != nil && err.Error() == "pkcs8: incorrect password":
		return nil, wrongPassword("the private key")
	case err != nil:
		return nil, invalid("the encrypted private key cannot be read (%s): convert it with "+
			"openssl pkcs8 -topk8 -in FILE -out NEW", Reason(err))
	}
	return asSigner(key)
}

// openPKCS8 calls the library, which panics if the length of the ciphertext is not a multiple of the block size.
func openPKCS8(der []byte, password string) (key any, err error) {
	defer func() {
		if recover() != nil {
			key, err = nil, errors.New("it is damaged")
		}
	}()
	registerKDFs()
	return pkcs8.ParsePKCS8PrivateKey(der, []byte(password))
}

// registerKDFs replaces the library's key derivation functions, which have no limits and lack some hashes for
// PBKDF2.
var registerKDFs = sync.OnceFunc(func() {
	pkcs8.RegisterKDF(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, func() pkcs8.KDFParameters { return new(pbkdf2Params) })
	pkcs8.RegisterKDF(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}, func() pkcs8.KDFParameters { return new(scryptParams) })
})

// pbkdf2Params are the PBKDF2-params of RFC 8018, appendix A.2.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// pseudoRandom maps the last arc of 1.2.840.113549.2 to the hash of the HMAC.
var pseudoRandom = map[int]func() hash.Hash{
	7: sha1.New, 8: sha256.New224, 9: sha256.New, 10: sha512.New384, 11: sha512.New,
}

// DeriveKey derives a key of size octets.
func (p *pbkdf2Params) DeriveKey(password []byte, size int) ([]byte, error) {
	arc := 7 // SHA-1 is the default
	if oid := p.PRF.Algorithm; len(oid) > 0 {
		if !oid[:len(oid)-1].Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 2}) {
			return nil, errors.New("its hash is not supported")
		}
		arc = oid[len(oid)-1]
	}
	newHash, known := pseudoRandom[arc]
	switch {
	case !known:
		return nil, errors.New("its hash is not supported")
	case p.Iterations < 1 || p.KeyLength != 0 && p.KeyLength != size:
		return nil, errors.New("the parameters of its key derivation are invalid")
	case p.Iterations > MaxIterations:
		return nil, errTooMuchWork
	}
	return pbkdf2.Key(newHash, string(password), p.Salt, p.Iterations, size)
}

// scryptParams are the parameters of RFC 7914, section 7.
type scryptParams struct {
	Salt                 []byte
	Cost, Block, Threads int
	KeyLength            int `asn1:"optional"`
}

// DeriveKey derives a key of size octets.
func (p *scryptParams) DeriveKey(password []byte, size int) ([]byte, error) {
	switch {
	case p.Cost < 2 || p.Block < 1 || p.Threads < 1:
		return nil, errors.New("the parameters of its key derivation are invalid")
	case p.Threads > maxScryptParallel || p.Block > maxScryptMemory/128 || p.Cost > maxScryptMemory/128/p.Block:
		return nil, errTooMuchWork
	}
	return scrypt.Key(password, p.Salt, p.Cost, p.Block, p.Threads, size)
}
