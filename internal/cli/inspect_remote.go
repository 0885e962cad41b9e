package cli

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"notary"
	"notary/internal/files"
	"notary/internal/inspect"
)

const (
	handshakeTimeout = 15 * time.Second
	downloadTimeout  = 2 * time.Minute
)

func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return false
	}
	n, err := strconv.Atoi(port)
	return err == nil && n > 0 && n < 1<<16
}

func withPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// downloadURL downloads a URL, up to 64 MiB.
func (p *program) downloadURL(ctx context.Context, u *url.URL) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, downloadTimeout)
	defer cancel()
	roots, err := p.roots()
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	transport.TLSHandshakeTimeout = handshakeTimeout
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, usagef("%q is not a URL", u)
	}
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Invalid, Err: err, Message: "the download failed: " + cause(err)}
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, notary.Errorf(notary.Invalid, "%s returned %s", u, answer.Status)
	}
	content, err := files.ReadLimit(answer.Body, u.String(), inspect.MaxSize)
	if err != nil && notary.KindOf(err) != notary.TooLarge {
		err = &notary.Error{Kind: notary.Invalid, Err: err, Message: "the download was interrupted: " + cause(err)}
	}
	return content, err
}

func cause(err error) string {
	if e, ok := err.(*url.Error); ok {
		err = e.Err
	}
	return err.Error()
}

// inspectServer performs a TLS handshake without verification and inspects what the server sends.
func (p *program) inspectServer(ctx context.Context, address string, flags inspectFlags) ([]inspect.Object, error) {
	roots, err := p.roots()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, &notary.Error{Kind: notary.Invalid, Err: err, Message: "cannot connect to " + address + ": " +
			cause(err)}
	}
	defer conn.Close()
	h := inspect.Handshake{Address: address, Host: inspect.HostOf(address), Roots: roots}
	if flags.name != "" {
		h.Host = flags.name
	}
	if err := handshake(ctx, conn, &h); err != nil {
		return nil, &notary.Error{Kind: notary.Invalid, Err: err,
			Message: "the TLS handshake with " + address + " failed: " + err.Error()}
	}
	return inspect.ReadHandshake(h, p.now()), nil
}

// handshake records what the server sends. A failure after the certificates were received is recorded as well, not
// returned: the server may require a client certificate, for example.
func handshake(ctx context.Context, conn net.Conn, h *inspect.Handshake) error {
	connection := tls.Client(conn, &tls.Config{
		ServerName:         h.Host,
		InsecureSkipVerify: true, // certificates are inspected, not trusted
		MinVersion:         tls.VersionTLS10,
		CipherSuites:       everyCipherSuite(),
		VerifyConnection: func(state tls.ConnectionState) error {
			h.Version, h.CipherSuite = state.Version, state.CipherSuite
			h.Certificates, h.OCSP = state.PeerCertificates, state.OCSPResponse
			return nil
		},
	})
	err := connection.HandshakeContext(ctx)
	if err != nil && len(h.Certificates) > 0 {
		h.Failure, err = err.Error(), nil
	}
	return err
}

// everyCipherSuite returns all cipher suites, so that old servers can be inspected too.
func everyCipherSuite() (ids []uint16) {
	for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
		ids = append(ids, suite.ID)
	}
	return ids
}
