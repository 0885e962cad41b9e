// Package server serves HTTPS, and plain HTTP for what is published: listeners, TLS, limits,
// the request log and metrics. It is shared by everything that answers HTTP, and knows
// nothing of certificate requests or accounts.
//
// [New] opens the listener and [Server.Serve] runs until its context ends. [NewMetrics]
// makes what GET /metrics shows; [SelfSigned] and [LoadCertificate] make what the server
// proves itself with.
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

// The limits of every connection and request. They are for machines on the internet that
// mean no good; well-behaved clients never meet them.
const (
	handshakeAndHeaderTimeout = 10 * time.Second
	unknownWait               = 10 * time.Second // without a session or token: in the handshake, a header, or idle
	idleTimeout               = 2 * time.Minute
	maxHeaderBytes            = 32 << 10
	pingAfter                 = 30 * time.Second
	pingTimeout               = 15 * time.Second

	// What HTTP/2 buffers of bodies that are not read yet, and streams of one connection.
	maxStreams          = 32
	maxConnectionBuffer = 256 << 10
	maxStreamBuffer     = 128 << 10
	maxFrame            = 16 << 10 // the least that the protocol allows; each connection buffers one
)

// Config is what a [Server] needs. The zero durations stand for the defaults that are named.
type Config struct {
	Addr        string       // host:port to listen on; port 0 takes a free one
	Listener    net.Listener // in place of Addr: one that [Listen] has opened already
	Certificate *Certificate // what the server proves itself with; nil for plain HTTP
	Handler     http.Handler // should end in an [http.ServeMux], whose patterns name the routes in metrics
	Metrics     *Metrics
	Log         *slog.Logger
	Proxies     *TrustedProxies // trusted to report client addresses; nil for none

	// ProxyProtocol makes every connection from a trusted proxy begin with a PROXY header.
	ProxyProtocol bool
	// Unlimited are paths that are exempt from the limits on requests.
	Unlimited []string

	Clients     Clients          // tells clients with a session or token from others; nobody has one without it
	UnknownBody BodyLimit        // for the bodies of others; 16 KiB in 5 seconds
	Connections ConnectionLimits // those of [ShareDescriptors] with a single listener

	WriteTimeout time.Duration // how long a client may stop reading; a minute
	StopTimeout  time.Duration // how long requests in flight may take to finish on a stop; 20 seconds
}

// Server is a server that listens already.
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

// New listens. Connections wait until [Server.Serve] is called. Errors are [notary.Error]
// values for the person who starts the program.
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
			// No ReadTimeout: the handler sets a deadline for each body.
			// No WriteTimeout: it would cut long lists. The handler sets a deadline that
			// moves on with every write; these two do the same below HTTP/2's streams.
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

// wrapListener returns the listener of the HTTP server. Connections are limited below the PROXY
// protocol, by the address of the peer itself: above it RemoteAddr is the client's, and waits
// for the header.
func (c *Config) wrapListener(open *connections) net.Listener {
	var listener net.Listener = newLimitedListener(patientListener{c.Listener, c.WriteTimeout}, open, c.Log)
	if c.ProxyProtocol {
		listener = proxyProtocol(listener, c.Proxies)
	}
	return listener
}

// Listen opens host:port, for a Server that is made later. Errors are those of [New].
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
		e.Message = fmt.Sprintf("%s is in use by another program: stop that one or listen on another port", addr)
	case errors.Is(err, syscall.EACCES):
		e.Message = fmt.Sprintf("this user may not listen on %s: ports below 1024 are kept for the system, take a higher one", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		e.Message = fmt.Sprintf("%s is not an address of this machine: listen on one that it has", addr)
	default:
		e.Message = fmt.Sprintf("cannot listen on %s", addr)
	}
	return e
}

// Addr is where the server listens, with the port that it really has.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve answers requests until ctx ends. Then it takes no more, lets those in flight
// finish (cutting them off after the stop timeout) and gives nil. Their contexts do not end
// with ctx. Any other end is an error.
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
		s.log.Warn("some requests did not finish in time and were cut off", "error", err)
		s.http.Close()
	}
	<-failed // http.ErrServerClosed, at once
	return nil
}
