package cli

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/files"
	"notary/internal/pki"
)

// readInput reads a file whose content is sent to the server; "-" is standard input. It rejects private keys before
// anything is sent.
func (p *program) readInput(ctx context.Context, name string) (string, error) {
	content, err := p.readAny(ctx, name)
	content = pki.DecodeText(content)
	if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
		if name == "-" {
			name = "standard input"
		}
		return "", notary.Errorf(notary.Invalid,
			"%s contains a private key, which must not be sent: remove it and try again (nothing was sent)", name)
	}
	return string(content), err
}

func (p *program) readAny(ctx context.Context, name string) ([]byte, error) {
	read := func() ([]byte, error) { return files.Read(name) }
	if name == "-" {
		read = func() ([]byte, error) { return files.ReadLimited(p.lines, "standard input") }
	}
	return waitFor(ctx, read)
}

type outFlags struct {
	out   string
	force bool
}

func (f *outFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.out, "out", "", "the `file` to write to (default: standard output)")
	c.Flags().BoolVar(&f.force, "force", false, "overwrite the --out file if it exists")
}

func (f outFlags) write(p *program, content []byte) error {
	if f.out == "" {
		_, err := p.out.Write(content)
		return err
	}
	err := f.writeFile(content, 0o644)
	if err == nil {
		p.notice("written to %s", f.out)
	}
	return err
}

func (f outFlags) writeFile(content []byte, mode fs.FileMode) error {
	info, err := os.Stat(f.out)
	switch {
	case err == nil && info.IsDir():
		return notary.Errorf(notary.Invalid, "%s is a folder: specify a file", f.out)
	case err == nil && !info.Mode().IsRegular(): // a device or pipe is written to, not replaced
		err = os.WriteFile(f.out, content, mode)
	case f.force:
		err = files.Replace(f.out, content, mode)
	default:
		err = files.Create(f.out, content, mode)
	}
	if errors.Is(err, fs.ErrExist) {
		return f.existsError()
	}
	return err
}

func (f outFlags) check() error {
	if info, err := os.Stat(f.out); err == nil && info.Mode().IsRegular() && !f.force {
		return f.existsError()
	}
	return nil
}

func (f outFlags) existsError() error {
	return notary.Errorf(notary.Conflict, "%s already exists: choose another file, or replace it with --force", f.out)
}
