package ca

// SetMaxMatches makes the most requests that a filter of a bulk action may match small, until
// the function that it gives is called.
func SetMaxMatches(n int) (restore func()) {
	was := maxMatches
	maxMatches = n
	return func() { maxMatches = was }
}
