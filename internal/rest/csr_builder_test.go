package rest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"io"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/testkit"
)

var (
	oidCommonName       = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidCountry          = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization     = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidExtensionRequest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 14}
	oidSAN              = asn1.ObjectIdentifier{2, 5, 29, 17}
	oidBasicConstraints = asn1.ObjectIdentifier{2, 5, 29, 19}
	oidECDSAWithSHA1    = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 1}
	oidECDSAWithSHA256  = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidRSAWithSHA256    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}
	oidRSA              = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidEd25519          = asn1.ObjectIdentifier{1, 3, 101, 112}
	oidEC               = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
	oidSecp256k1        = asn1.ObjectIdentifier{1, 3, 132, 0, 10}
)

const (
	numericString   = casn1.Tag(18)
	universalString = casn1.Tag(28)
	bmpString       = casn1.Tag(30)
)

// csrSpec describes a CSR (RFC 2986) that libraries refuse to create.
type csrSpec struct {
	subject    []rdn
	names      []generalName // no SAN extension if empty
	extensions []extension   // in addition to the SAN
	version    int64
	key        crypto.Signer         // nil for a new P-256
	spki       []byte                // overrides that of the key
	algorithm  asn1.ObjectIdentifier // overrides that of the signature
	spoil      func(der []byte) []byte
}

type rdn struct {
	oid  asn1.ObjectIdentifier
	tag  casn1.Tag
	text string
}

type generalName struct {
	tag   uint8
	value string
}

type extension struct {
	oid   asn1.ObjectIdentifier
	value []byte
}

func cn(text string) []rdn        { return []rdn{{oidCommonName, casn1.UTF8String, text}} }
func dns(name string) generalName { return generalName{2, name} }

func dnsNames(names ...string) (all []generalName) {
	for _, name := range names {
		all = append(all, dns(name))
	}
	return all
}

func (s csrSpec) pem(t *testing.T) string {
	t.Helper()
	if s.key == nil {
		s.key = testkit.Key(t, notary.ECDSAP256)
	}
	info := build(t, s.addInfo(t))
	signature, algorithm := signDER(t, s.key, info)
	if s.algorithm != nil {
		algorithm = s.algorithm
	}
	der := build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(info)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(algorithm)
				if algorithm.Equal(oidRSAWithSHA256) {
					b.AddASN1NULL()
				}
			})
			b.AddASN1BitString(signature)
		})
	})
	if s.spoil != nil {
		der = s.spoil(der)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func (s csrSpec) addInfo(t *testing.T) func(*cryptobyte.Builder) {
	spki := s.spki
	if spki == nil {
		var err error
		spki, err = x509.MarshalPKIXPublicKey(s.key.Public())
		testkit.Check(t, err)
	}
	return func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(s.version)
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, r := range s.subject {
					b.AddASN1(casn1.SET, r.add)
				}
			})
			b.AddBytes(spki)
			b.AddASN1(casn1.Tag(0).ContextSpecific().Constructed(), s.addAttributes)
		})
	}
}

func (r rdn) add(b *cryptobyte.Builder) {
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(r.oid)
		b.AddASN1(r.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.text)) })
	})
}

func (s csrSpec) addAttributes(b *cryptobyte.Builder) {
	extensions := s.extensions
	if s.names != nil {
		extensions = append(extensions, sanExtension(s.names...))
	}
	if len(extensions) == 0 {
		return
	}
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oidExtensionRequest)
		b.AddASN1(casn1.SET, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, e := range extensions {
					b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1ObjectIdentifier(e.oid)
						b.AddASN1OctetString(e.value)
					})
				}
			})
		})
	})
}

func sanExtension(names ...generalName) extension {
	var b cryptobyte.Builder
	b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, name := range names {
			tag := casn1.Tag(name.tag).ContextSpecific()
			if name.tag == 0 || name.tag == 4 {
				tag = tag.Constructed()
			}
			b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(name.value)) })
		}
	})
	return extension{oidSAN, b.BytesOrPanic()}
}

func build(t *testing.T, add func(*cryptobyte.Builder)) []byte {
	t.Helper()
	var b cryptobyte.Builder
	add(&b)
	der, err := b.Bytes()
	testkit.Check(t, err)
	return der
}

// signDER signs with SHA-256, or with Ed25519's own hash.
func signDER(t *testing.T, key crypto.Signer, message []byte) (signature []byte, algorithm asn1.ObjectIdentifier) {
	t.Helper()
	hash := crypto.SHA256
	sum := sha256.Sum256(message)
	signed := sum[:]
	switch key.(type) {
	case *ecdsa.PrivateKey:
		algorithm = oidECDSAWithSHA256
	case *rsa.PrivateKey, weakRSA:
		algorithm = oidRSAWithSHA256
	case ed25519.PrivateKey:
		algorithm, hash, signed = oidEd25519, 0, message
	default:
		t.Fatalf("cannot sign with a %T", key)
	}
	signature, err := key.Sign(rand.Reader, signed, hash)
	testkit.Check(t, err)
	return signature, algorithm
}

// weakRSA is an RSA key with the exponent 65537 and any primes, also those that package rsa rejects.
type weakRSA struct{ modulus, private *big.Int }

// newWeakRSA returns the key for prime factors in ascending order.
func newWeakRSA(primes ...*big.Int) weakRSA {
	modulus, order := big.NewInt(1), big.NewInt(1)
	for i, p := range primes {
		modulus.Mul(modulus, p)
		if i > 0 && p.Cmp(primes[i-1]) == 0 {
			order.Mul(order, p)
		} else {
			order.Mul(order, new(big.Int).Sub(p, big.NewInt(1)))
		}
	}
	return weakRSA{modulus, new(big.Int).ModInverse(big.NewInt(65537), order)}
}

func (k weakRSA) Public() crypto.PublicKey { return &rsa.PublicKey{N: k.modulus, E: 65537} }

// Sign signs a SHA-256 digest with PKCS #1 v1.5 (RFC 8017, section 8.2).
func (k weakRSA) Sign(_ io.Reader, digest []byte, _ crypto.SignerOpts) ([]byte, error) {
	octets := make([]byte, (k.modulus.BitLen()+7)/8)
	info := append([]byte("\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"), digest...)
	padding := octets[2 : len(octets)-len(info)-1]
	octets[1] = 1
	for i := range padding {
		padding[i] = 0xff
	}
	copy(octets[len(octets)-len(info):], info)
	signature := new(big.Int).Exp(new(big.Int).SetBytes(octets), k.private, k.modulus)
	return signature.FillBytes(octets), nil
}

// rsaSPKI returns the SubjectPublicKeyInfo of an RSA key with any exponent.
func rsaSPKI(t *testing.T, modulus, exponent *big.Int) []byte {
	key := build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1BigInt(modulus)
			b.AddASN1BigInt(exponent)
		})
	})
	return build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidRSA)
				b.AddASN1NULL()
			})
			b.AddASN1BitString(key)
		})
	})
}

func secp256k1SPKI(t *testing.T) []byte {
	return build(t, func(b *cryptobyte.Builder) {
		b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(casn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1ObjectIdentifier(oidEC)
				b.AddASN1ObjectIdentifier(oidSecp256k1)
			})
			b.AddASN1BitString(append([]byte{4}, make([]byte, 64)...))
		})
	})
}
