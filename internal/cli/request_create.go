package cli

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/files"
	"notary/internal/pki"
)

type requestFlags struct {
	csr     string
	names   []string
	subject subjectFlags
	key     string
	keyOut  string
	group   idFlag
	labelFlags
}

func ownerGroup(o api.Owner) string {
	if o.Kind != "group" {
		return ""
	}
	return "group " + strconv.FormatInt(o.ID, 10)
}

func (f *requestFlags) owner() *api.Owner { return groupOwner(f.group) }

func groupOwner(id idFlag) *api.Owner {
	if id == 0 {
		return nil
	}
	return &api.Owner{Kind: "group", ID: int64(id)}
}

type createFlags struct {
	requestFlags
	wishes wishFlags
}

func (f *createFlags) body(csr string, now time.Time) (api.CreateCertificateRequest, error) {
	labels, err := f.all()
	if err != nil {
		return api.CreateCertificateRequest{}, err
	}
	end, err := f.wishes.end.end(now)
	return api.CreateCertificateRequest{CSR: csr, Owner: f.owner(), Profile: f.wishes.profile,
		CertificateAuthorityID: api.ID(f.wishes.authority), NotValidAfter: end, Note: f.note, Labels: labels}, err
}

func (p *program) requestCreate() *cobra.Command {
	var flags createFlags
	c := &cobra.Command{
		Use:   "create",
		Short: "Create a key and a CSR, or submit an existing CSR",
		Long: "Create a private key and a CSR on this machine, and submit the CSR. The key is written to a file that\n" +
			"only its owner can read, and never leaves this machine. With --csr, submit a CSR that was created\n" +
			"elsewhere. You can request a CA, profile and expiry, but the signer decides.",
		Example: "  notary request create --name a.example.com --name 10.0.0.7\n" +
			"  openssl req -new -key a.key -subj /CN=a.example.com | notary request create --csr -\n" +
			"  notary request create --name a.example.com --profile server --label team=payments --note 'new shop'",
		Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			if flags.csr != "" {
				return p.submitCSR(ctx, c, flags)
			}
			return p.createRequest(ctx, c, flags)
		}),
	}
	flags.register(c)
	flags.wishes.register(c, p)
	return c
}

func (f *requestFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.names, "name", nil, "a `name` for the certificate: host, *.domain, IP address, "+
		"email address or URI; may be repeated")
	f.subject.register(c, "default: the first --name that is a host name")
	c.Flags().StringVar(&f.key, "key-algorithm", string(notary.ECDSAP256), "the key algorithm: "+algorithmList())
	c.Flags().StringVar(&f.keyOut, "key-out", "", "the `file` to write the key to (default: the first name "+
		"followed by .key)")
	c.Flags().StringVar(&f.csr, "csr", "", "PEM `file` with the CSR to submit; - for standard input")
	f.labelFlags.register(c)
	groupFlag(c, &f.group, "group", "the `ID` or name of the group that owns the request (default: your account owns it)")
	c.MarkFlagsOneRequired("name", "csr")
	for _, own := range append(subjectFlagNames, "name", "key-algorithm", "key-out") {
		c.MarkFlagsMutuallyExclusive("csr", own)
	}
	completeAlgorithms(c)
}

func (p *program) submitCSR(ctx context.Context, c *client.Client, flags createFlags) error {
	csr, err := p.readInput(ctx, flags.csr)
	if err != nil {
		return err
	}
	body, err := flags.body(csr, p.now())
	if err != nil {
		return err
	}
	id, err := c.CreateCertificateRequest(ctx, body)
	if err != nil {
		return err
	}
	next, refused := p.afterSubmission(ctx, c, id)
	if err := p.created(id, "request %d is submitted%s", id, next); err != nil {
		return err
	}
	return refused
}

type requestCreated struct {
	api.Created
	KeyFile string `json:"key_file"`
}

