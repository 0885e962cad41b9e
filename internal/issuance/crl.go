package issuance

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/internal/pki"
)

// CRL builds a certificate revocation list (RFC 5280, section 5): [NewCRL] starts it, [CRL.Add] adds entries, and
// [CRL.Sign] or [CRL.Unsigned] completes it. Entries are encoded directly into the result, so that a million are in
// memory only once. It is not safe for concurrent use.
type CRL struct {
	issuer  Issuer
	scheme  scheme
	entries int
	room    int    // space reserved before the entries
	octets  []byte // the reserved space and the entries
	linted  int    // offset after the linted entries; 0 if all are linted
	excerpt []byte // input of [CRL.Lint]: the signed CRL, truncated to its first entries if it is long
}

// CRLTerms holds the content of a CRL apart from its entries.
type CRLTerms struct {
	Number     int64 // must exceed the numbers of all the authority's earlier CRLs
	ThisUpdate time.Time
	NextUpdate time.Time
	// URLs are the distribution points of a partitioned CRL; a full CRL has none.
	URLs []string
}

const (
	mostHeaders    = 3 * 6 // headers of the CRL, the TBSCertList and the entries
	roomBesideName = 256   // for version, algorithm and times
	roomAfter      = 4096  // for extensions and signature
)

// NewCRL starts a CRL with room for entries of the given total size in octets. The CRL grows if they need more.
//
// The error is Unprocessable if the authority's certificate does not allow it to sign CRLs, and Internal otherwise.
// Errors of the methods are Internal.
func NewCRL(issuer Issuer, octets int) (*CRL, error) {
	if usage := issuer.Certificate.KeyUsage; usage != 0 &&
		usage&x509.KeyUsageCRLSign == 0 { // a missing key usage allows all (RFC 5280, section 6.3.3)
		return nil, notary.Errorf(notary.Unprocessable, "the certificate of the CA %s "+
			"does not permit signing CRLs", nameOf(issuer.Certificate))
	}
	scheme, err := schemeOf(issuer.Certificate.PublicKey)
	if err != nil {
		return nil, err
	}
	room := mostHeaders + roomBesideName + len(issuer.Certificate.RawSubject)
	return &CRL{issuer: issuer, scheme: scheme, room: room, octets: make([]byte, room, room+octets+roomAfter)}, nil
}

// maxSerial is the maximum size of a serial number in octets (RFC 5280, section 4.1.2.2). DER adds a leading zero octet
// if the high bit is set.
const maxSerial = 20

// Add adds an entry (RFC 5280, section 5.1.2.6).
func (l *CRL) Add(v notary.Revocation) error {
	var digits [maxSerial]byte
	n := len(v.Serial) / 2
	if n > len(digits) {
		return unlistable(v)
	}
	if _, err := hex.Decode(digits[:], []byte(v.Serial)); err != nil {
		return unlistable(v)
	}
	serial := digits[:n]
	for len(serial) > 0 && serial[0] == 0 {
		serial = serial[1:]
	}
	code, known := notary.RevocationReasons[v.Reason]
	if len(serial) == 0 || !known || v.At.IsZero() || v.At.Year() > 9999 {
		return unlistable(v)
	}
	if l.entries == maxLinted {
		l.linted = len(l.octets)
	}
	l.octets = appendEntry(l.octets, serial, v, byte(code))
	l.entries++
	return nil
}

// Len returns the number of entries.
func (l *CRL) Len() int { return l.entries }

func unlistable(v notary.Revocation) error {
	return notary.Errorf(notary.Internal, "the revocation of serial number %.50q at %s for %.50q cannot be put "+
		"on a CRL",
		v.Serial, v.At, v.Reason)
}

// Encoded extensions of entries, up to their values (RFC 5280, section 5.3).
const (
	reasonExtension     = "\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01" // followed by the code
	invalidityExtension = "\x30\x18\x06\x03\x55\x1d\x18\x04\x11\x18\x0f" // followed by 15 characters
	generalizedTime     = "20060102150405Z"
)

