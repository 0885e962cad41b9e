package cli

import (
	"context"
	"crypto/x509"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
	"notary/internal/pki"
)

// confirmNamed shows a request or API token given by name, and asks whether it is the intended one, because other users
// can choose the same name. Without a terminal, --yes is required. It does nothing for commands without --yes.
func (p *program) confirmNamed(ctx context.Context, c *client.Client, command *cobra.Command, name string,
	id int64) error {
	flag, noun := command.Flags().Lookup("yes"), command.Parent().Name()
	if flag == nil || noun != "request" && noun != "token" {
		return nil
	}
	text, err := p.describeNamed(ctx, c, noun, name, id)
	if err != nil {
		return err
	}
	p.notice("%s", text)
	yes := flag.Value.String() == "true"
	if _, asked := p.terminal(); !asked && !yes {
		return usagef("%q is a name, not an ID, and there is no terminal to confirm on: specify the ID, %d, or add --yes",
			name, id)
	}
	return p.confirm(ctx, yes, "Is this the right %s?", noun)
}

func (p *program) describeNamed(ctx context.Context, c *client.Client, noun, name string, id int64) (string, error) {
	if noun == "token" {
		t, err := c.APIToken(ctx, id)
		return fmt.Sprintf("%s is API token %d (%s), created by %s, %s", name, id, t.Status, t.Creator.Name,
			exact(&t.CreatedAt, p.now())), err
	}
	r, err := c.CertificateRequest(ctx, id)
	if err != nil {
		return "", err
	}
	return ownerText(name, r, p.now()), nil
}

func ownerText(name string, r api.CertificateRequest, now time.Time) string {
	text := fmt.Sprintf("%s is request %d (%s), submitted by %s, %s", name, r.ID, r.Status, r.Email,
		exact(&r.CreatedAt, now))
	der, err := pki.DecodeCSR(r.CSR)
	if err != nil {
		return text
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return text
	}
	return text + fmt.Sprintf("\n  %s key with the SHA-256 fingerprint %s", r.Key,
		pki.Fingerprint(csr.RawSubjectPublicKeyInfo))
}

func namedYesUsage(c *cobra.Command, noun string) *cobra.Command {
	c.Flags().Lookup("yes").Usage = "do not ask for confirmation; required without a terminal if the " + noun + " is " +
		"given by name"
	return c
}
