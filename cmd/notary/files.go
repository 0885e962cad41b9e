package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"notary"
)

// maxInput is what the server takes too.
const maxInput = 1 << 20

// readInput reads a file that a flag names, "-" for the standard input.
func (p *program) readInput(name string) (string, error) {
	if name != "-" {
		content, err := readFile(name)
		return string(content), err
	}
	content, err := readLimited(p.lines, "the standard input")
	return string(content), err
}

func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readLimited(file, name)
}

func readLimited(r io.Reader, name string) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxInput {
		return nil, notary.Errorf(notary.TooLarge, "%s is larger than 1 MiB: is it the right file?", name)
	}
	return content, nil
}

// createFile writes a file that must not be there yet, and is on the disk afterwards.
func createFile(name string, content []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err := writeAndClose(file, content); err != nil {
		os.Remove(name)
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// replaceFile writes a file in one step: readers see the old one or the new one.
func replaceFile(name string, content []byte, mode fs.FileMode) error {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	err = errors.Join(file.Chmod(mode), writeAndClose(file, content))
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		os.Remove(file.Name())
		return err
	}
	return syncFolder(filepath.Dir(name))
}

func writeAndClose(file *os.File, content []byte) error {
	_, err := file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// syncFolder makes a new name in a folder last.
func syncFolder(name string) error {
	if runtime.GOOS == "windows" { // knows no such thing
		return nil
	}
	folder, err := os.Open(name)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// outFlags say where a command puts what it fetched.
type outFlags struct {
	out   string
	force bool
}

func (f *outFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "", "the `file` to write to (default the standard output)")
	c.Flags().BoolVar(&f.force, "force", false, "replace the file of --out")
}

// write puts content where the flags say, on the standard output without them.
func (f outFlags) write(p *program, content []byte) error {
	if f.out == "" {
		_, err := p.out.Write(content)
		return err
	}
	write := createFile
	if f.force {
		write = replaceFile
	}
	err := write(f.out, content, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return notary.Errorf(notary.Conflict, "%s is there already: choose another file, or replace it with --force", f.out)
	}
	if err == nil {
		p.notice("%s", fmt.Sprintf("written to %s", f.out))
	}
	return err
}
