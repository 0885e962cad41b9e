package api

import "time"

// CertificateRequest is a submitted signing request and its state.
type CertificateRequest struct {
	ID                     int64      `json:"id"`
	CSR                    string     `json:"csr" doc:"PEM, byte for byte as submitted"`
	CertificateChain       string     `json:"certificate_chain" doc:"PEM, leaf first up to the root; empty without a certificate"`
	Status                 string     `json:"status" enum:"Outstanding,Active,Rejected,Revoked"`
	Email                  string     `json:"email" doc:"The account that submitted it"`
	Owner                  Owner      `json:"owner" doc:"The owner: a group, or the account that submitted it"`
	RejectionReason        string     `json:"rejection_reason" doc:"Reason for the rejection, if given"`
	CreatedAt              time.Time  `json:"created_at"`
	UpdatedAt              time.Time  `json:"updated_at"`
	CommonName             string     `json:"common_name"`
	DNSNames               []string   `json:"dns_names" nullable:"false"`
	IPAddresses            []string   `json:"ip_addresses" nullable:"false"`
	EmailAddresses         []string   `json:"email_addresses" nullable:"false"`
	URIs                   []string   `json:"uris" nullable:"false"`
	UPNs                   []string   `json:"user_principal_names" nullable:"false" doc:"Windows user principal names, an otherName"`
	Key                    string     `json:"key" example:"ECDSA P-256"`
	CertificateID          *int64     `json:"certificate_id" doc:"The current certificate"`
	SerialNumber           string     `json:"serial_number" doc:"Hexadecimal; empty without a certificate"`
	NotBefore              *time.Time `json:"not_before"`
	NotAfter               *time.Time `json:"not_after"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id" doc:"The issuer; null for an external CA"`
	Expired                bool       `json:"expired" doc:"Whether the current certificate has expired"`

	Requested    Requested         `json:"requested" doc:"What the requester asks the signer for"`
	Note         string            `json:"note" doc:"Free text"`
	Labels       map[string]string `json:"labels" nullable:"false"`
	RuleDecision *RuleDecision     `json:"rule_decision" doc:"What the active rules decided when the request was created; null if none matched"`

	SubmittedBy *Ref `json:"submitted_by,omitempty" nullable:"false" doc:"The account or API token that submitted it; absent in lists"`

	Findings []LintFinding `json:"findings,omitzero" required:"false" nullable:"false" doc:"Remarks: what the CSR asks for but does not get, departures from standards and, with a certificate, lint findings; absent in lists"`
}

// Requested holds the profile, authority and expiry that the requester asks for. They apply to the first certificate
// unless the signer chooses others.
type Requested struct {
	Profile                string     `json:"profile" doc:"Empty for none in particular"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id"`
	NotValidAfter          *time.Time `json:"not_valid_after"`
}

// ChangeCertificateRequest is the body of a call that changes a request's note and labels.
type ChangeCertificateRequest struct {
	Note   Text               `json:"note,omitzero" required:"false" doc:"At most 1000 characters; null or empty removes the note"`
	Labels map[string]*string `json:"labels,omitempty" nullable:"false" doc:"Labels to set; null or empty removes a label, and the others are kept. At most 32, with a key of up to 63 lower-case letters, digits and ._/- that starts with a letter, and a value of up to 255 characters"`
}

// CreateCertificateRequest is the body of a call that submits a CSR.
type CreateCertificateRequest struct {
	Owner *Owner `json:"owner,omitempty" nullable:"false" doc:"The group that the request belongs to; default the caller. Group members, and roles that can sign, may submit for a group"`
	CSR   string `json:"csr" doc:"PKCS #10 signing request in PEM (RFC 2986, RFC 7468)" example:"-----BEGIN CERTIFICATE REQUEST-----\nMIICrjCC…\n-----END CERTIFICATE REQUEST-----\n"`

	Profile                string            `json:"profile,omitempty" doc:"The profile that the requester asks for"`
	CertificateAuthorityID ID                `json:"certificate_authority_id,omitempty" doc:"The CA that the requester asks for"`
	NotValidAfter          *time.Time        `json:"not_valid_after,omitempty" doc:"The expiry that the requester asks for, for the first certificate"`
	Note                   string            `json:"note,omitempty" doc:"Free text, at most 1000 characters"`
	Labels                 map[string]string `json:"labels,omitempty" nullable:"false" doc:"At most 32 labels, to find the request and its certificates. Keys have up to 63 lower-case letters, digits and ._/- and start with a letter; values have up to 255 characters"`
}

// Owner is the account or group that a request or certificate belongs to.
type Owner struct {
	Kind string `json:"kind" enum:"account,group"`
	ID   int64  `json:"id" minimum:"1"`
}

