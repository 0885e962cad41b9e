package config

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"notary"
	"notary/internal/testkit"
)

func TestConfigDefaults(t *testing.T) {
	t.Parallel()
	got, err := Load("", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Data:             "notary-data",
		Listen:           "127.0.0.1:2111",
		ExternalHostname: "localhost",
		DB:               filepath.Join("notary-data", "notary.db"),
		SealKey:          filepath.Join("notary-data", "seal.key"),
		Log:              Log{Level: slog.LevelInfo, Format: "text", Output: "stderr"},
		PublishListen:    "127.0.0.1:2112",
		CRLDelay:         10 * time.Second,
		ReadTimeout:      5 * time.Second,
		SessionIdle:      time.Hour,
		SessionLife:      12 * time.Hour,
		TokenLife:        8760 * time.Hour,
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Config{}, Log{}),
		cmpopts.IgnoreFields(Config{}, "inForce", "values"), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigFileWithAllKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := testkit.ConfigFile(t, strings.ReplaceAll(`
data: DIR/data
listen: 0.0.0.0
port: 3000
external_hostname: notary.example.com
cert_path: DIR/tls.crt
key_path: DIR/tls.key
db_path: DIR/n.db
seal_key_path: DIR/s.key
publish_listen: 0.0.0.0:3001
publish_url: http://pki.example.com/notary/
crl_delay: 1m
read_timeout: 20s
session_idle: 15m
session_life: 8h
token_life: 2160h
trusted_proxies: [192.0.2.10, 10.0.0.0/8, '2001:db8::/32']
logging:
  system:
    level: debug
    output: DIR/notary.log
    format: json
`, "DIR", dir))
	got, err := Load(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Data:             filepath.Join(dir, "data"),
		Listen:           "0.0.0.0:3000",
		ExternalHostname: "notary.example.com",
		DB:               filepath.Join(dir, "n.db"),
		SealKey:          filepath.Join(dir, "s.key"),
		TLSCert:          filepath.Join(dir, "tls.crt"),
		TLSKey:           filepath.Join(dir, "tls.key"),
		Log:              Log{Level: slog.LevelDebug, Format: "json", Output: filepath.Join(dir, "notary.log")},
		PublishListen:    "0.0.0.0:3001",
		PublishURL:       "http://pki.example.com/notary",
		CRLDelay:         time.Minute,
		ReadTimeout:      20 * time.Second,
		SessionIdle:      15 * time.Minute,
		SessionLife:      8 * time.Hour,
		TokenLife:        2160 * time.Hour,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.10/32"), netip.MustParsePrefix("10.0.0.0/8"),
			netip.MustParsePrefix("2001:db8::/32")},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(Config{}, Log{}),
		cmpopts.IgnoreFields(Config{}, "inForce", "values"), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tests := map[string]struct {
		file string
		env  []string
		want string // FILE stands for the file's path
	}{
		"unknown key": {file: "colour: red", want: "FILE: colour: unknown key: the keys are data, listen, port,"},
		"misspelt":    {file: "prot: 1", want: "FILE: prot: unknown key: did you mean port?"},
		"misspelt below": {file: "logging: {sytem: {level: info}}",
			want: "FILE: logging.sytem.level: unknown key: did you mean logging.system.level?"},
		"hyphens": {file: "external-hostname: a",
			want: "FILE: external-hostname: unknown key: did you mean external_hostname?"},
		"not deep enough": {file: "level: info", want: "FILE: level: unknown key: did you mean logging.system.level?"},
		"too deep":        {file: "port: {tls: 1}", want: "FILE: port.tls: unknown key: port takes one value"},
		"a value for a part": {file: "logging: info",
			want: "FILE: logging: takes no value itself: write its keys below it, such as logging.system.level"},
		"a list":   {file: "listen: [a, b]", want: "FILE: listen: use a single value instead of a list"},
		"no value": {file: "listen:", want: "FILE: listen: has no value: add one or omit the key"},
		"twice": {file: "port: 1\nport: 2",
			want: `FILE: is not a YAML mapping: unmarshal errors: line 2: mapping key "port" already defined`},
		"not YAML":          {file: "a: b: c", want: "FILE: is not a YAML mapping"},
		"not keys":          {file: "- a", want: "FILE: is not a YAML mapping"},
		"port not a number": {file: "port: http", want: `FILE: port: "http" is not a port: use a number from 1 to 65535`},
		"port 0":            {file: "port: 0", want: `FILE: port: "0" is not a port`},
		"port too high":     {env: []string{"NOTARY_PORT=65536"}, want: `NOTARY_PORT: "65536" is not a port`},
		"listen":            {file: "listen: a:b:c", want: `FILE: listen: "a:b:c" is not an address: write host:port`},
		"listen's port":     {file: "listen: a:http", want: `FILE: listen: "a:http" is not an address`},
		"listen's host":     {file: "listen: 'a b:1'", want: `FILE: listen: "a b:1" is not an address`},
		"two ports": {file: "{listen: 'a:1', port: 2}",
			want: "FILE: port: 2 contradicts listen, which says 1: set the port in only one of them"},
		"hostname is a URL": {file: "external_hostname: https://a",
			want: `FILE: external_hostname: "https://a" is not a host name or IP address`},
		"key without cert": {file: "key_path: " + testkit.ConfigFile(t, ""), want: "FILE: key_path: cert_path is missing"},
		"cert without key": {file: "cert_path: " + testkit.ConfigFile(t, ""), want: "FILE: cert_path: key_path is missing"},
		"no such file": {file: "{cert_path: " + dir + "/c, key_path: " + testkit.ConfigFile(t, "") + "}",
			want: "FILE: cert_path: there is no file " + dir + "/c"},
		"no such folder": {file: "db_path: " + dir + "/sub/n.db", want: "FILE: db_path: there is no folder " + dir +
			"/sub for n.db: create it first"},
		"a folder": {file: "seal_key_path: " + dir, want: "FILE: seal_key_path: " + dir +
			" is a folder: specify a file"},
		"data is a file": {file: "data: " + testkit.ConfigFile(t, ""), want: "notary.yaml is not a folder"},
		"level": {file: "logging: {system: {level: loud}}",
			want: `FILE: logging.system.level: "loud" is not a level: use debug, info, warn or error`},
		"format": {env: []string{"NOTARY_LOGGING_SYSTEM_FORMAT=xml"},
			want: `NOTARY_LOGGING_SYSTEM_FORMAT: "xml" is not a format: use text or json`},
		"misspelt variable": {env: []string{"NOTARY_LISTN=a"},
			want: "NOTARY_LISTN: unknown variable: did you mean NOTARY_LISTEN?"},
		"misspelt secret": {env: []string{"NOTARY_KEY_PASPHRASE=hush"},
			want: "NOTARY_KEY_PASPHRASE: unknown variable: did you mean NOTARY_KEY_PASSPHRASE?"},
		"empty passphrase": {env: []string{"NOTARY_KEY_PASSPHRASE="}, want: "NOTARY_KEY_PASSPHRASE: is empty"},
		"passphrase and key file": {file: "seal_key_path: s.key", env: []string{"NOTARY_KEY_PASSPHRASE=hush"},
			want: "FILE: seal_key_path: NOTARY_KEY_PASSPHRASE is set as well"},
		"publishing nowhere": {file: "publish_listen: a:b:c",
			want: `FILE: publish_listen: "a:b:c" is not an address: write host:port`},
		"publishing where it listens": {file: "{listen: ':3000', publish_listen: '127.0.0.1:3000'}",
			want: "FILE: publish_listen: listen and publish_listen both use port 3000"},
		"listening where it publishes": {file: "listen: '127.0.0.1:2112'",
			want: "FILE: listen: listen and publish_listen both use port 2112"},
		"a URL that is none": {file: "publish_url: pki.example.com",
			want: `FILE: publish_url: "pki.example.com" is not a URL: set the URL to put into certificates`},
		"a URL without a host": {file: "publish_url: 'http:///x'", want: "is not a URL"},
		"a secure URL": {env: []string{"NOTARY_PUBLISH_URL=https://a.example.com"},
			want: "NOTARY_PUBLISH_URL: \"https://a.example.com\" does not start with http://"},
		"a URL with a query": {file: "publish_url: 'http://a.example.com/?x=1'",
			want: "has a user, query or fragment"},
		"a URL with an empty query": {file: "publish_url: 'http://a.example.com/?'", want: "has a user, query or fragment"},
		"a URL with a fragment":     {file: "publish_url: 'http://a.example.com/#'", want: "has a user, query or fragment"},
		"a URL with a user":         {file: "publish_url: 'http://me@a.example.com'", want: "has a user, query or fragment"},
		"a URL with a bad host":     {file: "publish_url: 'http://a_b!.example.com'", want: "has no host name or IP address"},
		"a URL with a bad port":     {file: "publish_url: 'http://a.example.com:0'", want: "has an invalid port"},
		"a URL with an empty port":  {file: "publish_url: 'http://a.example.com:'", want: "has an invalid port"},
		"a URL with dots": {file: "publish_url: 'http://a.example.com/x/../y'",
			want: "has a path that programs interpret differently"},
		"a URL with two slashes": {file: "publish_url: 'http://a.example.com/x//y'",
			want: "has a path that programs interpret differently"},
		"a URL with an escape": {file: "publish_url: 'http://a.example.com/x%20y'",
			want: "has a path that programs interpret differently"},
		"a long URL": {file: "publish_url: 'http://a.example.com/" + strings.Repeat("x", 200) + "'",
			want: "has a path that programs interpret differently"},
		"a delay that is none": {file: "crl_delay: soon",
			want: `FILE: crl_delay: "soon" is not a delay: use a duration from 1s to 10m`},
		"a delay without a unit": {file: "crl_delay: 10", want: `FILE: crl_delay: "10" is not a delay`},
		"a session without a unit": {file: "session_idle: 60",
			want: `FILE: session_idle: "60" is not a duration in the allowed range: use 2m to 24h`},
		"a session without end": {env: []string{"NOTARY_SESSION_LIFE=721h"},
			want: `NOTARY_SESSION_LIFE: "721h" is not a duration in the allowed range`},
		"too short a delay": {file: "crl_delay: 999ms", want: `FILE: crl_delay: "999ms" is not a delay`},
		"too long a delay":  {env: []string{"NOTARY_CRL_DELAY=11m"}, want: `NOTARY_CRL_DELAY: "11m" is not a delay`},
		"too large":         {file: "# " + strings.Repeat("x", maxConfigFile), want: "FILE: is larger than 1 MiB"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := testkit.ConfigFile(t, test.file)
			_, err := Load(file, test.env, nil)
			if notary.KindOf(err) != notary.Invalid {
				t.Fatalf("error %v, want an invalid configuration", err)
			}
			if want := strings.Replace(test.want, "FILE", file, 1); !strings.Contains(err.Error(), want) {
				t.Errorf("error\n%s\nwant\n%s", err, want)
			}
			if strings.Contains(err.Error(), "hush") {
				t.Error("the passphrase is in the error")
			}
			if lines := strings.Count(err.Error(), "\n"); lines > 0 {
				t.Errorf("one mistake is reported as %d:\n%v", lines, err)
			}
		})
	}
}

