package server_test

import (
	"testing"

	"notary/internal/server"
)

func TestIsLoopback(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://127.0.0.1:2111": true, "https://127.9.9.9:1": true, "https://[::1]:2111": true,
		"https://localhost:2111": true,
		"https://10.0.0.1:2111":  false, "https://localhost.example.com:443": false, "https://[2001:db8::1]:443": false,
	} {
		if got := server.IsLoopback(address); got != want {
			t.Errorf("IsLoopback(%q) = %v", address, got)
		}
	}
}
