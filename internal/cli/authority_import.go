package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/files"
	"notary/internal/pki"
)

type importFlags struct {
	offline                   bool
	openssl                   string
	key, pkcs12, passwordFile string
	chain, crl                string
	crlNumber                 int64
	certificates              []string
}

func (p *program) authorityImport() *cobra.Command {
	var flags importFlags
	c := &cobra.Command{
		Use:   "import",
		Short: "Import a CA with its key, certificates and revocations",
		Long: "Import a CA's private key, chain and last CRL. The key is stored encrypted and cannot be exported. The\n" +
			"next CRL has a higher number than the last one and includes its entries.\n\n" +
			"With --certificates, also import the certificates that the CA has issued, so that they can be found and\n" +
			"revoked. All files are read before anything is sent. If some certificates in a folder cannot be imported,\n" +
			"they are listed, the rest are imported, and the exit code is 1. To import more certificates later, use\n" +
			"notary authority import-certificates.\n\n" +
			"With --openssl, read all of this from a folder of openssl ca or easy-rsa: private/cakey.pem or\n" +
			"private/ca.key, cacert.pem or ca.crt, crl.pem, crlnumber, the issued certificates (newcerts, or\n" +
			"certs_by_serial and issued, including revoked and renewed ones), and index.txt. Every revoked and\n" +
			"unexpired certificate in index.txt must be on the CRL. Other flags override these files.\n\n" +
			"With --offline, the key stays where it is. The server records the CA's certificates and revocations,\n" +
			"and publishes the CRLs that the CA signs elsewhere (notary authority upload --crl).",
		Example: "  notary authority import --openssl demoCA\n" +
			"  notary authority import --openssl easy-rsa/pki --password-file password.txt\n" +
			"  notary authority import --key ca.key --chain ca.pem --crl ca.crl --certificates issued\n" +
			"  notary authority import --pkcs12 ca.p12 --crl-number 41\n" +
			"  notary authority import --offline --chain root.pem --crl root.crl",
		Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error { return p.importAuthority(ctx, c, flags) }),
	}
	c.Flags().StringVar(&flags.openssl, "openssl", "", "a `folder` of openssl ca or easy-rsa; other flags "+
		"override its files")
	c.Flags().StringVar(&flags.key, "key", "", "the `file` with the CA's private key: PKCS #8, PKCS #1 or SEC 1, in "+
		"PEM or DER; it may be encrypted")
	c.Flags().StringVar(&flags.pkcs12, "pkcs12", "", "the PKCS #12 `file` with the CA's key and chain, instead of --key")
	c.Flags().StringVar(&flags.passwordFile, "password-file", "", "the `file` with the key's password; - for "+
		"standard input (default: prompt)")
	c.Flags().StringVar(&flags.chain, "chain", "", "the `file` with the CA's chain, its own certificate first, up "+
		"to the root, in PEM, DER or PKCS #7")
	c.Flags().StringVar(&flags.crl, "crl", "", "the `file` with the CA's last CRL, in PEM or DER")
	c.Flags().Int64Var(&flags.crlNumber, "crl-number", 0, "the `number` of the CA's last CRL, if it is "+
		"higher than the one in --crl")
	c.Flags().StringArrayVar(&flags.certificates, "certificates", nil, "a `file or folder` with certificates that the "+
		"CA has issued, in PEM, DER or PKCS #7; may be repeated")
	c.Flags().BoolVar(&flags.offline, "offline", false, "register the CA without its key, which stays elsewhere")
	c.MarkFlagsOneRequired("openssl", "key", "pkcs12", "offline")
	c.MarkFlagsMutuallyExclusive("key", "offline")
	c.MarkFlagsMutuallyExclusive("pkcs12", "offline")
	c.MarkFlagsMutuallyExclusive("key", "pkcs12")
	return c
}

func (p *program) authorityImportCertificates() *cobra.Command {
	return &cobra.Command{
		Use:   "import-certificates ID PATH...",
		Short: "Import certificates that a CA issued before it was imported",
		Long: "Import certificates that a CA issued before it was imported, from files and folders with PEM, DER or\n" +
			"PKCS #7. Certificates already in the inventory are skipped, so the command is safe to repeat. If some\n" +
			"certificates in a folder cannot be imported, they are listed, the rest are imported, and the exit code\n" +
			"is 1.",
		Args: cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				a, err := c.CertificateAuthority(ctx, id)
				if err != nil {
					return err
				}
				if a.Certificate == "" {
					return notary.Errorf(notary.Conflict, "CA %d is %s: it has not issued any certificates", id, a.Status)
				}
				found, err := findIssued(args[1:], a.Certificate, p.now())
				if err != nil {
					return err
				}
				done, err := p.sendIssued(ctx, c, id, found)
				if err != nil {
					return err
				}
				return errors.Join(p.printImported(id, done, found, "CA %d: %s", id, counts(done)),
					found.refusals())
			})(command, args[:1])
		},
	}
}

// importResult is the JSON output of the import commands.
type importResult struct {
	api.ImportedCertificates
	ID      int64         `json:"id"`
	Refused []refusedFile `json:"refused,omitempty"`
	URLs    []string      `json:"urls,omitempty"` // CRL and OCSP URLs in its certificates
}

