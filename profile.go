package notary

import "time"

// Profile is a set of rules by which certificates are issued. Each change of its rules makes
// a new version; a certificate records the name and version that it was issued by.
type Profile struct {
	ID        int64
	Name      string // unique, and the same for ever
	Version   int    // from 1 on
	Builtin   bool   // it comes with the program: its rules can be changed, it cannot be deleted
	CreatedAt time.Time
	UpdatedAt time.Time // when this version was made

	Rules
}

// DefaultProfile is the name of the profile of requests that ask for none.
const DefaultProfile = "server-client"

// The names of the profiles that the program itself issues by: authorities under another one,
// and OCSP responders.
const (
	IntermediateProfile = "intermediate"
	OCSPProfile         = "ocsp"
)

// Rules say what a certificate may be used for, for how long, by whom, and what its signing
// request may ask for. The request gives only the subject, the names and the key.
type Rules struct {
	Description string // for people

	CA      bool // for authorities (RFC 5280, section 4.2.1.9)
	PathLen int  // of an authority: how many more may follow under it at the most; -1 for no limit

	// KeyUsages are the usages (RFC 5280, section 4.2.1.3). A certificate gets those of them
	// that fit its key: only RSA keys encipher keys, Ed25519 keys do nothing but sign.
	KeyUsages []KeyUsage
	// ExtKeyUsages are the purposes: names of [ExtKeyUsageNames], or dotted object identifiers.
	ExtKeyUsages []string

	Validity    time.Duration // where the caller does not ask for another
	MaxValidity time.Duration // the longest that can be asked for; 0 for no limit

	Keys    KeyRules
	Names   NameRules
	Subject SubjectRules

	// SHA1Requests allows requests that are signed with SHA-1, for devices that cannot do better.
	SHA1Requests bool

	Policies    []string // dotted object identifiers of certificate policies (RFC 5280, 4.2.1.4)
	OCSPNoCheck bool     // id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2.1)

	LintWarnings LintWarnings
}

// KeyUsage is a bit of the key usage extension by its name in RFC 5280, section 4.2.1.3.
type KeyUsage string

// The key usages.
const (
	DigitalSignature  KeyUsage = "digitalSignature"
	ContentCommitment KeyUsage = "contentCommitment"
	KeyEncipherment   KeyUsage = "keyEncipherment"
	DataEncipherment  KeyUsage = "dataEncipherment"
	KeyAgreement      KeyUsage = "keyAgreement"
	KeyCertSign       KeyUsage = "keyCertSign"
	CRLSign           KeyUsage = "cRLSign"
	EncipherOnly      KeyUsage = "encipherOnly"
	DecipherOnly      KeyUsage = "decipherOnly"
)

// KeyUsages are all of them, in the order of their bits.
var KeyUsages = []KeyUsage{DigitalSignature, ContentCommitment, KeyEncipherment, DataEncipherment,
	KeyAgreement, KeyCertSign, CRLSign, EncipherOnly, DecipherOnly}

// The extended key usages that have names (RFC 5280, section 4.2.1.12).
const (
	ServerAuth      = "serverAuth"
	ClientAuth      = "clientAuth"
	CodeSigning     = "codeSigning"
	EmailProtection = "emailProtection"
	TimeStamping    = "timeStamping"
	OCSPSigning     = "OCSPSigning"
)

// ExtKeyUsageNames are all of them.
var ExtKeyUsageNames = []string{ServerAuth, ClientAuth, CodeSigning, EmailProtection, TimeStamping, OCSPSigning}

// KeyKind is a kind of key that a profile allows or not.
type KeyKind string

// The kinds of keys.
const (
	KindRSA     KeyKind = "rsa"
	KindP256    KeyKind = "ecdsa-p256"
	KindP384    KeyKind = "ecdsa-p384"
	KindP521    KeyKind = "ecdsa-p521"
	KindEd25519 KeyKind = "ed25519"
)

// KeyKinds are all of them.
var KeyKinds = []KeyKind{KindRSA, KindP256, KindP384, KindP521, KindEd25519}

// KeyRules say which keys are certified.
type KeyRules struct {
	Allowed    []KeyKind
	MinRSABits int // 0 for what every RSA key must have, 2048
	MaxRSABits int // 0 for what every RSA key may have, 8192

	// MinRSAExponent is the smallest public exponent of RSA keys, from 3 on; 0 for 65537.
	MinRSAExponent int
}