func TestAllErrorsAreReportedAtOnce(t *testing.T) {
	t.Parallel()
	file := testkit.ConfigFile(t, "prot: 1\nlogging: {system: {level: loud, format: xml}}\nkey_path: /missing")
	_, err := Load(file, []string{"NOTARY_PORT=x"}, map[string]any{KeyListen: "a:b:c"})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"7 errors", file + ": prot: ", file + ": logging.system.level: ", file + ": logging.system.format: ",
		file + ": key_path: cert_path is missing", file + ": key_path: there is no file", "NOTARY_PORT: ", "--listen: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
}

func TestMissingConfigFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "missing.yaml")
	_, err := Load(name, nil, nil)
	if err == nil || err.Error() != name+": there is no such file" {
		t.Errorf("error %v", err)
	}
}

func TestForeignVariablesAreIgnored(t *testing.T) {
	t.Parallel()
	environ := []string{"NOTARY_SERVER=x", "NOTARY_TOKEN=x", "NOTARY_CA_CERT=x", "NOTARY_PASSWORD=x",
		"NOTARY_NEW_PASSWORD=x", "NOTARY_CONFIG=x", "NOTARY_SERVICE_HOST=x", "NOTARY_SERVICE_PORT=x",
		"NOTARY_PORT_2111_TCP=tcp://x", "NOTARY_HOST=x", "PORT=x", "PATH=x"}
	if _, err := Load("", environ, nil); err != nil {
		t.Error(err)
	}
}

func TestDistance(t *testing.T) {
	t.Parallel()
	tests := []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"port", "port", 0}, {"prt", "port", 1}, {"portt", "port", 1}, {"pert", "port", 1},
		{"prot", "port", 1}, {"pot", "prot", 1}, {"", "port", 4}, {"host", "port", 2},
	}
	for _, test := range tests {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("%q to %q: %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
