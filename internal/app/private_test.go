//go:build unix

package app_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notary"
	"notary/internal/app"
	"notary/internal/app/apptest"
	"notary/internal/files"
	"notary/internal/testkit"
)

// A data folder that others can write to, or a secret in it that they can read, is refused with advice.
func TestOpenDataIsRefused(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{
		"": 0o777, "seal.key": 0o644, "self-signed.key": 0o620, "setup-code": 0o604,
		"notary.db": 0o640, "notary.db-wal": 0o604, "notary.db-shm": 0o666,
	} {
		c := apptest.Config(t)
		path := filepath.Join(c.Data, name)
		if name != "" {
			testkit.Check(t, os.WriteFile(path, nil, 0o600))
		}
		testkit.Check(t, os.Chmod(path, mode))
		err := apptest.Serve(t.Context(), c)
		testkit.WantKind(t, err, notary.Forbidden)
		testkit.WantText(t, err, path, "chmod go")
	}
}

func TestAllOpenFilesAreNamed(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	for _, name := range []string{c.SealKey, c.DB} {
		testkit.Check(t, os.WriteFile(name, nil, 0o600))
		testkit.Check(t, os.Chmod(name, 0o660))
	}
	testkit.WantText(t, app.RequirePrivate(c), "2 files", "chmod go= "+c.SealKey, "chmod go= "+c.DB)
}

// A file that root created in the server's data folder is refused by name, before it is opened.
func TestFileOfRootIsRefused(t *testing.T) {
	t.Parallel()
	const name, forbidden = "/data/notary.db", 0o077
	if got := app.DescribeMode(name, files.RootUser, 0o600, forbidden, false); !strings.Contains(got,
		name+" belongs to root") {
		t.Errorf("a file of root's: %q", got)
	}
	for what, got := range map[string]string{
		"for root itself":               app.DescribeMode(name, files.RootUser, 0o600, forbidden, true),
		"that the server's group reads": app.DescribeMode(name, files.RootUser, 0o640, 0o027, false),
		"a file of the server's user":   app.DescribeMode(name, files.ThisUser, 0o600, forbidden, false),
	} {
		if got != "" {
			t.Errorf("%s: %q", what, got)
		}
	}
}

// A command refuses to create files that the server of another user could not open.
func TestRequireServerUser(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	testkit.Check(t, app.RequireServerUser(c))
	if os.Geteuid() != 0 { // only root can run chown
		return
	}
	testkit.Check(t, os.Chown(c.Data, 12345, -1))
	testkit.WantText(t, app.RequireServerUser(c), c.Data, "server's user")
	c.DB = "postgres://notary@db.example.com/notary"
	testkit.Check(t, app.RequireServerUser(c))
}

// The group may read a TLS key only if root owns it, as with Debian's ssl-cert.
func TestOpenTLSKeyIsRefused(t *testing.T) {
	t.Parallel()
	root := os.Geteuid() == 0
	for mode, refused := range map[os.FileMode]bool{0o600: false, 0o400: false, 0o440: !root, 0o640: !root, 0o660: true,
		0o644: true, 0o604: true} {
		c := apptest.Config(t)
		c.TLSKey = filepath.Join(t.TempDir(), "tls.key")
		testkit.Check(t, os.WriteFile(c.TLSKey, nil, 0o600))
		testkit.Check(t, os.Chmod(c.TLSKey, mode))
		for name, err := range map[string]error{"start": app.RequirePrivate(c), "reload": app.RequirePrivateTLSKey(c)} {
			if refused != (notary.KindOf(err) == notary.Forbidden) || refused &&
				!strings.Contains(err.Error(), c.TLSKey) {
				t.Errorf("%s with mode %04o: %v", name, mode, err)
			}
		}
	}
}

func TestReloadRefusesAnOpenTLSKey(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	certificate, err := app.OpenCertificate(c, slog.New(slog.DiscardHandler))
	testkit.Check(t, err)
	c.TLSCert, c.TLSKey = filepath.Join(c.Data, "self-signed.crt"), filepath.Join(c.Data, "self-signed.key")
	_, err = app.PrepareCertificate(certificate, c)
	testkit.Check(t, err)
	testkit.Check(t, os.Chmod(c.TLSKey, 0o644))
	_, err = app.PrepareCertificate(certificate, c)
	testkit.WantKind(t, err, notary.Forbidden)
}

// Symbolic links to the data folder are followed, and the folders above both are checked.
func TestDataFolderBehindALinkIsChecked(t *testing.T) {
	t.Parallel()
	outer, target := t.TempDir(), t.TempDir()
	data := filepath.Join(target, "data")
	testkit.Check(t, os.Mkdir(data, 0o700))
	testkit.Check(t, os.Symlink(data, filepath.Join(outer, "second")))
	testkit.Check(t, os.Mkdir(filepath.Join(outer, "links"), 0o700))
	testkit.Check(t, os.Symlink("../second", filepath.Join(outer, "links", "first")))
	c := apptest.Config(t)
	c.Data = filepath.Join(outer, "links", "first")
	testkit.Check(t, app.RequirePrivate(c))
	for folder, advice := range map[string]string{
		data: "chmod go-w " + c.Data, target: "chmod o-w " + target, outer: "chmod o-w " + outer,
		filepath.Join(outer, "links"): "chmod o-w " + filepath.Join(outer, "links"),
	} {
		testkit.Check(t, os.Chmod(folder, 0o777))
		err := app.RequirePrivate(c)
		testkit.WantKind(t, err, notary.Forbidden)
		testkit.WantText(t, err, advice)
		testkit.Check(t, os.Chmod(folder, 0o700))
	}
	for _, mode := range []os.FileMode{0o777 | os.ModeSticky, 0o770} {
		testkit.Check(t, os.Chmod(target, mode))
		testkit.Check(t, app.RequirePrivate(c))
	}
}
