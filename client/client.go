// Package client calls the REST API of a Notary server.
//
// [New] makes a [Client] and there is one method for every call of the API; the types that
// go over the line are those of package api. [Client.Login] gives the token that most calls
// need, and [Client.WithToken] a client that sends it:
//
//	c, err := client.New(client.Config{Server: "https://ca.example.com:2111"})
//	token, err := c.Login(ctx, api.Login{Email: email, Password: password})
//	id, err := c.WithToken(token).CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr})
//
// Every error is a [*notary.Error]. What the server refused has the server's sentence, kind
// and field; what did not reach the server is [notary.Unavailable]. A failed call of which
// nobody knows whether the server did it matches [ErrOutcomeUnknown].
package client

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"time"

	"notary"
)

// Config says which server to call, and how.
type Config struct {
	Server string      // https://host:port; see [ServerURL] for what is taken
	Token  string      // from [Client.Login]; "" for the calls that need none
	TLS    *tls.Config // nil for the system's trusted authorities; see also [Pin]
}

// Client calls one server. It may be used by many goroutines at once, who share its
// connections.
type Client struct {
	server string // https://host:port, without a slash at the end
	token  string
	http   *http.Client
}

// How long the steps of a call may take. The whole call is limited by its context: a long
// list takes as long as it takes.
const (
	connectTimeout = 15 * time.Second
	answerTimeout  = 2 * time.Minute // making an RSA key for an authority takes seconds
	idleTimeout    = 90 * time.Second
	maxIdle        = 64 // connections kept for the next call
)

// New makes a client. It does not connect yet; the only error is a server address that
// [ServerURL] refuses.
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

// WithToken is a client of the same server, sharing its connections, that sends another
// token; "" for none.
func (c *Client) WithToken(token string) *Client {
	other := *c
	other.token = token
	return &other
}

// Token is the token that the client sends.
func (c *Client) Token() string { return c.token }

// Server is the server's address in the form of [ServerURL].
func (c *Client) Server() string { return c.server }

// CloseIdleConnections closes the connections that no call is using, also those of the
// clients that [Client.WithToken] made.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// ServerURL brings a server's address into the one form by which servers are told apart,
// https://host:port. It takes that form, and host:port or host alone. A path, a user and a
// scheme other than https, which would show the token to the network, are
// [notary.Invalid].
func ServerURL(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		u, err = url.Parse("https://" + address)
	}
	switch {
	case err != nil || u.Hostname() == "":
		return "", notary.FieldErrorf("server", "%.100q is not a server's address: write it as https://host:port", address)
	case u.Scheme != "https":
		return "", notary.FieldErrorf("server", "the server's address must begin with https://, not %.20q", u.Scheme+"://")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/"):
		return "", notary.FieldErrorf("server", "the server's address is only https://host:port, without anything behind or a user before it")
	}
	port := u.Port()
	if port == "" {
		port = "443"
	}
	return "https://" + net.JoinHostPort(asciiLower(u.Hostname()), port), nil
}

// asciiLower leaves what is not ASCII alone, as host names want it.
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
