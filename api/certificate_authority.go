package api

import "time"

// CertificateAuthority is an authority whose key the server holds.
type CertificateAuthority struct {
	ID          int64             `json:"id"`
	Enabled     bool              `json:"enabled" doc:"False while it is disabled or pending"`
	Status      string            `json:"status" enum:"pending,active,disabled,expired,revoked"`
	CSR         string            `json:"csr" doc:"PEM: what an outside authority would sign"`
	Certificate string            `json:"certificate" doc:"PEM chain, its own first; empty while it is pending"`
	CRL         string            `json:"crl" doc:"PEM; empty while it is pending"`
	CommonName  string            `json:"common_name"`
	NotBefore   *time.Time        `json:"not_before"`
	NotAfter    *time.Time        `json:"not_after"`
	Key         string            `json:"key" example:"ECDSA P-256"`
	IssuerID    *int64            `json:"issuer_id" doc:"null for a root or an outside issuer"`
	Settings    AuthoritySettings `json:"settings"`
	CreatedAt   time.Time         `json:"created_at"`

	PathLength      *int             `json:"path_length" doc:"How many authorities may follow below it; null for no limit"`
	NameConstraints *NameConstraints `json:"name_constraints" doc:"For which names its certificates may be; null for all"`
	PredecessorID   *int64           `json:"predecessor_id" doc:"The authority of the same name that it was rolled over from"`
	KeyKnownOutside bool             `json:"key_known_outside,omitzero" required:"false" doc:"Its key was imported, so that a copy of it may exist elsewhere; only an Admin has it certified"`
}

// NameConstraints say for which names certificates below an authority may be (RFC 5280,
// 4.2.1.10).
type NameConstraints struct {
	Permitted Subtrees `json:"permitted,omitzero" doc:"Of a kind that is listed here, nothing else may be certified"`
	Excluded  Subtrees `json:"excluded,omitzero" doc:"What may not be certified in any case"`
}

// Subtrees are sets of names, by kind.
type Subtrees struct {
	DNS   []string `json:"dns,omitempty" nullable:"false" doc:"Domains: example.com stands for itself and all names below; as excluded, an empty one stands for every DNS name"`
	IP    []string `json:"ip,omitempty" nullable:"false" doc:"Prefixes such as 10.0.0.0/8 and 2001:db8::/32"`
	Email []string `json:"email,omitempty" nullable:"false" doc:"An address, a host (example.com) or all hosts below a domain (.example.com)"`
	URI   []string `json:"uri,omitempty" nullable:"false" doc:"A host (example.com) or all hosts below a domain (.example.com)"`
}

// AuthoritySettings are what the certificates of an authority name of its publications.
type AuthoritySettings struct {
	CRL       bool `json:"crl" doc:"Its certificates name the URL of its CRL"`
	OCSP      bool `json:"ocsp" doc:"They name its OCSP responder"`
	Issuer    bool `json:"issuer" doc:"They name the URL of its own certificate"`
	CRLShards int  `json:"crl_shards" doc:"Over how many lists new certificates are spread; 0: as many as fit their number"`
}

// ChangeAuthoritySettings changes some of them: what is left out stays as it is.
type ChangeAuthoritySettings struct {
	CRL       *bool `json:"crl,omitempty"`
	OCSP      *bool `json:"ocsp,omitempty"`
	Issuer    *bool `json:"issuer,omitempty"`
	CRLShards *int  `json:"crl_shards,omitempty" doc:"From 0 to 1000"`
}

// CreateCertificateAuthority makes an authority with a new key.
type CreateCertificateAuthority struct {
	SelfSigned             bool       `json:"self_signed,omitempty" doc:"A root, active at once; otherwise pending with a CSR"`
	CommonName             string     `json:"common_name" example:"Example Issuing CA 1"`
	SANsDNS                string     `json:"sans_dns,omitempty" doc:"DNS names, separated by commas"`
	CountryName            string     `json:"country_name,omitempty" doc:"Two letters (ISO 3166)" example:"DE"`
	StateOrProvinceName    string     `json:"state_or_province_name,omitempty"`
	LocalityName           string     `json:"locality_name,omitempty"`
	OrganizationName       string     `json:"organization_name,omitempty" example:"Example Inc."`
	OrganizationalUnitName string     `json:"organizational_unit_name,omitempty"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"The end of validity: by default ten years for a root, as its profile says for an intermediate"`
	KeyAlgorithm           string     `json:"key_algorithm,omitempty" enum:"ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519,rsa-2048,rsa-3072,rsa-4096" doc:"ecdsa-p256 by default"`
	PathLength             *int       `json:"path_length,omitempty" doc:"How many authorities may follow below it (RFC 5280, 4.2.1.9); no limit without it"`

	NameConstraints *NameConstraints `json:"name_constraints,omitempty" nullable:"false" doc:"For which names its certificates may be, and those of authorities below; all without it"`
}

// UpdateCertificateAuthority enables or disables an authority.
type UpdateCertificateAuthority struct {
	Enabled bool `json:"enabled"`
}

// SignCertificateAuthority has an authority signed by another one, for the first time or as a
// renewal.
type SignCertificateAuthority struct {
	CertificateAuthorityID ID     `json:"certificate_authority_id" doc:"The authority that signs"`
	Profile                string `json:"profile,omitempty" doc:"A profile for authorities by its name; intermediate by default"`
}

// UploadAuthorityCertificate gives an authority the certificate that an outside one signed.
type UploadAuthorityCertificate struct {
	CertificateChain string `json:"certificate_chain" doc:"PEM chain, the authority's own certificate first"`
	Cross            bool   `json:"cross,omitempty" doc:"It is a further one: the certificate in use stays in use"`
}

// ImportCertificateAuthority takes over an authority that was kept elsewhere.
type ImportCertificateAuthority struct {
	PrivateKey       string `json:"private_key" doc:"PKCS #8, PKCS #1 or SEC 1 in PEM or base64 of the DER, or base64 of a PKCS #12; encrypted or not"`
	Password         string `json:"password,omitempty" doc:"Of the key, where it is encrypted"`
	CertificateChain string `json:"certificate_chain,omitempty" doc:"PEM, the authority's own certificate first, up to the root; may be left out where a PKCS #12 holds it"`
	CRL              string `json:"crl,omitempty" doc:"Its last CRL, in PEM or base64 of the DER: the entries are kept, and the number goes on"`
	CRLNumber        int64  `json:"crl_number,omitempty" minimum:"0" doc:"The number of its last CRL, where that is higher than the one sent, or none is sent"`
}

// ImportCertificates records what an authority issued before it was held here.
type ImportCertificates struct {
	Certificates string `json:"certificates" doc:"PEM, at most 1000, in any order"`
}

// ImportedCertificates say what became of them.
type ImportedCertificates struct {
	Message  string `json:"message" enum:"success"`
	Imported int    `json:"imported" doc:"Recorded now"`
	Known    int    `json:"known" doc:"Recorded already"`
	Revoked  int    `json:"revoked" doc:"Of those recorded now, by an entry of the imported CRL or because their key was compromised"`
}

// CRL is an authority's certificate revocation list.
type CRL struct {
	CRL  string `json:"crl" doc:"PEM"`
	Note string `json:"note,omitempty" doc:"Why there is no newer one, if the authority has expired"`
}
