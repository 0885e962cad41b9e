package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/pki"
)

// maxInput is what the server takes too.
const maxInput = 1 << 20

// readInput reads what is to be sent, of the file that a flag names, "-" for the standard
// input. Private keys, which the server would refuse, do not get that far.
func (p *program) readInput(ctx context.Context, name string) (string, error) {
	content, err := p.readAny(ctx, name)
	content = pki.DecodeText(content)
	if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
		if name == "-" {
			name = "the standard input"
		}
		return "", notary.Errorf(notary.Invalid, "%s holds a private key, which is not for the server: nothing was sent", name)
	}
	return string(content), err
}

// readAny reads a file whole, "-" for the standard input.
func (p *program) readAny(ctx context.Context, name string) ([]byte, error) {
	read := func() ([]byte, error) { return readFile(name) }
	if name == "-" {
		read = func() ([]byte, error) { return readLimited(p.lines, "the standard input") }
	}
	return waitFor(ctx, read)
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
	return limited(r, name, maxInput)
}

// createFile writes a file that must not be there yet, and is on the disk afterwards. It
// appears whole where the file system has links.
func createFile(name string, content []byte, mode fs.FileMode) error {
	whole := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+"."+rand.Text())
	if err := fillFile(whole, content, mode); err != nil {
		return err
	}
	err := os.Link(whole, name)
	os.Remove(whole)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = fillFile(name, content, mode)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(name))
}

// fillFile writes a new file, and leaves nothing where it fails.
func fillFile(name string, content []byte, mode fs.FileMode) error {
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	if err = writeAndClose(file, content); err != nil {
		os.Remove(name)
	}
	return err
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
	err := f.place(content, 0o644)
	if err == nil {
		p.notice("written to %s", f.out)
	}
	return err
}

// place writes the file.
func (f outFlags) place(content []byte, mode fs.FileMode) error {
	info, err := os.Stat(f.out)
	switch {
	case err == nil && info.IsDir():
		return notary.Errorf(notary.Invalid, "%s is a folder: give the path of a file", f.out)
	case err == nil && !info.Mode().IsRegular(): // a device or pipe takes what is written, and stays
		err = os.WriteFile(f.out, content, mode)
	case f.force:
		err = replaceFile(f.out, content, mode)
	default:
		err = createFile(f.out, content, mode)
	}
	if errors.Is(err, fs.ErrExist) {
		return f.taken()
	}
	return err
}

// check finds out early what would keep place from writing.
func (f outFlags) check() error {
	if info, err := os.Stat(f.out); err == nil && info.Mode().IsRegular() && !f.force {
		return f.taken()
	}
	return nil
}

func (f outFlags) taken() error {
	return notary.Errorf(notary.Conflict, "%s is there already: choose another file, or replace it with --force", f.out)
}