func appendEntry(b, serial []byte, v notary.Revocation, code byte) []byte {
	start := len(b) + 2
	b = append(b, byte(casn1.SEQUENCE), 0, byte(casn1.INTEGER), byte(len(serial)))
	if serial[0] >= 0x80 { // otherwise it would be negative
		b[len(b)-1]++
		b = append(b, 0)
	}
	b = append(b, serial...)
	at := v.At.UTC()
	if year := at.Year(); year >= 1950 && year < 2050 { // RFC 5280, section 5.1.2.4
		b = append(b, byte(casn1.UTCTime), 13)
		b = at.AppendFormat(b, "060102150405Z")
	} else {
		b = append(b, byte(casn1.GeneralizedTime), 15)
		b = at.AppendFormat(b, generalizedTime)
	}
	b = appendEntryExtensions(b, v, code)
	b[start-1] = byte(len(b) - start)
	return b
}

func appendEntryExtensions(b []byte, v notary.Revocation, code byte) []byte {
	start := len(b) + 2
	b = append(b, byte(casn1.SEQUENCE), 0)
	if code != 0 { // unspecified is omitted
		b = append(b, reasonExtension...)
		b = append(b, code)
	}
	if v.Reason == notary.CertificateHold && v.HoldInstruction != "" {
		b = append(b, holdExtension(v.HoldInstruction)...)
	}
	if at := v.InvalidityDate.UTC(); !v.InvalidityDate.IsZero() && at.Year() >= 0 && at.Year() <= 9999 {
		b = append(b, invalidityExtension...)
		b = at.AppendFormat(b, generalizedTime)
	}
	if len(b) == start {
		return b[:start-2]
	}
	b[start-1] = byte(len(b) - start)
	return b
}

func holdExtension(instruction string) []byte {
	oid, ok := pki.ParseOID(instruction)
	if !ok {
		return nil
	}
	value, err := asn1.Marshal(oid)
	if err != nil || len(value) > pki.MaxHoldInstruction {
		return nil
	}
	der, err := asn1.Marshal(pkix.Extension{Id: pki.OIDHoldInstruction, Value: value})
	if err != nil {
		return nil
	}
	return der
}

// Sign completes the CRL: it checks and signs it, and verifies the signature. The CRL cannot be used afterwards.
func (l *CRL) Sign(terms CRLTerms) ([]byte, error) {
	f, err := l.complete(terms)
	if err != nil {
		return nil, err
	}
	tbs := l.octets[f.start:]
	signature, err := crypto.SignMessage(l.issuer.Signer, rand.Reader, tbs, l.scheme.hash)
	if err != nil {
		return nil, notary.InternalError("sign the CRL", err)
	}
	if err := l.issuer.Certificate.CheckSignature(l.scheme.algorithm, tbs, signature); err != nil {
		return nil, notary.InternalError("verify the CA's signature on the CRL", err)
	}
	rest := slices.Concat(f.algorithm, header(casn1.BIT_STRING, len(signature)+1), []byte{0}, signature)
	if l.linted > 0 {
		l.excerpt = sequence(sequence(f.before, sequence(l.octets[l.room:l.linted]), f.after), rest)
	}
	l.octets = append(l.octets, rest...)
	whole := header(casn1.SEQUENCE, len(l.octets)-f.start)
	start := f.start - len(whole)
	copy(l.octets[start:], whole)
	if l.linted == 0 {
		l.excerpt = l.octets[start:]
	}
	return l.octets[start:], nil
}

// Unsigned completes and checks the CRL for a key held elsewhere. It returns the TBSCertList (RFC 5280, section 5.1.2)
// and the hash for the signature, or 0 for Ed25519. The CRL cannot be used afterwards.
func (l *CRL) Unsigned(terms CRLTerms) (tbs []byte, hash crypto.Hash, err error) {
	f, err := l.complete(terms)
	if err != nil {
		return nil, 0, err
	}
	return l.octets[f.start:], l.scheme.hash, nil
}

type framed struct {
	before, after, algorithm []byte
	start                    int // offset of the TBSCertList in CRL.octets
}

