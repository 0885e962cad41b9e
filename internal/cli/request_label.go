package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

// labelFlags are the labels and the note that a requester adds to a CSR.
type labelFlags struct {
	labels []string
	note   string
}

func (f *labelFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.labels, "label", nil, "a `label` for the request and its certificates, such as "+
		"team=payments; repeat the flag for more")
	c.Flags().StringVar(&f.note, "note", "", "a `note` for the signer")
}

func (f *labelFlags) all() (map[string]string, error) {
	labels, err := notary.ParseLabels(f.labels)
	if err != nil {
		return nil, usagef("--label: %s", err)
	}
	return labels, nil
}

// wishFlags are the CA, profile and expiry that a requester would like.
type wishFlags struct {
	authority idFlag
	profile   string
	end       endFlags
}

func (f *wishFlags) register(c *cobra.Command, p *program) {
	authorityFlag(c, &f.authority, "authority", "request the CA with this `ID` or common name")
	c.Flags().StringVar(&f.profile, "profile", "", "request the profile with this `name`: see notary profile list")
	f.end.register(c, "the signer decides")
	c.RegisterFlagCompletionFunc("profile", p.completeProfiles)
}

func (p *program) requestLabel() *cobra.Command {
	return &cobra.Command{
		Use: "label ID LABEL...", Short: "Change the labels of a request and its certificates",
		Long: "Set labels (team=payments) or remove them (team-). Other labels are kept. The request's certificates get\n" +
			"the same labels. To find requests by label, use notary request list --label team=payments.",
		Example: "  notary request label 7 team=payments env=prod old-",
		Args:    cobra.MinimumNArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			changes, err := labelChanges(args[1:])
			if err != nil {
				return err
			}
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				err := c.ChangeCertificateRequest(ctx, id, api.ChangeCertificateRequest{Labels: changes})
				if err != nil {
					return err
				}
				return p.done("the labels of request %d are changed", id)
			})(command, args)
		},
	}
}

// labelChanges parses labels to set (team=payments) or to remove (team-). The value of a label to remove is nil.
func labelChanges(args []string) (map[string]*string, error) {
	changes := map[string]*string{}
	for _, text := range args {
		removed, remove := strings.CutSuffix(text, "-")
		if remove = remove && !strings.ContainsAny(text, "=:"); remove {
			text = removed
		}
		parse := notary.ParseSetLabel
		if remove {
			parse = notary.ParseLabel
		}
		key, value, err := parse(text)
		switch {
		case err != nil && !strings.ContainsAny(text, "=:"):
			return nil, usagef("%q: %s; to remove a label, write %[1]s-", text, err)
		case err != nil:
			return nil, usagef("%q: %s", text, err)
		}
		if _, twice := changes[key]; twice {
			return nil, usagef("the label %s is given twice: omit one", key)
		}
		if changes[key] = &value; remove {
			changes[key] = nil
		}
	}
	return changes, nil
}

func (p *program) requestNote() *cobra.Command {
	return &cobra.Command{
		Use: "note ID TEXT", Short: "Change the note of a request; an empty text removes it",
		Example: "  notary request note 7 \"for the new shop, see ticket 4711\"",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
				err := c.ChangeCertificateRequest(ctx, id, api.ChangeCertificateRequest{Note: api.NewText(args[1])})
				if err != nil {
					return err
				}
				return p.done("the note of request %d is changed", id)
			})(command, args)
		},
	}
}

func labelTexts(labels map[string]string) string {
	return strings.Join(notary.Labels(labels).Texts(), ", ")
}

// requestedText describes the requested profile, CA and expiry, or returns "" if none is requested.
func requestedText(r api.Requested) string {
	var parts []string
	if r.Profile != "" {
		parts = append(parts, "profile "+r.Profile)
	}
	if r.CertificateAuthorityID != nil {
		parts = append(parts, fmt.Sprintf("CA %d", *r.CertificateAuthorityID))
	}
	if r.NotValidAfter != nil {
		parts = append(parts, "expiry "+r.NotValidAfter.UTC().Format(time.RFC3339))
	}
	return strings.Join(parts, ", ")
}

// noticeRequested prints the requested CA, profile and expiry. It prints nothing if the request has a certificate or
// the body sets all three.
func (p *program) noticeRequested(ctx context.Context, c *client.Client, id int64,
	body api.SignCertificateRequest) error {
	if body.Profile != "" && body.CertificateAuthorityID != 0 && body.NotValidAfter != nil {
		return nil
	}
	r, err := c.CertificateRequest(ctx, id)
	if text := requestedText(r.Requested); err == nil && text != "" && r.CertificateID == nil {
		p.notice("requested: %s", text)
	}
	return err
}
