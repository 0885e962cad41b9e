package ca

// SetMaxMatches makes the most requests that a filter of a bulk action may match small, until
// the function that it gives is called.
func SetMaxMatches(n int) (restore func()) {
	was := maxMatches
	maxMatches = n
	return func() { maxMatches = was }
}

// SetMaxImpact makes the most certificates that are read for an impact small, until the
// function that it gives is called.
func SetMaxImpact(all, ofOne int) (restore func()) {
	wasAll, wasOne := maxImpact, maxImpactOfOne
	maxImpact, maxImpactOfOne = all, ofOne
	return func() { maxImpact, maxImpactOfOne = wasAll, wasOne }
}
