package config

import (
	"strings"
	"testing"

	"notary/internal/testkit"
)

func TestWhereTheServerListens(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file string
		env  []string
		flag string
		want string
	}{
		"host and port":                   {file: "listen: 192.0.2.1:3000", want: "192.0.2.1:3000"},
		"a host alone":                    {file: "listen: notary.example.com", want: "notary.example.com:2111"},
		"an IPv6 host alone":              {file: "listen: '::1'", want: "[::1]:2111"},
		"an IPv6 host in brackets":        {file: "listen: '[::1]'", want: "[::1]:2111"},
		"an IPv6 host and port":           {file: "listen: '[::1]:3000'", want: "[::1]:3000"},
		"a port alone, on all interfaces": {file: "listen: ':3000'", want: ":3000"},
		"any free port":                   {flag: "127.0.0.1:0", want: "127.0.0.1:0"},
		"port keeps the default host":     {file: "port: 3000", want: "127.0.0.1:3000"},
		"port as text":                    {file: `port: "3000"`, want: "127.0.0.1:3000"},
		"port and host":                   {file: "{listen: 192.0.2.1, port: 3000}", want: "192.0.2.1:3000"},
		"both, agreeing":                  {file: "{listen: '192.0.2.1:3000', port: 3000}", want: "192.0.2.1:3000"},
		"a variable over the file": {file: "listen: 192.0.2.1:1", env: []string{"NOTARY_LISTEN=192.0.2.2:2"},
			want: "192.0.2.2:2"},
		"a flag over the variable": {env: []string{"NOTARY_LISTEN=192.0.2.2:2"}, flag: "192.0.2.3:3",
			want: "192.0.2.3:3"},
		"a flag over the file's port":    {file: "port: 3000", flag: "192.0.2.3:3", want: "192.0.2.3:3"},
		"a flag's host, the file's port": {file: "port: 3000", flag: "192.0.2.3", want: "192.0.2.3:3000"},
		"a variable's port over the file": {file: "listen: 192.0.2.1:1", env: []string{"NOTARY_PORT=3000"},
			want: "192.0.2.1:3000"},
		"an empty variable is none":    {env: []string{"NOTARY_LISTEN="}, want: "127.0.0.1:2111"},
		"Kubernetes has a NOTARY_PORT": {env: []string{"NOTARY_PORT=tcp://10.0.0.1:2111"}, want: "127.0.0.1:2111"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := map[string]any{}
			if test.flag != "" {
				flags[KeyListen] = test.flag
			}
			got, err := Load(testkit.ConfigFile(t, test.file), test.env, flags)
			if err != nil {
				t.Fatal(err)
			}
			if got.Listen != test.want {
				t.Errorf("listens on %q, want %q", got.Listen, test.want)
			}
		})
	}
}

