package server

import (
	"bytes"
	"context"
	"log"
	"log/slog"
)

// errorLog logs net/http's messages about connections as warnings, and failed TLS handshakes at debug level.
type errorLog struct{ log *slog.Logger }

func newErrorLog(l *slog.Logger) *log.Logger { return log.New(errorLog{l}, "", 0) }

func (e errorLog) Write(b []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.Contains(b, []byte("TLS handshake error")) {
		level = slog.LevelDebug
	}
	e.log.Log(context.Background(), level, string(bytes.TrimSpace(b)))
	return len(b), nil
}
