package inspect

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// Key describes a public or private key. For a private key it shows only the algorithm, the form and a hash of the
// public key.
type Key struct {
	Key       string `json:"key"`  // such as "RSA 2048"; empty if encrypted
	Form      string `json:"form"` // such as "PKCS #8"
	Encrypted bool   `json:"encrypted"`
	SPKI      string `json:"spki_sha256,omitempty"` // of its SubjectPublicKeyInfo, hexadecimal
}

func (r *reader) readPrivateBlock(block *pem.Block) Object {
	if block.Type == "OPENSSH PRIVATE KEY" {
		o := Object{Kind: KindPrivateKey, Key: &Key{Form: "OpenSSH"}}
		o.note("openssh", "", "it is in OpenSSH format, which is not supported")
		return o
	}
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		o := Object{Kind: KindPrivateKey, Key: &Key{Form: strings.TrimSuffix(block.Type, " PRIVATE KEY") +
			" with the encryption of RFC 1421", Encrypted: true}}
		o.warn("weak_encryption", "", "its encryption hashes the password only once, with MD5: convert it to "+
			"PKCS #8 with openssl pkcs8 -topk8")
		return o
	}
	return r.readPrivateKey(block.Bytes)
}

// maxKeyDER is the maximum size of a private key in octets. A 16,384-bit RSA key fits; checking longer keys takes too
// long.
const maxKeyDER = 16 << 10

// readPrivateKey reads a key in DER. Its errors reveal nothing about the content.
func (r *reader) readPrivateKey(der []byte) Object {
	o := Object{Kind: KindPrivateKey, Key: &Key{Form: keyForm(der)}}
	if len(der) > maxKeyDER {
		o.fail("too_large", "", "it has %d octets, more than the limit of %d KiB", len(der), maxKeyDER>>10)
		return o
	}
	if pki.IsEncryptedKey(der) {
		o.Key.Encrypted = true
		return o
	}
	signer, err := pki.ParsePrivateKey(der, "")
	if err != nil {
		o.fail("unreadable", "", "it cannot be read: it is damaged, or of a type that cannot sign")
		return o
	}
	r.keepKey(&o, signer.Public())
	o.note("unencrypted", "", "it is not encrypted: anyone who can read it has the key")
	return o
}

func (r *reader) readPublicKey(der []byte) Object {
	o := Object{Kind: KindPublicKey, Key: &Key{Form: "SubjectPublicKeyInfo"}}
	public, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		o.fail("unreadable", "RFC 5280, section 4.1.2.7", "it cannot be read: %s", reason(err))
		return o
	}
	r.keepKey(&o, public)
	o.checkKeyEncoding(der, public)
	return o
}

func (r *reader) keepKey(o *Object, public crypto.PublicKey) {
	o.public = public
	o.Key.Key = keyName(public, x509.UnknownPublicKeyAlgorithm)
	if spki, err := x509.MarshalPKIXPublicKey(public); err == nil {
		o.Key.SPKI = pki.Fingerprint(spki)
	}
	r.checkKey(o, public)
}

func keyForm(der []byte) string {
	in := cryptobyte.String(der)
	var body cryptobyte.String
	if pki.IsEncryptedKey(der) {
		return "PKCS #8, encrypted"
	}
	if !in.ReadASN1(&body, casn1.SEQUENCE) || !body.SkipASN1(casn1.INTEGER) {
		return "unknown"
	}
	switch {
	case body.PeekASN1Tag(casn1.SEQUENCE):
		return "PKCS #8"
	case body.PeekASN1Tag(casn1.OCTET_STRING):
		return "SEC 1"
	default:
		return "PKCS #1"
	}
}

// keyName is like [pki.KeyName], but also names known kinds of keys that Notary does not certify.
func keyName(public crypto.PublicKey, algorithm x509.PublicKeyAlgorithm) string {
	if name := pki.KeyName(public); name != "unknown" || algorithm == x509.UnknownPublicKeyAlgorithm {
		return name
	}
	return algorithm.String()
}

