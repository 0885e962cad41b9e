//go:build unix

package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// OwnerAndMode returns the owner and mode of a file or folder, following symbolic links. It returns false if they
// cannot be determined, for example because the file does not exist.
func OwnerAndMode(name string) (owner Owner, mode fs.FileMode, ok bool) {
	info, err := os.Stat(name)
	if err != nil {
		return OtherUser, 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return OtherUser, 0, false
	}
	return ownerOf(stat.Uid), info.Mode(), true
}

func ownerOf(uid uint32) Owner {
	switch int(uid) {
	case 0:
		return RootUser
	case os.Geteuid():
		return ThisUser
	default:
		return OtherUser
	}
}

// IsWrittenByUser reports whether only root and the user of this process can write to a file or folder.
func IsWrittenByUser(name string) bool {
	owner, mode, ok := OwnerAndMode(name)
	return ok && owner != OtherUser && mode&Writable == 0
}

// LookupFolders returns the folders in which the system looks up the elements of path and of the symbolic links in it.
func LookupFolders(path string) (folders []string) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	const root, maxParts = "/", 1000 // symbolic links may loop
	folder, rest := root, strings.Split(path, "/")
	for i := 0; len(rest) > 0 && i < maxParts; i++ {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		if !slices.Contains(folders, folder) {
			folders = append(folders, folder)
		}
		name := filepath.Join(folder, part) // ".." is the parent, because folder has no links
		target, err := os.Readlink(name)
		switch {
		case err != nil: // not a link
			folder = name
		case filepath.IsAbs(target):
			folder, rest = root, append(strings.Split(target, "/"), rest...)
		default:
			rest = append(strings.Split(target, "/"), rest...)
		}
	}
	return folders
}
