package api

import "time"

// ExportedCertificate is an entry of the inventory export.
type ExportedCertificate struct {
	ID                     int64      `json:"id"`
	CommonName             string     `json:"common_name"`
	Names                  []string   `json:"names" nullable:"false" doc:"With their types: DNS:a.example.com, IP:10.0.0.7, email:me@example.com, URI:spiffe://example.org/web"`
	Key                    string     `json:"key" example:"RSA 2048"`
	SerialNumber           string     `json:"serial_number" doc:"Hexadecimal"`
	Fingerprint            string     `json:"fingerprint" doc:"SHA-256 of the DER, hexadecimal"`
	NotBefore              time.Time  `json:"not_before"`
	NotAfter               time.Time  `json:"not_after"`
	Profile                string     `json:"profile"`
	ProfileVersion         int        `json:"profile_version"`
	CertificateAuthorityID *int64     `json:"certificate_authority_id"`
	CertificateRequestID   *int64     `json:"certificate_request_id"`
	Email                  string     `json:"email" doc:"The account that submitted the request"`
	CreatedAt              time.Time  `json:"created_at"`
	RevokedAt              *time.Time `json:"revoked_at"`
	RevocationReason       string     `json:"revocation_reason"`
	Status                 string     `json:"status" enum:"valid,expired,revoked,not yet valid" doc:"At the time of the export"`

	Labels map[string]string `json:"labels" nullable:"false"`
}
