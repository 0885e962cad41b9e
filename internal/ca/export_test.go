package ca

// SetMaxMatches lowers the maximum number of matches of a bulk call until restore is called.
func SetMaxMatches(n int) (restore func()) {
	was := maxMatches
	maxMatches = n
	return func() { maxMatches = was }
}

// SetMaxImpact lowers the number of certificates read for an impact until restore is called.
func SetMaxImpact(all, ofOne int) (restore func()) {
	wasAll, wasOne := maxImpact, maxImpactOfOne
	maxImpact, maxImpactOfOne = all, ofOne
	return func() { maxImpact, maxImpactOfOne = wasAll, wasOne }
}
