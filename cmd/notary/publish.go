package main

import (
	"errors"
	"net"

	"notary"
	"notary/internal/publish"
	"notary/internal/server"
)

// listenToPublish opens the port of what is published, before the certificates' URLs are made
// of it; nil where nothing is published.
func listenToPublish(c *config) (net.Listener, error) {
	if c.publishListen == "" {
		return nil, nil
	}
	listener, err := server.Listen(c.publishListen)
	var e *notary.Error
	if errors.As(err, &e) {
		told := *e
		told.Field = keyPublishListen
		told.Message += " (" + keyPublishListen + ", where CRLs are published; " + noPublishing + " publishes nothing)"
		return nil, &told
	}
	return listener, err
}

// newPublisher is the server of what is published; it closes the listener at its end. Nobody
// has a session there.
func newPublisher(listener net.Listener, c publish.Config, metrics *server.Metrics, proxies *server.TrustedProxies,
	proxyProtocol bool, limits server.ConnectionLimits) (*server.Server, error) {
	return server.New(server.Config{Listener: listener, Wrap: publish.Listener, Handler: publish.New(c), Metrics: metrics, Log: c.Log,
		Proxies: proxies, ProxyProtocol: proxyProtocol, UnknownBody: publish.BodyLimit, Connections: limits})
}

// addressOf is "" for a listener that is not there.
func addressOf(listener net.Listener) string {
	if listener == nil {
		return ""
	}
	return listener.Addr().String()
}
