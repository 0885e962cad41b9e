package api

import "time"

// CertificateAuthority is an authority whose key the server holds.
type CertificateAuthority struct {
	ID          int64      `json:"id"`
	Enabled     bool       `json:"enabled"`
	Status      string     `json:"status" enum:"pending,active,disabled,expired,revoked"`
	CSR         string     `json:"csr" doc:"PEM: what an outside authority would sign"`
	Certificate string     `json:"certificate" doc:"PEM chain, its own first; empty while it is pending"`
	CRL         string     `json:"crl" doc:"PEM; empty while it is pending"`
	CommonName  string     `json:"common_name"`
	NotBefore   *time.Time `json:"not_before"`
	NotAfter    *time.Time `json:"not_after"`
	Key         string     `json:"key" example:"ECDSA P-256"`
	IssuerID    *int64     `json:"issuer_id" doc:"null for a root or an outside issuer"`
	CreatedAt   time.Time  `json:"created_at"`
}

// CreateCertificateAuthority makes an authority with a new key.
type CreateCertificateAuthority struct {
	SelfSigned             bool       `json:"self_signed,omitempty" doc:"A root, active at once; otherwise pending with a CSR"`
	CommonName             string     `json:"common_name"`
	SANsDNS                string     `json:"sans_dns,omitempty" doc:"DNS names, separated by commas"`
	CountryName            string     `json:"country_name,omitempty" doc:"Two letters (ISO 3166)"`
	StateOrProvinceName    string     `json:"state_or_province_name,omitempty"`
	LocalityName           string     `json:"locality_name,omitempty"`
	OrganizationName       string     `json:"organization_name,omitempty"`
	OrganizationalUnitName string     `json:"organizational_unit_name,omitempty"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"The end of validity: by default ten years for a root, five for an intermediate"`
	KeyAlgorithm           string     `json:"key_algorithm,omitempty" doc:"ecdsa-p256 (the default), ecdsa-p384, ecdsa-p521, ed25519, rsa-2048, rsa-3072 or rsa-4096"`
	PathLength             *int       `json:"path_length,omitempty" doc:"How many authorities may follow below it (RFC 5280, 4.2.1.9); no limit without it"`
}

// UpdateCertificateAuthority enables or disables an authority.
type UpdateCertificateAuthority struct {
	Enabled bool `json:"enabled"`
}

// SignCertificateAuthority has a pending authority signed by another one.
type SignCertificateAuthority struct {
	CertificateAuthorityID ID `json:"certificate_authority_id" doc:"The authority that signs"`
}

// UploadAuthorityCertificate gives an authority the certificate that an outside one signed.
type UploadAuthorityCertificate struct {
	CertificateChain string `json:"certificate_chain" doc:"PEM chain, the authority's own certificate first"`
}

// CRL is an authority's certificate revocation list.
type CRL struct {
	CRL string `json:"crl" doc:"PEM"`
}