// Examining an RSA key for weaknesses takes about as long as creating a signature with it: some milliseconds for 2048
// bits and a tenth of a second for 8192.
const (
	maxKeyWork  = 2048 // per call: 256 keys of 2048 bits, or 4 of 8192
	notExamined = "key_not_examined"
)

func keyWork(public crypto.PublicKey) int {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return 0
	}
	units := key.N.BitLen() / 1024
	return units * units * units
}

func (r *reader) checkKey(o *Object, public crypto.PublicKey) {
	if verifiable(public) {
		if r.keyWork += keyWork(public); r.keyWork > maxKeyWork {
			o.note(notExamined, "", "its RSA key is not examined for weaknesses, because there are too many: "+
				"split the input")
			return
		}
	}
	if err := pki.CheckKey(public); err != nil {
		o.fail("weak_key", "", "%s", notaryMessage(err))
	} else if exponent := pki.SmallExponent(public); exponent != 0 {
		o.warn("small_exponent", "FIPS 186-5, section A.1.1", "the public exponent of its RSA key is %d: Notary "+
			"certifies it only "+
			"under a profile that allows exponents below %d", exponent, pki.UsualExponent)
	}
}

// ReportBlocked adds a problem to each object whose key is blocked.
func ReportBlocked(objects []Object, blocked func(crypto.PublicKey) bool) {
	for i := range objects {
		o := &objects[i]
		public := o.public
		if o.certificate != nil {
			public = o.certificate.PublicKey
		}
		if public != nil && blocked(public) {
			o.fail("blocked_key", "", "its key is on the list of blocked keys: generate a new one")
		}
	}
}

// checkKeyEncoding reports a SubjectPublicKeyInfo whose encoding is not canonical: programs that compare keys octet by
// octet treat it as another key.
func (o *Object) checkKeyEncoding(spki []byte, public crypto.PublicKey) {
	if err := pki.CheckKeyEncoding(spki, public); err != nil {
		o.fail("key_encoding", "RFC 5280, section 4.1.2.7", "%s", notaryMessage(err))
	}
}

func notaryMessage(err error) string {
	var e *notary.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return reason(err)
}

// checkSignatureAlgorithm reports algorithms that are unknown or whose signatures can be forged. The latter are only a
// notice in a self-signed certificate.
func (o *Object) checkSignatureAlgorithm(algorithm x509.SignatureAlgorithm, selfSigned bool) {
	switch algorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		if selfSigned {
			o.note("weak_signature", "", "it is self-signed with %s, which does not matter for a root", algorithm)
			return
		}
		o.fail("weak_signature", "", "it is signed with %s, which can be forged: relying parties reject it", algorithm)
	case x509.UnknownSignatureAlgorithm:
		o.warn("unknown_signature", "", "it is signed with an unknown algorithm")
	}
}

// maxVerifiedBits is the maximum size of RSA keys used for verification, which limits the work for malicious
// input.
const maxVerifiedBits = 8192

// verifiable reports whether signatures of a key can be verified in bounded time.
func verifiable(public crypto.PublicKey) bool {
	switch key := public.(type) {
	case *rsa.PublicKey:
		return key.N.BitLen() <= maxVerifiedBits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	default:
		return false
	}
}

func (r *reader) matchKeys() {
	for i := range r.objects {
		key := &r.objects[i]
		if key.Kind != KindPrivateKey || key.public == nil {
			continue
		}
		others, fits := 0, ""
		for j := range r.objects {
			public := r.objects[j].holderKey()
			if public == nil {
				continue
			}
			others++
			if pki.SameKey(key.public, public) {
				fits = r.objects[j].Name
				break
			}
		}
		switch {
		case fits != "":
			key.Name = fits
		case others > 0:
			key.fail("key_mismatch", "", "it matches none of the certificates and requests")
		}
	}
}

func (o *Object) holderKey() crypto.PublicKey {
	switch {
	case o.certificate != nil:
		return o.certificate.PublicKey
	case o.Kind == KindRequest:
		return o.public
	default:
		return nil
	}
}

func joined(list []string) string { return strings.Join(list, ", ") }

func equal(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
