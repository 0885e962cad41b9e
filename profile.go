package notary

import "time"

// Profile is a set of issuance rules. Each change creates a new version. Certificates record the version under which
// they were issued.
type Profile struct {
	ID        int64
	Name      string // unique and immutable
	Version   int    // starts at 1
	Builtin   bool   // ships with the program: can be changed but not deleted
	CreatedAt time.Time
	UpdatedAt time.Time // when this version was created

	Rules
}

// DefaultProfile is the name of the profile used for requests that do not specify one.
const DefaultProfile = "server-client"

// The profiles of the certificates that the server issues to subordinate authorities and OCSP responders.
const (
	IntermediateProfile = "intermediate"
	OCSPProfile         = "ocsp"
)

// Rules determine which signing requests are accepted and what the certificates contain. A request supplies only the
// subject, the names and the key.
type Rules struct {
	Description string // for display

	CA      bool // issue CA certificates (RFC 5280, section 4.2.1.9)
	PathLen int  // path length of CA certificates; -1 for no limit

	// KeyUsages are the key usages (RFC 5280, section 4.2.1.3). A certificate gets those that suit its key:
	// only RSA keys encipher keys, and Ed25519 keys only sign.
	KeyUsages []KeyUsage
	// ExtKeyUsages are names from [ExtKeyUsageNames] or dotted object identifiers.
	ExtKeyUsages []string

	Validity    time.Duration // default validity
	MaxValidity time.Duration // longest validity that a caller may request; 0 for no limit

	Keys    KeyRules
	Names   NameRules
	Subject SubjectRules

	// SHA1Requests reports whether signing requests signed with SHA-1 are accepted, for legacy devices.
	SHA1Requests bool

	Policies    []string // object identifiers of certificate policies (RFC 5280, 4.2.1.4)
	OCSPNoCheck bool     // id-pkix-ocsp-nocheck (RFC 6960, section 4.2.2.2.1)

	LintWarnings LintWarnings
}

// KeyUsage is a bit of the key usage extension, by its name in RFC 5280, section 4.2.1.3.
type KeyUsage string

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

// KeyUsages lists the key usages in bit order.
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

// ExtKeyUsageNames lists the named extended key usages.
var ExtKeyUsageNames = []string{ServerAuth, ClientAuth, CodeSigning, EmailProtection, TimeStamping, OCSPSigning}

// KeyKind is a key type that a profile may allow.
type KeyKind string

const (
	KindRSA     KeyKind = "rsa"
	KindP256    KeyKind = "ecdsa-p256"
	KindP384    KeyKind = "ecdsa-p384"
	KindP521    KeyKind = "ecdsa-p521"
	KindEd25519 KeyKind = "ed25519"
)

// KeyKinds lists the key types.
var KeyKinds = []KeyKind{KindRSA, KindP256, KindP384, KindP521, KindEd25519}

// KeyRules determine which keys are certified.
type KeyRules struct {
	Allowed    []KeyKind
	MinRSABits int // 0 for 2048, the minimum for every RSA key
	MaxRSABits int // 0 for 8192, the maximum for every RSA key

	// MinRSAExponent is the smallest allowed RSA public exponent. 0 means the default, 65537; other values must be at
	// least 3.
	MinRSAExponent int
}

// NameRules determine which subject alternative names a request may contain, by type. Entries match like name
// constraints (RFC 5280, section 4.2.1.10).
type NameRules struct {
	DNS   NameRule // "example.com" and its subdomains, ".example.com" for subdomains only
	IP    NameRule // "10.0.0.0/8", or a single address
	Email NameRule // a domain "example.com", its subdomains ".example.com", or a single address
	// URI allows a host "example.com", its subdomains ".example.com", or a prefix "spiffe://example.org/web" with the
	// paths below it.
	URI NameRule
	UPN NameRule // a domain "corp.example", its subdomains ".corp.example", or a single user principal name

	Wildcards   bool // whether DNS names may be wildcards
	Underscores bool // whether DNS names may contain underscores, which host names may not
	Required    bool // whether at least one name of any type is required
	Max         int  // maximum number of names of all types; 0 for [DefaultMaxNames]

	// NoHost determines how a serverAuth profile treats a request whose certificate would name no host. By default,
	// such a request is refused unless the profile also has clientAuth and the common name does not look like a host
	// name.
	NoHost NoHostAction
}

