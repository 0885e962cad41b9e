package main

import (
	"errors"
	"net"

	"notary"
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

// addressOf is "" for a listener that is not there.
func addressOf(listener net.Listener) string {
	if listener == nil {
		return ""
	}
	return listener.Addr().String()
}
