package notary

import "time"

// AuthorityStatus is the state of an [Authority].
type AuthorityStatus string

// The states of an authority. Only [Authority.Enabled] is stored; [Authority.Status] derives the rest.
const (
	AuthorityPending  AuthorityStatus = "pending" // no certificate yet
	AuthorityActive   AuthorityStatus = "active"
	AuthorityDisabled AuthorityStatus = "disabled"
	AuthorityExpired  AuthorityStatus = "expired"
	AuthorityRevoked  AuthorityStatus = "revoked"
)

// Authority is a certificate authority (CA). The server holds its private key unless the authority is offline.
type Authority struct {
	ID          int64
	Enabled     bool
	CSR         string // PEM, for signing by an external CA; "" if offline
	CommonName  string
	Key         string          // such as "Ed25519"
	NotAfter    time.Time       // expiry requested at creation; zero for the default
	PathLen     int             // path length requested at creation; -1 for unlimited
	Constraints NameConstraints // names that certificates below it may contain
	CRLNumber   int64           // last CRL number issued (RFC 5280, section 5.2.3)
	Publication Publication
	CreatedAt   time.Time

	// PredecessorID is the ID of the authority that this one replaced at a key roll-over; 0 for none.
	PredecessorID int64

	// Certificate is the authority's certificate with its chain; nil while pending.
	Certificate *Certificate

	// KeyKnownOutside reports whether the key was imported. A copy may exist elsewhere, so only an Admin may have the
	// key certified.
	KeyKnownOutside bool

	// Offline reports whether the private key is kept elsewhere. Such an authority cannot sign here, and its CRLs are
	// uploaded.
	Offline bool

	// Damaged describes the unreadable part of the record; "" if intact. A damaged authority issues no certificates.
	Damaged string
}

// Publication selects the CRL distribution point and AIA URLs of issued certificates (RFC 5280, sections 4.2.1.13
// and 4.2.2.1).
type Publication struct {
	NoCRL    bool // omit the CRL distribution point
	NoOCSP   bool // omit the OCSP URL
	NoIssuer bool // omit the CA Issuers URL

	// Shards is the number of partitioned CRLs over which new certificates are spread, in addition to the full CRL.
	// With 0, the server chooses it by the number of certificates.
	Shards int
}

// Status returns the authority's state at the given time.
func (a *Authority) Status(now time.Time) AuthorityStatus {
	switch {
	case a.Certificate == nil:
		return AuthorityPending
	case a.Certificate.Revocation != nil:
		return AuthorityRevoked
	case a.Certificate.Expired(now):
		return AuthorityExpired
	case !a.Enabled:
		return AuthorityDisabled
	default:
		return AuthorityActive
	}
}

// CanSign reports whether the authority is active and its key is held here.
func (a *Authority) CanSign(now time.Time) bool {
	return a.Status(now) == AuthorityActive && !a.Offline
}

// SelfSigned reports whether the authority's certificate is self-signed, as for a root.
func (a *Authority) SelfSigned() bool {
	return a.Certificate != nil && a.Certificate.AuthorityID == a.ID
}

// IssuerID returns the ID of the authority held here that signed this one, or 0 if this one is a root, pending or
// externally signed.
func (a *Authority) IssuerID() int64 {
	if a.Certificate == nil || a.SelfSigned() {
		return 0
	}
	return a.Certificate.AuthorityID
}

// CRL is a signed certificate revocation list (RFC 5280, section 5).
type CRL struct {
	AuthorityID int64
	Shard       int // number of the partitioned CRL; 0 for the full CRL
	Number      int64
	DER         []byte
	ThisUpdate  time.Time // signing time; the CRL itself states a minute earlier, unless it was uploaded
	NextUpdate  time.Time

	// Revocations is the number of revocations and corrected reasons when the CRL was signed. The CRL is outdated once
	// there are more.
	Revocations int64

	// Final reports whether the authority has expired and issues no newer CRL.
	Final bool
}

// PEM returns the CRL in PEM (RFC 7468, section 6).
func (c *CRL) PEM() string { return encodePEM("X509 CRL", "", c.DER) }

// KeyAlgorithm is the algorithm and size of an authority's key.
type KeyAlgorithm string

const (
	ECDSAP256 KeyAlgorithm = "ecdsa-p256"
	ECDSAP384 KeyAlgorithm = "ecdsa-p384"
	ECDSAP521 KeyAlgorithm = "ecdsa-p521"
	Ed25519   KeyAlgorithm = "ed25519"
	RSA2048   KeyAlgorithm = "rsa-2048"
	RSA3072   KeyAlgorithm = "rsa-3072"
	RSA4096   KeyAlgorithm = "rsa-4096"
)

// KeyAlgorithms lists the key algorithms, the default first.
var KeyAlgorithms = []KeyAlgorithm{
	ECDSAP256, ECDSAP384, ECDSAP521, Ed25519, RSA2048, RSA3072, RSA4096,
}
