//go:build !unix

package files

import "io/fs"

// OwnerAndMode returns false, because access does not depend on file modes on this platform.
func OwnerAndMode(string) (owner Owner, mode fs.FileMode, ok bool) { return OtherUser, 0, false }

// IsWrittenByUser returns false, because write access cannot be determined on this platform.
func IsWrittenByUser(string) bool { return false }

// LookupFolders returns nil, because folder modes have no meaning on this platform.
func LookupFolders(string) []string { return nil }
