package cli

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"path/filepath"
	"strings"

	"notary"
	"notary/client"
	"notary/internal/config"
	"notary/internal/files"
	"notary/internal/pki"
	"notary/internal/server"
)

type target struct {
	server  string
	isKnown bool       // the server is in servers.json
	memory  remembered // login and trusted certificates, including a --ca-cert not yet stored
	caCert  bool       // --ca-cert was given
}

// target returns the server to call. It is given by --server, NOTARY_SERVER or the last login; the default is a local
// server.
func (p *program) target() (target, error) {
	known, err := p.loadServers()
	if err != nil {
		return target{}, err
	}
	server, err := client.ServerURL(cmp.Or(p.server, p.env("NOTARY_SERVER"), known.Default, config.DefaultURL))
	if err != nil {
		return target{}, err
	}
	t := target{server: server}
	t.memory, t.isKnown = known.Servers[server]
	if path := cmp.Or(p.caCert, p.env("NOTARY_CA_CERT")); path != "" {
		certificates, err := readCertificates(path)
		if err != nil {
			return target{}, err
		}
		t.caCert = true
		t.memory.CACertificates, t.memory.Certificate = certificates, ""
	}
	return t, nil
}

// readCertificates returns the certificates of a PEM file, without anything else in the file.
func readCertificates(path string) (string, error) {
	rest, err := files.Read(path)
	if err != nil {
		return "", err
	}
	var found bytes.Buffer
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		if _, err := x509.ParseCertificate(block.Bytes); block.Type == "CERTIFICATE" && err == nil {
			pem.Encode(&found, &pem.Block{Type: block.Type, Bytes: block.Bytes})
		}
	}
	if found.Len() == 0 {
		return "", notary.Errorf(notary.Invalid, "%s contains no PEM certificate", path)
	}
	return found.String(), nil
}

func (t target) client(token string) (*client.Client, error) {
	settings := client.Config{Server: t.server, Token: token}
	switch m := t.memory; {
	case m.Certificate != "":
		block, _ := pem.Decode([]byte(m.Certificate))
		if block == nil {
			return nil, errBadSavedCertificate
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, errBadSavedCertificate
		}
		settings.TLS = client.Pin(certificate)
	case m.CACertificates != "":
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM([]byte(m.CACertificates)) {
			return nil, errBadSavedCertificate
		}
		settings.TLS = &tls.Config{RootCAs: roots}
	}
	return client.New(settings)
}

var errBadSavedCertificate = notary.Errorf(notary.Invalid,
	"the saved server certificate cannot be parsed: log in again with --accept-new-certificate")

func (p *program) connect() (*client.Client, error) {
	t, err := p.target()
	if err != nil {
		return nil, err
	}
	return t.client(cmp.Or(p.token, p.env("NOTARY_TOKEN"), t.memory.Token))
}

// firstContact connects to a server for a login. If the system does not trust the server's certificate, [program.trust]
// must accept it; a successful login then stores it. For a known server this also requires acceptNew.
func (p *program) firstContact(ctx context.Context, acceptNew bool) (target, *client.Client, error) {
	t, err := p.target()
	if err != nil {
		return t, nil, err
	}
	if acceptNew && !t.caCert {
		t.memory = remembered{Email: t.memory.Email}
	}
	c, err := t.client("")
	if err != nil {
		return t, nil, err
	}
	_, err = c.Status(ctx)
	var untrusted *tls.CertificateVerificationError
	switch {
	case !errors.As(err, &untrusted):
		return t, c, err
	case t.caCert:
		return t, nil, withHint(err, "no CA in --ca-cert issued the server's certificate: use the right file, or "+
			"omit it to trust the server on first use")
	case t.isKnown && !acceptNew:
		return t, nil, withHint(err, "it was trusted before: if the certificate was replaced on purpose, accept it "+
			"with: notary login --accept-new-certificate")
	}
	certificate, err := client.PeerCertificate(ctx, t.server)
	if err != nil {
		return t, nil, err
	}
	if err := p.trust(ctx, t.server, certificate, acceptNew); err != nil {
		return t, nil, err
	}
	t.memory.Certificate = notary.CertificatesPEM(certificate.Raw)
	c, err = t.client("")
	return t, c, err
}

// trust returns nil if the certificate is the self-signed one in a data folder on this machine, if --fingerprint
// matches it, or if the user confirms it on a terminal. Without a terminal, acceptNew counts as confirmation.
func (p *program) trust(ctx context.Context, serverURL string, certificate *x509.Certificate, acceptNew bool) error {
	fingerprint := pki.Fingerprint(certificate.Raw)
	if data := cmp.Or(p.data, p.env(config.EnvData), config.DefaultData); server.IsLoopback(serverURL) &&
		isOwnCertificate(data, certificate) {
		p.notice("%s has the certificate of the data folder %s, with the SHA-256 fingerprint\n  %s",
			serverURL, data, fingerprint)
		return nil
	}
	if p.fingerprint != "" {
		if !strings.EqualFold(strings.ReplaceAll(p.fingerprint, ":", ""), fingerprint) {
			return notary.Errorf(notary.Invalid, "the certificate of %s has the SHA-256 fingerprint %s, "+
				"which differs from --fingerprint: nothing was sent", serverURL, fingerprint)
		}
		return nil
	}
	p.notice("%s is not known yet. Its certificate has the SHA-256 fingerprint\n  %s\n"+
		"Compare it with the one that the server prints at startup.", serverURL, fingerprint)
	if _, ok := p.terminal(); !ok && !acceptNew {
		return withHint(notary.Errorf(notary.Unavailable,
			"the certificate of %s is not trusted, and there is no terminal to confirm it", serverURL),
			"compare the fingerprint and pass it with --fingerprint, specify the server's CA with --ca-cert, "+
				"or its data folder in NOTARY_DATA")
	}
	return p.confirm(ctx, false, "Is that the server's fingerprint?")
}

// isOwnCertificate reports whether certificate is the self-signed one in the data folder, and only this user and root
// can write to the folder and the file.
func isOwnCertificate(data string, certificate *x509.Certificate) bool {
	file := filepath.Join(data, "self-signed.crt")
	if !files.IsWrittenByUser(data) || !files.IsWrittenByUser(file) {
		return false
	}
	content, err := files.Read(file)
	if err != nil {
		return false
	}
	block, _ := pem.Decode(content)
	return block != nil && bytes.Equal(block.Bytes, certificate.Raw)
}
