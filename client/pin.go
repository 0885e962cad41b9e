package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"notary"
)

// Pin returns a TLS configuration that trusts only the given certificate, regardless of its names, validity and issuer.
// If the server presents another certificate, the handshake fails with a [*CertificateChangedError].
func Pin(certificate *x509.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// This disables only the checks that the pin replaces. The server must still prove possession of the key.
		InsecureSkipVerify: true,
		// Unlike VerifyPeerCertificate, VerifyConnection also runs for resumed sessions.
		VerifyConnection: func(state tls.ConnectionState) error {
			if presented := state.PeerCertificates[0]; !bytes.Equal(presented.Raw, certificate.Raw) {
				return &CertificateChangedError{Remembered: certificate, Presented: presented}
			}
			return nil
		},
	}
}

// CertificateChangedError is returned if the server does not present the certificate given to [Pin].
type CertificateChangedError struct {
	Remembered, Presented *x509.Certificate
}

func (*CertificateChangedError) Error() string { return "the server's certificate has changed" }

// PeerCertificate returns the certificate that the server presents, without verifying it. [Pin] can trust it after a
// user has checked it.
func PeerCertificate(ctx context.Context, server string) (*x509.Certificate, error) {
	c, err := New(Config{Server: server, TLS: &tls.Config{InsecureSkipVerify: true}})
	if err != nil {
		return nil, err
	}
	defer c.CloseIdleConnections()
	answer, err := c.send(ctx, http.MethodGet, "/status", nil, nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.TLS == nil || len(answer.TLS.PeerCertificates) == 0 {
		return nil, notary.Errorf(notary.Unavailable, "%s presented no certificate", c.server)
	}
	return answer.TLS.PeerCertificates[0], nil
}
