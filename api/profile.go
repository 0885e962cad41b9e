package api

import "time"

// Profile is a set of rules by which certificates are issued, in one of its versions.
type Profile struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Version   int       `json:"version" doc:"From 1 on; each change of the rules makes a new one"`
	Builtin   bool      `json:"builtin" doc:"It comes with the program and cannot be deleted"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"When this version was made"`
	ProfileRules
}

// ProfileRules are the rules of a profile.
type ProfileRules struct {
	Description       string          `json:"description" required:"false" doc:"One line, for people"`
	CA                bool            `json:"ca" required:"false" doc:"For authorities (RFC 5280, 4.2.1.9)"`
	PathLength        *int            `json:"path_length,omitempty" doc:"Of an authority: how many more may follow below it at the most; no limit without it"`
	KeyUsages         []string        `json:"key_usages,omitzero" required:"true" nullable:"false" enum:"digitalSignature,contentCommitment,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly" example:"digitalSignature" doc:"By their names in RFC 5280, 4.2.1.3; each certificate gets those that fit its key"`
	ExtendedKeyUsages []string        `json:"extended_key_usages,omitzero" required:"false" nullable:"false" doc:"serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, or dotted object identifiers"`
	Validity          string          `json:"validity" doc:"Where no end is asked for: a number and d, h or m" example:"90d"`
	MaxValidity       string          `json:"max_validity,omitempty" doc:"The longest that can be asked for; no limit but the issuer's without it" example:"398d"`
	Keys              *ProfileKeys    `json:"keys,omitempty" doc:"Every kind of key without it"`
	Names             *ProfileNames   `json:"names,omitempty" doc:"No names without it"`
	Subject           *ProfileSubject `json:"subject,omitempty" doc:"The subject stays as it is without it"`
	Policies          []string        `json:"policies,omitzero" required:"false" nullable:"false" doc:"Object identifiers of certificate policies (RFC 5280, 4.2.1.4)"`
	OCSPNoCheck       bool            `json:"ocsp_no_check" required:"false" doc:"id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1)"`
	SHA1Requests      bool            `json:"sha1_requests" required:"false" doc:"Whether requests that are signed with SHA-1 are allowed, for devices that cannot do better"`
	LintWarnings      string          `json:"lint_warnings" required:"false" enum:"keep,refuse" doc:"Whether a certificate with lint warnings is issued (keep, the default) or refused"`
}

// ProfileKeys say which keys are certified.
type ProfileKeys struct {
	Allowed    []string `json:"allowed,omitzero" required:"true" nullable:"false" enum:"rsa,ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519"`
	MinRSABits int      `json:"min_rsa_bits,omitempty" doc:"2048 without it"`
	MaxRSABits int      `json:"max_rsa_bits,omitempty" doc:"8192 without it"`

	MinRSAExponent int `json:"min_rsa_exponent,omitempty" doc:"Smallest public exponent of RSA keys, such as 3; 65537 without it"`
}

// ProfileNames say which subject alternative names a request may ask for. A type that is left
// out is not allowed.
type ProfileNames struct {
	DNS       *ProfileNameRule `json:"dns,omitempty" doc:"example.com is listed for itself and what is below, .example.com for what is below"`
	IP        *ProfileNameRule `json:"ip,omitempty" doc:"10.0.0.0/8 or one address is listed"`
	Email     *ProfileNameRule `json:"email,omitempty" doc:"example.com, .example.com for the domains below, or one address is listed"`
	URI       *ProfileNameRule `json:"uri,omitempty" doc:"A host example.com, .example.com for those below, or spiffe://example.com/web is listed"`
	UPN       *ProfileNameRule `json:"upn,omitempty" doc:"User principal names: corp.example, .corp.example for the domains below, or one name is listed"`
	Wildcards bool             `json:"wildcards" required:"false" doc:"Whether DNS names may be wildcards"`
	Required  bool             `json:"required" required:"false" doc:"Whether there must be at least one name"`
	NoHost    string           `json:"no_host,omitempty" doc:"With serverAuth: refuse a request that names no host, or report it; without it, report it only if the profile has clientAuth, too, and the common name does not look like a host"`

	Underscores bool `json:"underscores" required:"false" doc:"Whether DNS names may have underscores, which host names do not have"`
	Max         int  `json:"max,omitempty" minimum:"0" maximum:"1000" doc:"How many names there may be; 100 without it"`
}

