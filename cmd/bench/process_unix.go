//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// inOwnGroup keeps the terminal's Ctrl-C from the command: we end it ourselves, in order.
func inOwnGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// servant is the user that a database runs as: PostgreSQL refuses to run as root. The zero
// servant is ourselves.
type servant struct{ uid, gid int }

func findServant() (servant, error) {
	if os.Getuid() != 0 {
		return servant{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return servant{}, fmt.Errorf("PostgreSQL does not run as root, and there is no other user for it: %w", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return servant{uid, gid}, errors.Join(err1, err2)
}

// own gives the file or folder to the servant.
func (s servant) own(path string) error {
	if s == (servant{}) {
		return nil
	}
	return os.Chown(path, s.uid, s.gid)
}

// run makes the command run as the servant.
func (s servant) run(cmd *exec.Cmd) {
	inOwnGroup(cmd)
	if s != (servant{}) {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(s.uid), Gid: uint32(s.gid)}
	}
}
