package app

import (
	"fmt"
	"io"
	"path/filepath"

	"notary/internal/config"
	"notary/internal/store"
)

type endpoints struct{ addr, publishAddr, publishURL, metricsAddr, fingerprint string }

func announce(out io.Writer, c *config.Config, e endpoints) {
	fmt.Fprintf(out, "Notary listens on %s\n", c.URL(e.addr))
	fmt.Fprintf(out, "  data:        %s\n", absolute(c.Data))
	if store.IsPostgres(c.DB) {
		fmt.Fprintf(out, "  database:    PostgreSQL\n")
	}
	if e.publishAddr != "" {
		fmt.Fprintf(out, "  publishes:   on %s, which certificates name %s\n", e.publishAddr, e.publishURL)
	}
	if e.metricsAddr != "" {
		fmt.Fprintf(out, "  metrics:     on http://%s/metrics\n", e.metricsAddr)
	}
	fmt.Fprintf(out, "  certificate: SHA-256 %s\n", e.fingerprint)
}

func absolute(path string) string {
	if found, err := filepath.Abs(path); err == nil {
		return found
	}
	return path
}

func (a *App) announce() {
	addr, published := a.servers[0].Addr(), addressOf(a.publishing)
	a.log.Info("started", "version", a.options.Version, "address", addr, "data", a.config.Data,
		"publish_address", published, "publish_url", a.publishURL, "metrics_address", a.metricsAddress)
	out := a.options.Out
	announce(out, a.config, endpoints{addr, published, a.publishURL, a.metricsAddress, a.certificate.Fingerprint()})
	if warning := a.authorities.PublishWarning(); warning != "" {
		a.log.Warn("certificates contain a loopback URL, which other machines cannot reach: set "+config.KeyPublishURL+
			" before issuing certificates for other machines", config.KeyPublishURL, a.publishURL)
		fmt.Fprintf(out, "Warning: %s\n", warning)
	}
	a.setup.announce(out, a.config, a.config.URL(addr))
}