func (p *program) createRequest(ctx context.Context, c *client.Client, flags createFlags) error {
	key, csr, err := makeCSR(flags.requestFlags)
	if err != nil {
		return err
	}
	body, err := flags.body(csr, p.now())
	if err != nil {
		return err
	}
	keyFile := flags.keyOut
	if keyFile == "" {
		keyFile = keyFileName(flags.names[0])
	}
	if err := writeKey(keyFile, key); err != nil {
		return err
	}
	id, err := c.CreateCertificateRequest(ctx, body)
	if errors.Is(err, client.ErrOutcomeUnknown) {
		return withHint(err, "the request may have been recorded, so its key stays in %s: see notary request list",
			keyFile)
	}
	if err != nil {
		if os.Remove(keyFile) != nil {
			return withHint(err, "the key in %s is not used: remove it", keyFile)
		}
		return err
	}
	if p.json {
		return p.printJSON(requestCreated{api.Created{Message: api.Success, ID: id}, keyFile})
	}
	next, refused := p.afterSubmission(ctx, c, id)
	if err := p.done("request %d is submitted; its key is in %s%s", id, keyFile, next); err != nil {
		return err
	}
	return refused
}

// afterSubmission returns a line with the next step, or with the rule that signed the request. It returns an error if a
// rule refused it. With --json, it returns neither.
func (p *program) afterSubmission(ctx context.Context, c *client.Client, id int64) (next string, refused error) {
	if p.json {
		return "", nil
	}
	if req, err := c.CertificateRequest(ctx, id); err == nil && req.RuleDecision != nil {
		d := req.RuleDecision
		switch d.Effect {
		case string(notary.SignEffect):
			return fmt.Sprintf("\nrule %d (%s) signed it: notary request download %d", d.RuleID, d.RuleName, id), nil
		case string(notary.RefuseEffect):
			return "", notary.Errorf(notary.RefusedByRule, "rule %d (%s) refused it: %s", d.RuleID, d.RuleName, d.Reason)
		}
	}
	if allowed(ctx, c, notary.DecideRequests) {
		return fmt.Sprintf("\nnext: notary request sign %d --authority ID", id), nil
	}
	return fmt.Sprintf("\nnext, once a Certificate Manager has signed it: notary request download %d", id), nil
}

func makeCSR(flags requestFlags) (crypto.Signer, string, error) {
	if _, err := pki.ParseNames(flags.names); err != nil { // before generating a key, which can take a while
		return nil, "", err
	}
	key, err := pki.GenerateKey(notary.KeyAlgorithm(flags.key))
	if err != nil {
		return nil, "", err
	}
	csr, err := flags.csrFor(key)
	return key, csr, err
}

func (f *requestFlags) csrFor(key crypto.Signer) (string, error) {
	names, err := pki.ParseNames(f.names)
	if err != nil {
		return "", err
	}
	subject := f.subject
	if subject.commonName == "" {
		subject.commonName = defaultCommonName(names)
	}
	csr, err := pki.NewCSR(key, subject.name(), names)
	if err != nil {
		return "", err
	}
	return csr.PEM, nil
}

// maxCommonName is the maximum length of a common name, ub-common-name in RFC 5280, appendix A.
const maxCommonName = 64

// defaultCommonName returns the first host name, or "" if there is none or it is too long. A common name is optional,
// because relying parties only display it.
func defaultCommonName(names notary.Names) string {
	if len(names.DNS) == 0 || len(names.DNS[0]) > maxCommonName {
		return ""
	}
	return names.DNS[0]
}

// writeKey writes a private key to a new file that only its owner can read, as PKCS #8 (RFC 5958) in PEM.
func writeKey(file string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	err = files.Create(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	if errors.Is(err, fs.ErrExist) {
		return withHint(notary.Errorf(notary.Conflict, "%s already exists, and a key is never overwritten", file),
			"choose another file with --key-out")
	}
	return err
}

// keyFileName returns a file name derived from a certificate's name that is safe in any shell and file system.
func keyFileName(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if domain, isWildcard := strings.CutPrefix(name, "*."); isWildcard {
		name = "wildcard." + domain
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', r == '.', r == '-', r == '@':
			return r
		default:
			return '_'
		}
	}, name)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "-") {
		name = "_" + name // neither hidden nor a flag
	}
	return name + ".key"
}