// The URL in certificates follows from the configuration and the actual port.
func TestPublishedURL(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		file         string
		flags        map[string]any
		listen, addr string // addr is the actual address
		url          string
	}{
		"by default": {listen: "127.0.0.1:2112", addr: "127.0.0.1:2112", url: "http://localhost:2112"},
		"with a name": {file: "external_hostname: pki.example.com", listen: "127.0.0.1:2112",
			addr: "127.0.0.1:2112", url: "http://pki.example.com:2112"},
		"with an IPv6 address": {file: "external_hostname: '2001:db8::1'", listen: "127.0.0.1:2112", addr: "127.0.0.1:2112",
			url: "http://[2001:db8::1]:2112"},
		"on a host": {file: "publish_listen: 0.0.0.0", listen: "0.0.0.0:2112", addr: "[::]:2112",
			url: "http://localhost:2112"},
		"on a free port": {file: "publish_listen: '127.0.0.1:0'", listen: "127.0.0.1:0", addr: "127.0.0.1:4567",
			url: "http://localhost:4567"},
		"on a port": {file: "{listen: '127.0.0.1:80', publish_listen: ':8080'}", listen: ":8080",
			addr: "[::]:8080", url: "http://localhost:8080"},
		"by another port's": {file: "{listen: '192.0.2.1:80', publish_listen: '192.0.2.2:80'}", listen: "192.0.2.2:80",
			addr: "192.0.2.2:80", url: "http://localhost:80"},
		"by a URL": {file: "publish_url: http://pki.example.com", listen: "127.0.0.1:2112",
			addr: "127.0.0.1:2112", url: "http://pki.example.com"},
		"by a URL with a path": {file: "publish_url: http://pki.example.com:81/a/b~c/", listen: "127.0.0.1:2112",
			addr: "127.0.0.1:2112", url: "http://pki.example.com:81/a/b~c"},
		"by a URL of an IP": {file: "publish_url: 'http://[2001:db8::1]:81'", listen: "127.0.0.1:2112",
			addr: "127.0.0.1:2112", url: "http://[2001:db8::1]:81"},
		"off":                 {file: "publish_listen: off"},
		"off, as YAML has it": {file: "publish_listen: false"},
		"elsewhere": {file: "{publish_listen: 'off', publish_url: http://pki.example.com}",
			url: "http://pki.example.com"},
		"by flags": {file: "publish_listen: ':1'", flags: map[string]any{KeyPublishListen: "127.0.0.1:0",
			KeyPublishURL: "http://a.example.com"},
			listen: "127.0.0.1:0", addr: "127.0.0.1:4567", url: "http://a.example.com"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := Load(testkit.ConfigFile(t, test.file), nil, test.flags)
			if err != nil {
				t.Fatal(err)
			}
			if url := c.PublishedURL(test.addr); c.PublishListen != test.listen || url != test.url {
				t.Errorf("listens on %q as %q, want %q as %q", c.PublishListen, url, test.listen, test.url)
			}
		})
	}
}

func TestTrustedProxiesAreAListOfNetworks(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"trusted_proxies: 192.0.2.10":                     "192.0.2.10",
		"trusted_proxies: [192.0.2.10, 10.0.0.0/8]":       "192.0.2.10, 10.0.0.0/8",
		`trusted_proxies: "192.0.2.10, 2001:db8::/32"`:    "192.0.2.10, 2001:db8::/32",
		"trusted_proxies:\n  - ::1\n  - 203.0.113.0/24\n": "::1, 203.0.113.0/24",
		"trusted_proxies: []":                             "",
	} {
		c, err := Load(testkit.ConfigFile(t, file), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if got := proxiesText(c.TrustedProxies); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
	for file, want := range map[string]string{
		"trusted_proxies: proxy.example.com": "not a host name",
		"trusted_proxies: [10.0.0.0/8, '']":  "not an IP address",
		"trusted_proxies: 0.0.0.0/0":         "any client could claim",
		"trusted_proxies: [10.0.0.1/8]":      "write 10.0.0.0/8",
		"trusted_proxies: ''":                "has no value",
		"listen: ['127.0.0.1:1']":            "instead of a list",
	} {
		if _, err := Load(testkit.ConfigFile(t, file), nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

func TestProxyProtocolOfEachListener(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][2]bool{
		"true": {true, true}, "on": {true, true}, "listen": {true, false}, "publish_listen": {false, true}, "false": {},
		"off": {},
	} {
		c, err := Load(testkit.ConfigFile(t, "{trusted_proxies: 192.0.2.10, proxy_protocol: "+text+"}"), nil, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := [2]bool{c.ProxyProtocol, c.PublishProxyProtocol}; got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	for file, want := range map[string]string{
		"proxy_protocol: true":                                "trusted_proxies is missing",
		"{trusted_proxies: 192.0.2.10, proxy_protocol: port}": "is not valid: use true, false",
	} {
		if _, err := Load(testkit.ConfigFile(t, file), nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}
