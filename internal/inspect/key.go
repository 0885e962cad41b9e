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

// Key is what can be told of a key: never anything of a private one but its kind.
type Key struct {
	Key       string `json:"key"`  // such as "RSA 2048"; empty while it is encrypted
	Form      string `json:"form"` // such as "PKCS #8"
	Encrypted bool   `json:"encrypted"`
	SPKI      string `json:"spki_sha256,omitempty"` // of its SubjectPublicKeyInfo, hexadecimal
}

func (r *reader) readPrivateBlock(block *pem.Block) Object {
	if block.Type == "OPENSSH PRIVATE KEY" {
		o := Object{Kind: KindPrivateKey, Key: &Key{Form: "OpenSSH"}}
		o.note("openssh", "", "it is in the form of OpenSSH, which is not read")
		return o
	}
	if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		o := Object{Kind: KindPrivateKey, Key: &Key{Form: strings.TrimSuffix(block.Type, " PRIVATE KEY") + " with the encryption of RFC 1421", Encrypted: true}}
		o.warn("weak_encryption", "", "its encryption hashes the password only once, with MD5: write it as PKCS #8 with openssl pkcs8 -topk8")
		return o
	}
	return r.readPrivateKey(block.Bytes)
}

// maxKeyDER is more than an RSA key of 16,384 bits takes. Checking a longer one takes long.
const maxKeyDER = 16 << 10

// readPrivateKey reads a key in DER. Its error texts tell nothing of what is in it.
func (r *reader) readPrivateKey(der []byte) Object {
	o := Object{Kind: KindPrivateKey, Key: &Key{Form: keyForm(der)}}
	if len(der) > maxKeyDER {
		o.fail("too_large", "", "it has %d octets: a key of more than %d KiB is not read", len(der), maxKeyDER>>10)
		return o
	}
	if pki.IsEncryptedKey(der) {
		o.Key.Encrypted = true
		return o
	}
	signer, err := pki.ParsePrivateKey(der, "")
	if err != nil {
		o.fail("unreadable", "", "it cannot be read: it is damaged, or of a kind that cannot sign")
		return o
	}
	r.keepKey(&o, signer.Public())
	o.note("unencrypted", "", "it is not encrypted: whoever can read this has the key")
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

// keyForm is the structure that a private key is in.
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

// keyName is [pki.KeyName], also for kinds that are known and not taken here.
func keyName(public crypto.PublicKey, algorithm x509.PublicKeyAlgorithm) string {
	if name := pki.KeyName(public); name != "unknown" || algorithm == x509.UnknownPublicKeyAlgorithm {
		return name
	}
	return algorithm.String()
}

// Looking for weaknesses of an RSA key takes about as long as a signature by it: some milliseconds
// for 2048 bits and a tenth of a second for 8192.
const (
	maxKeyWork  = 2048 // in all of one call: 256 keys of 2048 bits, 4 of 8192
	notExamined = "key_not_examined"
)

// keyWork returns how long it takes to examine a key, in units of the time for 1024 bits.
func keyWork(public crypto.PublicKey) int {
	key, ok := public.(*rsa.PublicKey)
	if !ok {
		return 0
	}
	units := key.N.BitLen() / 1024
	return units * units * units
}

// checkKey reports a key that can be computed or guessed, while there may be more work.
func (r *reader) checkKey(o *Object, public crypto.PublicKey) {
	if verifiable(public) {
		if r.keyWork += keyWork(public); r.keyWork > maxKeyWork {
			o.note(notExamined, "", "its RSA key is not examined for weaknesses, because there are too many: give fewer")
			return
		}
	}
	if err := pki.CheckKey(public); err != nil {
		o.fail("weak_key", "", "%s", notaryMessage(err))
	} else if exponent := pki.SmallExponent(public); exponent != 0 {
		o.warn("small_exponent", "FIPS 186-5, section A.1.1", "the public exponent of its RSA key is %d: Notary certifies it only "+
			"by a profile that allows exponents below %d", exponent, pki.UsualExponent)
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
			o.fail("blocked_key", "", "its key is on the list of blocked keys: make a new one")
		}
	}
}

// checkKeyEncoding reports a SubjectPublicKeyInfo that is not in its canonical encoding: programs
// that compare keys by their octets take it for another key.
func (o *Object) checkKeyEncoding(spki []byte, public crypto.PublicKey) {
	if err := pki.CheckKeyEncoding(spki, public); err != nil {
		o.fail("key_encoding", "RFC 5280, section 4.1.2.7", "%s", notaryMessage(err))
	}
}

// notaryMessage is what an error of the vocabulary says to the user.
func notaryMessage(err error) string {
	var e *notary.Error
	if errors.As(err, &e) {
		return e.Message
	}
	return reason(err)
}

// checkSignatureAlgorithm knows what can be forged. The signature of a root on itself counts
// for nothing.
func (o *Object) checkSignatureAlgorithm(algorithm x509.SignatureAlgorithm, selfSigned bool) {
	switch algorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		if selfSigned {
			o.note("weak_signature", "", "it is self-signed with %s: of a root nobody checks that", algorithm)
			return
		}
		o.fail("weak_signature", "", "it is signed with %s, which can be forged: it is refused everywhere", algorithm)
	case x509.UnknownSignatureAlgorithm:
		o.warn("unknown_signature", "", "it is signed with an algorithm that is not known here")
	}
}

// maxVerifiedBits is the longest RSA key whose signatures are looked at: a longer one could be
// made to keep us busy.
const maxVerifiedBits = 8192

// verifiable says whether signatures of a key can be checked, in a time that is bounded.
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

// matchKeys finds out whether each private key fits a certificate or request beside it.
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
			key.fail("key_mismatch", "", "it fits none of the certificates and requests beside it")
		}
	}
}

// holderKey is the key that a certificate or request is for.
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

// joined is a list as it stands in a sentence.
func joined(list []string) string { return strings.Join(list, ", ") }

// equal says whether two octet strings are the same; nothing is the same as nothing.
func equal(a, b []byte) bool { return len(a) > 0 && bytes.Equal(a, b) }
