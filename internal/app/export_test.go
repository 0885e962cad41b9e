package app

// What the tests of package app_test call. They are outside of this package because apptest imports it.
var (
	DescribeMode         = describeMode
	NewMetricsServer     = newMetricsServer
	OpenCertificate      = openCertificate
	PrepareCertificate   = prepareCertificate
	RequirePrivate       = requirePrivate
	RequirePrivateTLSKey = requirePrivateTLSKey
)
