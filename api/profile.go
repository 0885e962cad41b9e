package api

import "time"

// Profile is one version of a set of issuance rules.
type Profile struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Version   int       `json:"version" doc:"Starts at 1; each change to the rules creates a new version"`
	Builtin   bool      `json:"builtin" doc:"Whether it ships with the program and cannot be deleted"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at" doc:"When this version was created"`
	ProfileRules
}

// ProfileRules are the rules of a profile.
type ProfileRules struct {
	Description       string          `json:"description" required:"false" doc:"A single line"`
	CA                bool            `json:"ca" required:"false" doc:"Issue CA certificates (RFC 5280, 4.2.1.9)"`
	PathLength        *int            `json:"path_length,omitempty" doc:"For CAs: maximum number of CA levels below; default no limit"`
	KeyUsages         []string        `json:"key_usages,omitzero" required:"true" nullable:"false" enum:"digitalSignature,contentCommitment,keyEncipherment,dataEncipherment,keyAgreement,keyCertSign,cRLSign,encipherOnly,decipherOnly" example:"digitalSignature" doc:"By their names in RFC 5280, 4.2.1.3; each certificate gets those that suit its key"`
	ExtendedKeyUsages []string        `json:"extended_key_usages,omitzero" required:"false" nullable:"false" doc:"serverAuth, clientAuth, codeSigning, emailProtection, timeStamping, OCSPSigning, or dotted object identifiers"`
	Validity          string          `json:"validity" doc:"Default validity: a number and d, h or m" example:"90d"`
	MaxValidity       string          `json:"max_validity,omitempty" doc:"Maximum validity that can be requested; default: limited by the issuer only" example:"398d"`
	Keys              *ProfileKeys    `json:"keys,omitempty" doc:"Default: every kind of key"`
	Names             *ProfileNames   `json:"names,omitempty" doc:"Default: no names"`
	Subject           *ProfileSubject `json:"subject,omitempty" doc:"Default: the subject is unchanged"`
	Policies          []string        `json:"policies,omitzero" required:"false" nullable:"false" doc:"Object identifiers of certificate policies (RFC 5280, 4.2.1.4)"`
	OCSPNoCheck       bool            `json:"ocsp_no_check" required:"false" doc:"id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1)"`
	SHA1Requests      bool            `json:"sha1_requests" required:"false" doc:"Whether requests signed with SHA-1 are accepted, for legacy devices"`
	LintWarnings      string          `json:"lint_warnings" required:"false" enum:"keep,refuse" doc:"Whether a certificate with lint warnings is issued (keep, the default) or refused"`
}

// ProfileKeys determine which keys are certified.
type ProfileKeys struct {
	Allowed    []string `json:"allowed,omitzero" required:"true" nullable:"false" enum:"rsa,ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519"`
	MinRSABits int      `json:"min_rsa_bits,omitempty" doc:"Default 2048"`
	MaxRSABits int      `json:"max_rsa_bits,omitempty" doc:"Default 8192"`

	MinRSAExponent int `json:"min_rsa_exponent,omitempty" doc:"Smallest RSA public exponent, such as 3; default 65537"`
}

// ProfileNames determine which subject alternative names a request may contain. Omitted types are not allowed.
type ProfileNames struct {
	DNS       *ProfileNameRule `json:"dns,omitempty" doc:"List entries: example.com (and subdomains) or .example.com (subdomains only)"`
	IP        *ProfileNameRule `json:"ip,omitempty" doc:"List entries: 10.0.0.0/8 or a single address"`
	Email     *ProfileNameRule `json:"email,omitempty" doc:"List entries: example.com, .example.com (subdomains only), or a single address"`
	URI       *ProfileNameRule `json:"uri,omitempty" doc:"List entries: a host example.com, .example.com (subdomains only), or spiffe://example.com/web"`
	UPN       *ProfileNameRule `json:"upn,omitempty" doc:"User principal names. List entries: corp.example, .corp.example (subdomains only), or a single name"`
	Wildcards bool             `json:"wildcards" required:"false" doc:"Whether DNS names may be wildcards"`
	Required  bool             `json:"required" required:"false" doc:"Whether at least one name is required"`
	NoHost    string           `json:"no_host,omitempty" doc:"With serverAuth: refuse or report a request that names no host. By default it is only reported if the profile also has clientAuth and the common name does not look like a host"`

	Underscores bool `json:"underscores" required:"false" doc:"Whether DNS names may contain underscores, which host names may not"`
	Max         int  `json:"max,omitempty" minimum:"0" maximum:"1000" doc:"Maximum number of names; default 100"`
}

