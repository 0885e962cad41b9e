package files

import "io/fs"

// Writable is the set of write permissions of the group and others.
const Writable fs.FileMode = 0o022

// Owner classifies the owner of a file relative to this process.
type Owner int

// The classes of owners. Only another user's ownership is a risk: root and this process's user have access anyway.
const (
	OtherUser Owner = iota
	RootUser
	ThisUser
)
