package notary

import "time"

// AuthorityStatus says whether an [Authority] can sign.
type AuthorityStatus string

// The states of an authority. Only enabled or not is stored; the rest follows from its
// certificate and the clock.
const (
	AuthorityPending  AuthorityStatus = "pending" // no certificate yet
	AuthorityActive   AuthorityStatus = "active"
	AuthorityDisabled AuthorityStatus = "disabled"
	AuthorityExpired  AuthorityStatus = "expired"
	AuthorityRevoked  AuthorityStatus = "revoked"
)

// Authority is a certificate authority whose private key we hold.
type Authority struct {
	ID          int64
	Enabled     bool
	CSR         string // PEM: what an outside authority would sign
	CommonName  string
	Key         string          // such as "Ed25519"
	NotAfter    time.Time       // the end that was asked for at its creation; zero for the default
	PathLen     int             // the path length that was asked for; -1 for none
	Constraints NameConstraints // that its certificates get
	CRLNumber   int64           // the last number given to a CRL (RFC 5280, section 5.2.3)
	Publication Publication
	CreatedAt   time.Time

	// PredecessorID is the authority of the same name whose work this one goes on with under a
	// new key; 0 for none.
	PredecessorID int64

	// Certificate is its own, with the chain; nil while it is pending.
	Certificate *Certificate

	// KeyKnownOutside reports whether the key was imported: a copy of it may exist elsewhere. Only
	// an Admin has such a key certified.
	KeyKnownOutside bool

	// Damaged describes what cannot be read of its record; "" if it is intact. A damaged authority
	// issues no certificates.
	Damaged string
}

// Publication is what an authority's certificates say of where its CRL, its OCSP responder
// and its own certificate are (RFC 5280, sections 4.2.1.13 and 4.2.2.1).
type Publication struct {
	NoCRL    bool // no CRL distribution point
	NoOCSP   bool // no OCSP responder
	NoIssuer bool // no URL of the authority's certificate

	// Shards is over how many lists new certificates are spread, each of which has only the
	// revocations of its own; 0: as many as fit the number of certificates. Besides there is
	// always a list of all.
	Shards int
}

// Status is the authority's state at the given time.
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

// SelfSigned says whether the authority is a root: its own issuer.
func (a *Authority) SelfSigned() bool {
	return a.Certificate != nil && a.Certificate.AuthorityID == a.ID
}

// IssuerID is the authority held here that signed this one; 0 for a root, a pending
// authority and where an outside authority signed it.
func (a *Authority) IssuerID() int64 {
	if a.Certificate == nil || a.SelfSigned() {
		return 0
	}
	return a.Certificate.AuthorityID
}

// CRL is a certificate revocation list (RFC 5280, section 5) as it was signed.
type CRL struct {
	AuthorityID int64
	Shard       int // 0: the list of all
	Number      int64
	DER         []byte
	ThisUpdate  time.Time // when it was made; it says itself that it is a minute older
	NextUpdate  time.Time

	// Revocations is how many revocations of the authority, or of the shard, were known when
	// the list was made: the list is true as long as there are no more.
	Revocations int64

	// Final reports whether the authority has expired and issues no newer list.
	Final bool
}

// PEM is the list as PEM (RFC 7468, section 6).
func (c *CRL) PEM() string { return encodePEM("X509 CRL", c.DER) }

// KeyAlgorithm names the kind of key that an authority is made with.
type KeyAlgorithm string

// The algorithms for authorities' keys.
const (
	ECDSAP256 KeyAlgorithm = "ecdsa-p256"
	ECDSAP384 KeyAlgorithm = "ecdsa-p384"
	ECDSAP521 KeyAlgorithm = "ecdsa-p521"
	Ed25519   KeyAlgorithm = "ed25519"
	RSA2048   KeyAlgorithm = "rsa-2048"
	RSA3072   KeyAlgorithm = "rsa-3072"
	RSA4096   KeyAlgorithm = "rsa-4096"
)

// KeyAlgorithms are all of them, the default first.
var KeyAlgorithms = []KeyAlgorithm{
	ECDSAP256, ECDSAP384, ECDSAP521, Ed25519, RSA2048, RSA3072, RSA4096,
}
