package cli

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"path/filepath"
	"slices"
	"strings"

	"github.com/smallstep/pkcs7"
	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

const (
	formatPEM       = "pem"       // same as fullchain
	formatFullchain = "fullchain" // the certificate and its issuers
	formatChain     = "chain"     // only the issuers
	formatLeaf      = "leaf"      // only the certificate
	formatRoot      = "root"      // only the root
	formatDER       = "der"       // only the certificate, in DER
	formatPKCS7     = "pkcs7"     // the certificate and its issuers (RFC 2315)
	formatPKCS12    = "pkcs12"    // with the private key (RFC 7292)
)

var formats = []string{formatPEM, formatFullchain, formatChain, formatLeaf, formatRoot, formatDER, formatPKCS7,
	formatPKCS12}

type downloadFlags struct {
	outFlags
	format string
	leaf   bool
	noRoot bool
	pkcs12 pkcs12Flags
}

type downloaded struct {
	chain []*x509.Certificate
}

// download returns a command that writes a certificate with its chain in any format.
func (p *program) download(short, example string,
	get func(ctx context.Context, c *client.Client, id int64) (string, error)) *cobra.Command {
	var flags downloadFlags
	c := &cobra.Command{
		Use: "download ID", Short: short, Example: example, Args: cobra.ExactArgs(1),
		Long: short + ".\n\n" +
			"Formats:\n" +
			"  pem, fullchain  the certificate and its issuers up to the root\n" +
			"  chain           only the issuers\n" +
			"  leaf            only the certificate\n" +
			"  root            only the root\n" +
			"  der             only the certificate, in DER\n" +
			"  pkcs7           the whole chain, in DER for files named .p7b, .p7c, .der or .spc, otherwise in PEM\n" +
			"  pkcs12          the whole chain with the private key, which is read from --key and never sent\n\n" +
			"The password of a PKCS #12 file comes from a prompt or a file, or is generated and printed once.",
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			if err := flags.complete(p); err != nil {
				return err
			}
			text, err := get(ctx, c, id)
			if err != nil {
				return err
			}
			chain, err := readChain(text)
			if err != nil {
				return err
			}
			return p.writeChain(ctx, flags, downloaded{chain})
		}),
	}
	flags.register(c)
	return c
}

func (f *downloadFlags) register(c *cobra.Command) {
	f.outFlags.register(c)
	c.Flags().StringVar(&f.format, "format", "", "the `format`: "+strings.Join(formats, ", ")+" (default pem)")
	c.Flags().BoolVar(&f.leaf, "leaf", false, "alias for --format leaf")
	c.Flags().BoolVar(&f.noRoot, "no-root", false, "omit the root, which relying parties already have")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	f.pkcs12.register(c)
	c.MarkFlagsMutuallyExclusive("leaf", "format", "pkcs12")
	c.MarkFlagsMutuallyExclusive("out", "pkcs12")
}

func (f *downloadFlags) complete(p *program) error {
	switch {
	case f.leaf:
		f.format = formatLeaf
	case f.pkcs12.file != "":
		f.format, f.out = formatPKCS12, f.pkcs12.file
	case f.format == "":
		f.format = formatPEM
	}
	switch {
	case !slices.Contains(formats, f.format):
		return usagef("%q is not a format: use %s", f.format, strings.Join(formats, ", "))
	case f.format == formatDER && f.out == "" && p.json:
		return usagef("DER cannot be written as JSON: use --out FILE, or another format")
	case f.format == formatDER && f.out == "" && isTerminal(p.out):
		return usagef("DER cannot be written to a terminal: use --out FILE, or another format")
	}
	return f.pkcs12.complete(f)
}

func readChain(text string) (chain []*x509.Certificate, err error) {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, notary.InternalError("read the server's chain", err)
		}
		chain = append(chain, certificate)
	}
	if len(chain) == 0 {
		return nil, notary.Errorf(notary.Internal, "the server's chain is not PEM")
	}
	return chain, nil
}

func (d downloaded) root() *x509.Certificate {
	last := d.chain[len(d.chain)-1]
	if len(d.chain) == 1 || string(last.RawSubject) != string(last.RawIssuer) {
		return nil
	}
	return last
}

func (d downloaded) without(root bool) []*x509.Certificate {
	if root && d.root() != nil {
		return d.chain[:len(d.chain)-1]
	}
	return d.chain
}

func (p *program) writeChain(ctx context.Context, flags downloadFlags, d downloaded) error {
	if flags.format == formatPKCS12 || flags.pkcs12.trustStore != "" {
		return p.writePKCS12(ctx, flags, d)
	}
	content, err := flags.encode(d)
	if err != nil {
		return err
	}
	if p.json && flags.out == "" {
		return p.printJSON(map[string]string{"certificate_chain": string(content)})
	}
	if err := flags.write(p, content); err != nil || !p.json {
		return err
	}
	return p.printJSON(written{Message: api.Success, File: flags.out})
}

type written struct {
	Message    string `json:"message"`
	File       string `json:"file,omitempty"`
	Alias      string `json:"alias,omitempty"`
	TrustStore string `json:"trust_store_file,omitempty"`
	Password   string `json:"password,omitempty"` // only if generated
}

func (f downloadFlags) encode(d downloaded) ([]byte, error) {
	list := d.without(f.noRoot)
	switch f.format {
	case formatLeaf:
		return chainPEM(d.chain[:1]), nil
	case formatRoot:
		if d.root() == nil {
			return nil, notary.Errorf(notary.Conflict, "the chain does not end in a root: ask the issuing CA for it")
		}
		return chainPEM([]*x509.Certificate{d.root()}), nil
	case formatDER:
		return d.chain[0].Raw, nil
	case formatChain:
		if len(list) == 1 {
			return nil, notary.Errorf(notary.Conflict, "the certificate has no issuer to write: use --format leaf")
		}
		return chainPEM(list[1:]), nil
	case formatPKCS7:
		return encodePKCS7(list, f.out)
	default:
		return chainPEM(list), nil
	}
}

func chainPEM(list []*x509.Certificate) []byte {
	return []byte(notary.CertificatesPEM(ders(list)...))
}

func ders(list []*x509.Certificate) (all [][]byte) {
	for _, certificate := range list {
		all = append(all, certificate.Raw)
	}
	return all
}

// encodePKCS7 encodes a SignedData without signers (RFC 2315, section 9.1), in DER if the file's extension implies DER.
func encodePKCS7(list []*x509.Certificate, file string) ([]byte, error) {
	der, err := pkcs7.DegenerateCertificate(slices.Concat(ders(list)...))
	if err != nil {
		return nil, notary.InternalError("write the PKCS #7", err)
	}
	switch strings.ToLower(filepath.Ext(file)) {
	case ".p7b", ".p7c", ".der", ".spc":
		return der, nil
	default:
		return pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}), nil
	}
}