// NewOwner identifies the new owner of a request or certificate, by ID or by name.
type NewOwner struct {
	Kind string `json:"kind" enum:"account,group"`
	ID   int64  `json:"id,omitempty" minimum:"1" doc:"ID of the account or group; instead of name"`
	Name string `json:"name,omitempty" doc:"Email address of the account, or name of the group; instead of ID"`
}

// CheckCertificateRequest is the body of a call that checks a CSR against a profile.
type CheckCertificateRequest struct {
	CSR     string `json:"csr" doc:"PEM"`
	Profile string `json:"profile,omitempty" doc:"By name; default server-client"`
}

// RequestCheck is the result of checking a CSR against a profile. The check records nothing.
type RequestCheck struct {
	OK       bool          `json:"ok" doc:"Whether every rule passes"`
	Verdicts []Verdict     `json:"verdicts" nullable:"false" doc:"The result of every rule"`
	Lint     []LintFinding `json:"lint" nullable:"false" doc:"Lint findings"`
	Recorded bool          `json:"recorded" doc:"Whether the caller has already submitted it and so cannot submit it again"`
	Request  int64         `json:"certificate_request_id,omitempty" doc:"The request under which it is recorded"`
}

// UploadCertificate is the body of a call that uploads an externally issued certificate for a request.
type UploadCertificate struct {
	Certificate string `json:"certificate" doc:"PEM chain, leaf first"`
}

// SignCertificateRequest is the body of a call that signs a request with an authority held here.
type SignCertificateRequest struct {
	CertificateAuthorityID ID         `json:"certificate_authority_id,omitempty" doc:"The signing authority. Default: the issuer of the request's current or else latest certificate, or else the CA that the requester asks for; required if there is none"`
	Profile                string     `json:"profile,omitempty" doc:"Profile name. Default: the profile of the request's current or else latest certificate; for the first, the one that the requester asks for, or server-client"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"Expiry; by default the profile's, or for the first certificate the one that the requester asks for; never later than the issuer's"`
	SigningMethod          string     `json:"signing_method,omitempty" doc:"ca, the default"`
	NoRenewal              bool       `json:"no_renewal,omitempty" doc:"Refuse a request that already has a certificate instead of renewing it"`
	KeepFormer             bool       `json:"keep_former,omitempty" doc:"Keep the authority and profile of a previous certificate, even if others are given, which then apply only to the other requests of a bulk call"`

	Subject         string           `json:"subject,omitempty" doc:"Overrides the CSR's subject, in RFC 4514 form with the most specific attribute first" example:"CN=web.example.com,O=Example,C=DE"`
	Names           []string         `json:"names,omitzero" required:"false" nullable:"false" doc:"Overrides the CSR's names: host names, IP addresses, email addresses, URIs, and user principal names with the prefix upn:. A common name that is a host name is always included"`
	PathLength      *int             `json:"path_length,omitempty" minimum:"0" doc:"For a subordinate CA, with a CA profile: maximum number of CA levels below it; default is the profile's"`
	NameConstraints *NameConstraints `json:"name_constraints,omitempty" nullable:"false" doc:"For a subordinate CA: names that certificates below it may contain; default any"`
}

// IssueCertificate is the body of a call that submits a CSR and signs it.
type IssueCertificate struct {
	Owner                  *Owner     `json:"owner,omitempty" nullable:"false" doc:"The group that a new request belongs to; default the caller"`
	CSR                    string     `json:"csr" doc:"PKCS #10 signing request in PEM (RFC 2986, RFC 7468)"`
	CertificateAuthorityID ID         `json:"certificate_authority_id,omitempty" doc:"The signing authority; required for the first certificate of a CSR"`
	Profile                string     `json:"profile,omitempty" doc:"Profile name; default server-client, or for a renewal the previous one"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"Expiry; by default the profile's, never later than the issuer's"`

	Note   string            `json:"note,omitempty" doc:"Free text, kept with the request; at most 1000 characters"`
	Labels map[string]string `json:"labels,omitempty" nullable:"false" doc:"Labels of the request and its certificates. With a CSR submitted before, they are added to those of its request"`
}

// Issued is the response to [IssueCertificate].
type Issued struct {
	ID                   int64      `json:"id,omitempty" doc:"Certificate ID; absent while the request is Outstanding"`
	CertificateRequestID int64      `json:"certificate_request_id"`
	Status               string     `json:"status" enum:"Active,Outstanding" doc:"Status of the request"`
	CertificateChain     string     `json:"certificate_chain,omitempty" doc:"PEM, leaf first up to the root"`
	SerialNumber         string     `json:"serial_number,omitempty" doc:"Hexadecimal"`
	NotAfter             *time.Time `json:"not_after,omitempty"`
}

