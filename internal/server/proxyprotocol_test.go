package server

import (
	"bufio"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// behindProxyProtocol starts a server that trusts the networks and responds with the client's address.
func behindProxyProtocol(t *testing.T, plain bool, networks ...string) *running {
	t.Helper()
	return start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "client="+ClientAddress(r))
	}), func(c *Config) {
		c.ProxyProtocol, c.Proxies = true, trusting(t, networks...)
		if plain {
			c.Certificate = nil
		}
	})
}

// speak sends a PROXY header and a request, and returns everything received.
func (r *running) speak(t *testing.T, header string, plain bool, more ...string) string {
	t.Helper()
	conn, err := net.Dial("tcp", r.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, header); err != nil {
		t.Fatal(err)
	}
	if !plain {
		conn = tls.Client(conn, &tls.Config{RootCAs: r.roots, ServerName: "localhost"})
	}
	request := "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + strings.Join(more, "") + "\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		return ""
	}
	answer, _ := io.ReadAll(bufio.NewReader(conn)) // refused connections end with an error
	return string(answer)
}

// version2 returns a version 2 header with the given octets after the signature.
func version2(t *testing.T, text string) string {
	t.Helper()
	octets, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return "\r\n\r\n\x00\r\nQUIT\n" + string(octets)
}

func TestProxyProtocol(t *testing.T) {
	t.Parallel()
	const refused = ""
	tests := map[string]struct{ header, want string }{
		"version 1":             {"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", "203.0.113.9"},
		"version 1, IPv6":       {"PROXY TCP6 2001:db8::9 2001:db8::1 56324 443\r\n", "2001:db8::9"},
		"version 1, unknown":    {"PROXY UNKNOWN\r\n", "127.0.0.1"},
		"version 2":             {version2(t, "21 11 000c cb007109 c0000201 dc04 01bb"), "203.0.113.9"},
		"version 2, with a TLV": {version2(t, "21 11 0010 cb007109 c0000201 dc04 01bb 04 0001 00"), "203.0.113.9"},
		"version 2, IPv6": {version2(t,
			"21 21 0024 20010db8000000000000000000000009 20010db8000000000000000000000001 dc04 01bb"), "2001:db8::9"},
		"version 2, local":         {version2(t, "20 00 0000"), "127.0.0.1"},
		"no header":                {"", refused},
		"version 1, no CR":         {"PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\n", refused},
		"version 1, no address":    {"PROXY TCP4 client 192.0.2.1 56324 443\r\n", refused},
		"version 1, wrong family":  {"PROXY TCP4 2001:db8::9 192.0.2.1 56324 443\r\n", refused},
		"version 1, too long":      {"PROXY UNKNOWN " + strings.Repeat("x", 200) + "\r\n", refused},
		"version 2, datagrams":     {version2(t, "21 12 000c cb007109 c0000201 dc04 01bb"), refused},
		"version 2, Unix sockets":  {version2(t, "21 31 00d8"+strings.Repeat("61", 216)), refused},
		"version 2, too short":     {version2(t, "21 11 0004 cb007109"), refused},
		"version 2, too long":      {version2(t, "21 11 ffff"+strings.Repeat("00", 0xffff)), refused},
		"version 2, wrong version": {version2(t, "31 11 000c cb007109 c0000201 dc04 01bb"), refused},
	}
	for _, plain := range []bool{false, true} {
		r := behindProxyProtocol(t, plain, "127.0.0.1")
		for name, test := range tests {
			answer := r.speak(t, test.header, plain)
			if test.want == refused && strings.Contains(answer, "client=") {
				t.Errorf("plain %v, %s: it is answered:\n%s", plain, name, answer)
			} else if test.want != refused && !strings.HasSuffix(answer, "client="+test.want) {
				t.Errorf("plain %v, %s: want client=%s:\n%s", plain, name, test.want, answer)
			}
		}
		wantIn(t, r.log.String(), "remote=203.0.113.9", "remote=2001:db8::9")
	}
}

// Peers that are not trusted proxies must send no header.
func TestProxyProtocolFromUntrustedPeers(t *testing.T) {
	t.Parallel()
	for _, plain := range []bool{false, true} {
		r := behindProxyProtocol(t, plain, "192.0.2.10")
		if answer := r.speak(t, "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", plain); strings.Contains(answer,
			"client=") {
			t.Errorf("plain %v: the header is believed:\n%s", plain, answer)
		}
		if answer := r.speak(t, "", plain); !strings.HasSuffix(answer, "client=127.0.0.1") {
			t.Errorf("plain %v: without a header the answer is\n%s", plain, answer)
		}
	}
}

// X-Forwarded-For is followed past the address in the PROXY header only if that is a trusted proxy.
func TestProxyProtocolAndForwardedHeaders(t *testing.T) {
	t.Parallel()
	r := behindProxyProtocol(t, true, "127.0.0.1", "10.0.0.0/8")
	const claim = "X-Forwarded-For: 198.51.100.7\r\n"
	if answer := r.speak(t, "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", true, claim); !strings.HasSuffix(answer,
		"client=203.0.113.9") {
		t.Errorf("the client may claim an address:\n%s", answer)
	}
	if answer := r.speak(t, "PROXY TCP4 10.1.2.3 192.0.2.1 56324 443\r\n", true, claim); !strings.HasSuffix(answer,
		"client=198.51.100.7") {
		t.Errorf("a trusted proxy behind the first is not believed:\n%s", answer)
	}
}

func TestSilentProxyBlocksNobody(t *testing.T) {
	t.Parallel()
	r := behindProxyProtocol(t, true, "127.0.0.1")
	for range 20 {
		silent, err := net.Dial("tcp", r.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer silent.Close()
	}
	if answer := r.speak(t, "PROXY TCP4 203.0.113.9 192.0.2.1 56324 443\r\n", true); !strings.HasSuffix(answer,
		"client=203.0.113.9") {
		t.Errorf("the answer beside silent connections:\n%s", answer)
	}
}