func (l *CRL) complete(terms CRLTerms) (f framed, err error) {
	terms.ThisUpdate = terms.ThisUpdate.UTC().Truncate(time.Second)
	terms.NextUpdate = terms.NextUpdate.UTC().Truncate(time.Second)
	before, after, algorithm, err := l.frame(terms)
	if err != nil {
		return f, err
	}
	f = framed{before: slices.Clip(before), after: after, algorithm: algorithm}
	if l.entries > 0 { // otherwise omitted (RFC 5280, section 5.1.2.6)
		before = append(before, header(casn1.SEQUENCE, len(l.octets)-l.room)...)
	}
	before = append(header(casn1.SEQUENCE, len(before)+len(l.octets)-l.room+len(after)), before...)
	f.start = l.room - len(before)
	if f.start < mostHeaders/3 {
		return f, notary.Errorf(notary.Internal, "the part of the CRL before its entries is too large "+
			"(%d octets)", len(before))
	}
	copy(l.octets[f.start:], before)
	l.octets = append(l.octets, after...)
	return f, l.check(l.octets[f.start:], terms)
}

func sequence(elements ...[]byte) []byte {
	content := slices.Concat(elements...)
	return append(header(casn1.SEQUENCE, len(content)), content...)
}

// frame returns the parts of the TBSCertList before and after the entries, without the outer header, and the signature
// algorithm. It has package x509 encode a CRL without entries.
func (l *CRL) frame(terms CRLTerms) (before, after, algorithm []byte, err error) {
	certificate := *l.issuer.Certificate
	certificate.KeyUsage |= x509.KeyUsageCRLSign // package x509 requires it; NewCRL accepts a missing key usage
	if certificate.SubjectKeyId, err = issuerKeyIdentifier(l.issuer.Certificate); err != nil {
		return nil, nil, nil, err
	}
	template := &x509.RevocationList{
		SignatureAlgorithm: l.scheme.algorithm, Number: big.NewInt(terms.Number),
		ThisUpdate: terms.ThisUpdate, NextUpdate: terms.NextUpdate,
	}
	if len(terms.URLs) > 0 {
		template.ExtraExtensions = []pkix.Extension{distributionPoint(terms.URLs)}
	}
	recorder := &recorder{public: certificate.PublicKey}
	if _, err := x509.CreateRevocationList(rand.Reader, template, &certificate, recorder); !errors.Is(err, errRecorded) {
		return nil, nil, nil, notary.InternalError("build the CRL", err)
	}
	var fields, element cryptobyte.String
	in := cryptobyte.String(recorder.tbs)
	in.ReadASN1(&fields, casn1.SEQUENCE)
	after = fields
	ok := after != nil
	for _, tag := range []casn1.Tag{casn1.INTEGER, casn1.SEQUENCE, casn1.SEQUENCE, 0, 0} { // up to the two times
		var found casn1.Tag
		ok = ok && fields.ReadAnyASN1Element(&element, &found) && (tag == 0 || tag == found)
		if algorithm == nil && found == casn1.SEQUENCE {
			algorithm = element
		}
	}
	if !ok {
		return nil, nil, nil, notary.Errorf(notary.Internal, "the structure of the CRL differs from RFC 5280, section 5.1")
	}
	before, after = after[:len(after)-len(fields)], fields
	return append([]byte{}, before...), after, algorithm, nil
}

// recorder is a signer that records the message and refuses to sign it.
type recorder struct {
	public crypto.PublicKey
	tbs    []byte
}

var errRecorded = errors.New("recorded instead of signed")

func (r *recorder) Public() crypto.PublicKey { return r.public }

func (r *recorder) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("only whole messages are recorded")
}

func (r *recorder) SignMessage(_ io.Reader, message []byte, _ crypto.SignerOpts) ([]byte, error) {
	r.tbs = bytes.Clone(message)
	return nil, errRecorded
}

var oidIssuingDistributionPoint = asn1.ObjectIdentifier{2, 5, 29, 28}

// distributionPoint returns the extension that limits a CRL to certificates that name one of the URLs (RFC 5280,
// section 5.2.5).
func distributionPoint(urls []string) pkix.Extension {
	b := cryptobyte.NewBuilder(nil)
	addSequence(b, func(b *cryptobyte.Builder) { addPointName(b, urls) })
	return pkix.Extension{Id: oidIssuingDistributionPoint, Critical: true, Value: b.BytesOrPanic()} // cannot fail
}

func header(tag casn1.Tag, n int) []byte {
	if n < 0x80 {
		return []byte{byte(tag), byte(n)}
	}
	length := big.NewInt(int64(n)).Bytes()
	return append([]byte{byte(tag), 0x80 | byte(len(length))}, length...)
}
