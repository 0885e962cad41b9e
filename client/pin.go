package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"

	"notary"
)

// Pin trusts exactly one certificate, whatever names, dates and issuer it has: that of a
// server whose certificate was seen before, or carried over by hand. Another one ends the
// connection before anything is sent, with a [*CertificateChangedError].
func Pin(certificate *x509.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		// Only turns off the checks that the pin replaces. The server still proves that it
		// has the certificate's key.
		InsecureSkipVerify: true,
		// Unlike VerifyPeerCertificate, it also runs for resumed sessions.
		VerifyConnection: func(state tls.ConnectionState) error {
			if presented := state.PeerCertificates[0]; !bytes.Equal(presented.Raw, certificate.Raw) {
				return &CertificateChangedError{Remembered: certificate, Presented: presented}
			}
			return nil
		},
	}
}

// CertificateChangedError says that the server has another certificate than the one that
// [Pin] asked for.
type CertificateChangedError struct {
	Remembered, Presented *x509.Certificate
}

func (*CertificateChangedError) Error() string { return "the server's certificate has changed" }

// PeerCertificate asks the server for its certificate and trusts it as little as any: it is
// for showing to somebody who can tell, and for [Pin]. No token is sent.
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
		return nil, notary.Errorf(notary.Unavailable, "%s showed no certificate", c.server)
	}
	return answer.TLS.PeerCertificates[0], nil
}
