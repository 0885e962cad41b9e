package cli

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/internal/files"
	"notary/internal/pki"
)

type pkcs12Flags struct {
	file            string
	key             string
	keyPasswordFile string
	passwordFile    string
	alias           string
	legacy          bool
	trustStore      string
}

func (f *pkcs12Flags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVar(&f.file, "pkcs12", "", "write a PKCS #12 `file` with the private key and the whole chain")
	flags.StringVar(&f.key, "key", "", "the `file` with the private key, for PKCS #12; - for standard input")
	flags.StringVar(&f.keyPasswordFile, "key-password-file", "", "the `file` with the password of an encrypted "+
		"private key (default: prompt)")
	flags.StringVar(&f.passwordFile, "password-file", "", "the `file` with the password of the PKCS #12 file; - for "+
		"standard input (default: prompt or, without a terminal, a generated password)")
	flags.StringVar(&f.alias, "alias", "", "the friendly `name` of the key in the PKCS #12 file (default: the "+
		"certificate's name)")
	flags.BoolVar(&f.legacy, "legacy", false, "use weaker encryption, for programs from before 2020 such as Java 8")
	flags.StringVar(&f.trustStore, "trust-store", "", "write a PKCS #12 trust store `file` with the root, for Java; "+
		"may be combined with --pkcs12")
}

func (f *pkcs12Flags) complete(all *downloadFlags) error {
	isPKCS12 := all.format == formatPKCS12
	switch {
	case isPKCS12 && all.out == "":
		return usagef("PKCS #12 is written to a file: use --pkcs12 FILE")
	case isPKCS12 && f.key == "":
		return usagef("PKCS #12 contains the private key: specify its file with --key")
	case !isPKCS12 && f.key != "":
		return usagef("--key is only for PKCS #12: add --pkcs12 FILE")
	case f.key == "-" && f.passwordFile == "-":
		return usagef("the key and the password cannot both come from standard input: read one from a file")
	case f.trustStore != "" && !isPKCS12 && (all.out != "" || all.leaf || all.format != formatPEM):
		return usagef("--trust-store can be combined only with --pkcs12: use a separate call for another format")
	}
	if isPKCS12 {
		if err := all.check(); err != nil {
			return err
		}
	}
	return f.trust(all).check()
}

func (f *pkcs12Flags) trust(all *downloadFlags) outFlags {
	return outFlags{out: f.trustStore, force: all.force}
}

// writePKCS12 writes the requested key store and trust store. It encodes both before it writes either.
func (p *program) writePKCS12(ctx context.Context, flags downloadFlags, d downloaded) error {
	var key crypto.Signer
	var err error
	if flags.format == formatPKCS12 {
		if key, err = p.readKey(ctx, flags.pkcs12); err != nil {
			return err
		}
		if !pki.SameKey(key.Public(), d.chain[0].PublicKey) {
			return withHint(notary.Errorf(notary.Invalid, "the private key in %s (%s) does not match the "+
				"certificate (%s)", flags.pkcs12.key, pki.KeyName(key.Public()), pki.KeyName(d.chain[0].PublicKey)),
				"use the key of the request; notary request create wrote it to a file named after the certificate")
		}
	}
	password, made, err := p.newPassword(ctx, flags.pkcs12.passwordFile)
	if err != nil {
		return err
	}
	stores, err := makeStores(flags, d, key, password)
	if err != nil {
		return err
	}
	for _, file := range stores {
		if err := file.to.writeFile(file.content, file.mode); err != nil {
			return err
		}
	}
	return p.reportStores(flags, d, password, made)
}

type storeFile struct {
	to      outFlags
	content []byte
	mode    fs.FileMode
}

