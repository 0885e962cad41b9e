package server

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"notary"
)

const (
	maxCertificateFile = 1 << 20 // bytes
	checkInterval      = time.Second
)

// Certificate is a certificate file (PEM, leaf first) and its private key file. When the files change, new connections
// use the new pair as soon as the key matches the certificate.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	current atomic.Pointer[tls.Certificate]
	nextAt  atomic.Int64 // when to check the files next, in Unix nanoseconds

	mu       sync.Mutex // held while the files are checked
	loaded   fileStates // files that current was read from
	reported fileStates // files last found broken, so that each is logged once
}

// fileStates are the states of the certificate file and the key file.
type fileStates [2]fs.FileInfo

func (a fileStates) equal(b fileStates) bool {
	for i := range a {
		if a[i] == nil || b[i] == nil || !os.SameFile(a[i], b[i]) ||
			!a[i].ModTime().Equal(b[i].ModTime()) || a[i].Size() != b[i].Size() {
			return false
		}
	}
	return true
}

// LoadCertificate reads both files. If they are unusable, it returns a [notary.Invalid] error that names the file at
// fault, or both if they do not match.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: time.Now}
	states, err := c.stat()
	if err != nil {
		return nil, err
	}
	if err := c.load(states); err != nil {
		return nil, err
	}
	c.nextAt.Store(c.now().Add(checkInterval).UnixNano())
	return c, nil
}

// Prepare loads another pair of files, or the same ones again, like [LoadCertificate]. It returns a function that
// activates them.
func (c *Certificate) Prepare(certFile, keyFile string) (use func(), err error) {
	next, err := LoadCertificate(certFile, keyFile, c.log)
	if err != nil {
		return nil, err
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.certFile, c.keyFile = certFile, keyFile
		c.loaded, c.reported = next.loaded, fileStates{}
		c.current.Store(next.current.Load())
	}, nil
}

// Fingerprint returns the SHA-256 fingerprint of the current certificate in lower-case hex.
func (c *Certificate) Fingerprint() string {
	sum := sha256.Sum256(c.current.Load().Certificate[0])
	return hex.EncodeToString(sum[:])
}

// get implements GetCertificate of a [tls.Config]. It checks the files at most once a second, with two system calls.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := c.now()
	next := c.nextAt.Load()
	if now.UnixNano() >= next && c.nextAt.CompareAndSwap(next, now.Add(checkInterval).UnixNano()) {
		c.refresh()
	}
	return c.current.Load(), nil
}

func (c *Certificate) refresh() {
	c.mu.Lock()
	defer c.mu.Unlock()
	states, err := c.stat()
	if err == nil {
		if states.equal(c.loaded) {
			return
		}
		err = c.load(states)
	}
	if err == nil {
		c.reported = fileStates{}
		return
	}
	// Retry files that failed, because a write may leave size and time unchanged, but log the failure once.
	if !states.equal(c.reported) {
		c.reported = states
		c.log.Error("the new TLS certificate cannot be used; the previous one stays in use", "error", err)
	}
}

func (c *Certificate) stat() (fileStates, error) {
	var states fileStates
	for i, name := range []string{c.certFile, c.keyFile} {
		info, err := os.Stat(name)
		if err != nil {
			return states, c.fileError(name, err)
		}
		states[i] = info
	}
	return states, nil
}

// load reads the files. states must have been taken before, so that a concurrent write is detected the next time.
func (c *Certificate) load(states fileStates) error {
	certPEM, err := readLimited(c.certFile)
	if err != nil {
		return c.fileError(c.certFile, err)
	}
	keyPEM, err := readLimited(c.keyFile)
	if err != nil {
		return c.fileError(c.keyFile, err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return notary.FieldErrorf("cert_path", "%s and %s are not a certificate in PEM and its private key: %s",
			c.certFile, c.keyFile, strings.TrimPrefix(err.Error(), "tls: "))
	}
	c.current.Store(&pair)
	c.loaded = states
	c.logLoaded(&pair)
	return nil
}

func (c *Certificate) logLoaded(pair *tls.Certificate) {
	c.log.Info("TLS certificate loaded", "file", c.certFile,
		"not_after", pair.Leaf.NotAfter, "sha256", c.Fingerprint())
	if now := c.now(); now.After(pair.Leaf.NotAfter) {
		c.log.Warn("the TLS certificate has expired: clients will reject it",
			"file", c.certFile, "not_after", pair.Leaf.NotAfter)
	} else if now.Before(pair.Leaf.NotBefore) {
		c.log.Warn("the TLS certificate is not valid yet: clients will reject it",
			"file", c.certFile, "not_before", pair.Leaf.NotBefore)
	}
}

func (c *Certificate) fileError(name string, err error) error {
	field := "cert_path"
	if name == c.keyFile {
		field = "key_path"
	}
	e := &notary.Error{Kind: notary.Invalid, Field: field, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Message = "there is no file " + name
	case errors.Is(err, fs.ErrPermission):
		e.Message = "this user does not have permission to read " + name
	default:
		e.Message = "cannot read " + name
	}
	return e
}

func readLimited(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxCertificateFile+1))
	if err == nil && len(b) > maxCertificateFile {
		err = errors.New("larger than 1 MiB")
	}
	return b, err
}
