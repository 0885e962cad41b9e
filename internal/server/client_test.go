package server

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"notary"
)

func trusting(t testing.TB, networks ...string) *TrustedProxies {
	t.Helper()
	var prefixes []netip.Prefix
	for _, network := range networks {
		prefix, err := ParseTrustedProxy(network)
		if err != nil {
			t.Fatal(err)
		}
		prefixes = append(prefixes, prefix)
	}
	return NewTrustedProxies(prefixes)
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	const proxy, inner, v6proxy = "192.0.2.10:4711", "10.1.2.3", "[2001:db8:1::10]:4711"
	type lines = []string
	for name, test := range map[string]struct {
		peer         string
		forwardedFor lines
		forwarded    lines
		want         string
	}{
		"no header":                {proxy, nil, nil, "192.0.2.10"},
		"an untrusted peer":        {"198.51.100.1:1", lines{"203.0.113.9"}, nil, "198.51.100.1"},
		"an untrusted peer, RFC":   {"198.51.100.1:1", nil, lines{"for=203.0.113.9"}, "198.51.100.1"},
		"one hop":                  {proxy, lines{"203.0.113.9"}, nil, "203.0.113.9"},
		"what the client made up":  {proxy, lines{"1.1.1.1, 203.0.113.9"}, nil, "203.0.113.9"},
		"through two proxies":      {proxy, lines{"1.1.1.1, 203.0.113.9, " + inner}, nil, "203.0.113.9"},
		"several lines":            {proxy, lines{"1.1.1.1", "203.0.113.9", inner}, nil, "203.0.113.9"},
		"proxies only":             {proxy, lines{"10.9.9.9, " + inner}, nil, "10.9.9.9"},
		"a port":                   {proxy, lines{"203.0.113.9:5000"}, nil, "203.0.113.9"},
		"IPv6":                     {v6proxy, lines{"2001:db8:2::1"}, nil, "2001:db8:2::1"},
		"IPv6 in brackets":         {proxy, lines{"[2001:db8:2::1]"}, nil, "2001:db8:2::1"},
		"IPv6 with a port":         {proxy, lines{"[2001:db8:2::1]:443"}, nil, "2001:db8:2::1"},
		"IPv4 mapped to IPv6":      {"[::ffff:192.0.2.10]:1", lines{"::ffff:203.0.113.9"}, nil, "203.0.113.9"},
		"a peer with a zone":       {"[fe80::1%eth0]:1", lines{"203.0.113.9"}, nil, "203.0.113.9"},
		"a hop with a zone":        {proxy, lines{"fe80::2%eth0"}, nil, "192.0.2.10"},
		"empty":                    {proxy, lines{""}, nil, "192.0.2.10"},
		"an empty last entry":      {proxy, lines{"1.1.1.1,"}, nil, "192.0.2.10"},
		"an empty last line":       {proxy, lines{"1.1.1.1", ""}, nil, "192.0.2.10"},
		"a name":                   {proxy, lines{"client.example.com"}, nil, "192.0.2.10"},
		"unknown":                  {proxy, lines{"1.1.1.1, unknown"}, nil, "192.0.2.10"},
		"malformed behind a proxy": {proxy, lines{"1.1.1.1, 999.1.1.1, " + inner}, nil, inner},
		"leading zeros":            {proxy, lines{"203.0.113.009"}, nil, "192.0.2.10"},
		"a bad port":               {proxy, lines{"203.0.113.9:http"}, nil, "192.0.2.10"},
		"a missing port":           {proxy, lines{"203.0.113.9:"}, nil, "192.0.2.10"},
		"IPv4 in brackets":         {proxy, lines{"[203.0.113.9]"}, nil, "192.0.2.10"},
		"an open bracket":          {proxy, lines{"[2001:db8:2::1"}, nil, "192.0.2.10"},
		"text after a bracket":     {proxy, lines{"[2001:db8:2::1]x"}, nil, "192.0.2.10"},
		"a thousand proxies":       {proxy, lines{"203.0.113.9" + strings.Repeat(", "+inner, 1000)}, nil, inner},
		"RFC":                      {proxy, nil, lines{"for=203.0.113.9;proto=https;by=10.0.0.1"}, "203.0.113.9"},
		"RFC, any case":            {proxy, nil, lines{`Proto=https;FOR="203.0.113.9:47011"`}, "203.0.113.9"},
		"RFC, IPv6":                {proxy, nil, lines{`for="[2001:db8:cafe::17]:4711"`}, "2001:db8:cafe::17"},
		"RFC, escaped":             {proxy, nil, lines{`for="\[2001:db8:cafe::17\]"`}, "2001:db8:cafe::17"},
		"RFC, obfuscated port":     {proxy, nil, lines{`for="203.0.113.9:_hidden"`}, "203.0.113.9"},
		"RFC, two proxies":         {proxy, nil, lines{"for=1.1.1.1, for=203.0.113.9, for=" + inner}, "203.0.113.9"},
		"RFC, several lines":       {proxy, nil, lines{"for=1.1.1.1", "for=203.0.113.9", "for=" + inner}, "203.0.113.9"},
		"RFC, obfuscated":          {proxy, nil, lines{"for=1.1.1.1, for=_gazonk"}, "192.0.2.10"},
		"RFC, unknown":             {proxy, nil, lines{"for=unknown"}, "192.0.2.10"},
		"RFC, no for":              {proxy, nil, lines{"for=1.1.1.1, proto=https"}, "192.0.2.10"},
		"RFC, for twice":           {proxy, nil, lines{"for=203.0.113.9;for=1.1.1.1"}, "192.0.2.10"},
		"RFC, unquoted port":       {proxy, nil, lines{"for=203.0.113.9:80"}, "192.0.2.10"},
		"RFC, an open quote":       {proxy, nil, lines{`for=1.1.1.1;x=", for=203.0.113.9`}, "192.0.2.10"},
		"RFC, a quote swallows":    {proxy, nil, lines{`for=1.1.1.1;x=", for="[2001:db8:2::1]:80"`}, "192.0.2.10"},
		"RFC, quote before a line": {proxy, nil, lines{`for=1.1.1.1;x="`, "for=203.0.113.9"}, "203.0.113.9"},
		"RFC, garbage":             {proxy, nil, lines{"203.0.113.9"}, "192.0.2.10"},
		"RFC, a last comma":        {proxy, nil, lines{"for=1.1.1.1,"}, "192.0.2.10"},
		"both agree":               {proxy, lines{"203.0.113.9"}, lines{"for=203.0.113.9"}, "203.0.113.9"},
		"both disagree":            {proxy, lines{"203.0.113.9"}, lines{"for=1.1.1.1"}, "192.0.2.10"},
		"not an address":           {"pipe", lines{"203.0.113.9"}, nil, "pipe"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = test.peer
			for _, line := range test.forwardedFor {
				r.Header.Add("X-Forwarded-For", line)
			}
			for _, line := range test.forwarded {
				r.Header.Add("Forwarded", line)
			}
			proxies := trusting(t, "192.0.2.10", "10.0.0.0/8", "2001:db8:1::/64", "fe80::/10")
			if got := clientAddress(r, proxies); got != test.want {
				t.Errorf("the client is %s, want %s", got, test.want)
			}
		})
	}
}

