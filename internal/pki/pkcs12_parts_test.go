package pki_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

var (
	oidData      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidEncrypted = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 6}
	oidPBES2     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}
	oidPBKDF2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 12}
	oidAES128    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 1, 2}
	oidSHA256    = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidKeyBag    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 12, 10, 1, 2}
	salt         = []byte("salty!!!")
)

// info is a ContentInfo, an attribute or a bag: a type, and a value tagged [0].
type info struct {
	Type  asn1.ObjectIdentifier
	Value any `asn1:"tag:0,explicit"`
}

func der(t *testing.T, value any) []byte {
	t.Helper()
	out, err := asn1.Marshal(value)
	testkit.Check(t, err)
	return out
}

// algorithm returns AES with a password hashed with this many iterations (RFC 8018, appendix A.4). A salt whose
// tag class is not universal hides the count.
func algorithm(t *testing.T, iterations, saltClass int) pkix.AlgorithmIdentifier {
	t.Helper()
	kdf := pkix.AlgorithmIdentifier{Algorithm: oidPBKDF2, Parameters: asn1.RawValue{FullBytes: der(t, struct {
		Salt       asn1.RawValue
		Iterations int
	}{asn1.RawValue{Class: saltClass, Tag: asn1.TagOctetString, Bytes: salt}, iterations})}}
	scheme := pkix.AlgorithmIdentifier{Algorithm: oidAES128, Parameters: asn1.RawValue{FullBytes: der(t,
		make([]byte, 16))}}
	return pkix.AlgorithmIdentifier{Algorithm: oidPBES2, Parameters: asn1.RawValue{FullBytes: der(t,
		[]pkix.AlgorithmIdentifier{kdf, scheme})}}
}

// slowKey returns a part with an encrypted key that takes many hours to decrypt.
func slowKey(t *testing.T, saltClass int) []byte {
	t.Helper()
	return der(t, []info{{oidKeyBag, struct {
		Algorithm pkix.AlgorithmIdentifier
		Encrypted []byte
	}{algorithm(t, 1<<31-1, saltClass), make([]byte, 64)}}})
}

func encryptedPart(t *testing.T, bags []byte, password string) info {
	t.Helper()
	key, err := pbkdf2.Key(sha1.New, password, salt, 1, 16)
	testkit.Check(t, err)
	block, err := aes.NewCipher(key)
	testkit.Check(t, err)
	padding := 16 - len(bags)%16
	content := append(bytes.Clone(bags), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(content, content)
	return info{oidEncrypted, struct {
		Version int
		Content struct {
			Type      asn1.ObjectIdentifier
			Algorithm pkix.AlgorithmIdentifier
			Encrypted []byte `asn1:"tag:0"`
		}
	}{Content: struct {
		Type      asn1.ObjectIdentifier
		Algorithm pkix.AlgorithmIdentifier
		Encrypted []byte `asn1:"tag:0"`
	}{oidData, algorithm(t, 1, asn1.ClassUniversal), content}}}
}

func pfx(t *testing.T, part info, password string) []byte {
	t.Helper()
	content := der(t, []info{part})
	mac := hmac.New(sha256.New, pki.MACKey(password, salt))
	mac.Write(content)
	type digest struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	type macData struct {
		Mac        digest
		Salt       []byte
		Iterations int
	}
	return der(t, struct {
		Version  int
		AuthSafe info
		Mac      macData
	}{3, info{oidData, content}, macData{digest{pkix.AlgorithmIdentifier{Algorithm: oidSHA256}, mac.Sum(nil)}, salt, 1}})
}

// An iteration count may be hidden in an encrypted part, or after a wrong tag.
func TestOpenPKCS12RefusesHiddenWork(t *testing.T) {
	t.Parallel()
	universal, other := asn1.ClassUniversal, asn1.ClassContextSpecific
	text := asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: slowKey(t, universal)}
	for name, c := range map[string]struct {
		part  func(password string) info
		words string
	}{
		"in sight":                 {func(string) info { return info{oidData, slowKey(t, universal)} }, "iteration count"},
		"behind another tag":       {func(string) info { return info{oidData, slowKey(t, other)} }, "iteration count"},
		"in another kind of value": {func(string) info { return info{oidData, text} }, "iteration count"},
		"in an encrypted part": {func(p string) info { return encryptedPart(t, slowKey(t, universal), p) },
			"within an encrypted part"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, password := range []string{"", "secret"} {
				_, err := pki.OpenPKCS12(pfx(t, c.part(password), password), password)
				testkit.WantKind(t, err, notary.Invalid)
				if err != nil {
					wantWords(t, err.Error(), c.words)
				}
			}
		})
	}
}
