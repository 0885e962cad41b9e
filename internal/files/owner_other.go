//go:build !unix

package files

import "io/fs"

// OwnerAndMode returns false: access does not depend on modes here.
func OwnerAndMode(string) (owner Owner, mode fs.FileMode, ok bool) { return OtherUser, 0, false }

// IsWrittenByUser returns false, because write access cannot be determined: the user confirms the certificate.
func IsWrittenByUser(string) bool { return false }

// LookupFolders returns nil, because folder modes are meaningless here.
func LookupFolders(string) []string { return nil }
