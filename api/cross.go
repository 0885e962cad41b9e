package api

import "time"

// AuthorityCertificate is one of the certificates of an authority's key.
type AuthorityCertificate struct {
	Certificate
	InUse bool `json:"in_use" doc:"It is what new chains begin with, and is published as the authority's own"`
}

// CrossSignCertificateAuthority has another authority certify one that has a certificate
// already.
type CrossSignCertificateAuthority struct {
	CertificateAuthorityID ID     `json:"certificate_authority_id" doc:"The authority that signs"`
	Profile                string `json:"profile,omitempty" doc:"A profile for authorities by its name; intermediate by default"`
}

// UseAuthorityCertificate chooses which of an authority's certificates is in use.
type UseAuthorityCertificate struct {
	CertificateID ID `json:"certificate_id"`
}

// RollOverCertificateAuthority makes a successor with a new key.
type RollOverCertificateAuthority struct {
	KeyAlgorithm  string     `json:"key_algorithm,omitempty" enum:"ecdsa-p256,ecdsa-p384,ecdsa-p521,ed25519,rsa-2048,rsa-3072,rsa-4096" doc:"By default that of the old key"`
	NotValidAfter *time.Time `json:"not_valid_after,omitempty" doc:"As for a new authority"`
}

// CertificateChains are the ways from a certificate to its trust anchors.
type CertificateChains struct {
	Chains   []CertificateChain `json:"chains" nullable:"false" doc:"First those that nothing speaks against"`
	Complete bool               `json:"complete" doc:"These are all; otherwise there are more than were looked for"`
}

// CertificateChain is one of them.
type CertificateChain struct {
	CertificateChain string   `json:"certificate_chain" doc:"PEM, the certificate first"`
	Names            []string `json:"names" nullable:"false" doc:"Whom the certificates are for"`
	Problem          string   `json:"problem,omitempty" doc:"Why relying parties would refuse it"`
}
