package app

// For the tests in package app_test, which use apptest. Apptest imports this package.
var (
	DescribeMode         = describeMode
	NewMetricsServer     = newMetricsServer
	OpenCertificate      = openCertificate
	PrepareCertificate   = prepareCertificate
	RequirePrivate       = requirePrivate
	RequirePrivateTLSKey = requirePrivateTLSKey
)
