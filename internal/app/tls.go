package app

import (
	"log/slog"
	"time"

	"notary/internal/config"
	"notary/internal/server"
)

func openCertificate(c *config.Config, log *slog.Logger) (*server.Certificate, error) {
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return server.LoadCertificate(certFile, keyFile, log)
}

func prepareCertificate(certificate *server.Certificate, c *config.Config) (use func(), err error) {
	if err := requirePrivateTLSKey(c); err != nil {
		return nil, err
	}
	certFile, keyFile, err := certificateFiles(c)
	if err != nil {
		return nil, err
	}
	return certificate.Prepare(certFile, keyFile)
}

func certificateFiles(c *config.Config) (certFile, keyFile string, err error) {
	if c.TLSCert != "" {
		return c.TLSCert, c.TLSKey, nil
	}
	return server.SelfSigned(c.Data, time.Now(), c.ExternalHostname)
}
