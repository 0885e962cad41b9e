package testkit

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// KeyVariant is a public key related to another, or a non-canonical encoding of the same public key. Two keys are
// related if either private key can be computed from the other.
type KeyVariant struct {
	Name string
	SPKI []byte
	// Related reports whether the variant is the canonical encoding of a related public key.
	Related bool

	key crypto.Signer // private key; a *scalarKey for a negated Ed25519 key
}

// KeyVariants returns a related public key, and the non-canonical encodings of the key itself.
func KeyVariants(t testing.TB, key crypto.Signer) []KeyVariant {
	t.Helper()
	spki := spkiOf(t, key.Public())
	all := related(t, key)
	for name, der := range reencoded(t, spki, key.Public()) {
		all = append(all, KeyVariant{Name: name, SPKI: der, key: key})
	}
	return all
}

func spkiOf(t testing.TB, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	Check(t, err)
	return der
}

func related(t testing.TB, key crypto.Signer) []KeyVariant {
	t.Helper()
	name, other := "negated point", crypto.Signer(nil)
	switch key := key.(type) {
	case *rsa.PrivateKey:
		name, other = "another exponent", otherExponent(t, key)
	case *ecdsa.PrivateKey:
		size := (key.Params().BitSize + 7) / 8
		raw, err := key.Bytes()
		Check(t, err)
		d := new(big.Int).Sub(key.Params().N, new(big.Int).SetBytes(raw))
		negated, err := ecdsa.ParseRawPrivateKey(key.Curve, d.FillBytes(make([]byte, size)))
		Check(t, err)
		other = negated
	case ed25519.PrivateKey:
		other = negateEd25519(t, key)
	}
	return []KeyVariant{{Name: name, SPKI: spkiOf(t, other.Public()), Related: true, key: other}}
}

func otherExponent(t testing.TB, key *rsa.PrivateKey) *rsa.PrivateKey {
	t.Helper()
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(key.Primes[0], one), new(big.Int).Sub(key.Primes[1], one))
	for e := int64(65539); ; e += 2 {
		if d := new(big.Int).ModInverse(big.NewInt(e), phi); d != nil {
			other := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: key.N, E: int(e)}, D: d, Primes: key.Primes}
			other.Precompute()
			Check(t, other.Validate())
			return other
		}
	}
}

// scalarKey is an Ed25519 private key given by its scalar, because a negated scalar has no known seed.
type scalarKey struct {
	scalar *edwards25519.Scalar
	public ed25519.PublicKey
}

func negateEd25519(t testing.TB, key ed25519.PrivateKey) *scalarKey {
	t.Helper()
	digest := sha512.Sum512(key.Seed())
	scalar, err := edwards25519.NewScalar().SetBytesWithClamping(digest[:32])
	Check(t, err)
	scalar.Negate(scalar)
	public := new(edwards25519.Point).ScalarBaseMult(scalar).Bytes()
	return &scalarKey{scalar, public}
}

func (k *scalarKey) Public() crypto.PublicKey { return k.public }

// Sign signs as in RFC 8032, section 5.1.6, but with a random nonce.
func (k *scalarKey) Sign(random io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	seed := make([]byte, 64)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, err
	}
	nonce, err := edwards25519.NewScalar().SetUniformBytes(seed)
	if err != nil {
		return nil, err
	}
	commitment := new(edwards25519.Point).ScalarBaseMult(nonce).Bytes()
	digest := sha512.Sum512(slices.Concat(commitment, k.public, message))
	challenge, err := edwards25519.NewScalar().SetUniformBytes(digest[:])
	if err != nil {
		return nil, err
	}
	response := edwards25519.NewScalar().MultiplyAdd(challenge, k.scalar, nonce)
	return append(commitment, response.Bytes()...), nil
}

// CSR returns a PEM signing request with the variant as its public key and a valid signature.
func (v KeyVariant) CSR(t testing.TB, name string) string {
	t.Helper()
	template, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: name}, DNSNames: []string{name}}, v.key)
	Check(t, err)
	request, err := x509.ParseCertificateRequest(template)
	Check(t, err)
	info := replaceSPKI(t, request.RawTBSCertificateRequest, request.RawSubjectPublicKeyInfo, v.SPKI)
	der := signed(t, v.key, info, template, request.RawTBSCertificateRequest)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// Certificate returns a certificate issued by o with the variant as its public key.
func (v KeyVariant) Certificate(t testing.TB, o *Outside, edits ...func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	issued := o.Issue(t, v.key.Public(), edits...)
	info := replaceSPKI(t, issued.RawTBSCertificate, issued.RawSubjectPublicKeyInfo, v.SPKI)
	certificate, err := x509.ParseCertificate(signed(t, o.Key, info, issued.Raw, issued.RawTBSCertificate))
	Check(t, err)
	return certificate
}

func replaceSPKI(t testing.TB, info, old, spki []byte) []byte {
	t.Helper()
	var content cryptobyte.String
	in := cryptobyte.String(info)
	if !in.ReadASN1(&content, casn1.SEQUENCE) || bytes.Count(content, old) != 1 {
		t.Fatal("the key to replace was not found")
	}
	return sequence(t, bytes.Replace(content, old, spki, 1))
}

// signed returns info signed with key. It copies the AlgorithmIdentifier from before, a signed structure whose signed
// part is infoBefore.
func signed(t testing.TB, key crypto.Signer, info, before, infoBefore []byte) []byte {
	t.Helper()
	var content, algorithm cryptobyte.String
	in := cryptobyte.String(before)
	if !in.ReadASN1(&content, casn1.SEQUENCE) || !content.Skip(len(infoBefore)) ||
		!content.ReadASN1Element(&algorithm, casn1.SEQUENCE) {
		t.Fatal("the signature's algorithm was not found")
	}
	digest, hash := info, crypto.Hash(0)
	switch public := key.Public().(type) {
	case ed25519.PublicKey:
	case *ecdsa.PublicKey:
		hash = map[int]crypto.Hash{256: crypto.SHA256, 384: crypto.SHA384, 521: crypto.SHA512}[public.Params().BitSize]
	default:
		hash = crypto.SHA256
	}
	if hash != 0 {
		h := hash.New()
		h.Write(info)
		digest = h.Sum(nil)
	}
	signature, err := key.Sign(rand.Reader, digest, hash)
	Check(t, err)
	return sequence(t, info, algorithm, bitString(t, 0, signature))
}

func sequence(t testing.TB, parts ...[]byte) []byte {
	t.Helper()
	return element(t, casn1.SEQUENCE, parts...)
}

func bitString(t testing.TB, unused byte, bits []byte) []byte {
	t.Helper()
	return element(t, casn1.BIT_STRING, []byte{unused}, bits)
}

func element(t testing.TB, tag casn1.Tag, parts ...[]byte) []byte {
	t.Helper()
	var b cryptobyte.Builder
	b.AddASN1(tag, func(b *cryptobyte.Builder) { b.AddBytes(slices.Concat(parts...)) })
	der, err := b.Bytes()
	Check(t, err)
	return der
}

// RelatedRoot returns a root with o's name and a key related to o's, as defined by [KeyVariant].
func RelatedRoot(t testing.TB, o *Outside) *Outside {
	t.Helper()
	root := &Outside{Key: related(t, o.Key)[0].key, now: o.now}
	root.Certificate = root.Issue(t, root.Key.Public(), asAuthority,
		func(template *x509.Certificate) { template.Subject = o.Certificate.Subject })
	return root
}
