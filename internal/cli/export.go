package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"notary"
	"notary/client"
	"notary/internal/files"
)

func (p *program) certificateExport() *cobra.Command {
	var flags filterFlags
	var format string
	var out outFlags
	c := &cobra.Command{Use: "export", Short: "Export the inventory as CSV or JSON Lines", Args: cobra.NoArgs,
		Long: "Export the inventory, or the certificates that match the filters, as CSV or JSON Lines (one object per\n" +
			"line). In CSV, cells that a spreadsheet would execute as a formula are prefixed with an apostrophe. JSON\n" +
			"Lines contains the exact values.",
		Example: "  notary certificate export --out certificates.csv\n" +
			"  notary certificate export --format jsonl --revoked=false --expires-before 30d",
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			filter, err := flags.certificates(p.now())
			if err != nil {
				return err
			}
			body, err := c.ExportCertificates(ctx, format, filter)
			if err != nil {
				return err
			}
			defer body.Close()
			return out.copy(p, body)
		})}
	c.Flags().StringVar(&format, "format", "csv", "the output `format`: csv or jsonl")
	c.RegisterFlagCompletionFunc("format",
		cobra.FixedCompletions([]string{"csv", "jsonl"}, cobra.ShellCompDirectiveNoFileComp))
	out.register(c)
	flags.register(c, "authority")
	flags.registerRevoked()
	return c
}

// copy streams from a reader to the destination of [outFlags.write]. If copying fails, it leaves no incomplete file.
func (f outFlags) copy(p *program, from io.Reader) error {
	if f.out == "" {
		_, err := io.Copy(p.out, from)
		return err
	}
	info, err := os.Stat(f.out)
	switch {
	case err == nil && info.IsDir():
		return notary.Errorf(notary.Invalid, "%s is a folder: specify a file", f.out)
	case err == nil && !info.Mode().IsRegular(): // a device or pipe is written to, not replaced
		err = copyInto(f.out, from)
	default:
		err = f.copyFile(from)
	}
	if errors.Is(err, fs.ErrExist) {
		return notary.Errorf(notary.Conflict, "%s already exists: choose another file, or replace it with --force",
			f.out)
	}
	if err == nil {
		p.notice("written to %s", f.out)
	}
	return err
}

func copyInto(name string, from io.Reader) error {
	file, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}

func (f outFlags) copyFile(from io.Reader) error {
	folder := filepath.Dir(f.out)
	var file *os.File
	var err error
	if f.force { // readers see the old file or the new one
		file, err = os.CreateTemp(folder, "."+filepath.Base(f.out)+".*")
	} else {
		file, err = os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	if err == nil {
		err = errors.Join(file.Chmod(0o644), file.Sync())
	}
	err = errors.Join(err, file.Close())
	if err == nil && f.force {
		err = os.Rename(file.Name(), f.out)
	}
	if err != nil {
		os.Remove(file.Name())
		return err
	}
	return files.SyncFolder(folder)
}
