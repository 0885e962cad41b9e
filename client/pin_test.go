package client_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"notary"
	"notary/client"
)

func TestPin(t *testing.T) {
	t.Parallel()
	status := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"result":{"initialized":true,"version":"v1"}}`)
	})
	address, certificate := serve(t, status, "some.other.name")
	other, _ := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Error("something was sent to a server with another certificate")
	}))

	pinned := func(server string) *client.Client {
		c, err := client.New(client.Config{Server: server, Token: "secret", TLS: client.Pin(certificate)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
	if _, err := pinned(address).Status(t.Context()); err != nil {
		t.Errorf("the pinned certificate, though for another name: %v", err)
	}
	_, err := pinned(other).Status(t.Context())
	var changed *client.CertificateChangedError
	if !errors.As(err, &changed) || !changed.Remembered.Equal(certificate) || changed.Presented.Equal(certificate) {
		t.Errorf("another certificate: %v, want a *CertificateChangedError", err)
	}
	if notary.KindOf(err) != notary.Unavailable || !strings.Contains(err.Error(), "differs from the saved one") {
		t.Errorf("another certificate: %v", err)
	}
}

// TestPinHoldsForResumedSessions connects twice: the second handshake sends no certificate to check.
func TestPinHoldsForResumedSessions(t *testing.T) {
	t.Parallel()
	address, certificate := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Resumed", map[bool]string{true: "yes", false: "no"}[r.TLS.DidResume])
	}))
	cache := tls.NewLRUClientSessionCache(1)
	get := func(pin *tls.Config) (client.Response, error) {
		pin.ClientSessionCache = cache
		c, err := client.New(client.Config{Server: address, TLS: pin})
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseIdleConnections()
		return c.Raw(t.Context(), "GET", "/", nil, nil)
	}
	for _, want := range []string{"no", "yes"} {
		answer, err := get(client.Pin(certificate))
		if err != nil {
			t.Fatal(err)
		}
		if got := answer.Header.Get("X-Resumed"); got != want {
			t.Errorf("resumed: %s, want %s", got, want)
		}
	}
	var changed *client.CertificateChangedError
	if _, err := get(client.Pin(selfSigned(t).Leaf)); !errors.As(err, &changed) {
		t.Errorf("resumed with another pin: %v, want a *CertificateChangedError", err)
	}
}

func TestPeerCertificate(t *testing.T) {
	t.Parallel()
	address, certificate := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("a token was sent to a server that nobody trusts yet")
		}
	}))
	got, err := client.PeerCertificate(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	if !got.Equal(certificate) {
		t.Error("not the server's certificate")
	}
}
