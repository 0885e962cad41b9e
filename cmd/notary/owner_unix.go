//go:build unix

package main

import (
	"os"
	"syscall"
)

// isWrittenByUser reports whether only this user and root can write a file or folder.
func isWrittenByUser(name string) bool {
	info, err := os.Stat(name)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	const groupAndOthers = 0o022
	return ok && (stat.Uid == 0 || int(stat.Uid) == os.Geteuid()) && info.Mode().Perm()&groupAndOthers == 0
}
