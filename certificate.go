package notary

import (
	"bytes"
	"encoding/pem"
	"strings"
	"time"
)

// Certificate is one entry of the inventory: an X.509 certificate (RFC 5280) that was
// issued here or uploaded. It stays for ever, whatever becomes of its request.
type Certificate struct {
	ID          int64
	RequestID   int64  // 0 for an authority's own certificate and after the request's deletion
	RequesterID int64  // the account that submitted the request; 0 for an authority's own
	Email       string // that account's e-mail, as it was then; "" for an authority's own
	AuthorityID int64  // the issuer; 0 where an outside authority signed it
	CommonName  string
	Names       Names
	Key         string // such as "RSA 2048"
	// KeyFingerprint is the identity of the key, a SHA-256 in lower-case hex: what was
	// issued for one key is found by it.
	KeyFingerprint string
	Serial         string // lower-case hex, two digits an octet
	Fingerprint    string // SHA-256 of the DER, lower-case hex
	NotBefore      time.Time
	NotAfter       time.Time // the last second in which it is valid (RFC 5280, 4.1.2.5)
	Profile        string    // the profile it was issued by; "" for an uploaded one
	ProfileVersion int       // and that profile's version; 0 for an uploaded one
	Shard          int       // the part of its issuer's CRL that it names; 0: the whole list
	CreatedAt      time.Time

	// Revocation says when and why it was revoked; nil while it is not.
	Revocation *Revocation

	// Findings are what the lints warned of when it was issued. Only the calls for one
	// certificate fill them.
	Findings []Finding

	// DER and IssuerChain (issuer first, up to the root) are only filled by the calls that
	// say so: lists do without them. The DER of a damaged record is nil.
	DER         []byte
	IssuerChain [][]byte
}

// ClaimsCA reports whether the certificate has the basic constraints of a CA (RFC 5280, section 4.2.1.9). It finds the
// extension without parsing the DER, and may take other certificates for one of a CA.
func (c *Certificate) ClaimsCA() bool {
	_, rest, found := bytes.Cut(c.DER, []byte("\x06\x03\x55\x1d\x13"))
	rest = bytes.TrimPrefix(rest, []byte("\x01\x01\xff")) // critical
	return found && len(rest) > 3 && rest[3] != 0         // an OCTET STRING with a SEQUENCE that is not empty
}

// The statuses of a certificate.
const (
	CertificateValid       = "valid"
	CertificateExpired     = "expired"
	CertificateRevoked     = "revoked"
	CertificateNotYetValid = "not yet valid"
)

// Status returns the status of the certificate at a time.
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

// Chain returns the certificate followed by its issuers, as DER; nil if the certificate is damaged.
func (c *Certificate) Chain() [][]byte {
	if len(c.DER) == 0 {
		return nil
	}
	return append([][]byte{c.DER}, c.IssuerChain...)
}

// Expired reports whether the certificate's validity has ended.
func (c *Certificate) Expired(now time.Time) bool { return now.After(c.NotAfter) }

// PEM is the certificate alone (RFC 7468, section 5).
func (c *Certificate) PEM() string { return CertificatesPEM(c.DER) }

// ChainPEM is the certificate followed by its issuers.
func (c *Certificate) ChainPEM() string { return CertificatesPEM(c.Chain()...) }

// CertificatesPEM writes certificates one after the other.
func CertificatesPEM(ders ...[]byte) string { return encodePEM("CERTIFICATE", ders...) }

func encodePEM(label string, ders ...[]byte) string {
	var b strings.Builder
	for _, der := range ders {
		if len(der) == 0 {
			continue // damaged
		}
		_ = pem.Encode(&b, &pem.Block{Type: label, Bytes: der}) // a Builder takes everything
	}
	return b.String()
}

// Issuance is how a certificate was issued here: its zero value stands for one from elsewhere.
type Issuance struct {
	AuthorityID int64
	Profile     string
}

// Issuance returns how the certificate was issued.
func (c *Certificate) Issuance() Issuance {
	if c.Profile == "" {
		return Issuance{}
	}
	return Issuance{c.AuthorityID, c.Profile}
}

