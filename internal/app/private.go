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

const (
	accessible  fs.FileMode = 0o077 // any access by the group or others
	exceptGroup fs.FileMode = 0o027 // any access except reading and executing by the group
)

// requirePrivate returns an error if other users can write to the data folder, or can read or replace the database or a
// file with a secret. The error names the command that protects each file or folder.
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

// requirePrivateTLSKey returns an error if other users can read or replace the configured TLS key.
func requirePrivateTLSKey(c *config.Config) error {
	return refusal(append(folderProblems(c.TLSKey), tlsKeyProblem(c)))
}

// tlsKeyProblem describes what is wrong with the permissions of the TLS key, or returns "". The group may read a key
// owned by root: Debian keeps TLS keys as root:ssl-cert with mode 0640.
func tlsKeyProblem(c *config.Config) string {
	if c.TLSKey == "" {
		return ""
	}
	if owner, _, ok := files.OwnerAndMode(c.TLSKey); ok && owner == files.RootUser {
		return modeProblem(c.TLSKey, exceptGroup)
	}
	return modeProblem(c.TLSKey, accessible)
}

// modeProblem describes what is wrong with the owner or the permissions of a file or folder, or returns "".
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
		return name + " belongs to another user, who could change it: change its owner (chown), or start the server as that user"
	case owner == files.RootUser && !isRoot && mode.Perm()&accessible == 0:
		return name + " belongs to root, and only root can read it: change its owner (chown)"
	case mode&forbidden != 0:
		return fmt.Sprintf("%s is open to other users (mode %04o): run chmod %s %s",
			name, mode.Perm(), withoutBits(forbidden), name)
	}
	return ""
}

// RequireServerUser returns an error if the folder of the SQLite database belongs to another user. The server of that
// user could not open files created by this process.
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

// folderProblems describes the folders on the way to path, including those of symbolic links, in which any user could
// replace an entry. It accepts folders writable by a group: they are common (umask 002, fsGroup in Kubernetes), and an
// administrator chooses the members.
func folderProblems(path string) (problems []string) {
	if path == "" {
		return nil
	}
	for _, folder := range files.LookupFolders(path) {
		_, mode, ok := files.OwnerAndMode(folder)
		if ok && mode&0o002 != 0 && mode&fs.ModeSticky == 0 {
			problems = append(problems, fmt.Sprintf("%s is writable by every user (mode %04o), "+
				"so anyone could replace its files: run chmod o-w %s", folder, mode.Perm(), folder))
		}
	}
	return problems
}

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
