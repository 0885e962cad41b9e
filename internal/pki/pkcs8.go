package pki

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"hash"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
	"golang.org/x/crypto/scrypt"
)

// MaxIterations is the maximum iteration count for opening a file, as in Java. So many iterations take some seconds.
// Without a limit, an external file could cause hours of work.
const MaxIterations = 5_000_000

// Limits on scrypt: 128 MiB of memory, filled at most 16 times (the parallelization parameter).
const (
	maxScryptMemory   = 128 << 20
	maxScryptParallel = 16
)

var errTooMuchWork = errors.New("its iteration count is above the limit")

var errNotOpened = errors.New("the padding or the content is invalid")

// decryptPKCS8 decrypts an EncryptedPrivateKeyInfo (RFC 5958, section 3) that uses PBES2 (RFC 8018).
func decryptPKCS8(der []byte, password string) (crypto.Signer, error) {
	if password == "" {
		return nil, noPassword("the private key")
	}
	plain, err := decryptPBES2(der, []byte(password))
	switch {
	case errors.Is(err, errTooMuchWork):
		return nil, invalid("the encrypted private key cannot be opened: %s", errTooMuchWork)
	case errors.Is(err, errNotOpened):
		return nil, wrongPassword("the private key")
	case err != nil:
		return nil, invalid("the encrypted private key cannot be read (%s): convert it with "+
			"openssl pkcs8 -topk8 -in FILE -out NEW", Reason(err))
	}
	return parseKeyDER(plain)
}

type encryptedKey struct {
	Algorithm  pkix.AlgorithmIdentifier
	Ciphertext []byte
}

// pbes2Params are the PBES2-params of RFC 8018, appendix A.4.
type pbes2Params struct {
	KDF, Cipher pkix.AlgorithmIdentifier
}

type keyDerivation interface {
	DeriveKey(password []byte, size int) ([]byte, error)
}

func newKeyDerivation(algorithm pkix.AlgorithmIdentifier) (params keyDerivation, err error) {
	switch algorithm.Algorithm.String() {
	case "1.2.840.113549.1.5.12":
		params = new(pbkdf2Params)
	case "1.3.6.1.4.1.11591.4.11":
		params = new(scryptParams)
	default:
		return nil, errors.New("its key derivation function is not supported")
	}
	_, err = asn1.Unmarshal(algorithm.Parameters.FullBytes, params)
	return params, err
}

// pbes2Ciphers are the block ciphers of PBES2 in CBC mode (RFC 8018, appendix B.2), by OID.
var pbes2Ciphers = map[string]struct {
	keySize  int
	newBlock func(key []byte) (cipher.Block, error)
}{
	"1.2.840.113549.3.7":      {24, des.NewTripleDESCipher},
	"2.16.840.1.101.3.4.1.2":  {16, aes.NewCipher},
	"2.16.840.1.101.3.4.1.22": {24, aes.NewCipher},
	"2.16.840.1.101.3.4.1.42": {32, aes.NewCipher},
}

func decryptPBES2(der, password []byte) ([]byte, error) {
	var key encryptedKey
	if _, err := asn1.Unmarshal(der, &key); err != nil {
		return nil, err
	}
	if !key.Algorithm.Algorithm.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}) {
		return nil, errors.New("it is not encrypted with PBES2")
	}
	var params pbes2Params
	if _, err := asn1.Unmarshal(key.Algorithm.Parameters.FullBytes, &params); err != nil {
		return nil, err
	}
	scheme, known := pbes2Ciphers[params.Cipher.Algorithm.String()]
	if !known {
		return nil, errors.New("its cipher is not supported")
	}
	var iv []byte
	if _, err := asn1.Unmarshal(params.Cipher.Parameters.FullBytes, &iv); err != nil {
		return nil, err
	}
	kdf, err := newKeyDerivation(params.KDF)
	if err != nil {
		return nil, err
	}
	derived, err := kdf.DeriveKey(password, scheme.keySize)
	if err != nil {
		return nil, err
	}
	block, err := scheme.newBlock(derived)
	if err != nil {
		return nil, err
	}
	return decryptCBC(block, iv, key.Ciphertext)
}

func decryptCBC(block cipher.Block, iv, ciphertext []byte) ([]byte, error) {
	size := block.BlockSize()
	if len(iv) != size || len(ciphertext) == 0 || len(ciphertext)%size != 0 {
		return nil, errors.New("it is damaged")
	}
	plain := make([]byte, len(ciphertext))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, ciphertext)
	padding := int(plain[len(plain)-1])
	if padding < 1 || padding > size || !bytes.HasSuffix(plain, bytes.Repeat([]byte{byte(padding)}, padding)) {
		return nil, errNotOpened
	}
	plain = plain[:len(plain)-padding]
	if !isPrivateKeyInfo(plain) { // one in 256 wrong passwords yields valid padding
		return nil, errNotOpened
	}
	return plain, nil
}

// isPrivateKeyInfo reports whether der has the structure of a PrivateKeyInfo (RFC 5958, section 2).
func isPrivateKeyInfo(der []byte) bool {
	in := cryptobyte.String(der)
	var info cryptobyte.String
	return in.ReadASN1(&info, casn1.SEQUENCE) && in.Empty() && info.SkipASN1(casn1.INTEGER) &&
		info.SkipASN1(casn1.SEQUENCE) && info.SkipASN1(casn1.OCTET_STRING)
}

// pbkdf2Params are the PBKDF2-params of RFC 8018, appendix A.2.
type pbkdf2Params struct {
	Salt       []byte
	Iterations int
	KeyLength  int                      `asn1:"optional"`
	PRF        pkix.AlgorithmIdentifier `asn1:"optional"`
}

// pseudoRandom maps the last arc of 1.2.840.113549.2 to the hash function of the HMAC.
var pseudoRandom = map[int]func() hash.Hash{
	7: sha1.New, 8: sha256.New224, 9: sha256.New, 10: sha512.New384, 11: sha512.New,
}

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

// scryptParams are the scrypt-params of RFC 7914, section 7.
type scryptParams struct {
	Salt                 []byte
	Cost, Block, Threads int
	KeyLength            int `asn1:"optional"`
}

func (p *scryptParams) DeriveKey(password []byte, size int) ([]byte, error) {
	switch {
	case p.Cost < 2 || p.Block < 1 || p.Threads < 1:
		return nil, errors.New("the parameters of its key derivation are invalid")
	case p.Threads > maxScryptParallel || p.Block > maxScryptMemory/128 || p.Cost > maxScryptMemory/128/p.Block:
		return nil, errTooMuchWork
	}
	return scrypt.Key(password, p.Salt, p.Cost, p.Block, p.Threads, size)
}
