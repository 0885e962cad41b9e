//go:build unix

package server

import "syscall"

// descriptorLimit returns the maximum number of file descriptors of the process.
func descriptorLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return defaultDescriptors
	}
	if limit.Cur < limit.Max {
		raised := limit
		raised.Cur = raised.Max
		if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised) == nil {
			limit = raised
		}
	}
	return int(min(uint64(limit.Cur), 1<<20)) // it may be RLIM_INFINITY
}

// defaultDescriptors is used if the limit cannot be read.
const defaultDescriptors = 1024
