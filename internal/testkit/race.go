package testkit

import (
	"sync"

	"notary"
)

// Race calls fn n times concurrently and returns the errors by index.
func Race(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var done sync.WaitGroup
	for i := range n {
		done.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}

// Kinds returns the number of errors of each kind. Nil errors have the kind "".
func Kinds(errs []error) map[notary.Kind]int {
	kinds := map[notary.Kind]int{}
	for _, err := range errs {
		kinds[notary.KindOf(err)]++
	}
	return kinds
}
