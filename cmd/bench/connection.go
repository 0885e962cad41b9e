package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

type call struct {
	method      string
	path        string // including the query
	accept      string // "" for JSON
	browser     bool   // send the token as a session cookie
	body        []byte
	contentType string // of the body; "" for JSON
	status      int    // expected status; 0 for 200
}

func (c call) wanted() int { return cmp.Or(c.status, 200) }

func appendCall(b []byte, host, token string, c call) []byte {
	b = append(b, c.method...)
	b = append(b, ' ')
	b = append(b, c.path...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, host...)
	if token != "" && c.browser {
		b = append(b, "\r\nCookie: __Host-notary-session="...)
		b = append(b, token...)
	} else if token != "" {
		b = append(b, "\r\nAuthorization: Bearer "...)
		b = append(b, token...)
	}
	b = append(b, "\r\nAccept: "...)
	if c.accept != "" {
		b = append(b, c.accept...)
	} else {
		b = append(b, "application/json"...)
	}
	if c.method != "GET" {
		b = append(b, "\r\nContent-Type: "...)
		b = append(b, cmp.Or(c.contentType, "application/json")...)
		b = append(b, "\r\nContent-Length: "...)
		b = strconv.AppendInt(b, int64(len(c.body)), 10)
	}
	b = append(b, "\r\n\r\n"...)
	return append(b, c.body...)
}

// connection is a client's persistent connection. It implements only the part of HTTP/1.1 that the server uses, to save
// processor time: the load competes with the server for it.
type connection struct {
	conn net.Conn
	r    *bufio.Reader
	free func() bool
}

const dialLimit = 15 * time.Second

func dial(ctx context.Context, n *node) (*connection, error) {
	dialer := tls.Dialer{NetDialer: &net.Dialer{Timeout: dialLimit}, Config: n.tls}
	limited, cancel := context.WithTimeout(ctx, dialLimit)
	defer cancel()
	conn, err := dialer.DialContext(limited, "tcp", n.address)
	if err != nil {
		return nil, err
	}
	return connected(ctx, conn, conn.(*tls.Conn).NetConn()), nil
}

func dialPublished(ctx context.Context, n *node) (*connection, error) {
	conn, err := (&net.Dialer{Timeout: dialLimit}).DialContext(ctx, "tcp", n.published)
	if err != nil {
		return nil, err
	}
	return connected(ctx, conn, conn), nil
}

func connected(ctx context.Context, conn, below net.Conn) *connection {
	return &connection{conn: conn, r: bufio.NewReaderSize(conn, 64<<10),
		free: context.AfterFunc(ctx, func() { below.Close() })}
}

func (c *connection) close() {
	c.free()
	c.conn.Close()
}

func (c *connection) do(request []byte) (status int, err error) {
	status, length, err := c.send(request)
	if err != nil {
		return 0, err
	}
	return status, c.readBody(length, nil)
}

func (c *connection) send(request []byte) (status, length int, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, 0, err
	}
	return c.readHead()
}

func (c *connection) readBody(length int, to io.Writer) error {
	if length == chunked {
		return c.readChunks(to)
	}
	return c.copy(length, to)
}

// chunked stands for the unknown length of a chunked body.
const chunked = -1

var errHead = errors.New("the response head cannot be parsed")

// readHead reads the status line and headers (RFC 9112, sections 4 and 5). It returns the status and the length of the
// body, or chunked.
func (c *connection) readHead() (status, length int, err error) {
	line, err := c.line()
	if err != nil {
		return 0, 0, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, 0, errHead
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, errHead
	}
	for {
		line, err := c.line()
		if err != nil || len(line) == 0 {
			return status, length, err
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case is(name, "Content-Length"):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, 0, errHead
			}
		case is(name, "Transfer-Encoding"):
			length = chunked
		}
	}
}

func is(name []byte, want string) bool {
	return len(name) == len(want) && bytes.EqualFold(name, []byte(want))
}

func (c *connection) line() ([]byte, error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return nil, noEnd(err)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// readChunks reads a chunked body (RFC 9112, section 7.1).
func (c *connection) readChunks(to io.Writer) error {
	for {
		line, err := c.line()
		if err != nil {
			return err
		}
		length, err := strconv.ParseUint(string(line), 16, 31)
		if err != nil {
			return fmt.Errorf("invalid chunk length: %w", err)
		}
		if err := c.copy(int(length), to); err != nil {
			return err
		}
		if _, err := c.line(); err != nil { // no trailers follow
			return err
		}
		if length == 0 {
			return nil
		}
	}
}

func (c *connection) copy(length int, to io.Writer) error {
	if to == nil {
		_, err := c.r.Discard(length)
		return noEnd(err)
	}
	_, err := io.CopyN(to, c.r, int64(length))
	return noEnd(err)
}

func noEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