// DefaultMaxNames is the maximum number of names in a certificate unless the profile sets another.
const DefaultMaxNames = 100

// NoHostAction determines how a request that names no host is treated under a serverAuth profile.
type NoHostAction string

// The actions on a request that names no host.
const (
	RefuseNoHost NoHostAction = "refuse"
	ReportNoHost NoHostAction = "report" // issue with a warning
)

// NameRule determines which names of one type are allowed.
type NameRule struct {
	Allow  Allowance
	Listed []string // for [AllowListed]
}

// None reports whether no names of the type are allowed. Allow is "" in versions recorded before the type existed.
func (r NameRule) None() bool { return r.Allow == AllowNone || r.Allow == "" }

// Allowance determines which names of a type are allowed: any, those listed, or none.
type Allowance string

const (
	AllowAny    Allowance = "any"
	AllowListed Allowance = "listed"
	AllowNone   Allowance = "none"
)

// SubjectRules determine how the attributes of a subject are treated.
type SubjectRules struct {
	Others     AttributeAction // for attributes without a rule: [Keep] or [Refuse]
	Attributes []AttributeRule
}

// AttributeRule is the rule for one attribute type.
type AttributeRule struct {
	Type   string // such as "organization_name", or a dotted object identifier
	Action AttributeAction
	Value  string // for [Fix]
}

// AttributeAction determines how a subject attribute is treated.
type AttributeAction string

const (
	Keep   AttributeAction = "keep"   // copied from the request
	Fix    AttributeAction = "fixed"  // set to a fixed value in every certificate
	Refuse AttributeAction = "refuse" // requests with the attribute are refused
)

// LintWarnings determines how lint warnings are treated.
type LintWarnings string

// The treatments of lint warnings. Notices are always recorded.
const (
	KeepWarnings   LintWarnings = "keep"   // issue and record the warnings
	RefuseWarnings LintWarnings = "refuse" // refuse to issue
)

// Verdict is the result of checking a request against one rule.
type Verdict struct {
	Rule   string // a stable identifier, such as "dns_names"
	OK     bool
	Reason string // why it failed and how to fix it; "" if it passed
}

// Finding is a lint result, or a remark about the request: something requested but not issued, or a departure from a
// standard.
type Finding struct {
	Lint        string // such as "w_subject_dn_trailing_whitespace" or "csr_string_type"
	Level       FindingLevel
	Description string
	Citation    string // the clause, such as "RFC 5280: 4.1.2.6"
}

// FindingLevel is the severity of a finding.
type FindingLevel string

// The severities. A certificate with a finding of level error is never issued.
const (
	FindingNotice  FindingLevel = "notice"
	FindingWarning FindingLevel = "warning"
	FindingError   FindingLevel = "error"
)

// Trial is the result of a dry run: the verdict of every rule, and the lint findings.
type Trial struct {
	Verdicts []Verdict
	Findings []Finding
}

// OK reports whether every rule passed.
func (t *Trial) OK() bool { return t.Reason() == "" }

// Reason returns the reason of the first failed rule, or "" if all passed.
func (t *Trial) Reason() string {
	for _, verdict := range t.Verdicts {
		if !verdict.OK {
			return verdict.Reason
		}
	}
	return ""
}

// RequestTrial is the result of checking a signing request without submitting it.
type RequestTrial struct {
	Trial
	Recorded  bool  // whether the caller or one of its groups already has a request for the CSR
	RequestID int64 // that request; 0 if there is none
}

// ProfileTrial is the result of testing a profile.
type ProfileTrial struct {
	Trial *Trial // for the given request; nil if none was given

	Looked  int            // number of latest requests examined
	Refused []TriedRequest // newly refused by the proposed rules or, without proposed rules, refused by the profile
	Allowed []TriedRequest // newly allowed by the proposed rules
}

// TriedRequest is a request listed in a [ProfileTrial].
type TriedRequest struct {
	ID         int64
	CommonName string
	Names      Names
	Reason     string // why it would be, or is currently, refused
}
