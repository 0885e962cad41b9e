//go:build unix

package main

import (
	"io/fs"
	"os"
	"syscall"
)

// ownerAndMode reports whether a file belongs to neither this user nor root, and its mode. ok is false if there is
// no such file.
func ownerAndMode(name string) (foreign bool, mode fs.FileMode, ok bool) {
	info, err := os.Stat(name)
	if err != nil {
		return false, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Uid != 0 && int(stat.Uid) != os.Geteuid(), info.Mode(), ok
}

// isWrittenByUser reports whether only this user and root can write a file or folder.
func isWrittenByUser(name string) bool {
	const groupAndOthers = 0o022
	foreign, mode, ok := ownerAndMode(name)
	return ok && !foreign && mode&groupAndOthers == 0
}
