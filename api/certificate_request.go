package api

import "time"

// CertificateRequest is a signing request and what became of it.
type CertificateRequest struct {
	ID                     int64      `json:"id"`
	CSR                    string     `json:"csr" doc:"PEM, byte for byte as submitted"`
	CertificateChain       string     `json:"certificate_chain" doc:"PEM, leaf first up to the root; empty where there is none"`
	Status                 string     `json:"status" enum:"Outstanding,Active,Rejected,Revoked"`
	Email                  string     `json:"email" doc:"Who submitted it"`
	RejectionReason        string     `json:"rejection_reason" doc:"Why it was rejected, where that was said; empty otherwise"`
	CreatedAt              time.Time  `json:"created_at"`
	UpdatedAt              time.Time  `json:"updated_at"`
	CommonName             string     `json:"common_name"`
	DNSNames               []string   `json:"dns_names" nullable:"false"`
	IPAddresses            []string   `json:"ip_addresses" nullable:"false"`
	EmailAddresses         []string   `json:"email_addresses" nullable:"false"`
	URIs                   []string   `json:"uris" nullable:"false"`
	UPNs                   []string   `json:"user_principal_names" nullable:"false" doc:"Of Windows: an otherName"`
	Key                    string     `json:"key" example:"ECDSA P-256"`
	CertificateID          *int64     `json:"certificate_id" doc:"The certificate in use, in the inventory"`
	SerialNumber           string     `json:"serial_number" doc:"Hexadecimal; empty where there is no certificate"`
	NotBefore              *time.Time `json:"not_before"`
	NotAfter               *time.Time `json:"not_after"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id" doc:"The issuer; null where it is not held here"`
	Expired                bool       `json:"expired" doc:"The certificate in use has expired"`

	Findings []LintFinding `json:"findings,omitzero" required:"false" nullable:"false" doc:"What is notable: what the CSR asks for and does not get, where it departs from a standard, and, with a certificate, what the lints found; absent in lists"`
}

// CreateCertificateRequest submits a signing request.
type CreateCertificateRequest struct {
	CSR string `json:"csr" doc:"PKCS #10 signing request in PEM (RFC 2986, RFC 7468)" example:"-----BEGIN CERTIFICATE REQUEST-----\nMIICrjCC…\n-----END CERTIFICATE REQUEST-----\n"`
}

// CheckCertificateRequest asks what a profile would say of a signing request.
type CheckCertificateRequest struct {
	CSR     string `json:"csr" doc:"PEM"`
	Profile string `json:"profile,omitempty" doc:"By its name; server-client without it"`
}

// RequestCheck is what a profile would say of a signing request. Nothing was recorded.
type RequestCheck struct {
	OK       bool          `json:"ok" doc:"Whether every rule holds"`
	Verdicts []Verdict     `json:"verdicts" nullable:"false" doc:"Of every rule"`
	Lint     []LintFinding `json:"lint" nullable:"false" doc:"What the lints found"`
	Recorded bool          `json:"recorded" doc:"Whether the caller has submitted it already, so that it cannot be submitted again"`
	Request  int64         `json:"certificate_request_id,omitempty" doc:"As which request it is recorded"`
}

// UploadCertificate gives a request the certificate that an outside authority signed.
type UploadCertificate struct {
	Certificate string `json:"certificate" doc:"PEM chain, leaf first"`
}

// SignCertificateRequest has a request signed by an authority held here.
type SignCertificateRequest struct {
	CertificateAuthorityID ID         `json:"certificate_authority_id,omitempty" doc:"The authority that signs. By default the one that signed the current or, without one, the latest certificate of the request; needed if no authority held here did"`
	Profile                string     `json:"profile,omitempty" doc:"A profile by its name. By default the one of the current or, without one, the latest certificate of the request, and server-client for the first"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"The end of validity; the profile's default without it, never past the issuer's"`
	SigningMethod          string     `json:"signing_method,omitempty" doc:"ca, the default"`
	NoRenewal              bool       `json:"no_renewal,omitempty" doc:"Whether a request that has a certificate already is refused, and not renewed"`
	KeepFormer             bool       `json:"keep_former,omitempty" doc:"Whether a request that has had a certificate keeps the authority and profile of that, even if others are given: those are for the other requests of a bulk call"`

	Subject         string           `json:"subject,omitempty" doc:"Instead of that of the CSR, as RFC 4514 writes it: the most specific attribute first" example:"CN=web.example.com,O=Example,C=DE"`
	Names           []string         `json:"names,omitzero" required:"false" nullable:"false" doc:"Instead of those of the CSR: host names, IP addresses, e-mail addresses, URIs, and user principal names after upn:. A common name that is a host name is among the names in any case"`
	PathLength      *int             `json:"path_length,omitempty" minimum:"0" doc:"Of a subordinate CA, with a profile for CAs: how many CAs may follow below it; that of the profile without it"`
	NameConstraints *NameConstraints `json:"name_constraints,omitempty" nullable:"false" doc:"Of a subordinate CA: for which names the certificates below it may be; all without it"`
}