func TestNoProxyIsTrustedByDefault(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	for _, proxies := range []*TrustedProxies{nil, {}, NewTrustedProxies(nil)} {
		if got := clientAddress(r, proxies); got != "127.0.0.1" {
			t.Errorf("the client is %s", got)
		}
	}
}

// Handlers, limits and the log see the same client, and a reload takes effect at once.
func TestEverythingSeesTheClient(t *testing.T) {
	t.Parallel()
	var seen string
	h, log := surround(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = ClientAddress(r) }))
	h.proxies = trusting(t, "192.0.2.10")
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = "192.0.2.10:4711"
	r.Header.Set("X-Forwarded-For", "2001:db8:2::1")
	for range maxInFlightAddress { // another address in the client's /64 takes all its slots
		h.inFlight.enter(notary.ClientNetwork("2001:db8:2::ffff"), false)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable {
		t.Errorf("status %d: the limit of the client's network does not count", w.Code)
	}
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	h.ServeHTTP(httptest.NewRecorder(), r)
	if seen != "203.0.113.9" {
		t.Errorf("the handler sees %s", seen)
	}
	wantIn(t, log.String(), "remote=2001:db8:2::1", "remote=203.0.113.9")
	h.proxies.Set(nil)
	h.ServeHTTP(httptest.NewRecorder(), r)
	if seen != "192.0.2.10" {
		t.Errorf("the handler sees %s once the proxy is no longer trusted", seen)
	}
}

func TestParseTrustedProxy(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"192.0.2.10": "192.0.2.10/32", "10.0.0.0/8": "10.0.0.0/8", "::1": "::1/128", "2001:db8::/32": "2001:db8::/32",
		"::ffff:192.0.2.10": "192.0.2.10/32",
	} {
		if got, err := ParseTrustedProxy(text); err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"": "not an IP address", "proxy.example.com": "not a host name", "10.0.0.1/8": "write 10.0.0.0/8",
		"0.0.0.0/0": "any client", "::/0": "any client", "10.0.0.0/33": "not a network", "fe80::1%eth0": "not an IP address",
		"unix:": "not an IP address", "::ffff:10.0.0.0/104": "not a network",
	} {
		if _, err := ParseTrustedProxy(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// FuzzClientAddress expects an address from the headers or the peer.
func FuzzClientAddress(f *testing.F) {
	f.Add("1.1.1.1, 203.0.113.9", `for="[2001:db8::1]:_a";by=x, for=_b`)
	f.Add(",,[,", `for="\`)
	f.Fuzz(func(t *testing.T, forwardedFor, forwarded string) {
		r := &http.Request{RemoteAddr: "192.0.2.10:1", Header: http.Header{}}
		for _, headers := range []http.Header{
			{"X-Forwarded-For": {forwardedFor}},
			{"Forwarded": {forwarded}},
			{"X-Forwarded-For": {forwardedFor}, "Forwarded": {forwarded}},
		} {
			r.Header = headers
			if got := clientAddress(r, trusting(t, "192.0.2.10", "10.0.0.0/8")); got != "192.0.2.10" {
				if ip, err := netip.ParseAddr(got); err != nil || ip.Zone() != "" || ip.Is4In6() {
					t.Errorf("the client is %q", got)
				}
			}
			// The entry appended by a trusted proxy decides, whatever the client sent.
			for name := range headers {
				headers[name] = append(headers[name], map[string]string{
					"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9"}[name])
			}
			if got := clientAddress(r, trusting(t, "192.0.2.10")); got != "203.0.113.9" {
				t.Errorf("the client is %q, want what the proxy has appended", got)
			}
		}
	})
}

// Health checks are answered even if the client's address has used up its requests in flight.
func TestUnlimitedPathsAreAlwaysAnswered(t *testing.T) {
	t.Parallel()
	h, _ := surround(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	h.unlimited = []string{"/status"}
	for range maxInFlightAddress {
		h.inFlight.enter("192.0.2.1", false) // the address in httptest's requests
	}
	for path, want := range map[string]int{"/status": http.StatusOK, "/status/": http.StatusServiceUnavailable,
		"/": http.StatusServiceUnavailable} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != want {
			t.Errorf("%s: status %d, want %d", path, w.Code, want)
		}
	}
}
