// Package server serves HTTPS, and plain HTTP for published files. It provides listeners, TLS, limits, the request log
// and metrics. It does not depend on the content that it serves.
//
// [New] opens the listener, and [Server.Serve] handles requests until its context is done.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"notary"
)

// Limits on connections and requests, generous for well-behaved clients.
const (
	handshakeAndHeaderTimeout = 10 * time.Second
	unknownWait               = 10 * time.Second // for unknown clients: the handshake, a header, or idle
	idleTimeout               = 2 * time.Minute
	maxHeaderBytes            = 32 << 10
	pingAfter                 = 30 * time.Second
	pingTimeout               = 15 * time.Second

	// Limits on HTTP/2 buffers for unread bodies, and on streams per connection.
	maxStreams          = 32
	maxConnectionBuffer = 256 << 10
	maxStreamBuffer     = 128 << 10
	maxFrame            = 16 << 10 // the protocol's minimum; each connection buffers one
)

// Config configures a [Server]. Zero values select the stated defaults.
type Config struct {
	Addr        string       // host:port to listen on; port 0 selects a free one
	Listener    net.Listener // listener from [Listen], used instead of Addr
	Certificate *Certificate // the server's certificate; nil for plain HTTP
	Handler     http.Handler // should end in an [http.ServeMux], whose patterns are the routes in metrics
	Metrics     *Metrics
	Log         *slog.Logger
	Proxies     *TrustedProxies // trusted to report client addresses; nil for none

	// ProxyProtocol requires a PROXY header on every connection from a trusted proxy.
	ProxyProtocol bool
	// Unlimited are paths exempt from request limits.
	Unlimited []string

	Clients     Clients          // identifies clients with a session or token; by default none is known
	UnknownBody BodyLimit        // for unknown clients; default 16 KiB in 5 seconds
	Connections ConnectionLimits // default: [ShareDescriptors] for a single listener

	WriteTimeout time.Duration // how long a client may stop reading; default a minute
	StopTimeout  time.Duration // how long requests in flight may take on shutdown; default 20 seconds
}

// Server is an HTTP or HTTPS server with an open listener.
type Server struct {
	http        *http.Server
	listener    net.Listener
	connections *connections
	log         *slog.Logger
	stopTimeout time.Duration
}

func (c Config) withDefaults() Config {
	if c.WriteTimeout == 0 {
		c.WriteTimeout = time.Minute
	}
	if c.StopTimeout == 0 {
		c.StopTimeout = 20 * time.Second
	}
	if c.UnknownBody == (BodyLimit{}) {
		c.UnknownBody = unknownBody
	}
	if c.Connections == (ConnectionLimits{}) {
		c.Connections = ShareDescriptors(1)
	}
	return c
}

// New opens the listener. Connections wait until [Server.Serve] is called. Errors are [notary.Error] values for the
// operator.
func New(c Config) (*Server, error) {
	c = c.withDefaults()
	if c.Listener == nil {
		var err error
		if c.Listener, err = Listen(c.Addr); err != nil {
			return nil, err
		}
	}
	open := newConnections(c)
	s := &Server{
		listener:    c.wrapListener(open),
		connections: open,
		log:         c.Log,
		stopTimeout: c.StopTimeout,
		http: &http.Server{
			Handler:           newHandler(c),
			ReadHeaderTimeout: handshakeAndHeaderTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ConnContext:       withConn,
			// ReadTimeout and WriteTimeout are not set: they would limit bodies and truncate long lists. The handler
			// sets a read deadline for each body and extends the write deadline with every write. WriteByteTimeout and
			// pings do the same for HTTP/2 connections, below their streams.
			HTTP2: &http.HTTP2Config{
				WriteByteTimeout: c.WriteTimeout,
				SendPingTimeout:  pingAfter,
				PingTimeout:      pingTimeout,

				MaxConcurrentStreams:          maxStreams,
				MaxReadFrameSize:              maxFrame,
				MaxReceiveBufferPerConnection: maxConnectionBuffer,
				MaxReceiveBufferPerStream:     maxStreamBuffer,
			},
			DisableGeneralOptionsHandler: true,
			ErrorLog:                     newErrorLog(c.Log),
		},
	}
	if c.Certificate != nil {
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.Certificate.get}
	}
	return s, nil
}

// wrapListener returns the HTTP server's listener. Below the PROXY protocol, connection limits apply to the peer's
// address; above it, RemoteAddr is the client's address.
func (c *Config) wrapListener(open *connections) net.Listener {
	var listener net.Listener = newLimitedListener(patientListener{c.Listener, c.WriteTimeout}, open, c.Log)
	if c.ProxyProtocol {
		listener = proxyProtocol(listener, c.Proxies)
	}
	return listener
}

// Listen opens a listener on host:port for a Server created later. It returns the same errors as [New].
func Listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, listenError(addr, err)
	}
	return listener, nil
}

func listenError(addr string, err error) error {
	e := &notary.Error{Kind: notary.Unavailable, Field: "listen", Err: err}
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		e.Message = fmt.Sprintf("%s is in use by another program: stop it or listen on another port", addr)
	case errors.Is(err, syscall.EACCES):
		e.Message = fmt.Sprintf("this user does not have permission to listen on %s: ports below 1024 are "+
			"reserved, use a higher one", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.Message = fmt.Sprintf("%s is not an address of this machine: listen on one of its addresses", addr)
	default:
		e.Message = fmt.Sprintf("cannot listen on %s", addr)
	}
	return e
}

// Addr returns the address on which the server listens, with the actual port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve handles requests until ctx is done. It then stops listening, waits for requests in flight up to the stop
// timeout, and returns nil. The contexts of these requests are not canceled with ctx. Serve returns an error only if
// listening fails.
func (s *Server) Serve(ctx context.Context) error {
	sweep, stopSweeping := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSweeping()
	go s.connections.closeIdleConnections(sweep)
	failed := make(chan error, 1)
	go func() {
		if s.http.TLSConfig == nil {
			failed <- s.http.Serve(s.listener)
		} else {
			failed <- s.http.ServeTLS(s.listener, "", "")
		}
	}()
	select {
	case err := <-failed:
		s.http.Close()
		return fmt.Errorf("serving on %s: %w", s.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.stopTimeout)
	defer cancel()
	if err := s.http.Shutdown(grace); err != nil {
		s.log.Warn("some requests did not finish in time and were aborted", "error", err)
		s.http.Close()
	}
	<-failed // returns http.ErrServerClosed immediately
	return nil
}
