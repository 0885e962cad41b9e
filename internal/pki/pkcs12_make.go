package pki

import (
	"bytes"
	"crypto"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"hash"
	"unicode"
	"unicode/utf16"

	pkcs12 "software.sslmate.com/src/go-pkcs12"

	"notary"
)

// PKCS12Options specifies how a PKCS #12 file is written.
type PKCS12Options struct {
	// Alias is the friendly name of the key (RFC 2985, section 5.5.1) or trusted certificate, by which Java and
	// NSS find it. At most 64 characters.
	Alias string

	// Password encrypts the file: at least six characters, as Java's keytool requires, of printable ASCII, because
	// programs encode other characters differently.
	Password string

	// Legacy selects Triple DES and SHA-1, for programs from before 2020 such as Java 8 and Windows Server 2016,
	// instead of AES-256 and SHA-256.
	Legacy bool
}

// pkcs12Iterations is the iteration count. OpenSSL uses 2,048 and Java 10,000; all programs accept more.
const pkcs12Iterations = 100_000

const (
	maxAlias       = 64
	minPassword    = 6
	maxPKCS12Chain = MaxChain + 1
)

func (o PKCS12Options) check() error {
	alias := []rune(o.Alias)
	if len(alias) == 0 || len(alias) > maxAlias {
		return notary.FieldErrorf("alias", "the alias must have 1 to %d characters", maxAlias)
	}
	for _, r := range alias {
		if !unicode.IsPrint(r) || r > 0xffff {
			return notary.FieldErrorf("alias", "the alias has a character that PKCS #12 cannot contain: use "+
				"letters, digits, dots and hyphens")
		}
	}
	if len(o.Password) < minPassword {
		return notary.FieldErrorf("password", "the password of a PKCS #12 file must have at least %d characters: "+
			"Java's keytool requires them", minPassword)
	}
	for _, c := range []byte(o.Password) {
		if c < ' ' || c > '~' {
			return notary.FieldErrorf("password", "the password of a PKCS #12 file must consist of printable "+
				"ASCII: programs encode other characters differently")
		}
	}
	return nil
}

func (o PKCS12Options) encoder() *pkcs12.Encoder {
	if o.Legacy {
		return pkcs12.LegacyDES.WithIterations(pkcs12Iterations)
	}
	return pkcs12.Modern2023.WithIterations(pkcs12Iterations)
}

// MakePKCS12 encodes a private key with its certificate chain, leaf first. OpenSSL, NSS, Windows and Java can read it.
//
// Errors about the alias, the password or a key that does not match the certificate are Invalid, with the field
// "alias", "password" or "key".
func MakePKCS12(key crypto.Signer, chain []*x509.Certificate, o PKCS12Options) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	switch {
	case len(chain) == 0 || len(chain) > maxPKCS12Chain:
		return nil, invalid("a chain of %d certificates cannot be written as PKCS #12", len(chain))
	case !SameKey(key.Public(), chain[0].PublicKey):
		return nil, notary.FieldErrorf("key", "the private key (%s) does not match the certificate (%s): "+
			"use the key of its signing request", KeyName(key.Public()), KeyName(chain[0].PublicKey))
	}
	der, err := o.encoder().Encode(key, chain[0], chain[1:], o.Password)
	if err != nil {
		return nil, notary.InternalError("write the PKCS #12", err)
	}
	if der, err = o.nameKey(der); err != nil {
		return nil, notary.InternalError("name the key in the PKCS #12", err)
	}
	opened, err := openPKCS12(der, o.Password)
	if err != nil || opened.Key == nil || !SameKey(opened.Key.Public(), key.Public()) ||
		len(opened.Certificates) != len(chain) {
		return nil, notary.InternalError("read back the PKCS #12", err)
	}
	return der, nil
}

