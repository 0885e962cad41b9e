package files

import "io/fs"

// Writable are the permissions of the group and others to write.
const Writable fs.FileMode = 0o022

// Owner is the owner of a file, as seen from this process.
type Owner int

// The owners that matter: root and this process's user could change a file anyway.
const (
	OtherUser Owner = iota
	RootUser
	ThisUser
)
