package notary

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"time"
)

// Certificate is an inventory entry: an X.509 certificate (RFC 5280) that was issued here, uploaded or imported. It
// remains when its request is deleted.
type Certificate struct {
	ID          int64
	RequestID   int64  // 0 for an authority's or imported certificate, and after the request is deleted
	RequesterID int64  // account, as in [Request]; 0 if it has none, like an authority's certificate
	Email       string // email address of that account; "" if it has none
	AuthorityID int64  // the issuer; 0 for an external CA

	OwnerGroupID int64 // group that owns it, as in [Request]; 0 if the account owns it

	CommonName string
	Names      Names
	Key        string // such as "RSA 2048"
	// KeyFingerprint is the SHA-256 of the public key in lower-case hex.
	KeyFingerprint string
	Serial         string // lower-case hex, two digits per octet
	Fingerprint    string // SHA-256 of the DER, lower-case hex
	NotBefore      time.Time
	NotAfter       time.Time // last second of validity (RFC 5280, 4.1.2.5)
	Profile        string    // profile it was issued under; "" if not issued here
	ProfileVersion int       // version of that profile; 0 if not issued here
	Shard          int       // partitioned CRL that its distribution point names; 0 for the full CRL
	CreatedAt      time.Time
	Labels         Labels // of its request, kept when the request is deleted

	// Revocation is nil unless the certificate is revoked.
	Revocation *Revocation

	// Findings are the remarks about the CSR and the lint findings at issuance. Only calls for one certificate fill them.
	Findings []Finding

	// DER and Issuers are filled only by calls whose documentation says so. DER is nil if the certificate is damaged.
	DER     []byte
	Issuers *Issuers
}

// Issuers is the chain above a certificate, from its issuer to the root. It is immutable, so that certificates can
// share it. A nil pointer is an empty chain.
type Issuers struct {
	ders [][]byte
	pem  func() string
}

// NewIssuers returns the chain of the given DER certificates, issuer first.
func NewIssuers(ders ...[]byte) *Issuers {
	return &Issuers{ders, sync.OnceValue(func() string { return CertificatesPEM(ders...) })}
}

// DER returns the certificates in DER, issuer first.
func (i *Issuers) DER() [][]byte {
	if i == nil {
		return nil
	}
	return i.ders
}

// PEM returns the certificates in PEM. It encodes them only once.
func (i *Issuers) PEM() string {
	if i == nil {
		return ""
	}
	return i.pem()
}

// Equal reports whether i and other hold the same certificates.
func (i *Issuers) Equal(other *Issuers) bool {
	return slices.EqualFunc(i.DER(), other.DER(), bytes.Equal)
}

// Owner returns the owner of the certificate, or the zero value if none was recorded.
func (c *Certificate) Owner() Owner { return ownerOf(c.RequesterID, c.OwnerGroupID) }

// ClaimsCA reports whether the certificate seems to have the basic constraints of a CA (RFC 5280, section 4.2.1.9). It
// searches the DER without parsing it, so false positives are possible.
func (c *Certificate) ClaimsCA() bool {
	_, rest, found := bytes.Cut(c.DER, []byte("\x06\x03\x55\x1d\x13"))
	rest = bytes.TrimPrefix(rest, []byte("\x01\x01\xff")) // critical
	return found && len(rest) > 3 && rest[3] != 0         // an OCTET STRING with a nonempty SEQUENCE
}

// The statuses of a certificate.
const (
	CertificateValid       = "valid"
	CertificateExpired     = "expired"
	CertificateRevoked     = "revoked"
	CertificateNotYetValid = "not yet valid"
)

// Status returns the certificate's status at the given time.
func (c *Certificate) Status(now time.Time) string {
	switch {
	case c.Revocation != nil:
		return CertificateRevoked
	case now.After(c.NotAfter):
		return CertificateExpired
	case now.Before(c.NotBefore):
		return CertificateNotYetValid
	default:
		return CertificateValid
	}
}

// Chain returns the DER of the certificate and its issuers, leaf first; nil if the certificate is damaged.
func (c *Certificate) Chain() [][]byte {
	if len(c.DER) == 0 {
		return nil
	}
	return append([][]byte{c.DER}, c.Issuers.DER()...)
}

// Expired reports whether the certificate has expired.
func (c *Certificate) Expired(now time.Time) bool { return now.After(c.NotAfter) }

// PEM returns the certificate in PEM (RFC 7468, section 5), without its issuers.
func (c *Certificate) PEM() string { return CertificatesPEM(c.DER) }

// ChainPEM returns the certificate and its issuers in PEM, leaf first, or "" if the certificate is damaged.
func (c *Certificate) ChainPEM() string {
	if len(c.DER) == 0 {
		return ""
	}
	return encodePEM("CERTIFICATE", c.Issuers.PEM(), c.DER)
}

// CertificatesPEM encodes each certificate as a PEM block. It skips empty ones.
func CertificatesPEM(ders ...[]byte) string { return encodePEM("CERTIFICATE", "", ders...) }

// pemLine is the number of octets that a 64-character line of PEM encodes (RFC 7468, section 2).
const pemLine = 48

