package main

import (
	"bufio"
	"io"
	"net"
	"net/url"
	"testing"

	"notary/internal/testkit"
)

func echo(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	testkit.Check(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn)
			}()
		}
	}()
	return l.Addr().String()
}

func TestGate(t *testing.T) {
	t.Parallel()
	g, database, err := openGate("postgres://user:secret@" + echo(t) + "/name?sslmode=disable")
	testkit.Check(t, err)
	defer g.close()
	u, err := url.Parse(database)
	testkit.Check(t, err)
	if host := u.Host; u.String() != "postgres://user:secret@"+host+"/name?sslmode=disable" || host == g.server {
		t.Fatalf("the URL through the gate is %s", u)
	}
	dial := func() (net.Conn, *bufio.Reader) {
		conn, err := net.Dial("tcp", u.Host)
		testkit.Check(t, err)
		t.Cleanup(func() { conn.Close() })
		return conn, bufio.NewReader(conn)
	}
	want := func(r *bufio.Reader, line string) {
		t.Helper()
		if got, err := r.ReadString('\n'); err != nil || got != line {
			t.Fatalf("%q came back (%v), want %q", got, err, line)
		}
	}
	old, fromOld := dial()
	_, err = io.WriteString(old, "before\n")
	testkit.Check(t, err)
	want(fromOld, "before\n")

	thaw := g.freeze()
	late, fromLate := dial() // accepted, as by a hung server
	for _, conn := range []net.Conn{old, late} {
		_, err = io.WriteString(conn, "while frozen\n")
		testkit.Check(t, err)
	}
	thaw()
	want(fromOld, "while frozen\n")
	want(fromLate, "while frozen\n")
}

func TestGateNeedsOneHost(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"postgres://a,b/name", "postgres:///name?host=/run/postgresql", "host=a user=b",
		"postgres://%"} {
		if _, _, err := openGate(database); err == nil {
			t.Errorf("%s: no error", database)
		}
	}
}