// ProfileNameRule determines which names of one type are allowed.
type ProfileNameRule struct {
	Allow  string   `json:"allow" enum:"any,listed,none"`
	Listed []string `json:"listed,omitzero" required:"false" nullable:"false"`
}

// ProfileSubject determines how the subject's attributes are treated.
type ProfileSubject struct {
	Others     string             `json:"others" required:"false" enum:"keep,refuse" doc:"How attributes without a rule are treated; default keep"`
	Attributes []ProfileAttribute `json:"attributes,omitzero" required:"false" nullable:"false"`
}

// ProfileAttribute is the rule for one attribute type.
type ProfileAttribute struct {
	Type  string `json:"type" doc:"Such as organization_name, or a dotted object identifier"`
	Rule  string `json:"rule" enum:"keep,fixed,refuse"`
	Value string `json:"value,omitempty" doc:"The value in every certificate, with action fixed"`
}

// CreateProfile is the body of a call that creates a profile.
type CreateProfile struct {
	Name string `json:"name" doc:"Lower-case letters, digits, dots, hyphens and underscores"`
	ProfileRules
}

// UpdateProfile is the body of a call that replaces the rules of a profile. Omitted rules get their defaults, not their
// previous values.
type UpdateProfile struct {
	Version *int `json:"version,omitempty" doc:"The version that was edited: refused if it is not the latest"`
	ProfileRules
}

// UpdatedProfile is the response to a profile update.
type UpdatedProfile struct {
	Message string `json:"message" enum:"success"`
	Version int    `json:"version" doc:"The version of the new rules"`
}

// CheckProfile is the body of a call that tests a profile without issuing anything.
type CheckProfile struct {
	CSR                    string        `json:"csr,omitempty" doc:"PKCS #10 signing request in PEM"`
	CertificateAuthorityID ID            `json:"certificate_authority_id,omitempty" doc:"Also check this authority's constraints, and lint as if it signed"`
	Profile                *ProfileRules `json:"profile,omitempty" doc:"Rules to test instead of the profile's"`
	Last                   int           `json:"last,omitempty" doc:"How many of the latest requests to check, up to 1000"`
}

// ProfileCheck is the result of testing a profile.
type ProfileCheck struct {
	OK       *bool         `json:"ok,omitempty" doc:"Whether the CSR would be issued; absent without a CSR"`
	Verdicts []Verdict     `json:"verdicts" nullable:"false" doc:"The result of every rule for the CSR"`
	Lint     []LintFinding `json:"lint" nullable:"false" doc:"Lint findings other than errors"`
	Looked   int           `json:"looked" doc:"How many of the latest requests were checked"`
	Refused  []Tried       `json:"refused" nullable:"false" doc:"Those that would now be refused"`
	Allowed  []Tried       `json:"allowed,omitzero" required:"true" nullable:"false" doc:"Those that would newly be allowed"`
}

// Verdict is the result of checking a request against one rule.
type Verdict struct {
	Rule   string `json:"rule" example:"dns_names"`
	OK     bool   `json:"ok"`
	Reason string `json:"reason" doc:"Why it failed, and what to do; empty if it passed"`
}

// Tried is a request that the test of a profile lists as refused or newly allowed.
type Tried struct {
	ID             int64    `json:"id"`
	CommonName     string   `json:"common_name"`
	DNSNames       []string `json:"dns_names" nullable:"false"`
	IPAddresses    []string `json:"ip_addresses" nullable:"false"`
	EmailAddresses []string `json:"email_addresses" nullable:"false"`
	URIs           []string `json:"uris" nullable:"false"`
	UPNs           []string `json:"user_principal_names" nullable:"false"`
	Reason         string   `json:"reason" doc:"Why it would be, or is currently, refused"`
}

// LintFinding is a lint finding about a certificate, or a remark about its request.
type LintFinding struct {
	Lint        string `json:"lint" example:"w_subject_dn_trailing_whitespace" doc:"Name of the lint; those about requests start with csr_"`
	Level       string `json:"level" enum:"notice,warning,error"`
	Description string `json:"description"`
	Citation    string `json:"citation" doc:"The clause" example:"RFC 5280: 4.1.2.6"`
}
