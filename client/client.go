// Package client calls the REST API of a Notary server.
//
// [New] returns a [Client], which has a method for every call of the API. Package api defines the JSON types. Most
// calls need a token, which [Client.Login] returns and [Client.WithToken] applies:
//
//	c, err := client.New(client.Config{Server: "https://ca.example.com:2111"})
//	token, err := c.Login(ctx, api.Login{Email: email, Password: password})
//	id, err := c.WithToken(token).CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr})
//
// All errors are [*notary.Error] values. An error that the server returns has its message, kind and field. If the
// server cannot be reached, the kind is [notary.Unavailable]. If the server may have carried out a failed call, the
// error matches [ErrOutcomeUnknown].
package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"notary"
)

// Config configures a [Client].
type Config struct {
	Server string      // https://host:port; see [ServerURL] for other forms
	Token  string      // from [Client.Login], or an API token; "" for calls that need none
	TLS    *tls.Config // nil to trust the system's roots; see also [Pin]
}

// Client calls the API of one server. It is safe for concurrent use and shares connections between calls.
type Client struct {
	server string // https://host:port, without a trailing slash
	token  string
	http   *http.Client
}

// Limits on connections and on the steps of a call. Only the context limits a whole call, because a long list may take
// any time.
const (
	connectTimeout = 15 * time.Second
	answerTimeout  = 2 * time.Minute // generating an RSA key for an authority takes seconds
	idleTimeout    = 90 * time.Second
	maxIdle        = 64 // idle connections
)

// New returns a client without connecting. It fails only if [ServerURL] rejects the address.
func New(config Config) (*Client, error) {
	server, err := ServerURL(config.Server)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSClientConfig:       atLeastTLS12(config.TLS),
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: answerTimeout,
		IdleConnTimeout:       idleTimeout,
		MaxIdleConns:          maxIdle,
		MaxIdleConnsPerHost:   maxIdle,
		ForceAttemptHTTP2:     true,
	}
	return &Client{server: server, token: config.Token, http: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// WithToken returns a client that shares c's connections but sends the given token, or no token if it is "".
func (c *Client) WithToken(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// Token returns the client's token.
func (c *Client) Token() string { return c.token }

// Server returns the server's address in the form of [ServerURL].
func (c *Client) Server() string { return c.server }

// CloseIdleConnections closes idle connections, including those of clients returned by [Client.WithToken].
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// ServerURL returns a server's address as https://host:port. It accepts host:port and host, and rejects a path, a query
// and a user. The scheme must be https, because any other would reveal the token.
func ServerURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		u, err = url.Parse("https://" + address)
	}
	switch {
	case err != nil || u.Hostname() == "":
		return "", notary.FieldErrorf("server", "%.100q is not a server's address: write it as "+
			"https://host:port", address)
	case u.Scheme != "https":
		return "", notary.FieldErrorf("server", "the server's address must begin with https://, "+
			"not %.20q", u.Scheme+"://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		return "", notary.FieldErrorf("server", "the server's address must be https://host:port, without a user, "+
			"path or query")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return "https://" + net.JoinHostPort(asciiLower(u.Hostname()), port), nil
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func atLeastTLS12(config *tls.Config) *tls.Config {
	if config == nil {
		return &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}
