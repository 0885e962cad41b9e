package notary

import (
	"fmt"
	"runtime/debug"
)

// Recovered calls do and converts a panic into an [Internal] error whose cause contains the stack. It is for goroutines
// and shared workers, where a panic would end the program or stop the worker.
func Recovered(doing string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = InternalError(doing, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do()
}
