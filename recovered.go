package notary

import (
	"fmt"
	"runtime/debug"
)

// Recovered does something and gives a panic in it as an [Internal] error, whose cause has the
// stack. It is for what runs on goroutines of its own or serves everybody: there a panic would
// end the program, or the work for good.
func Recovered(doing string, do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = InternalError(doing, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return do()
}
