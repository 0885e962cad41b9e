package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"notary"
)

// Pin returns a configuration that trusts exactly one certificate, whatever its names, dates and issuer. If the server
// presents any other one, the connection ends before anything is sent, with a [*CertificateChangedError].
func Pin(certificate *x509.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Disables only the checks that the pin replaces. The server must still prove possession of the key.
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

// CertificateChangedError is returned if the server presents a certificate other than the one given to [Pin].
type CertificateChangedError struct {
	Remembered, Presented *x509.Certificate
}

func (*CertificateChangedError) Error() string { return "the server's certificate has changed" }

// PeerCertificate returns the server's certificate without trusting it, so that a user can check it and [Pin] can trust
// it.
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
