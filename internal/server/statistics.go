package server

import (
	"context"
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"notary"
)

var (
	requestsDesc = prometheus.NewDesc("notary_certificate_requests",
		"Certificate requests, by status.", []string{"status"}, nil)
	expiringDesc = prometheus.NewDesc("notary_certificates_expiring",
		"Certificates that expire within the given number of days and are neither revoked nor replaced by a later one for "+
			"the same names and owner.", []string{"days"}, nil)
	damagedDesc = prometheus.NewDesc("notary_damaged_records",
		"Database records that this node skipped or read in part because they are damaged.", nil, nil)
	certificatesDesc = prometheus.NewDesc("notary_certificates",
		"Certificates ever issued, uploaded or imported.", nil, nil)
	validDesc = prometheus.NewDesc("notary_certificates_valid",
		"Certificates that are neither revoked nor expired.", nil, nil)
	expiredDesc = prometheus.NewDesc("notary_certificates_expired",
		"Certificates that expired without being revoked.", nil, nil)
	revokedDesc = prometheus.NewDesc("notary_certificates_revoked",
		"Certificates that are revoked.", nil, nil)
	caCertificatesDesc = prometheus.NewDesc("notary_ca_certificates",
		"Certificates ever issued by the CA.", caLabels, nil)
	caValidDesc = prometheus.NewDesc("notary_ca_certificates_valid",
		"Certificates issued by the CA that are neither revoked nor expired.", caLabels, nil)
	caRevocationsDesc = prometheus.NewDesc("notary_ca_revocations",
		"Revocations by the CA, imported ones included.", caLabels, nil)
	crlFindingsDesc = prometheus.NewDesc("notary_crl_lint_findings",
		"Lint findings in the CRLs of the CA that this node built last.", caLabels, nil)
	caExpiryDesc = prometheus.NewDesc("notary_ca_not_after_timestamp_seconds",
		"When the CA's current certificate expires, in seconds since 1970.", caLabels, nil)
	crlNextUpdateDesc = prometheus.NewDesc("notary_crl_next_update_timestamp_seconds",
		"When the full CRL of the CA expires, in seconds since 1970.", caLabels, nil)
	crlUnpublishedDesc = prometheus.NewDesc("notary_crl_unpublished_revocations",
		"Revocations that the full CRL of the CA lacks; those of an offline CA wait for the upload of its CRL.", caLabels,
		nil)

	tokensDesc = prometheus.NewDesc("notary_tokens", "Active API tokens.", nil, nil)
	unusedDesc = prometheus.NewDesc("notary_tokens_unused",
		"Active API tokens that have not been used for 90 days, or never within a week of their creation.", nil, nil)
	quotaDesc = prometheus.NewDesc("notary_token_quota_exceeded_total",
		"Certificates that this node refused to issue because the quota of an API token was used up.", nil, nil)

	caLabels        = []string{"ca_id", "ca"}
	statisticsDescs = []*prometheus.Desc{requestsDesc, expiringDesc, damagedDesc,
		certificatesDesc, validDesc, expiredDesc, revokedDesc,
		caCertificatesDesc, caValidDesc, caRevocationsDesc, crlFindingsDesc, caExpiryDesc, crlNextUpdateDesc,
		crlUnpublishedDesc, tokensDesc, unusedDesc, quotaDesc}
)

type statisticsCollector struct {
	statistics func(context.Context) (notary.Statistics, error)
	log        *slog.Logger
}

func (statisticsCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range statisticsDescs {
		descs <- desc
	}
}

func (c statisticsCollector) Collect(metrics chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), statisticsTimeout)
	defer cancel()
	s, err := c.statistics(ctx)
	if err != nil {
		c.log.Error("could not count requests and certificates for the metrics", "error", err)
		for _, desc := range statisticsDescs {
			metrics <- prometheus.NewInvalidMetric(desc, err)
		}
		return
	}
	gauge := func(desc *prometheus.Desc, value int64, labels ...string) {
		metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	for _, status := range notary.RequestStatuses {
		gauge(requestsDesc, s.Requests[status], string(status))
	}
	for _, days := range notary.ExpiryWindows {
		gauge(expiringDesc, s.Expiring[days], strconv.Itoa(days))
	}
	gauge(damagedDesc, int64(s.Damaged))
	gauge(certificatesDesc, s.Certificates)
	gauge(validDesc, s.Counts.InForce)
	gauge(expiredDesc, s.Counts.Expired)
	gauge(revokedDesc, s.Counts.Revoked)
	gauge(tokensDesc, s.Tokens.Active)
	gauge(unusedDesc, s.Tokens.Unused)
	metrics <- prometheus.MustNewConstMetric(quotaDesc, prometheus.CounterValue, float64(s.QuotaExceeded))
	for _, a := range s.Authorities {
		labels := []string{strconv.FormatInt(a.ID, 10), a.CommonName}
		gauge(caCertificatesDesc, a.Issued, labels...)
		gauge(caValidDesc, a.InForce, labels...)
		gauge(caRevocationsDesc, a.Revocations, labels...)
		gauge(crlFindingsDesc, a.CRLFindings, labels...)
		gauge(crlUnpublishedDesc, a.Unpublished, labels...)
		if !a.NextUpdate.IsZero() {
			gauge(crlNextUpdateDesc, a.NextUpdate.Unix(), labels...)
		}
		if !a.NotAfter.IsZero() { // pending
			gauge(caExpiryDesc, a.NotAfter.Unix(), labels...)
		}
	}
}