// IssueCertificate submits a signing request and has it signed in one call.
type IssueCertificate struct {
	CSR                    string     `json:"csr" doc:"PKCS #10 signing request in PEM (RFC 2986, RFC 7468)"`
	CertificateAuthorityID ID         `json:"certificate_authority_id,omitempty" doc:"The authority that signs; needed for the first certificate of a CSR"`
	Profile                string     `json:"profile,omitempty" doc:"A profile by its name; server-client by default, and for a renewal the former one"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"The end of validity; by default the profile's, never past the issuer's"`
}

// Issued is what a call to issue a certificate recorded.
type Issued struct {
	ID                   int64      `json:"id,omitempty" doc:"Of the certificate; absent while the request is Outstanding"`
	CertificateRequestID int64      `json:"certificate_request_id"`
	Status               string     `json:"status" enum:"Active,Outstanding" doc:"Of the request"`
	CertificateChain     string     `json:"certificate_chain,omitempty" doc:"PEM, leaf first up to the root"`
	SerialNumber         string     `json:"serial_number,omitempty" doc:"Hexadecimal"`
	NotAfter             *time.Time `json:"not_after,omitempty"`
}

// Reject decides against a request.
type Reject struct {
	Reason string `json:"reason,omitempty" doc:"For whoever submitted it: a few lines, at most 500 characters"`
}

// Revoke revokes a certificate.
type Revoke struct {
	Reason string `json:"reason,omitempty" enum:"unspecified,keyCompromise,cACompromise,affiliationChanged,superseded,cessationOfOperation,privilegeWithdrawn,aACompromise" doc:"RFC 5280, 5.3.1; unspecified by default. keyCompromise is accepted after another reason"`
}

// RevokeCertificateRequest revokes the certificates of a request.
type RevokeCertificateRequest struct {
	Reason      string `json:"reason,omitempty" enum:"unspecified,keyCompromise,cACompromise,affiliationChanged,superseded,cessationOfOperation,privilegeWithdrawn,aACompromise" doc:"RFC 5280, 5.3.1; unspecified by default. keyCompromise is accepted after another reason"`
	OnlyCurrent bool   `json:"only_current,omitempty" doc:"Revoke the current certificate alone. By default every valid certificate of the request is revoked"`
}

// Revocations are what a revocation did.
type Revocations struct {
	Message    string                  `json:"message" enum:"success"`
	Revoked    []RevokedCertificate    `json:"revoked" nullable:"false" doc:"Certificates that were revoked, or whose reason was corrected"`
	NotRevoked []NotRevokedCertificate `json:"not_revoked,omitempty" nullable:"false" doc:"Valid certificates of the request that cannot be revoked here"`
}

// RevokedCertificate is a certificate that a call revoked.
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
	CertificateRequestID   *int64     `json:"certificate_request_id" doc:"null for an authority's own, and once the request is deleted"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id" doc:"The issuer; null where it is not held here"`
	CommonName             string     `json:"common_name"`
	DNSNames               []string   `json:"dns_names" nullable:"false"`
	IPAddresses            []string   `json:"ip_addresses" nullable:"false"`
	EmailAddresses         []string   `json:"email_addresses" nullable:"false"`
	URIs                   []string   `json:"uris" nullable:"false"`
	UPNs                   []string   `json:"user_principal_names" nullable:"false" doc:"Of Windows: an otherName"`
	Key                    string     `json:"key" example:"RSA 2048"`
	Email                  string     `json:"email" doc:"Who submitted the request; empty for an authority's own"`
	SerialNumber           string     `json:"serial_number" doc:"Hexadecimal"`
	Fingerprint            string     `json:"fingerprint" doc:"SHA-256 of the DER, hexadecimal"`
	NotBefore              time.Time  `json:"not_before"`
	NotAfter               time.Time  `json:"not_after"`
	Profile                string     `json:"profile" doc:"The profile it was issued by; empty for an uploaded one"`
	ProfileVersion         int        `json:"profile_version" doc:"That profile's version then; 0 for an uploaded one"`
	CreatedAt              time.Time  `json:"created_at"`
	RevokedAt              *time.Time `json:"revoked_at"`
	RevocationReason       string     `json:"revocation_reason" doc:"Empty while it is not revoked"`

	Findings []LintFinding `json:"findings,omitzero" required:"false" nullable:"false" doc:"What was notable when it was issued: what its CSR asked for and did not get, and what the lints found; absent in lists"`
	Lint     []LintFinding `json:"lint,omitzero" required:"false" nullable:"false" doc:"The same as findings, under the name that earlier versions know"`
}