// NameRules say which subject alternative names a request may ask for, by their type. What
// is listed is matched as a name constraint of RFC 5280, section 4.2.1.10, is.
type NameRules struct {
	DNS   NameRule // "example.com" for itself and what is below, ".example.com" for what is below
	IP    NameRule // "10.0.0.0/8", or one address
	Email NameRule // a domain "example.com", those below ".example.com", or one address
	URI   NameRule // a host "example.com", those below ".example.com", or "spiffe://example.org/web" and what is below
	UPN   NameRule // a domain "corp.example", those below ".corp.example", or one user principal name

	Wildcards   bool // whether DNS names may be wildcards
	Underscores bool // whether DNS names may have underscores, which host names do not have
	Required    bool // whether there must be at least one name, of whichever type
	Max         int  // how many names there may be, of all types; 0 for [DefaultMaxNames]

	// NoHost is what becomes of a request by a profile with serverAuth whose certificate would name
	// no host. If empty, it is reported only if the profile has clientAuth, too, and the common name
	// does not look like a host.
	NoHost NoHostAction
}

// DefaultMaxNames is how many names a request may have unless the profile allows more.
const DefaultMaxNames = 100

// NoHostAction is what becomes of a server's request that names no host.
type NoHostAction string

// The actions on such a request.
const (
	RefuseNoHost NoHostAction = "refuse"
	ReportNoHost NoHostAction = "report" // the certificate is issued with a warning
)

// NameRule says which names of one type are allowed.
type NameRule struct {
	Allow  Allowance
	Listed []string // for [AllowListed]
}

// None reports whether no name of the type is allowed. Rules that were recorded before there was a
// rule for the type allow none.
func (r NameRule) None() bool { return r.Allow == AllowNone || r.Allow == "" }

// Allowance is how much of something is allowed.
type Allowance string

// The allowances.
const (
	AllowAny    Allowance = "any"
	AllowListed Allowance = "listed"
	AllowNone   Allowance = "none"
)

// SubjectRules say what becomes of the attributes of a request's subject.
type SubjectRules struct {
	Others     AttributeAction // of those without a rule of their own: [Keep] or [Refuse]
	Attributes []AttributeRule
}

// AttributeRule is about one type of attribute.
type AttributeRule struct {
	Type   string // such as "organization_name", or a dotted object identifier
	Action AttributeAction
	Value  string // for [Fix]
}

// AttributeAction is what becomes of an attribute.
type AttributeAction string

// The actions on attributes.
const (
	Keep   AttributeAction = "keep"   // it is certified as the request has it
	Fix    AttributeAction = "fixed"  // every certificate has this value, whatever the request has
	Refuse AttributeAction = "refuse" // a request that has it is refused
)

// LintWarnings is what becomes of a certificate of which a lint warns.
type LintWarnings string

// What can become of it. Notices, which are less, are always kept.
const (
	KeepWarnings   LintWarnings = "keep"   // it is issued; the warnings are kept with it
	RefuseWarnings LintWarnings = "refuse" // it is not issued
)

// Verdict says whether a rule holds for a request.
type Verdict struct {
	Rule   string // a stable word, such as "dns_names"
	OK     bool
	Reason string // why not, and how to mend it; "" where it holds
}

// Finding is what a lint found in a certificate, or what is notable about its request: something
// that is asked for and not issued, or that departs from a standard.
type Finding struct {
	Lint        string // its name, such as "w_subject_dn_trailing_whitespace" or "csr_string_type"
	Level       FindingLevel
	Description string
	Citation    string // the clause, such as "RFC 5280: 4.1.2.6"
}

// FindingLevel says how bad a finding is.
type FindingLevel string

// The levels. Nothing with a finding of the level error is ever signed.
const (
	FindingNotice  FindingLevel = "notice"
	FindingWarning FindingLevel = "warning"
	FindingError   FindingLevel = "error"
)

// Trial is what became of trying a request without issuing: the verdict of every rule, and
// what the lints found.
type Trial struct {
	Verdicts []Verdict
	Findings []Finding
}

// OK says whether every rule holds.
func (t *Trial) OK() bool { return t.Reason() == "" }

// Reason is why the request would be refused: that of the first rule that does not hold; ""
// where all do.
func (t *Trial) Reason() string {
	for _, verdict := range t.Verdicts {
		if !verdict.OK {
			return verdict.Reason
		}
	}
	return ""
}

// RequestTrial is what would become of a signing request that is submitted.
type RequestTrial struct {
	Trial
	Recorded  bool  // whether the caller has submitted it already, so that it cannot do so again
	RequestID int64 // as which request; 0 if it has not
}

// ProfileTrial is what became of trying a profile.
type ProfileTrial struct {
	Trial *Trial // of the request that was given; nil where none was

	// Of the last requests: how many were looked at, those that would be refused now, and those
	// that would be allowed now although the profile, as it stands, refuses them.
	Looked  int
	Refused []TriedRequest
	Allowed []TriedRequest
}

// TriedRequest is a request for which a changed profile says something else.
type TriedRequest struct {
	ID         int64
	CommonName string
	Names      Names
	Reason     string // why it is refused, now or until now
}