// Reject is the body of a call that rejects a request.
type Reject struct {
	Reason string `json:"reason,omitempty" doc:"Shown to the requester: a few lines, at most 500 characters"`
}

// Revoke is the body of a call that revokes a certificate.
type Revoke struct {
	Reason string `json:"reason,omitempty" enum:"unspecified,keyCompromise,cACompromise,affiliationChanged,superseded,cessationOfOperation,privilegeWithdrawn,aACompromise" doc:"RFC 5280, 5.3.1; unspecified by default. keyCompromise is accepted after another reason"`
}

// RevokeCertificateRequest is the body of a call that revokes a request's certificates.
type RevokeCertificateRequest struct {
	Reason      string `json:"reason,omitempty" enum:"unspecified,keyCompromise,cACompromise,affiliationChanged,superseded,cessationOfOperation,privilegeWithdrawn,aACompromise" doc:"RFC 5280, 5.3.1; unspecified by default. keyCompromise is accepted after another reason"`
	OnlyCurrent bool   `json:"only_current,omitempty" doc:"Revoke only the current certificate. By default every valid certificate of the request is revoked"`
}

// Revocations is the result of a revocation.
type Revocations struct {
	Message    string                  `json:"message" enum:"success"`
	Revoked    []RevokedCertificate    `json:"revoked" nullable:"false" doc:"Certificates that were revoked, or whose reason was corrected"`
	NotRevoked []NotRevokedCertificate `json:"not_revoked,omitempty" nullable:"false" doc:"Valid certificates of the request that cannot be revoked here"`
}

// RevokedCertificate is a certificate that a call revoked, or whose revocation reason it corrected.
type RevokedCertificate struct {
	ID             int64  `json:"id"`
	SerialNumber   string `json:"serial_number" doc:"Hexadecimal"`
	PreviousReason string `json:"previous_reason,omitempty" doc:"The reason that was replaced, if the certificate was revoked before"`
}

// NotRevokedCertificate is a valid certificate that a call could not revoke.
type NotRevokedCertificate struct {
	ID           int64  `json:"id"`
	SerialNumber string `json:"serial_number" doc:"Hexadecimal"`
	Error        string `json:"error" doc:"Why"`
}

// Certificate is an entry of the inventory.
type Certificate struct {
	ID                     int64      `json:"id"`
	Certificate            string     `json:"certificate" doc:"PEM"`
	CertificateChain       string     `json:"certificate_chain" doc:"PEM, leaf first up to the root"`
	CertificateRequestID   *int64     `json:"certificate_request_id" doc:"null for an authority's certificate, and after the request is deleted"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id" doc:"The issuer; null for an external CA"`
	Owner                  *Owner     `json:"owner,omitempty" nullable:"false" doc:"The owner, the same as of the request; absent for an authority's certificate"`
	CommonName             string     `json:"common_name"`
	DNSNames               []string   `json:"dns_names" nullable:"false"`
	IPAddresses            []string   `json:"ip_addresses" nullable:"false"`
	EmailAddresses         []string   `json:"email_addresses" nullable:"false"`
	URIs                   []string   `json:"uris" nullable:"false"`
	UPNs                   []string   `json:"user_principal_names" nullable:"false" doc:"Windows user principal names, an otherName"`
	Key                    string     `json:"key" example:"RSA 2048"`
	Email                  string     `json:"email" doc:"The account that submitted the request; empty for an authority's certificate"`
	SerialNumber           string     `json:"serial_number" doc:"Hexadecimal"`
	Fingerprint            string     `json:"fingerprint" doc:"SHA-256 of the DER, hexadecimal"`
	NotBefore              time.Time  `json:"not_before"`
	NotAfter               time.Time  `json:"not_after"`
	Profile                string     `json:"profile" doc:"The profile it was issued under; empty if uploaded"`
	ProfileVersion         int        `json:"profile_version" doc:"The version of that profile; 0 if uploaded"`
	CreatedAt              time.Time  `json:"created_at"`
	RevokedAt              *time.Time `json:"revoked_at"`
	RevocationReason       string     `json:"revocation_reason" doc:"Empty unless revoked"`

	Labels map[string]string `json:"labels" nullable:"false" doc:"Those of its request, also after the request is deleted"`

	Findings []LintFinding `json:"findings,omitzero" required:"false" nullable:"false" doc:"Remarks at issuance: what its CSR asked for but did not get, and lint findings; absent in lists"`
	Lint     []LintFinding `json:"lint,omitzero" required:"false" nullable:"false" doc:"Same as findings, kept for earlier clients"`
}