// ProfileNameRule says which names of one type are allowed.
type ProfileNameRule struct {
	Allow  string   `json:"allow" enum:"any,listed,none"`
	Listed []string `json:"listed,omitzero" required:"false" nullable:"false"`
}

// ProfileSubject says what becomes of the attributes of a request's subject.
type ProfileSubject struct {
	Others     string             `json:"others" required:"false" enum:"keep,refuse" doc:"What happens to attributes without a rule of their own: keep by default"`
	Attributes []ProfileAttribute `json:"attributes,omitzero" required:"false" nullable:"false"`
}

// ProfileAttribute is the rule for one type of attribute.
type ProfileAttribute struct {
	Type  string `json:"type" doc:"Such as organization_name, or a dotted object identifier"`
	Rule  string `json:"rule" enum:"keep,fixed,refuse"`
	Value string `json:"value,omitempty" doc:"Of a fixed one: what every certificate has"`
}

// CreateProfile makes a profile.
type CreateProfile struct {
	Name string `json:"name" doc:"Small letters, digits, dots, hyphens and underscores"`
	ProfileRules
}

// UpdateProfile gives a profile new rules. What is left out is not taken from the old ones.
type UpdateProfile struct {
	Version *int `json:"version,omitempty" doc:"The version that was changed: refused where it is no longer the newest"`
	ProfileRules
}

// UpdatedProfile answers a change of a profile.
type UpdatedProfile struct {
	Message string `json:"message" enum:"success"`
	Version int    `json:"version" doc:"That of the new rules"`
}

// CheckProfile tries a profile without issuing.
type CheckProfile struct {
	CSR                    string        `json:"csr,omitempty" doc:"PKCS #10 signing request in PEM"`
	CertificateAuthorityID ID            `json:"certificate_authority_id,omitempty" doc:"Whose constraints count, and for which is linted"`
	Profile                *ProfileRules `json:"profile,omitempty" doc:"Instead of the profile's rules: those that it may get"`
	Last                   int           `json:"last,omitempty" doc:"How many of the last requests are looked at, up to 1000"`
}

// ProfileCheck is what became of trying a profile.
type ProfileCheck struct {
	OK       *bool         `json:"ok,omitempty" doc:"Whether the CSR would be issued; absent without one"`
	Verdicts []Verdict     `json:"verdicts" nullable:"false" doc:"Of every rule, for the CSR"`
	Lint     []LintFinding `json:"lint" nullable:"false" doc:"What the lints found short of an error"`
	Looked   int           `json:"looked" doc:"How many of the last requests were looked at"`
	Refused  []Tried       `json:"refused" nullable:"false" doc:"Those that would now be refused"`
	Allowed  []Tried       `json:"allowed,omitzero" required:"true" nullable:"false" doc:"Those that would newly be allowed"`
}

// Verdict says whether a rule holds.
type Verdict struct {
	Rule   string `json:"rule" example:"dns_names"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason" doc:"Why not, and what to do; empty where it holds"`
}

// Tried is a request for which changed rules say something else.
type Tried struct {
	ID             int64    `json:"id"`
	CommonName     string   `json:"common_name"`
	DNSNames       []string `json:"dns_names" nullable:"false"`
	IPAddresses    []string `json:"ip_addresses" nullable:"false"`
	EmailAddresses []string `json:"email_addresses" nullable:"false"`
	URIs           []string `json:"uris" nullable:"false"`
	UPNs           []string `json:"user_principal_names" nullable:"false"`
	Reason         string   `json:"reason" doc:"Why it is refused, now or until now"`
}

// LintFinding is what a lint found in a certificate, or what is notable about its request.
type LintFinding struct {
	Lint        string `json:"lint" example:"w_subject_dn_trailing_whitespace" doc:"Its name; those about requests begin with csr_"`
	Level       string `json:"level" enum:"notice,warning,error"`
	Description string `json:"description"`
	Citation    string `json:"citation" doc:"The clause" example:"RFC 5280: 4.1.2.6"`
}
