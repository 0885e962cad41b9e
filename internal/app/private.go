package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"notary"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/store"
)

// Permissions that nobody but a file's owner needs.
const (
	accessible  fs.FileMode = 0o077 // in any way by the group and others
	exceptGroup fs.FileMode = 0o027 // as accessible, but the group may read
)

// requirePrivate refuses a data folder, database or key file that other users can change, and
// secrets that they can read. The error names each file with the command that protects it.
func requirePrivate(c *config.Config) error {
	secrets := []string{c.SealKey, SetupCodeFile(c.Data), filepath.Join(c.Data, "self-signed.key")}
	if !store.IsPostgres(c.DB) {
		secrets = append(secrets, c.DB, c.DB+"-wal", c.DB+"-shm", c.DB+"-journal")
	}
	problems := []string{modeProblem(c.Data, files.Writable), tlsKeyProblem(c)}
	for _, name := range secrets {
		problems = append(problems, modeProblem(name, accessible))
	}
	for _, name := range append(secrets, c.Data, c.TLSKey) {
		problems = append(problems, folderProblems(name)...)
	}
	return refusal(problems)
}

// requirePrivateTLSKey refuses a configured TLS key that other users can read or replace.
func requirePrivateTLSKey(c *config.Config) error {
	return refusal(append(folderProblems(c.TLSKey), tlsKeyProblem(c)))
}

// tlsKeyProblem describes what is wrong with the permissions of the configured TLS key. The group
// may read a key of root's: Debian keeps TLS keys as root:ssl-cert with mode 0640 and adds the
// users of servers to that group.
func tlsKeyProblem(c *config.Config) string {
	if c.TLSKey == "" {
		return ""
	}
	if owner, _, ok := files.OwnerAndMode(c.TLSKey); ok && owner == files.RootUser {
		return modeProblem(c.TLSKey, exceptGroup)
	}
	return modeProblem(c.TLSKey, accessible)
}

// modeProblem describes a file or folder of another user, one that root alone can read, or one with any of the
// forbidden bits. It returns "" for one that is missing.
func modeProblem(name string, forbidden fs.FileMode) string {
	owner, mode, ok := files.OwnerAndMode(name)
	if !ok {
		return ""
	}
	return describeMode(name, owner, mode, forbidden, os.Geteuid() == 0)
}

func describeMode(name string, owner files.Owner, mode, forbidden fs.FileMode, isRoot bool) string {
	switch {
	case owner == files.OtherUser:
		return name + " belongs to another user, who could change it: run chown on it, or start the server as that user"
	case owner == files.RootUser && !isRoot && mode.Perm()&accessible == 0:
		return name + " belongs to root, who alone can read it: run chown on it"
	case mode&forbidden != 0:
		return fmt.Sprintf("%s is open to other users (mode %04o): run chmod %s %s",
			name, mode.Perm(), withoutBits(forbidden), name)
	}
	return ""
}

// RequireServerUser refuses to change the SQLite database of another user, whose server could not open the files
// that this process creates beside it.
func RequireServerUser(c *config.Config) error {
	if store.IsPostgres(c.DB) {
		return nil
	}
	folder := filepath.Dir(c.DB)
	if owner, _, ok := files.OwnerAndMode(folder); ok && owner == files.OtherUser {
		return notary.Errorf(notary.Forbidden,
			"%s belongs to another user: run this command as the server's user, for example with sudo -u", folder)
	}
	return nil
}

// withoutBits returns the symbolic mode that makes chmod remove the forbidden bits.
func withoutBits(forbidden fs.FileMode) string {
	switch forbidden {
	case files.Writable:
		return "go-w"
	case exceptGroup:
		return "g-w,o="
	default:
		return "go="
	}
}

// folderProblems describes the folders above path, and above the targets of symbolic links on
// the way to it, in which any user could replace what path leads to. Folders that only a group
// can write are accepted: they are common (a umask of 002, fsGroup in Kubernetes), and an
// administrator chooses who is in the group.
func folderProblems(path string) (problems []string) {
	if path == "" {
		return nil
	}
	for _, folder := range files.LookupFolders(path) {
		_, mode, ok := files.OwnerAndMode(folder)
		if ok && mode&0o002 != 0 && mode&fs.ModeSticky == 0 {
			problems = append(problems, fmt.Sprintf("%s is writable by every user (mode %04o), "+
				"who could replace what is in it: run chmod o-w %s", folder, mode.Perm(), folder))
		}
	}
	return problems
}

// refusal returns one error for all problems, without empty and repeated ones; nil if there are none.
func refusal(problems []string) error {
	slices.Sort(problems)
	problems = slices.DeleteFunc(slices.Compact(problems), func(problem string) bool { return problem == "" })
	switch len(problems) {
	case 0:
		return nil
	case 1:
		return notary.Errorf(notary.Forbidden, "%s", problems[0])
	}
	return notary.Errorf(notary.Forbidden, "%d files and folders are not protected from other users:\n  %s",
		len(problems), strings.Join(problems, "\n  "))
}
