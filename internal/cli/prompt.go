package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"notary"
)

func (p *program) terminal() (fd int, ok bool) {
	file, isFile := p.in.(*os.File)
	if !isFile {
		return 0, false
	}
	fd = int(file.Fd())
	return fd, term.IsTerminal(fd)
}

func isTerminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}

// waitFor returns the result of read. If ctx is done first, because the program was interrupted, it returns an error.
func waitFor[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := read()
		answers <- answer{value, err}
	}()
	select {
	case a := <-answers:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, notary.Errorf(notary.Unavailable, "interrupted: nothing was changed")
	}
}

// maxLine is the maximum length of an input line, longer than any password or email address that the server accepts.
const maxLine = 4096

func (p *program) readLine(ctx context.Context) (string, error) {
	return waitFor(ctx, func() (string, error) {
		var line strings.Builder
		for {
			c, err := p.lines.ReadByte()
			switch {
			case err == io.EOF && line.Len() > 0, err == nil && c == '\n':
				return strings.TrimSuffix(line.String(), "\r"), nil
			case err != nil:
				return "", err
			case line.Len() == maxLine:
				return "", errors.New("the line is too long")
			}
			line.WriteByte(c)
		}
	})
}

// confirm asks a question and returns an error unless the answer is yes. If yes is true or there is no terminal, it
// does not ask.
func (p *program) confirm(ctx context.Context, yes bool, format string, args ...any) error {
	if _, ok := p.terminal(); yes || !ok {
		return nil
	}
	fmt.Fprintf(p.err, "%s [y/N] ", printable(fmt.Sprintf(format, args...)))
	answer, err := p.readLine(ctx)
	if err != nil {
		fmt.Fprintln(p.err) // the cursor is still after the question
	}
	if err != nil && err != io.EOF {
		return err
	}
	if answer = strings.ToLower(strings.TrimSpace(answer)); answer != "y" && answer != "yes" {
		return notary.Errorf(notary.Invalid, "not confirmed: nothing was changed")
	}
	return nil
}

// secret describes where a password comes from: a line of the input if requested, an environment variable, or a prompt.
type secret struct {
	stdin    bool
	variable string
	prompt   string
	repeat   bool // for a new password, to catch typing errors
}

func (p *program) readSecret(ctx context.Context, s secret) (string, error) {
	if s.stdin {
		line, err := p.readLine(ctx)
		if err != nil || line == "" {
			return "", notary.Errorf(notary.Invalid, "no password on standard input: write it there as one line")
		}
		return line, nil
	}
	if value := p.env(s.variable); value != "" {
		return value, nil
	}
	fd, ok := p.terminal()
	if !ok {
		return "", notary.Errorf(notary.Invalid, "no password: use --password-stdin or %s", s.variable)
	}
	first, err := p.askSecret(ctx, fd, s.prompt)
	if err != nil || !s.repeat {
		return first, err
	}
	second, err := p.askSecret(ctx, fd, s.prompt+" again")
	if err == nil && first != second {
		err = notary.Errorf(notary.Invalid, "the passwords do not match: nothing was changed")
	}
	return first, err
}

func (p *program) askSecret(ctx context.Context, fd int, prompt string) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	defer term.Restore(fd, before) // an interrupted read leaves the echo off
	fmt.Fprintf(p.err, "%s: ", prompt)
	typed, err := waitFor(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(p.err)
	return string(typed), err
}
