package files

import "io/fs"

// Writable are the write permissions of the group and others.
const Writable fs.FileMode = 0o022

// Owner classifies the owner of a file relative to this process.
type Owner int

// The classes of owners. Root and the user of this process can change their own files anyway.
const (
	OtherUser Owner = iota
	RootUser
	ThisUser
)
