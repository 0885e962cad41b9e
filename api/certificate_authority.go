package api

import "time"

// CertificateAuthority is a certificate authority. The server holds its key unless the authority is offline.
type CertificateAuthority struct {
	ID          int64             `json:"id"`
	Enabled     bool              `json:"enabled" doc:"False while disabled or pending"`
	Status      string            `json:"status" enum:"pending,active,disabled,expired,revoked"`
	CSR         string            `json:"csr" doc:"PEM, for signing by an external CA; empty if offline"`
	Certificate string            `json:"certificate" doc:"PEM chain, leaf first; empty while pending"`
	CRL         string            `json:"crl" doc:"PEM; empty while pending, and if it is offline until one is uploaded"`
	CommonName  string            `json:"common_name"`
	NotBefore   *time.Time        `json:"not_before"`
	NotAfter    *time.Time        `json:"not_after"`
	Key         string            `json:"key" example:"ECDSA P-256"`
	IssuerID    *int64            `json:"issuer_id" doc:"null for a root or an external issuer"`
	Settings    AuthoritySettings `json:"settings"`
	CreatedAt   time.Time         `json:"created_at"`

	PathLength      *int             `json:"path_length" doc:"Maximum number of subordinate CA levels; null for no limit"`
	NameConstraints *NameConstraints `json:"name_constraints" doc:"Names that its certificates may contain; null for any"`
	PredecessorID   *int64           `json:"predecessor_id" doc:"The authority that it replaced at a key roll-over"`
	KeyKnownOutside bool             `json:"key_known_outside,omitzero" required:"false" doc:"Whether its key was imported, so that a copy may exist elsewhere; only an Admin may have it certified"`
	Offline         bool             `json:"offline" doc:"Whether its key is kept elsewhere: it cannot sign here, and its CRLs are uploaded"`
}

// NameConstraints restrict the names in certificates below an authority (RFC 5280, 4.2.1.10).
type NameConstraints struct {
	Permitted Subtrees `json:"permitted,omitzero" doc:"Types with a permitted entry allow no other names of that type"`
	Excluded  Subtrees `json:"excluded,omitzero" doc:"Names that are always forbidden"`
}

// Subtrees are sets of names by type.
type Subtrees struct {
	DNS   []string `json:"dns,omitempty" nullable:"false" doc:"Domains: example.com includes all subdomains; as an exclusion, the empty name means every DNS name"`
	IP    []string `json:"ip,omitempty" nullable:"false" doc:"Prefixes such as 10.0.0.0/8 and 2001:db8::/32"`
	Email []string `json:"email,omitempty" nullable:"false" doc:"An address, a host (example.com) or all hosts below a domain (.example.com)"`
	URI   []string `json:"uri,omitempty" nullable:"false" doc:"A host (example.com) or all hosts below a domain (.example.com)"`
}

// AuthoritySettings select the publication URLs in the certificates that an authority issues.
type AuthoritySettings struct {
	CRL       bool `json:"crl" doc:"Include the CRL distribution point"`
	OCSP      bool `json:"ocsp" doc:"Include the OCSP URL"`
	Issuer    bool `json:"issuer" doc:"Include the CA Issuers URL"`
	CRLShards int  `json:"crl_shards" doc:"Number of partitioned CRLs over which new certificates are spread; 0 selects it by the number of certificates"`
}

// ChangeAuthoritySettings is the body of a call that changes an authority's settings. Omitted settings remain
// unchanged.
type ChangeAuthoritySettings struct {
	CRL       *bool `json:"crl,omitempty"`
	OCSP      *bool `json:"ocsp,omitempty"`
	Issuer    *bool `json:"issuer,omitempty"`
	CRLShards *int  `json:"crl_shards,omitempty" doc:"From 0 to 1000"`
}

// CreateCertificateAuthority is the body of a call that creates an authority with a new key.
type CreateCertificateAuthority struct {
	SelfSigned             bool       `json:"self_signed,omitempty" doc:"Create a root, active immediately; otherwise a pending authority with a CSR"`
	CommonName             string     `json:"common_name" example:"Example Issuing CA 1"`
	SANsDNS                string     `json:"sans_dns,omitempty" doc:"DNS names, separated by commas"`
	CountryName            string     `json:"country_name,omitempty" doc:"Two letters (ISO 3166)" example:"DE"`
	StateOrProvinceName    string     `json:"state_or_province_name,omitempty"`
	LocalityName           string     `json:"locality_name,omitempty"`
	OrganizationName       string     `json:"organization_name,omitempty" example:"Example Inc."`
	OrganizationalUnitName string     `json:"organizational_unit_name,omitempty"`
	NotValidAfter          *time.Time `json:"not_valid_after,omitempty" doc:"Expiry; by default ten years for a root, and the profile's validity for a subordinate CA"`
	KeyAlgorithm           string     `json:"key_algorithm,omitempty" enum:"ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519,rsa-2048,rsa-3072,rsa-4096" doc:"ecdsa-p256 by default"`
	PathLength             *int       `json:"path_length,omitempty" doc:"Maximum number of subordinate CA levels (RFC 5280, 4.2.1.9); default no limit"`

	NameConstraints *NameConstraints `json:"name_constraints,omitempty" nullable:"false" doc:"Names that certificates of this authority and those below it may contain; default any"`
}

