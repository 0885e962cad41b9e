package server

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"notary"
)

func mustSelfSign(t *testing.T, dir string, now time.Time, hosts ...string) tls.Certificate {
	t.Helper()
	certFile, keyFile, err := SelfSigned(dir, now, hosts...)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func TestSelfSignedCertificate(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	leaf := mustSelfSign(t, dir, now, "Notary.Example.com", "192.0.2.7", "not_a_host").Leaf
	for _, host := range []string{"localhost", "127.0.0.1", "::1", "notary.example.com", "192.0.2.7"} {
		if err := leaf.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if name, err := os.Hostname(); err == nil && ValidHostname(name) {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	if key, ok := leaf.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		t.Errorf("key %T, want ECDSA P-256", leaf.PublicKey)
	}
	if leaf.IsCA || len(leaf.ExtKeyUsage) != 1 {
		t.Errorf("CA %v, extended key usage %v, want a server's certificate", leaf.IsCA, leaf.ExtKeyUsage)
	}
	if days := leaf.NotAfter.Sub(now).Hours() / 24; days < 365 || days > 825 {
		t.Errorf("valid for %.0f days", days)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, want := range map[string]os.FileMode{"self-signed.key": 0o600, "self-signed.crt": 0o644} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %o, want %o", name, got, want)
		}
	}
}

func TestValidSelfSignedCertificateIsKept(t *testing.T) {
	t.Parallel()
	now := time.Now()
	tests := map[string]struct {
		later time.Duration
		hosts []string
		kept  bool
	}{
		"at once":           {0, []string{"a.example.com"}, true},
		"months later":      {300 * 24 * time.Hour, []string{"a.example.com"}, true},
		"a name less":       {0, nil, true},
		"near its end":      {selfSignedValidity - selfSignedRenewal + time.Hour, []string{"a.example.com"}, false},
		"after its end":     {selfSignedValidity + time.Hour, []string{"a.example.com"}, false},
		"before its start":  {-time.Hour, []string{"a.example.com"}, false},
		"another name":      {0, []string{"b.example.com"}, false},
		"another address":   {0, []string{"192.0.2.7"}, false},
		"an unusable name ": {0, []string{"a.example.com", "no_host"}, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			first := mustSelfSign(t, dir, now, "a.example.com")
			second := mustSelfSign(t, dir, now.Add(test.later), test.hosts...)
			if kept := bytes.Equal(first.Leaf.Raw, second.Leaf.Raw); kept != test.kept {
				t.Errorf("kept %v, want %v", kept, test.kept)
			}
			if !bytes.Equal(first.Leaf.RawSubjectPublicKeyInfo, second.Leaf.RawSubjectPublicKeyInfo) {
				t.Error("the key is another one: it stays when the certificate is renewed")
			}
		})
	}
}

func TestSelfSignedRecoversFromACrash(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustSelfSign(t, dir, time.Now())
	if err := os.Remove(filepath.Join(dir, "self-signed.crt")); err != nil {
		t.Fatal(err)
	}
	mustSelfSign(t, dir, time.Now())
}

func TestSelfSignedKeepsForeignFiles(t *testing.T) {
	t.Parallel()
	foreign := t.TempDir()
	mustSelfSign(t, foreign, time.Now())
	tests := map[string]struct {
		name    string
		content []byte
	}{
		"a key that is none":           {"self-signed.key", []byte("text")},
		"a certificate that is none":   {"self-signed.crt", []byte("text")},
		"the certificate of other key": {"self-signed.crt", read(t, filepath.Join(foreign, "self-signed.crt"))},
		"the key of other certificate": {"self-signed.key", read(t, filepath.Join(foreign, "self-signed.key"))},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			mustSelfSign(t, dir, time.Now())
			path := filepath.Join(dir, test.name)
			if err := os.WriteFile(path, test.content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, _, err := SelfSigned(dir, time.Now())
			if notary.KindOf(err) != notary.Invalid {
				t.Fatalf("error %v, want one that says what to do", err)
			}
			wantIn(t, err.Error(), "delete it", "self-signed.crt")
			if !bytes.Equal(read(t, path), test.content) {
				t.Error("the file was replaced")
			}
		})
	}
}

func TestValidHostname(t *testing.T) {
	t.Parallel()
	long := bytes.Repeat([]byte("a"), 64)
	tests := map[string]bool{
		"localhost": true, "a.example.com": true, "A-1.example": true, "7": true, string(long[:63]): true,
		"": false, "a..b": false, "a.": false, "-a": false, "a-": false, "a_b": false, "a b": false,
		"*.example.com": false, "häuser.example": false, string(long): false,
	}
	for name, want := range tests {
		if got := ValidHostname(name); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