// encodePEM encodes each of ders like [pem.Encode] and appends more, which is already PEM. It allocates only once,
// which is several times faster: a list of certificates is mostly PEM.
func encodePEM(label, more string, ders ...[]byte) string {
	begin, end := "-----BEGIN "+label+"-----\n", "-----END "+label+"-----\n"
	size := len(more)
	for _, der := range ders {
		size += len(begin) + base64.StdEncoding.EncodedLen(len(der)) + len(der)/pemLine + 1 + len(end)
	}
	var b strings.Builder
	b.Grow(size)
	line := make([]byte, 0, base64.StdEncoding.EncodedLen(pemLine)+1)
	for _, der := range ders {
		if len(der) == 0 {
			continue // damaged
		}
		b.WriteString(begin)
		for octets := range slices.Chunk(der, pemLine) {
			b.Write(append(base64.StdEncoding.AppendEncode(line, octets), '\n'))
		}
		b.WriteString(end)
	}
	b.WriteString(more)
	return b.String()
}

// Issuance is the authority and profile under which a certificate was issued; zero if it was not issued here.
type Issuance struct {
	AuthorityID int64
	Profile     string
}

// Issuance returns the authority and profile under which the certificate was issued, or zero if it was not issued here.
func (c *Certificate) Issuance() Issuance {
	if c.Profile == "" {
		return Issuance{}
	}
	return Issuance{c.AuthorityID, c.Profile}
}

// Revocation is a certificate's entry on its issuer's CRL (RFC 5280, section 5.3).
type Revocation struct {
	Serial string // lower-case hex
	At     time.Time
	Reason RevocationReason

	// InvalidityDate and HoldInstruction come from an imported CRL. They are loaded only to build CRLs.
	InvalidityDate  time.Time // when the key may have been compromised (section 5.3.2); zero if unknown
	HoldInstruction string    // object identifier of the hold instruction (X.509, 9.5.3.2); "" for none
	// Imported reports whether the entry is known only from an imported CRL. It is set only when a CRL is built.
	Imported bool
}

// RevokedCertificate is a certificate that a call revoked, or whose revocation reason it corrected.
type RevokedCertificate struct {
	ID       int64
	Serial   string           // lower-case hex
	Previous RevocationReason // the reason replaced; "" if it was not revoked before
}

// Revocable returns an error if the certificate cannot be revoked. The issuer is nil if the server does not hold it.
func (c *Certificate) Revocable(issuer *Authority) error { return c.RevocableFor("", issuer) }

// RevocableFor is like [Certificate.Revocable] for a given reason, which may replace an earlier one.
func (c *Certificate) RevocableFor(reason RevocationReason, issuer *Authority) error {
	if c.Revocation != nil && !reason.Replaces(c.Revocation.Reason) {
		return Errorf(Conflict, "this certificate is already "+
			"revoked (%s)%s", c.Revocation.Reason, laterReasons(c.Revocation.Reason))
	}
	return c.listable(issuer)
}

func laterReasons(former RevocationReason) string {
	switch former {
	case KeyCompromise:
		return ""
	case CertificateHold:
		return ": any other reason can replace the hold"
	}
	return ": only keyCompromise is accepted as a later reason"
}

func (c *Certificate) listable(issuer *Authority) error {
	switch {
	case c.AuthorityID == 0:
		return Errorf(Unprocessable, "this certificate was not signed by a CA held here: revoke it where "+
			"it was issued")
	case issuer == nil:
		return Errorf(Unprocessable, "the CA that signed this certificate was deleted: no CRL can list it")
	case issuer.Certificate != nil && issuer.Certificate.KeyFingerprint == c.KeyFingerprint:
		return Errorf(Unprocessable, "a root cannot revoke itself: disable or delete it, remove its "+
			"certificate from every trust store, and revoke its cross-certificates individually")
	}
	return nil
}

// RevocationReason is a reason code, by its name in RFC 5280, section 5.3.1.
type RevocationReason string

const (
	Unspecified          RevocationReason = "unspecified"
	KeyCompromise        RevocationReason = "keyCompromise"
	CACompromise         RevocationReason = "cACompromise"
	AffiliationChanged   RevocationReason = "affiliationChanged"
	Superseded           RevocationReason = "superseded"
	CessationOfOperation RevocationReason = "cessationOfOperation"
	PrivilegeWithdrawn   RevocationReason = "privilegeWithdrawn"
	AACompromise         RevocationReason = "aACompromise"

	// CertificateHold cannot be requested, because the server cannot lift a hold. Imported CRLs may contain it.
	CertificateHold RevocationReason = "certificateHold"
)

// Replaces reports whether r may replace the former reason: keyCompromise may replace any other reason, and any other
// reason may replace certificateHold.
func (r RevocationReason) Replaces(former RevocationReason) bool {
	return r == KeyCompromise && former != KeyCompromise || former == CertificateHold && r != CertificateHold && r != ""
}

// RevocationReasons maps reasons to reason codes. It lacks removeFromCRL, which occurs only in delta CRLs.
var RevocationReasons = map[RevocationReason]int{
	Unspecified:          0,
	KeyCompromise:        1,
	CACompromise:         2,
	AffiliationChanged:   3,
	Superseded:           4,
	CessationOfOperation: 5,
	CertificateHold:      6,
	PrivilegeWithdrawn:   9,
	AACompromise:         10,
}

// ParseRevocationReason parses the name of a reason that a caller may request; "" means [Unspecified].
func ParseRevocationReason(s string) (RevocationReason, error) {
	if s == "" {
		return Unspecified, nil
	}
	if _, ok := RevocationReasons[RevocationReason(s)]; !ok || RevocationReason(s) == CertificateHold {
		return "", FieldErrorf("reason", "%.40q is not a supported reason: use unspecified, keyCompromise, "+
			"cACompromise, affiliationChanged, superseded, cessationOfOperation, "+
			"privilegeWithdrawn or aACompromise", s)
	}
	return RevocationReason(s), nil
}