func (p *program) printImported(id int64, done api.ImportedCertificates, found issued, format string,
	args ...any) error {
	urls := found.sortedURLs()
	if p.json {
		done.Message = api.Success
		return p.printJSON(importResult{done, id, found.refused, urls})
	}
	if len(urls) > 0 {
		format += "\nits certificates contain the CRL and OCSP URLs below; redirect or proxy them to this server's\n" +
			"/crl/%d.crl and /ocsp/%d (see docs/authorities.md):\n  %s"
		args = append(args, id, id, strings.Join(urls, "\n  "))
	}
	return p.done(format, args...)
}

func (p *program) importAuthority(ctx context.Context, c *client.Client, flags importFlags) error {
	if err := flags.findFiles(); err != nil {
		return err
	}
	body, chain, err := p.importBody(ctx, flags)
	if err != nil {
		return err
	}
	if err := flags.checkIndex(&body, chain, p.now()); err != nil {
		return err
	}
	found, err := findIssued(flags.certificates, chain, p.now())
	if err != nil {
		return err
	}
	id, err := c.ImportCertificateAuthority(ctx, body)
	if err != nil {
		return err
	}
	done, err := p.sendIssued(ctx, c, id, found)
	if err != nil {
		return withHint(err, "CA %d is imported; record its certificates with: notary authority "+
			"import-certificates %d PATH", id, id)
	}
	if flags.offline {
		return errors.Join(p.printImported(id, done, found,
			"CA %d is registered; its key stays offline\nits CRL is at "+
				"/crl/%d.crl once uploaded: notary authority upload %d --crl FILE", id, id, id), found.refusals())
	}
	if len(flags.certificates) == 0 {
		return p.printImported(id, done, found, "CA %d is imported and can sign\nnext: notary authority "+
			"import-certificates %d PATH, or notary authority crl %d", id, id, id)
	}
	return errors.Join(p.printImported(id, done, found,
		"CA %d is imported and can sign; its certificates: %s\nnext: notary authority crl %d", id, counts(done),
		id), found.refusals())
}

// importBody reads the files and returns the request body and the chain. It opens the key locally, so that nothing is
// sent if the password is wrong.
func (p *program) importBody(ctx context.Context,
	flags importFlags) (body api.ImportCertificateAuthority, chain string, err error) {
	body.Offline, body.CRLNumber = flags.offline, flags.crlNumber
	var key []byte
	if !flags.offline {
		if key, body.Password, err = p.readImportedKey(ctx, flags); err != nil {
			return body, "", err
		}
		body.PrivateKey = asText(key)
	}
	switch {
	case flags.chain != "":
		if chain, err = p.readCertificates(ctx, flags.chain); err != nil {
			return body, "", err
		}
		body.CertificateChain = chain
	case flags.offline:
		return body, "", usagef("specify the file with the CA's chain: --chain FILE")
	default:
		if chain, err = pkcs12Chain(key, body.Password); err != nil {
			return body, "", err
		}
	}
	if flags.crl != "" {
		crl, err := readLarge(flags.crl, pki.MaxCRLSize)
		if err != nil {
			return body, "", err
		}
		body.CRL = asText(crl)
	}
	return body, chain, nil
}

func (p *program) readImportedKey(ctx context.Context, flags importFlags) (key []byte, password string, err error) {
	file := flags.key + flags.pkcs12 // one of them is empty
	if key, err = files.Read(file); err != nil {
		return nil, "", err
	}
	if flags.pkcs12 != "" && !pki.IsPKCS12(key) {
		_, err := pki.OpenPKCS12(key, "")
		return nil, "", withHint(notary.Errorf(notary.Invalid, "%s: %s", file, err),
			"pass a key in another format with --key")
	}
	password, err = p.keyPassword(ctx, key, flags.passwordFile)
	return key, password, err
}

func pkcs12Chain(key []byte, password string) (string, error) {
	if !pki.IsPKCS12(key) {
		return "", usagef("pass the chain with --chain: only a PKCS #12 file can contain key and chain")
	}
	opened, err := pki.OpenPKCS12(key, password)
	if err != nil {
		return "", err
	}
	var ders [][]byte
	for _, c := range pki.OrderChain(opened.Certificates, opened.Key.Public()) {
		ders = append(ders, c.Raw)
	}
	return notary.CertificatesPEM(ders...), nil
}

// keyPassword returns the password of a key, read from a file or a prompt, or "" if the key is not encrypted.
func (p *program) keyPassword(ctx context.Context, key []byte, file string) (password string, err error) {
	if _, err = pki.ParsePrivateKey(key, ""); !errors.Is(err, pki.ErrNoPassword) {
		return "", err
	}
	if file != "" {
		password, err = p.readPassword(ctx, file)
	} else {
		fd, ok := p.terminal()
		if !ok {
			return "", withHint(err, "specify its file with --password-file FILE")
		}
		password, err = p.askSecret(ctx, fd, "Password of the CA key")
	}
	if err != nil {
		return "", err
	}
	_, err = pki.ParsePrivateKey(key, password)
	return password, err
}

// readCertificates reads a file of certificates. It returns text unchanged and encodes binary content as base64.
func (p *program) readCertificates(ctx context.Context, name string) (string, error) {
	text, err := p.readInput(ctx, name)
	if !utf8.ValidString(text) {
		text = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return text, err
}

func asText(content []byte) string {
	if bytes.Contains(content, []byte("-----BEGIN")) {
		return string(content)
	}
	return base64.StdEncoding.EncodeToString(content)
}

func readLarge(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, notary.Errorf(notary.TooLarge, "%s is larger than %d MiB: is it the right file?", name, limit>>20)
	}
	return os.ReadFile(name)
}
