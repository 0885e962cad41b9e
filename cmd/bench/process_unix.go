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

// inOwnGroup runs the command in its own process group, so that Ctrl-C in the terminal does not end it before the
// benchmark shuts it down.
func inOwnGroup(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Setpgid = true
}

// servant is the user that runs PostgreSQL, which refuses to run as root. The zero value is the current user.
type servant struct{ uid, gid int }

func findServant() (servant, error) {
	if os.Getuid() != 0 {
		return servant{}, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return servant{}, fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres: %w", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	return servant{uid, gid}, errors.Join(err1, err2)
}

func (s servant) own(path string) error {
	if s == (servant{}) {
		return nil
	}
	return os.Chown(path, s.uid, s.gid)
}

func (s servant) run(cmd *exec.Cmd) {
	inOwnGroup(cmd)
	if s != (servant{}) {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(s.uid), Gid: uint32(s.gid)}
	}
}
