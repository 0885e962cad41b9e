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

// MaxIterations is how often a password may be hashed to open one file: as often as Java
// does, which takes some seconds. A file names the number itself, so that one from outside
// could keep us busy for hours.
const MaxIterations = 5_000_000

// The most that scrypt may take, by the numbers in a file: 128 MiB, 16 times over.
const (
	maxScryptMemory   = 128 << 20
	maxScryptParallel = 16
)

// errTooMuchWork is what a file asks for whose password is hashed too often.
var errTooMuchWork = errors.New("it asks for more work to open it than is allowed")

// decryptPKCS8 opens an EncryptedPrivateKeyInfo.
func decryptPKCS8(der []byte, password string) (crypto.Signer, error) {
	if password == "" {
		return nil, noPassword("the private key")
	}
	key, err := openPKCS8(der, password)
	switch {
	case errors.Is(err, errTooMuchWork):
		return nil, invalid("the encrypted private key is not opened: %s", errTooMuchWork)
	case err != nil && err.Error() == "pkcs8: incorrect password":
		return nil, wrongPassword("the private key")
	case err != nil:
		return nil, invalid("the encrypted private key cannot be read (%s): write it anew with "+
			"openssl pkcs8 -topk8 -in FILE -out NEW", Reason(err))
	}
	return asSigner(key)
}

// openPKCS8 is the library's call, which panics where the length of what is encrypted is no
// multiple of a block.
func openPKCS8(der []byte, password string) (key any, err error) {
	defer func() {
		if recover() != nil {
			key, err = nil, errors.New("it is damaged")
		}
	}()
	registerKDFs()
	return pkcs8.ParsePKCS8PrivateKey(der, []byte(password))
}

// registerKDFs replaces the library's key derivation functions, which do not limit the work and lack some hashes of PBKDF2.
var registerKDFs = sync.OnceFunc(func() {
	pkcs8.RegisterKDF(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}, func() pkcs8.KDFParameters { return new(pbkdf2Params) })
	pkcs8.RegisterKDF(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11591, 4, 11}, func() pkcs8.KDFParameters { return new(scryptParams) })
})

// pbkdf2Params are PBKDF2-params of RFC 8018, appendix A.2.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// pseudoRandom are the hashes of HMAC, by the last arc of 1.2.840.113549.2.
var pseudoRandom = map[int]func() hash.Hash{
	7: sha1.New, 8: sha256.New224, 9: sha256.New, 10: sha512.New384, 11: sha512.New,
}

// DeriveKey gives a key of size octets.
func (p *pbkdf2Params) DeriveKey(password []byte, size int) ([]byte, error) {
	arc := 7 // SHA-1 is what the standard says where nothing is said
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
		return nil, errors.New("the parameters of its key derivation make no sense")
	case p.Iterations > MaxIterations:
		return nil, errTooMuchWork
	}
	return pbkdf2.Key(newHash, string(password), p.Salt, p.Iterations, size)
}

// scryptParams are those of RFC 7914, section 7.
type scryptParams struct {
	Salt                 []byte
	Cost, Block, Threads int
	KeyLength            int `asn1:"optional"`
}

// DeriveKey gives a key of size octets.
func (p *scryptParams) DeriveKey(password []byte, size int) ([]byte, error) {
	switch {
	case p.Cost < 2 || p.Block < 1 || p.Threads < 1:
		return nil, errors.New("the parameters of its key derivation make no sense")
	case p.Threads > maxScryptParallel || p.Block > maxScryptMemory/128 || p.Cost > maxScryptMemory/128/p.Block:
		return nil, errTooMuchWork
	}
	return scrypt.Key(password, p.Salt, p.Cost, p.Block, p.Threads, size)
}
