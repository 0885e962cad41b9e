package client_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"notary"
	"notary/client"
)

// serve starts a TLS server for the given names, and returns its address and certificate.
func serve(t *testing.T, handler http.Handler, names ...string) (string, *x509.Certificate) {
	t.Helper()
	certificate := selfSigned(t, names...)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.EnableHTTP2 = true
	server.Config.ErrorLog = quiet(t)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL, certificate.Leaf
}

func selfSigned(t *testing.T, names ...string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		DNSNames:     names,
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func clientOf(t *testing.T, handler http.HandlerFunc) *client.Client {
	t.Helper()
	address, certificate := serve(t, handler)
	c, err := client.New(client.Config{Server: address, Token: "the-token", TLS: client.Pin(certificate)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return c
}

func TestServerURL(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ address, want string }{
		{"https://127.0.0.1:2111", "https://127.0.0.1:2111"},
		{"https://CA.Example.com:2111/", "https://ca.example.com:2111"},
		{"https://ca.example.com", "https://ca.example.com:443"},
		{"ca.example.com:2111", "https://ca.example.com:2111"},
		{"ca.example.com", "https://ca.example.com:443"},
		{"localhost:2111", "https://localhost:2111"},
		{"[::1]:2111", "https://[::1]:2111"},
		{"https://[::1]:2111", "https://[::1]:2111"},
		{"http://ca.example.com", ""},
		{"https://user@ca.example.com", ""},
		{"https://ca.example.com/api", ""},
		{"https://ca.example.com?x=1", ""},
		{"https://", ""},
		{"", ""},
		{"a b", ""},
	} {
		got, err := client.ServerURL(test.address)
		if got != test.want {
			t.Errorf("ServerURL(%q) = %q, %v, want %q", test.address, got, err, test.want)
		}
		if test.want == "" && notary.KindOf(err) != notary.Invalid {
			t.Errorf("ServerURL(%q): error %v, want one that is invalid", test.address, err)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.Config.ErrorLog = quiet(t)
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := client.New(client.Config{Server: server.URL, TLS: &tls.Config{
		MinVersion: tls.VersionTLS10, RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Status(t.Context()); notary.KindOf(err) != notary.Unavailable {
		t.Errorf("Status over TLS 1.1: %v, want unavailable", err)
	}
}
