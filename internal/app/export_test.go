package app

var (
	DescribeMode         = describeMode
	NewMetricsServer     = newMetricsServer
	OpenCertificate      = openCertificate
	PrepareCertificate   = prepareCertificate
	RequirePrivate       = requirePrivate
	RequirePrivateTLSKey = requirePrivateTLSKey
)
