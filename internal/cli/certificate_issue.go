package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

type issueFlags struct {
	requestFlags
	outFlags
	authority idFlag
	profile   string
	end       endFlags
	wait      time.Duration

	// existingKey is the key to certify instead of a new one.
	existingKey     string
	keyPasswordFile string
}

func (p *program) certificateIssue() *cobra.Command {
	var flags issueFlags
	c := &cobra.Command{
		Use:   "issue",
		Short: "Submit a CSR and download the signed certificate",
		Long: "Submit a CSR, sign it and download the certificate chain in one call. Without --csr, a private key and a\n" +
			"CSR are created on this machine. By default, the key and the chain are then written to files named after\n" +
			"the first --name. With --key, the CSR is created for an existing private key, which never leaves this\n" +
			"machine.\n\n" +
			"If you have already submitted the CSR, its certificate is renewed. A CSR for the same key, subject and names\n" +
			"counts as the same. If you may not sign, a request for\n" +
			"approval is submitted, with the given CA, profile and expiry.",
		Example: "  notary certificate issue --name web.example.com --authority 'Example Issuing'\n" +
			"  notary certificate issue --name web.example.com --key-out web.key --label team=payments --wait\n" +
			"  notary certificate issue --name web.example.com --key web.key --out web.pem --force\n" +
			"  notary certificate issue --csr web.csr --authority 2 --wait=10m --out web.pem",
		Args: noWaitArgument,
		RunE: p.call(func(ctx context.Context, c *client.Client) error { return p.issue(ctx, c, flags) }),
	}
	flags.requestFlags.register(c)
	flags.outFlags.register(c)
	flags.registerKey(c)
	authorityFlag(c, &flags.authority, "authority", "the `ID` or common name of the signing CA")
	c.Flags().StringVar(&flags.profile, "profile", "", "the profile `name` (default server-client or, for a "+
		"renewal, the previous profile)")
	registerWait(c, &flags.wait)
	flags.end.register(c, "the profile's validity, which is 90 days for the built-in server and client profiles")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
	return c
}

func (p *program) issue(ctx context.Context, c *client.Client, flags issueFlags) error {
	notAfter, err := flags.end.end(p.now())
	if err != nil {
		return err
	}
	labels, err := flags.all()
	if err != nil {
		return err
	}
	body := api.IssueCertificate{Note: flags.note, Labels: labels, CertificateAuthorityID: api.ID(flags.authority),
		Profile: flags.profile, NotValidAfter: notAfter, Owner: flags.owner()}
	switch {
	case flags.csr != "":
		body.CSR, err = p.readInput(ctx, flags.csr)
	case flags.existingKey != "":
		body.CSR, err = p.useKey(ctx, &flags)
	default:
		body.CSR, err = flags.createKey()
	}
	if err != nil {
		return err
	}
	issued, err := p.issueAndWait(ctx, c, body, flags.wait)
	if err != nil {
		return flags.removeKey(err)
	}
	if issued.CertificateChain == "" {
		p.noticeKey(flags.keyOut)
		return withHint(notary.Errorf(notary.Conflict, "request %d is pending approval%s", issued.CertificateRequestID,
			whyHeld(ctx, c, issued.CertificateRequestID)),
			"once it is signed: notary request download %d", issued.CertificateRequestID)
	}
	return p.writeIssued(flags, issued)
}

// whyHeld returns why a rule held a request, in parentheses, or "".
func whyHeld(ctx context.Context, c *client.Client, id int64) string {
	req, err := c.CertificateRequest(ctx, id)
	if err != nil || req.RuleDecision == nil || req.RuleDecision.Reason == "" {
		return ""
	}
	return fmt.Sprintf(" (rule %d, %s: %s)", req.RuleDecision.RuleID, req.RuleDecision.RuleName, req.RuleDecision.Reason)
}

func (f *issueFlags) registerKey(c *cobra.Command) {
	c.Flags().StringVar(&f.existingKey, "key", "", "PEM `file` with an existing private key to use instead of a new one; - "+
		"for standard input")
	c.Flags().StringVar(&f.keyPasswordFile, "key-password-file", "", "the `file` with the password of --key, if it has one")
	for _, other := range []string{"csr", "key-out", "key-algorithm"} {
		c.MarkFlagsMutuallyExclusive("key", other)
	}
}

// useKey returns a CSR for the existing key.
func (p *program) useKey(ctx context.Context, f *issueFlags) (csr string, err error) {
	if readableByOthers(f.existingKey) {
		p.notice("warning: other users of this machine can read the key: run chmod 600 %s", f.existingKey)
	}
	key, err := p.readKey(ctx, pkcs12Flags{key: f.existingKey, keyPasswordFile: f.keyPasswordFile})
	if err != nil {
		return "", err
	}
	if f.out == "" {
		keyFile := f.existingKey
		if keyFile == "-" {
			keyFile = keyFileName(f.names[0])
		}
		f.out = strings.TrimSuffix(keyFile, ".key") + ".pem"
	}
	if f.out == f.existingKey {
		return "", usagef("--out would replace the private key: choose another file")
	}
	if err := f.check(); err != nil { // before a certificate is issued that cannot be written
		return "", err
	}
	return f.csrFor(key)
}

func (f *issueFlags) createKey() (csr string, err error) {
	key, csr, err := makeCSR(f.requestFlags)
	if err != nil {
		return "", err
	}
	if f.keyOut == "" {
		f.keyOut = keyFileName(f.names[0])
	}
	if f.out == "" {
		f.out = strings.TrimSuffix(f.keyOut, ".key") + ".pem"
	}
	return csr, writeKey(f.keyOut, key)
}

func (f *issueFlags) removeKey(err error) error {
	switch {
	case f.keyOut == "":
		return err
	case errors.Is(err, client.ErrOutcomeUnknown):
		return withHint(err, "the certificate may have been issued, so its key stays in %s: see notary certificate list",
			f.keyOut)
	case os.Remove(f.keyOut) != nil:
		return withHint(err, "the key in %s is not used: remove it", f.keyOut)
	}
	return err
}

type issuedFiles struct {
	api.Issued
	File    string `json:"file,omitempty"`
	KeyFile string `json:"key_file,omitempty"`
}

func (p *program) writeIssued(flags issueFlags, issued api.Issued) error {
	if p.json && flags.out == "" {
		return p.printJSON(issued)
	}
	if err := flags.write(p, []byte(issued.CertificateChain)); err != nil {
		return err
	}
	p.noticeKey(flags.keyOut)
	if p.json {
		return p.printJSON(issuedFiles{issued, flags.out, flags.keyOut})
	}
	return nil
}

func (p *program) noticeKey(file string) {
	if file != "" {
		p.notice("its key is in %s", file)
	}
}
