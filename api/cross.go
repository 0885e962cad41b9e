package api

import "time"

// AuthorityCertificate is one of the certificates for an authority's key.
type AuthorityCertificate struct {
	Certificate
	InUse bool `json:"in_use" doc:"Whether new chains start with it and it is published as the authority's certificate"`
}

// CrossSignCertificateAuthority is the body of a call that cross-signs an authority: another authority issues an
// additional certificate for its key.
type CrossSignCertificateAuthority struct {
	CertificateAuthorityID ID     `json:"certificate_authority_id" doc:"The signing authority"`
	Profile                string `json:"profile,omitempty" doc:"Name of a CA profile; default intermediate"`
}

// UseAuthorityCertificate is the body of a call that selects an authority's current certificate.
type UseAuthorityCertificate struct {
	CertificateID ID `json:"certificate_id"`
}

// RollOverCertificateAuthority is the body of a call that creates the successor of an authority, with a new key.
type RollOverCertificateAuthority struct {
	KeyAlgorithm  string     `json:"key_algorithm,omitempty" enum:"ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519,rsa-2048,rsa-3072,rsa-4096" doc:"Default: that of the old key"`
	NotValidAfter *time.Time `json:"not_valid_after,omitempty" doc:"As for a new authority"`
}

// CertificateChains are the chains from a certificate to its trust anchors.
type CertificateChains struct {
	Chains   []CertificateChain `json:"chains" nullable:"false" doc:"Valid ones first"`
	Complete bool               `json:"complete" doc:"Whether all chains were found; otherwise the search was cut short"`
}

// CertificateChain is a chain from a certificate to a trust anchor.
type CertificateChain struct {
	CertificateChain string   `json:"certificate_chain" doc:"PEM, the certificate first"`
	Names            []string `json:"names" nullable:"false" doc:"The subjects of the certificates"`
	Problem          string   `json:"problem,omitempty" doc:"Why relying parties would reject it"`
}
