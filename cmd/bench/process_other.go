//go:build !unix

package main

import "os/exec"

func inOwnGroup(*exec.Cmd) {}

// servant is the user that runs PostgreSQL: on this system, the current user.
type servant struct{}

func findServant() (servant, error) { return servant{}, nil }

func (servant) own(string) error { return nil }

func (servant) run(*exec.Cmd) {}
