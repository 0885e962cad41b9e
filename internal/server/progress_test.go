package server

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// These tests run in synctest bubbles: time passes only when all goroutines wait.

// readSlowly reads to the end, size bytes at a time, pausing before each read.
func readSlowly(r io.Reader, size int, pause time.Duration) ([]byte, error) {
	var all []byte
	part := make([]byte, size)
	for {
		time.Sleep(pause)
		n, err := r.Read(part)
		all = append(all, part[:n]...)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

func newPatientPipe(timeout time.Duration) (*patientConn, net.Conn) {
	near, far := net.Pipe()
	return &patientConn{Conn: near, timeout: timeout, queued: func() int { return -1 }}, far
}

func TestSlowReaderIsNotCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, reader := newPatientPipe(time.Minute)
		sent := bytes.Repeat([]byte("0123456789abcdef"), 4096)
		go func() {
			_ = c.SetWriteDeadline(time.Now().Add(time.Minute)) // like the response
			if _, err := c.Write(sent); err != nil {
				t.Errorf("the write failed: %v", err)
			}
			c.Close()
		}()
		got, err := readSlowly(reader, 1024, 50*time.Second)
		if err != nil || !bytes.Equal(got, sent) {
			t.Errorf("%d of %d bytes arrived: %v", len(got), len(sent), err)
		}
	})
}

func TestStoppedReaderIsCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, reader := newPatientPipe(time.Minute)
		defer c.Close()
		go reader.Read(make([]byte, 10)) // and then stops
		begun := time.Now()
		n, err := c.Write(make([]byte, 1000))
		if n != 10 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes were written: %v, want 10 and a timeout", n, err)
		}
		if took := time.Since(begun); took != 2*time.Minute { // one timeout with progress, one without
			t.Errorf("it took %v, want two minutes of the bubble", took)
		}
	})
}

// While the kernel's buffer is full, a write makes no progress itself, but its reader does.
func TestReaderOfAFullBufferIsNotCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		var queued atomic.Int64
		queued.Store(4000)
		c := &patientConn{Conn: near, timeout: time.Minute, queued: func() int { return int(queued.Load()) }}
		go func() {
			for range 10 {
				time.Sleep(50 * time.Second)
				queued.Add(-100)
			}
			io.ReadFull(far, make([]byte, 100))
		}()
		if n, err := c.Write(make([]byte, 100)); err != nil {
			t.Errorf("after %d bytes: %v", n, err)
		}
	})
}

// Near deadlines, as in a handshake or close, apply even to a write that is already waiting.
func TestNearDeadlinesHold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, _ := newPatientPipe(time.Minute)
		begun := time.Now()
		_ = c.SetDeadline(begun.Add(5 * time.Second))
		if _, err := c.Write(make([]byte, 10)); !errors.Is(err, os.ErrDeadlineExceeded) ||
			time.Since(begun) != 5*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
		_ = c.SetDeadline(time.Time{})
		failed := make(chan error)
		go func() {
			_, err := c.Write(make([]byte, 10))
			failed <- err
		}()
		time.Sleep(10 * time.Second)
		_ = c.SetWriteDeadline(time.Now())
		if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(begun) != 15*time.Second {
			t.Errorf("%v after %v", err, time.Since(begun))
		}
	})
}

type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// A large response written at once reaches a client that takes 20 minutes to read it, with and without TLS.
func TestSlowClientGetsTheWholeAnswer(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	certFile, keyFile, err := SelfSigned(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := LoadCertificate(certFile, keyFile, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	for name, certificate := range map[string]*Certificate{"HTTP": nil, "HTTPS": certificate} {
		synctest.Test(t, func(t *testing.T) {
			answer := bytes.Repeat([]byte("0123456789abcdef"), 1<<15)
			l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
			s, err := New(Config{Listener: l, Certificate: certificate, Log: log.logger(),
				Metrics: NewMetrics("v1", noSummary, log.logger()),
				Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
					w.Write(answer)
				})})
			if err != nil {
				t.Fatal(err)
			}
			go s.http.Serve(tlsOver(s))
			near, far := net.Pipe()
			l.conns <- far
			client := near
			if certificate != nil {
				client = tls.Client(near, &tls.Config{InsecureSkipVerify: true})
			}
			io.WriteString(client, "GET / HTTP/1.1\r\nHost: notary\r\nConnection: close\r\n\r\n")
			got, err := readSlowly(client, 8192, 20*time.Second)
			if err != nil || !bytes.HasSuffix(got, answer) {
				t.Errorf("%s: %d bytes of %d arrived: %v", name, len(got), len(answer), err)
			}
			client.Close()
			s.http.Close()
		})
	}
}

func tlsOver(s *Server) net.Listener {
	if s.http.TLSConfig == nil {
		return s.listener
	}
	return tls.NewListener(s.listener, s.http.TLSConfig)
}
