package notary

import (
	"fmt"
	"runtime/debug"
)

// Recovered calls do and converts a panic into an [Internal] error with the stack as its cause. Goroutines and shared
// workers use it, because a panic in them would end the program.
func Recovered(doing string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = InternalError(doing, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do()
}
