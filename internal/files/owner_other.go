//go:build !unix

package files

import "io/fs"

// OwnerAndMode reports that nothing is known: access does not depend on modes here.
func OwnerAndMode(string) (owner Owner, mode fs.FileMode, ok bool) { return OtherUser, 0, false }

// IsWrittenByUser returns false, as it is not known who can write a file: the user confirms the certificate.
func IsWrittenByUser(string) bool { return false }

// LookupFolders returns none, because their modes mean nothing here.
func LookupFolders(string) []string { return nil }
