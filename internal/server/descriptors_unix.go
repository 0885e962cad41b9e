//go:build unix

package server

import "syscall"

// descriptorLimit raises the soft limit on file descriptors to the hard limit, if possible, and returns the soft limit.
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
