package cli

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/app"
	"notary/internal/files"
	"notary/internal/inspect"
)

type inspectFlags struct {
	name         string
	passwordFile string
	blockedKeys  string
	output       string
}

func (p *program) inspectCommand() *cobra.Command {
	var flags inspectFlags
	c := &cobra.Command{
		Use:   "inspect FILE|URL|HOST:PORT|-",
		Short: "Inspect a certificate, CSR, CRL, chain or TLS server and report problems",
		Long: "Describe certificates, chains, CSRs, CRLs, OCSP responses, PKCS #7, PKCS #12 and keys, in PEM or\n" +
			"DER, from a file, standard input, a URL or a TLS server, and report problems. Private keys are not shown,\n" +
			"only their type and the fingerprint of the public key. Nothing is sent to any Notary server, and no URL\n" +
			"in a certificate is followed.\n\n" +
			"A server (HOST:PORT or https://HOST) must also present a certificate for its name, and a chain to a\n" +
			"root in the system's trust store or in --ca-cert. Other input is checked against a name or roots only\n" +
			"with --name or --ca-cert.\n\n" +
			"The exit code is 1 if there is an error or a warning (notices do not count), or if nothing could be\n" +
			"read, and 0 otherwise.",
		Example: "  notary inspect a.example.com.pem\n" +
			"  notary inspect www.example.com:443\n" +
			"  notary inspect http://ca.example.com/crl/2.crl\n" +
			"  openssl req -in a.csr | notary inspect -",
		Args:        cobra.ExactArgs(1),
		Annotations: map[string]string{localCommand: ""},
		RunE: func(command *cobra.Command, args []string) error {
			return p.inspect(command.Context(), args[0], flags)
		},
	}
	c.Flags().StringVar(&flags.name, "name", "", "the host `name` or IP address that the certificate must be valid "+
		"for (default: the server's)")
	c.Flags().StringVar(&flags.passwordFile, "password-file", "", "the `file` with the password of a PKCS #12 file "+
		"(default: prompt)")
	c.Flags().StringVar(&flags.blockedKeys, "blocked-keys", "", "a `file` of blocked keys to report: the SHA-256 "+
		"fingerprint of one public key per line")
	c.Flags().StringVar(&flags.output, "output", "text", "the output `format`: text or json (equivalent to --json)")
	c.RegisterFlagCompletionFunc("output",
		cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return c
}

// errFound is returned for problems that have already been printed. It only sets the exit code.
var errFound = errors.New("problems found")

type inspected struct {
	Source  string           `json:"source"`
	Wrong   bool             `json:"wrong"`
	Objects []inspect.Object `json:"objects"`
}

func (p *program) inspect(ctx context.Context, source string, flags inspectFlags) error {
	switch flags.output {
	case "text":
	case "json":
		p.json = true
	default:
		return usagef("--output must be text or json, not %q", flags.output)
	}
	blocked, err := app.ReadBlockedKeys(flags.blockedKeys)
	if err != nil {
		return err
	}
	objects, err := p.inspectSource(ctx, source, flags)
	if err != nil {
		return err
	}
	inspect.ReportBlocked(objects, blocked.Contains)
	wrong := inspect.Wrong(objects)
	if p.json {
		err = p.printJSON(inspected{source, wrong, objects})
	} else {
		err = p.printObjects(objects)
	}
	if err == nil && wrong {
		err = errFound
	}
	return err
}

func (p *program) inspectSource(ctx context.Context, source string, flags inspectFlags) ([]inspect.Object, error) {
	if scheme, _, isURL := strings.Cut(source, "://"); isURL {
		return p.inspectURL(ctx, source, strings.ToLower(scheme), flags)
	}
	if source != "-" {
		if _, err := os.Stat(source); errors.Is(err, os.ErrNotExist) {
			if !isAddress(source) {
				return nil, withHint(notary.Errorf(notary.Invalid, "there is no file %s", source),
					"a server is written as HOST:PORT, such as www.example.com:443")
			}
			return p.inspectServer(ctx, source, flags)
		}
	}
	content, err := p.readLarge(ctx, source)
	if err != nil {
		return nil, err
	}
	objects, err := p.inspectContent(ctx, content, source, flags)
	if err == nil && source != "-" {
		warnAboutMode(objects, source)
	}
	return objects, err
}

// inspectURL downloads and inspects a URL, or inspects the TLS server if an https URL has neither path nor query.
func (p *program) inspectURL(ctx context.Context, source, scheme string, flags inspectFlags) ([]inspect.Object, error) {
	u, err := url.Parse(source)
	switch {
	case scheme != "http" && scheme != "https":
		return nil, usagef("%s URLs are not supported, only http and https", scheme)
	case err != nil || u.Hostname() == "":
		return nil, usagef("%q is not a URL", source)
	case scheme == "https" && strings.Trim(u.Path, "/") == "" && u.RawQuery == "":
		return p.inspectServer(ctx, withPort(u), flags)
	}
	content, err := p.downloadURL(ctx, u)
	if err != nil {
		return nil, err
	}
	return p.inspectContent(ctx, content, source, flags)
}

func (p *program) inspectContent(ctx context.Context, content []byte, source string,
	flags inspectFlags) ([]inspect.Object, error) {
	objects, err := inspect.Read(content, p.now())
	if err != nil {
		return nil, err
	}
	if inspect.IsPKCS12(content) {
		if objects, err = p.openPKCS12(ctx, content, source, flags); err != nil {
			return nil, err
		}
	}
	verification := inspect.Verification{Host: flags.name, Now: p.now()}
	if cmp.Or(p.caCert, p.env("NOTARY_CA_CERT")) != "" {
		if verification.Roots, err = p.roots(); err != nil {
			return nil, err
		}
	}
	inspect.Verify(objects, verification)
	return objects, nil
}

// openPKCS12 opens the file with the empty password if possible, and otherwise with the password from the flags or a
// prompt.
func (p *program) openPKCS12(ctx context.Context, content []byte, source string,
	flags inspectFlags) ([]inspect.Object, error) {
	password := ""
	open := func() ([]inspect.Object, error) {
		return waitFor(ctx, func() ([]inspect.Object, error) { return inspect.Open(content, password, p.now()) })
	}
	objects, err := open()
	if !inspect.IsWrongPassword(err) {
		return objects, err
	}
	if flags.passwordFile != "" {
		if password, err = p.readPassword(ctx, flags.passwordFile); err != nil {
			return nil, err
		}
		return open()
	}
	fd, ok := p.terminal()
	if !ok {
		return nil, withHint(err, "specify the file with its password: --password-file FILE")
	}
	if password, err = p.askSecret(ctx, fd, "Password of "+source); err != nil {
		return nil, err
	}
	return open()
}

func (p *program) roots() (*x509.CertPool, error) {
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if file := cmp.Or(p.caCert, p.env("NOTARY_CA_CERT")); file != "" {
		certificates, err := readCertificates(file)
		if err != nil {
			return nil, err
		}
		roots.AppendCertsFromPEM([]byte(certificates))
	}
	return roots, nil
}

func (p *program) readLarge(ctx context.Context, name string) ([]byte, error) {
	return waitFor(ctx, func() ([]byte, error) {
		if name == "-" {
			return files.ReadLimit(p.lines, "standard input", inspect.MaxSize)
		}
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		if info, err := file.Stat(); err == nil && info.IsDir() {
			return nil, notary.Errorf(notary.Invalid, "%s is a folder: specify a file", name)
		}
		return files.ReadLimit(file, name, inspect.MaxSize)
	})
}

func warnAboutMode(objects []inspect.Object, file string) {
	if !readableByOthers(file) {
		return
	}
	for i := range objects {
		o := &objects[i]
		if o.Kind == inspect.KindPrivateKey && o.Key != nil && !o.Key.Encrypted {
			o.Problems = append(o.Problems, inspect.Problem{Code: "readable", Level: notary.FindingWarning,
				Message: "other users of this machine can read the file: run chmod 600 " + file})
		}
	}
}

// readableByOthers reports whether other users of this machine can read a file.
func readableByOthers(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows"
}