// UpdateCertificateAuthority is the body of a call that enables or disables an authority.
type UpdateCertificateAuthority struct {
	Enabled bool `json:"enabled"`
}

// SignCertificateAuthority is the body of a call that signs or renews an authority's certificate with another
// authority.
type SignCertificateAuthority struct {
	CertificateAuthorityID ID     `json:"certificate_authority_id" doc:"The authority that signs"`
	Profile                string `json:"profile,omitempty" doc:"Name of a CA profile; default intermediate"`
}

// UploadAuthorityCertificate is the body of a call that uploads an externally issued certificate for an authority.
type UploadAuthorityCertificate struct {
	CertificateChain string `json:"certificate_chain" doc:"PEM chain, the authority's own certificate first"`
	Cross            bool   `json:"cross,omitempty" doc:"Add the certificate without replacing the current one"`
}

// ImportCertificateAuthority is the body of a call that imports an existing authority with its key, or registers an
// offline authority without its key.
type ImportCertificateAuthority struct {
	Offline          bool   `json:"offline,omitempty" doc:"Its key stays elsewhere: send its chain and, if it has revoked anything, its last CRL, which is published"`
	PrivateKey       string `json:"private_key,omitempty" doc:"Required unless offline: PKCS #8, PKCS #1 or SEC 1 in PEM or base64 of the DER, or base64 of a PKCS #12; encrypted or not"`
	Password         string `json:"password,omitempty" doc:"Password of the key, if it is encrypted"`
	CertificateChain string `json:"certificate_chain,omitempty" doc:"PEM, the authority's own certificate first, up to the root; may be omitted if a PKCS #12 contains it"`
	CRL              string `json:"crl,omitempty" doc:"Its last CRL, in PEM or base64 of the DER: entries are kept, and numbering continues from it"`
	CRLNumber        int64  `json:"crl_number,omitempty" minimum:"0" doc:"The number of its last CRL, if higher than that of the CRL sent, or if none is sent"`
}

// ImportCertificates is the body of a call that records certificates that an authority issued before it was imported.
type ImportCertificates struct {
	Certificates string `json:"certificates" doc:"PEM, at most 1000, in any order"`
}

// ImportedCertificates is the response to [ImportCertificates].
type ImportedCertificates struct {
	Message  string `json:"message" enum:"success"`
	Imported int    `json:"imported" doc:"Newly recorded"`
	Known    int    `json:"known" doc:"Already recorded"`
	Revoked  int    `json:"revoked" doc:"Newly recorded and revoked, by an entry of the imported CRL or because their key was compromised"`
}

// ExportUnsignedCRL is the body of a call that exports the next CRL of an offline authority.
type ExportUnsignedCRL struct {
	NextUpdate *time.Time `json:"next_update,omitempty" doc:"When the CRL expires; by default in 180 days"`
}

// UnsignedCRL is the next CRL of an offline authority, to be signed where its key is kept.
type UnsignedCRL struct {
	UnsignedCRL string    `json:"unsigned_crl" doc:"Base64 of the DER of the TBSCertList (RFC 5280, 5.1.2), the octets to sign"`
	Digest      string    `json:"digest" enum:"sha256,sha384,sha512," doc:"Hash of the signature, with PKCS #1 v1.5 or ECDSA; empty for Ed25519, which signs the octets themselves"`
	CRLNumber   int64     `json:"crl_number"`
	ThisUpdate  time.Time `json:"this_update"`
	NextUpdate  time.Time `json:"next_update"`
	Entries     int       `json:"entries" doc:"Number of its entries"`
}

// UploadCRL is the body of a call that publishes a CRL signed by an offline authority. It contains the whole CRL, or
// the exported octets and their signature.
type UploadCRL struct {
	CRL         string `json:"crl,omitempty" doc:"PEM, or base64 of the DER"`
	UnsignedCRL string `json:"unsigned_crl,omitempty" doc:"Instead of crl: as exported"`
	Signature   string `json:"signature,omitempty" doc:"Base64 of the signature on unsigned_crl"`
}

// UploadedCRL describes the CRL that was uploaded and published.
type UploadedCRL struct {
	Message    string    `json:"message" enum:"success"`
	CRLNumber  int64     `json:"crl_number"`
	NextUpdate time.Time `json:"next_update"`
	Entries    int       `json:"entries" doc:"Number of its entries"`
	Added      int       `json:"added" doc:"Entries that were not revoked here before"`
}

// CRL is an authority's certificate revocation list.
type CRL struct {
	CRL  string `json:"crl" doc:"PEM"`
	Note string `json:"note,omitempty" doc:"Why there is no newer CRL, if the authority has expired"`
}
