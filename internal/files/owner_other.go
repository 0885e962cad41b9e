//go:build !unix

package files

import "io/fs"

// OwnerAndMode returns false, because access does not depend on file modes on this system.
func OwnerAndMode(string) (owner Owner, mode fs.FileMode, ok bool) { return OtherUser, 0, false }

// IsWrittenByUser returns false, because write access cannot be determined. The user is asked to confirm the
// certificate instead.
func IsWrittenByUser(string) bool { return false }

// LookupFolders returns nil, because folder modes have no meaning on this system.
func LookupFolders(string) []string { return nil }