func makeStores(flags downloadFlags, d downloaded, key crypto.Signer, password string) (stores []storeFile, err error) {
	options := pki.PKCS12Options{Password: password, Legacy: flags.pkcs12.legacy}
	if key != nil {
		options.Alias = flags.keyAlias(d)
		content, err := pki.MakePKCS12(key, d.without(flags.noRoot), options)
		if err != nil {
			return nil, err
		}
		stores = append(stores, storeFile{flags.outFlags, content, 0o600})
	}
	if flags.pkcs12.trustStore != "" {
		anchor := d.chain[len(d.chain)-1]
		options.Alias = aliasOf(anchor)
		content, err := pki.MakeTrustStore(anchor, options)
		if err != nil {
			return nil, err
		}
		// The trust store comes first, so that a failure leaves no key store whose password was never shown.
		stores = slices.Insert(stores, 0, storeFile{flags.pkcs12.trust(&flags), content, 0o644})
	}
	return stores, nil
}

func (p *program) reportStores(flags downloadFlags, d downloaded, password string, made bool) error {
	answer := written{Message: api.Success, TrustStore: flags.pkcs12.trustStore}
	var lines []string
	if flags.format == formatPKCS12 {
		answer.File, answer.Alias = flags.out, flags.keyAlias(d)
		lines = append(lines, answer.File+" has the private key and its chain, under the alias "+answer.Alias)
	}
	if answer.TrustStore != "" {
		anchor := d.chain[len(d.chain)-1]
		lines = append(lines, answer.TrustStore+" has "+aliasOf(anchor)+", for Java to trust")
	}
	if made {
		answer.Password = password
		lines = append(lines, "password (shown only once): "+password)
	}
	if p.json {
		return p.printJSON(answer)
	}
	return p.done("%s", strings.Join(lines, "\n"))
}

func (f downloadFlags) keyAlias(d downloaded) string {
	return cmp.Or(f.pkcs12.alias, aliasOf(d.chain[0]))
}

const maxAliasLength = 64

// aliasOf returns the alias of a certificate: its common name or, if it has none, its first other name. Characters that
// an alias cannot contain are replaced.
func aliasOf(c *x509.Certificate) string {
	names := pki.CertificateNames(c)
	name := c.Subject.CommonName
	if all := names.All(); name == "" && len(all) > 0 {
		name = all[0]
	}
	alias := []rune(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r > 0xffff || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, cmp.Or(strings.TrimSpace(name), "certificate")))
	return string(alias[:min(len(alias), maxAliasLength)])
}

func (p *program) readKey(ctx context.Context, flags pkcs12Flags) (crypto.Signer, error) {
	content, err := p.readAny(ctx, flags.key)
	if err != nil {
		return nil, err
	}
	password := ""
	if flags.keyPasswordFile != "" {
		if password, err = p.readPassword(ctx, flags.keyPasswordFile); err != nil {
			return nil, err
		}
	}
	key, err := pki.ParsePrivateKey(content, password)
	if !errors.Is(err, pki.ErrNoPassword) {
		return key, err
	}
	fd, ok := p.terminal()
	if !ok {
		return nil, withHint(err, "specify its file with --key-password-file FILE")
	}
	if password, err = p.askSecret(ctx, fd, "Password of "+flags.key); err != nil {
		return nil, err
	}
	return pki.ParsePrivateKey(content, password)
}

// newPassword returns the password for a new file, read from a file or a prompt, or generated. made reports whether it
// was generated.
func (p *program) newPassword(ctx context.Context, file string) (password string, made bool, err error) {
	if file != "" {
		password, err = p.readPassword(ctx, file)
		return password, false, err
	}
	if _, ok := p.terminal(); ok {
		password, err = p.readSecret(ctx, secret{prompt: "Password for the new file (empty: generate one)",
			repeat: true})
		if err != nil || password != "" {
			return password, false, err
		}
	}
	return rand.Text(), true, nil
}

// readPassword reads the first line of a file; "-" is standard input.
func (p *program) readPassword(ctx context.Context, file string) (string, error) {
	if file == "-" {
		return p.readSecret(ctx, secret{stdin: true})
	}
	content, err := waitFor(ctx, func() ([]byte, error) { return files.Read(file) })
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(content), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", notary.Errorf(notary.Invalid, "%s has no password on its first line", file)
	}
	return line, nil
}
