package app

import (
	"io"
	"log/slog"
	"os"
	"sync"

	"notary"
	"notary/internal/config"
)

// logOutput is the destination of the log: a file, which can be reopened, or a standard stream. It is safe for
// concurrent use.
type logOutput struct {
	level          slog.LevelVar
	stdout, stderr io.Writer

	mu   sync.Mutex
	out  io.Writer
	file *os.File // nil for a standard stream
}

func openLog(c config.Log, stdout, stderr io.Writer) (*slog.Logger, *logOutput, error) {
	o := &logOutput{stdout: stdout, stderr: stderr}
	use, err := o.prepare(c)
	if err != nil {
		return nil, nil, err
	}
	use()
	options := &slog.HandlerOptions{Level: &o.level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(o, options)), o, nil
	}
	return slog.New(slog.NewTextHandler(o, options)), o, nil
}

// prepare opens the configured destination and returns a function that switches the log to it. A file is opened for
// appending, and created with mode 0600. It is reopened even if its name is unchanged, as log rotation requires.
func (o *logOutput) prepare(c config.Log) (use func(), err error) {
	var out io.Writer
	var file *os.File
	switch c.Output {
	case "stderr":
		out = o.stderr
	case "stdout":
		out = o.stdout
	default:
		file, err = os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
		if err != nil {
			return nil, notary.FieldErrorf(config.KeyLogOutput, "cannot write the log: %v", err)
		}
		out = file
	}
	return func() {
		o.level.Set(c.Level)
		o.mu.Lock()
		defer o.mu.Unlock()
		if o.file != nil {
			o.file.Close() // an error could not be logged
		}
		o.out, o.file = out, file
	}, nil
}

func (o *logOutput) prepareFor(c *config.Config) (use func(), err error) { return o.prepare(c.Log) }

// Write writes a record.
func (o *logOutput) Write(record []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.out.Write(record)
}

// Close closes the log file, if any.
func (o *logOutput) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.file == nil {
		return nil
	}
	return o.file.Close()
}
