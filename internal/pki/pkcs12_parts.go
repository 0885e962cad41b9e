package pki

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"

	pkcs12 "software.sslmate.com/src/go-pkcs12"
)

// A private key within an encrypted part has its own iteration count, which is invisible until decryption and which the
// library does not limit. Such files are refused; no common program writes them.

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncryptedData = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidSHA256        = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
)

var errHiddenKey = errors.New("its private key is within an encrypted part, which hides its iteration count: " +
	"convert it with openssl pkcs12")

func checkEncryptedParts(data []byte, password string) error {
	var file struct {
		Version  int
		AuthSafe octets
		Mac      asn1.RawValue `asn1:"optional"`
	}
	if _, err := asn1.Unmarshal(data, &file); err != nil {
		return err
	}
	var parts []asn1.RawValue
	if _, err := asn1.Unmarshal(file.AuthSafe.Content, &parts); err != nil {
		return err
	}
	for _, part := range parts {
		var info struct {
			Type    asn1.ObjectIdentifier
			Content asn1.RawValue `asn1:"optional"`
		}
		if _, err := asn1.Unmarshal(part.FullBytes, &info); err != nil {
			return err
		}
		if !info.Type.Equal(oidEncryptedData) {
			continue
		}
		err := openPart(part, password, terminated(password))
		if err != nil && err != errHiddenKey && password == "" { // an empty password has two encodings
			err = openPart(part, password, nil)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// openPart decrypts an encrypted part and returns errHiddenKey if it contains a private key. It puts a dummy key before
// the part, so that the library refuses that private key as a second one before deriving anything for it.
func openPart(part asn1.RawValue, password string, encoded []byte) error {
	file, err := afterPlainKey(part, encoded)
	if err != nil {
		return err
	}
	_, _, _, err = pkcs12.DecodeChain(file, password)
	if err != nil && err.Error() == "pkcs12: expected exactly one key bag" {
		return errHiddenKey
	}
	return err
}

// plainKey is a dummy Ed25519 key in PKCS #8 (RFC 8410, section 7).
var plainKey = append([]byte("\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20"), make([]byte, 32)...)

// afterPlainKey returns a PFX of two parts: plainKey and the given part. The password is encoded as by [terminated].
func afterPlainKey(part asn1.RawValue, password []byte) ([]byte, error) {
	bags, err := asn1.Marshal([]safeBag{{ID: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 1},
		Value: asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true, Bytes: plainKey}}})
	if err != nil {
		return nil, err
	}
	first, err := asn1.Marshal(octets{oidData, bags})
	if err != nil {
		return nil, err
	}
	content, err := asn1.Marshal([]asn1.RawValue{{FullBytes: first}, part})
	if err != nil {
		return nil, err
	}
	salt := []byte("of no use")
	mac := hmac.New(sha256.New, macKey(sha256.New, password, salt, 1))
	mac.Write(content)
	return asn1.Marshal(pfx{Version: 3, AuthSafe: octets{oidData, content}, Mac: macData{
		Mac: digestInfo{pkix.AlgorithmIdentifier{Algorithm: oidSHA256}, mac.Sum(nil)}, Salt: salt, Iterations: 1}})
}
