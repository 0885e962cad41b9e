package server

import (
	"crypto/tls"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
)

func pair(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	certFile, keyFile, err := SelfSigned(t.TempDir(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return certFile, keyFile
}

// watched is a pair of files and the certificate served from them, with a fake clock.
type watched struct {
	*Certificate
	dir   string
	log   *logBuffer
	clock time.Time
}

func watch(t *testing.T) *watched {
	t.Helper()
	w := &watched{dir: t.TempDir(), log: &logBuffer{}, clock: time.Now()}
	certFile, keyFile := pair(t)
	w.put(t, "cert.pem", read(t, certFile))
	w.put(t, "key.pem", read(t, keyFile))
	var err error
	w.Certificate, err = LoadCertificate(filepath.Join(w.dir, "cert.pem"), filepath.Join(w.dir, "key.pem"), w.log.logger())
	if err != nil {
		t.Fatal(err)
	}
	w.now = func() time.Time { return w.clock }
	return w
}

// put replaces a file by renaming, as most programs do.
func (w *watched) put(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := writeFile(filepath.Join(w.dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *watched) served(t *testing.T, later time.Duration) string {
	t.Helper()
	w.clock = w.clock.Add(later)
	if _, err := w.get(nil); err != nil {
		t.Fatal(err)
	}
	return w.Fingerprint()
}

func TestReplacedCertificateIsServed(t *testing.T) {
	t.Parallel()
	w := watch(t)
	first := w.served(t, 0)
	certFile, keyFile := pair(t)
	w.put(t, "cert.pem", read(t, certFile))
	w.put(t, "key.pem", read(t, keyFile))
	if got := w.served(t, checkInterval-time.Millisecond); got != first {
		t.Error("the files were looked at again within a second")
	}
	second := w.served(t, 2*time.Millisecond+checkInterval)
	if second == first {
		t.Fatal("the new certificate is not served")
	}
	wantIn(t, w.log.String(), "sha256="+first, "sha256="+second)
}

func TestUnchangedFilesAreNotReadAgain(t *testing.T) {
	t.Parallel()
	w := watch(t)
	for range 3 {
		w.served(t, time.Minute)
	}
	if n := strings.Count(w.log.String(), "TLS certificate loaded"); n != 1 {
		t.Errorf("read %d times, want once:\n%s", n, w.log)
	}
}

func TestHalfReplacedPairLeavesTheOldOneInUse(t *testing.T) {
	t.Parallel()
	certFile, keyFile := pair(t)
	newCert, newKey := read(t, certFile), read(t, keyFile)
	broken := map[string]func(*testing.T, *watched){
		"only the certificate": func(t *testing.T, w *watched) { w.put(t, "cert.pem", newCert) },
		"only the key":         func(t *testing.T, w *watched) { w.put(t, "key.pem", newKey) },
		"half a certificate":   func(t *testing.T, w *watched) { w.put(t, "cert.pem", newCert[:len(newCert)/2]) },
		"empty":                func(t *testing.T, w *watched) { w.put(t, "key.pem", nil) },
		"gone": func(t *testing.T, w *watched) {
			if err := os.Remove(filepath.Join(w.dir, "cert.pem")); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, breakIt := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := watch(t)
			first := w.served(t, 0)
			breakIt(t, w)
			for range 3 {
				if got := w.served(t, time.Minute); got != first {
					t.Fatal("a broken pair took the place of the good one")
				}
			}
			if n := strings.Count(w.log.String(), "the previous one stays in use"); name != "gone" && n != 1 {
				t.Errorf("logged %d times, want once:\n%s", n, w.log)
			}
			w.put(t, "cert.pem", newCert)
			w.put(t, "key.pem", newKey)
			if got := w.served(t, time.Minute); got == first {
				t.Error("the whole pair is not served")
			}
		})
	}
}

func TestHandshakeShowsTheReplacedCertificate(t *testing.T) {
	t.Parallel()
	w := watch(t)
	r := start(t, http.NotFoundHandler(), func(c *Config) { c.Certificate = w.Certificate })
	certFile, keyFile := pair(t)
	w.put(t, "cert.pem", read(t, certFile))
	w.put(t, "key.pem", read(t, keyFile))
	w.clock = w.clock.Add(time.Minute)
	conn, err := tls.Dial("tcp", r.addr, &tls.Config{RootCAs: pool(t, certFile)})
	if err != nil {
		t.Fatalf("the new certificate is not served: %v", err)
	}
	conn.Close()
}

func TestBrokenPairIsRefusedAtStart(t *testing.T) {
	t.Parallel()
	certFile, keyFile := pair(t)
	_, otherKey := pair(t)
	text := filepath.Join(t.TempDir(), "notes.txt")
	large := filepath.Join(t.TempDir(), "large.pem")
	for name, content := range map[string][]byte{text: []byte("milk, eggs"), large: make([]byte, maxCertificateFile+1)} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		cert, key, field, want string
	}{
		"no certificate":     {"missing.pem", keyFile, "cert_path", "there is no file missing.pem"},
		"no key":             {certFile, "missing.key", "key_path", "there is no file missing.key"},
		"another one's key":  {certFile, otherKey, "cert_path", "private key does not match"},
		"not PEM":            {text, keyFile, "cert_path", "notes.txt"},
		"the key is not one": {certFile, text, "cert_path", "notes.txt"},
		"exchanged":          {keyFile, certFile, "cert_path", "not a certificate in PEM and its private key"},
		"a folder":           {filepath.Dir(certFile), keyFile, "cert_path", "cannot read"},
		"too large":          {large, keyFile, "cert_path", "cannot read"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadCertificate(test.cert, test.key, (&logBuffer{}).logger())
			e, ok := err.(*notary.Error)
			if !ok || e.Kind != notary.Invalid || e.Field != test.field {
				t.Fatalf("error %#v, want an invalid %s", err, test.field)
			}
			wantIn(t, e.Message, test.want)
		})
	}
}

func TestExpiredCertificateIsServedWithAWarning(t *testing.T) {
	t.Parallel()
	certFile, keyFile, err := SelfSigned(t.TempDir(), time.Now().Add(-2*selfSignedValidity))
	if err != nil {
		t.Fatal(err)
	}
	log := &logBuffer{}
	if _, err := LoadCertificate(certFile, keyFile, log.logger()); err != nil {
		t.Fatal(err)
	}
	wantIn(t, log.String(), "has expired")
}
