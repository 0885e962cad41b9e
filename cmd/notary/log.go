package main

import (
	"io"
	"log/slog"
	"os"

	"notary"
)

// openLog opens the log. A file is appended to, and made for its owner alone.
func openLog(c logConfig, stdout, stderr io.Writer) (*slog.Logger, func() error, error) {
	out, closeOut := stderr, func() error { return nil }
	switch c.output {
	case "stderr":
	case "stdout":
		out = stdout
	default:
		file, err := os.OpenFile(c.output, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, nil, notary.FieldErrorf(keyLogOutput, "cannot write the log: %v", err)
		}
		out, closeOut = file, file.Close
	}
	options := &slog.HandlerOptions{Level: c.level}
	if c.format == "json" {
		return slog.New(slog.NewJSONHandler(out, options)), closeOut, nil
	}
	return slog.New(slog.NewTextHandler(out, options)), closeOut, nil
}