// MakeTrustStore encodes a trusted certificate as a PKCS #12 file with the attribute that Java requires.
//
// Errors about the alias or the password are Invalid, with the field "alias" or "password".
func MakeTrustStore(root *x509.Certificate, o PKCS12Options) ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	der, err := o.encoder().EncodeTrustStoreEntries([]pkcs12.TrustStoreEntry{{Cert: root, FriendlyName: o.Alias}},
		o.Password)
	if err != nil {
		return nil, notary.InternalError("write the trust store", err)
	}
	return der, nil
}

// The parts of a PFX (RFC 7292, section 4) down to the key's attributes.
type (
	pfx struct {
		Version  int
		AuthSafe octets
		Mac      macData
	}
	octets struct { // ContentInfo of the type data (RFC 2315, section 7)
		Type    asn1.ObjectIdentifier
		Content []byte `asn1:"tag:0,explicit"`
	}
	macData struct {
		Mac        digestInfo
		Salt       []byte
		Iterations int
	}
	digestInfo struct {
		Algorithm pkix.AlgorithmIdentifier
		Digest    []byte
	}
	safeBag struct {
		ID         asn1.ObjectIdentifier
		Value      asn1.RawValue
		Attributes []bagAttribute `asn1:"set"`
	}
	bagAttribute struct {
		ID     asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
)

var oidFriendlyName = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 20}

// nameKey sets the friendly name of the key, which the library does not support, and recomputes the MAC. The key is in
// the last part, which is not encrypted, although the key itself is.
func (o PKCS12Options) nameKey(der []byte) ([]byte, error) {
	var file pfx
	if _, err := asn1.Unmarshal(der, &file); err != nil {
		return nil, err
	}
	var safes []asn1.RawValue
	if _, err := asn1.Unmarshal(file.AuthSafe.Content, &safes); err != nil {
		return nil, err
	}
	last := &safes[len(safes)-1]
	named, err := nameBag(last.FullBytes, bmpString(o.Alias))
	if err != nil {
		return nil, err
	}
	*last = asn1.RawValue{FullBytes: named}
	if file.AuthSafe.Content, err = asn1.Marshal(safes); err != nil {
		return nil, err
	}
	newHash := sha256.New
	if o.Legacy {
		newHash = sha1.New
	}
	mac := hmac.New(newHash, macKey(newHash, terminated(o.Password), file.Mac.Salt, file.Mac.Iterations))
	mac.Write(file.AuthSafe.Content)
	file.Mac.Mac.Digest = mac.Sum(nil)
	return asn1.Marshal(file)
}

func nameBag(part, name []byte) ([]byte, error) {
	var info octets
	if _, err := asn1.Unmarshal(part, &info); err != nil {
		return nil, err
	}
	var bags []safeBag
	if _, err := asn1.Unmarshal(info.Content, &bags); err != nil {
		return nil, err
	}
	bags[0].Attributes = append(bags[0].Attributes, bagAttribute{oidFriendlyName,
		[]asn1.RawValue{{Tag: asn1.TagBMPString, Bytes: name}}})
	var err error
	if info.Content, err = asn1.Marshal(bags); err != nil {
		return nil, err
	}
	return asn1.Marshal(info)
}

// macKey derives the key of the MAC (RFC 7292, appendix B.2, with ID 3). The key has the length of one hash, so one
// block suffices.
func macKey(newHash func() hash.Hash, password, salt []byte, rounds int) []byte {
	h := newHash()
	block := h.BlockSize()
	h.Write(bytes.Repeat([]byte{3}, block))
	h.Write(filled(salt, block))
	h.Write(filled(password, block))
	key := h.Sum(nil)
	for range rounds - 1 {
		h.Reset()
		h.Write(key)
		key = h.Sum(key[:0])
	}
	return key
}

func filled(text []byte, block int) []byte {
	size := (len(text) + block - 1) / block * block
	return bytes.Repeat(text, size/max(len(text), 1)+1)[:size]
}

// terminated encodes a password for the MAC (RFC 7292, appendix B.1).
func terminated(password string) []byte { return append(bmpString(password), 0, 0) }

func bmpString(s string) []byte {
	var out []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		out = append(out, byte(unit>>8), byte(unit))
	}
	return out
}