// Revocation is the entry of a certificate on its issuer's CRL (RFC 5280, section 5.3).
type Revocation struct {
	Serial string // lower-case hex
	At     time.Time
	Reason RevocationReason

	// What an imported CRL says of it besides. It is read only for CRLs, which repeat it.
	InvalidityDate  time.Time // since when the key may have been compromised (section 5.3.2); zero if unknown
	HoldInstruction string    // the object identifier of what to do about a hold (X.509, 9.5.3.2); "" for none
	// Imported reports whether only an imported CRL knows of the certificate. It is set where a CRL is built.
	Imported bool
}

// RevokedCertificate is a certificate that a call revoked, or whose revocation it corrected.
type RevokedCertificate struct {
	ID       int64
	Serial   string           // lower-case hex
	Previous RevocationReason // the reason that was replaced; "" if it was not revoked before
}

// Revocable returns why the certificate cannot be revoked, or nil if it can. The issuer is the authority
// that signed it; nil if that is not, or no longer, held here.
func (c *Certificate) Revocable(issuer *Authority) error { return c.RevocableFor("", issuer) }

// RevocableFor is [Certificate.Revocable] for a reason, which may replace that of an earlier revocation.
func (c *Certificate) RevocableFor(reason RevocationReason, issuer *Authority) error {
	if c.Revocation != nil && !reason.Replaces(c.Revocation.Reason) {
		return Errorf(Conflict, "this certificate is revoked already (%s)%s", c.Revocation.Reason, laterReasons(c.Revocation.Reason))
	}
	return c.listable(issuer)
}

// laterReasons says, as the end of a sentence, which reasons can replace that of a revocation.
func laterReasons(former RevocationReason) string {
	switch former {
	case KeyCompromise:
		return ""
	case CertificateHold:
		return ": any other reason can replace the hold"
	}
	return ": only keyCompromise is accepted as a later reason"
}

// listable returns why no CRL of ours can list the certificate.
func (c *Certificate) listable(issuer *Authority) error {
	switch {
	case c.AuthorityID == 0:
		return Errorf(Unprocessable, "this certificate was not signed by an authority held here: revoke it where it was issued")
	case issuer == nil:
		return Errorf(Unprocessable, "the authority that signed this certificate was deleted: nobody can sign a CRL for it")
	case issuer.Certificate != nil && issuer.Certificate.KeyFingerprint == c.KeyFingerprint:
		return Errorf(Unprocessable, "a root cannot revoke itself: disable or delete it, take its "+
			"certificate out of every trust store, and revoke those that others gave it by themselves")
	}
	return nil
}

// RevocationReason is why a certificate was revoked, by its name in RFC 5280, section 5.3.1.
type RevocationReason string

// The reasons.
const (
	Unspecified          RevocationReason = "unspecified"
	KeyCompromise        RevocationReason = "keyCompromise"
	CACompromise         RevocationReason = "cACompromise"
	AffiliationChanged   RevocationReason = "affiliationChanged"
	Superseded           RevocationReason = "superseded"
	CessationOfOperation RevocationReason = "cessationOfOperation"
	PrivilegeWithdrawn   RevocationReason = "privilegeWithdrawn"
	AACompromise         RevocationReason = "aACompromise"

	// CertificateHold cannot be given, for it would need a way to lift it. The list of an
	// authority that was imported may have it.
	CertificateHold RevocationReason = "certificateHold"
)

// Replaces reports whether a revocation for the former reason can be corrected to this one: a key can
// turn out to be compromised later, and a hold is not final.
func (r RevocationReason) Replaces(former RevocationReason) bool {
	return r == KeyCompromise && former != KeyCompromise || former == CertificateHold && r != CertificateHold && r != ""
}

// RevocationReasons are the reasons with their codes. That of removeFromCRL is missing: it
// exists only in delta CRLs.
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

// ParseRevocationReason reads a reason's name; "" is [Unspecified].
func ParseRevocationReason(s string) (RevocationReason, error) {
	if s == "" {
		return Unspecified, nil
	}
	if _, ok := RevocationReasons[RevocationReason(s)]; !ok || RevocationReason(s) == CertificateHold {
		return "", FieldErrorf("reason", "%.40q is not a reason: use unspecified, keyCompromise, "+
			"cACompromise, affiliationChanged, superseded, cessationOfOperation, "+
			"privilegeWithdrawn or aACompromise", s)
	}
	return RevocationReason(s), nil
}
