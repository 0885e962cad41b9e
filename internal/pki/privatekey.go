package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
)

// MaxKeySize is the maximum size in octets of a file with a private key and perhaps a chain.
const MaxKeySize = 256 << 10

// Errors for encrypted keys and PKCS #12 files, for use with [errors.Is]. The caller can then prompt for a
// password.
var (
	ErrNoPassword    = errors.New("pki: no password was given")
	ErrWrongPassword = errors.New("pki: incorrect password")
)

// IsPasswordError reports whether err is [ErrNoPassword] or [ErrWrongPassword].
func IsPasswordError(err error) bool {
	return errors.Is(err, ErrNoPassword) || errors.Is(err, ErrWrongPassword)
}

// ParsePrivateKey parses the only private key of a file in PEM or DER: PKCS #8 (RFC 5958), PKCS #1 (RFC 8017), SEC 1
// (RFC 5915) or PKCS #12 (RFC 7292). PKCS #8 may be encrypted with PBES2 (RFC 8018), and PEM blocks as in RFC 1421.
//
// It ignores other PEM blocks and an unneeded password. It does not check the strength of the key: see [CheckKey].
//
// All errors are Invalid. They wrap [ErrNoPassword] or [ErrWrongPassword] if the password is missing or wrong.
func ParsePrivateKey(data []byte, password string) (crypto.Signer, error) {
	if len(data) > MaxKeySize {
		return nil, invalid("the file with the private key is larger than %d KiB: is it the right one?", MaxKeySize>>10)
	}
	if bytes.Contains(data, []byte("-----BEGIN ")) {
		block, err := privateKeyBlock(data)
		if err != nil {
			return nil, err
		}
		return parseKeyBlock(block, password)
	}
	if IsPKCS12(data) || isIndefinite(data) {
		opened, err := OpenPKCS12(data, password)
		if err != nil {
			return nil, err
		}
		if opened.Key == nil {
			return nil, invalid("the PKCS #12 file contains no private key")
		}
		return opened.Key, nil
	}
	if IsEncryptedKey(data) {
		return decryptPKCS8(data, password)
	}
	return parseKeyDER(data)
}

func privateKeyBlock(data []byte) (*pem.Block, error) {
	var found []*pem.Block
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			found = append(found, block)
		}
	}
	switch {
	case len(found) == 0:
		return nil, invalid("there is no private key in the PEM text: it must contain -----BEGIN PRIVATE KEY-----")
	case len(found) > 1:
		return nil, invalid("there are %d private keys in the PEM text: use a file with a single one", len(found))
	default:
		return found[0], nil
	}
}

func parseKeyBlock(block *pem.Block, password string) (crypto.Signer, error) {
	switch {
	case block.Type == "OPENSSH PRIVATE KEY":
		return nil, invalid("the private key is in OpenSSH format: convert it to PKCS #8 with ssh-keygen -p -m " +
			"PKCS8 -f FILE")
	case block.Type == "ENCRYPTED PRIVATE KEY":
		return decryptPKCS8(block.Bytes, password)
	case strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return decryptPEM(block, password)
	default:
		return parseKeyDER(block.Bytes)
	}
}

// decryptPEM decrypts a PEM block encrypted as in RFC 1421, which OpenSSL wrote before version 1.0.
func decryptPEM(block *pem.Block, password string) (crypto.Signer, error) {
	if password == "" {
		return nil, noPassword("the private key")
	}
	//lint:ignore SA1019 the encryption is weak, but existing keys use it
	der, err := x509.DecryptPEMBlock(block, []byte(password))
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, wrongPassword("the private key")
	}
	if err != nil {
		return nil, invalid("the encrypted private key cannot be read: %s", Reason(err))
	}
	key, err := parseKeyDER(der)
	if err != nil { // one in 256 wrong passwords yields valid padding
		return nil, wrongPassword("the private key")
	}
	return key, nil
}

func parseKeyDER(der []byte) (crypto.Signer, error) {
	var key any
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		if rsaKey, rsaErr := x509.ParsePKCS1PrivateKey(der); rsaErr == nil {
			key, err = rsaKey, nil
		} else if ecKey, ecErr := x509.ParseECPrivateKey(der); ecErr == nil {
			key, err = ecKey, nil
		}
	}
	if err != nil {
		return nil, invalid("the private key cannot be read: %s", Reason(err))
	}
	return asSigner(key)
}

func asSigner(key any) (crypto.Signer, error) {
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, invalid("the private key is of a type that cannot sign: %s", usableKeys)
	}
	return signer, nil
}

// IsEncryptedKey reports whether der looks like an EncryptedPrivateKeyInfo (RFC 5958, section 3).
func IsEncryptedKey(der []byte) bool {
	in := cryptobyte.String(der)
	var info, algorithm, encrypted cryptobyte.String
	return in.ReadASN1(&info, casn1.SEQUENCE) && in.Empty() &&
		info.ReadASN1(&algorithm, casn1.SEQUENCE) && algorithm.PeekASN1Tag(casn1.OBJECT_IDENTIFIER) &&
		info.ReadASN1(&encrypted, casn1.OCTET_STRING) && info.Empty()
}

func noPassword(what string) error {
	return &notary.Error{Kind: notary.Invalid, Err: ErrNoPassword, Message: what + " is encrypted: specify its password"}
}

func wrongPassword(what string) error {
	return &notary.Error{Kind: notary.Invalid, Err: ErrWrongPassword, Message: "incorrect password for " + what}
}
