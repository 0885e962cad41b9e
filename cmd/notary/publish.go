package main

import (
	"errors"
	"net"

	"notary"
	"notary/internal/config"
	"notary/internal/server"
)

// listenToPublish opens the port of what is published, before the certificates' URLs are made
// of it; nil where nothing is published.
func listenToPublish(c *config.Config) (net.Listener, error) {
	if c.PublishListen == "" {
		return nil, nil
	}
	listener, err := server.Listen(c.PublishListen)
	var e *notary.Error
	if errors.As(err, &e) {
		told := *e
		told.Field = config.KeyPublishListen
		told.Message += " (" + config.KeyPublishListen + ", where CRLs are published; " + config.Off + " publishes nothing)"
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
