// Package config reads and validates the server's configuration from a YAML file, the environment and flags, and
// reloads it while the server runs.
package config

import (
	"cmp"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/auth"
	"notary/internal/files"
	"notary/internal/server"
	"notary/internal/store"
)

// Config is a validated server configuration with all defaults filled in.
type Config struct {
	Data             string // folder
	Listen           string // host:port
	ExternalHostname string // DNS name or IP address
	DB               string // SQLite file, or PostgreSQL URL, which may contain a password
	SealKey          string // file with the key that decrypts the authorities' private keys
	Passphrase       string // decrypts the private keys instead of the key file; a secret
	SetupCode        string // required for the first account; [NoSetupCode] for none, "" for a random one; a secret
	TLSCert, TLSKey  string // both empty for a self-signed certificate
	BlockedKeys      string // file with public keys that are never certified; "" for none
	Log              Log

	PublishListen string        // host:port; "" if nothing is published
	PublishURL    string        // base of the URLs in certificates; "" to derive it: see [Config.PublishedURL]
	CRLDelay      time.Duration // maximum time until a published CRL lists a revocation

	ReadTimeout time.Duration // of a PostgreSQL query

	MetricsToken  string // bearer token for /metrics; "" for none; a secret
	MetricsListen string // host:port of a listener for metrics only; "" for none

	SessionIdle, SessionLife time.Duration // of browser sessions
	TokenLife                time.Duration // maximum lifetime of API tokens

	TrustedProxies                      []netip.Prefix
	ProxyProtocol, PublishProxyProtocol bool // for the main and for the publishing listener

	values  map[string]string // effective value of every key, including secrets
	inForce []notary.Setting  // the same for display, without secrets
}

// Log configures the log.
type Log struct {
	Level  slog.Level
	Format string // text or json
	Output string // stderr, stdout or a file
}

// The configuration keys. The environment variable for a key is in upper case, with the prefix NOTARY_ and _ in
// place of dots.
const (
	KeyData             = "data"
	KeyListen           = "listen"
	KeyPort             = "port"
	KeyExternalHostname = "external_hostname"
	KeyTLSCert          = "cert_path"
	KeyTLSKey           = "key_path"
	KeyDB               = "db_path"
	KeyDatabase         = "database"
	KeySealKey          = "seal_key_path"
	KeyBlockedKeys      = "blocked_keys_path"
	KeySetupCode        = "setup_code"
	KeyPublishListen    = "publish_listen"
	KeyPublishURL       = "publish_url"
	KeyCRLDelay         = "crl_delay"
	KeyReadTimeout      = "read_timeout"
	KeySessionIdle      = "session_idle"
	KeySessionLife      = "session_life"
	KeyTokenLife        = "token_life"
	KeyTrustedProxies   = "trusted_proxies"
	KeyProxyProtocol    = "proxy_protocol"
	KeyMetricsToken     = "metrics_token"
	KeyMetricsListen    = "metrics_listen"
	KeyLogLevel         = "logging.system.level"
	KeyLogFormat        = "logging.system.format"
	KeyLogOutput        = "logging.system.output"
)

// Keys lists all keys in display order.
var Keys = []string{
	KeyData, KeyListen, KeyPort, KeyExternalHostname, KeyTLSCert, KeyTLSKey, KeyDB, KeyDatabase, KeySealKey,
	KeyBlockedKeys, KeySetupCode,
	KeyPublishListen, KeyPublishURL, KeyCRLDelay, KeyReadTimeout, KeySessionIdle, KeySessionLife, KeyTokenLife,
	KeyTrustedProxies,
	KeyProxyProtocol, KeyMetricsToken, KeyMetricsListen, KeyLogLevel, KeyLogFormat, KeyLogOutput,
}

// Off is the value of publish_listen or metrics_listen that disables the listener.
const Off = "off"

// NoSetupCode is the value of setup_code that lets anyone create the first account.
const NoSetupCode = "off"

const (
	DefaultData = "notary-data"

	DefaultHost = "127.0.0.1"
	DefaultPort = "2111"

	DefaultPublishPort = "2112"

	// DefaultURL is the URL of a server at the default address.
	DefaultURL = "https://" + DefaultHost + ":" + DefaultPort
)

// Load reads the configuration from a YAML file ("" for none), the environment (as from [os.Environ]) and flags
// (by key), in ascending order of precedence. It reports all mistakes in one error.
func Load(file string, environ []string, flags map[string]any) (*Config, error) {
	p := &problems{}
	s := readSettings(file, environ, flags, p)
	c := checkConfig(s, p)
	if err := p.err(); err != nil {
		return nil, err
	}
	c.values = effectiveValues(c)
	c.inForce = inForce(s, c)
	return c, nil
}

func checkConfig(s *settings, p *problems) *Config {
	c := &Config{
		Data:             s.text(KeyData, DefaultData),
		ExternalHostname: s.text(KeyExternalHostname, "localhost"),
		TLSCert:          s.text(KeyTLSCert, ""),
		TLSKey:           s.text(KeyTLSKey, ""),
		BlockedKeys:      s.text(KeyBlockedKeys, ""),
		Passphrase:       s.passphrase,
	}
	c.DB = checkDatabase(s, c.Data, p)
	c.SealKey = s.text(KeySealKey, filepath.Join(c.Data, "seal.key"))
	c.Listen = checkListen(s, p)
	checkPublishing(s, c, p)
	c.ReadTimeout = checkDuration(s, KeyReadTimeout, store.DefaultReadTimeout, time.Second, time.Minute,
		"1s to 1m, such as 5s", p)
	checkSessions(s, c, p)
	checkProxies(s, c, p)
	c.SetupCode = checkSetupCode(s, p)
	checkMetrics(s, c, p)
	c.Log = checkLog(s, p)
	if net.ParseIP(c.ExternalHostname) == nil && !server.ValidHostname(c.ExternalHostname) {
		p.add(s.where(KeyExternalHostname), "%q is not a host name or IP address: use the name that clients "+
			"use, such as notary.example.com, without https:// or a port", c.ExternalHostname)
	}
	if c.Passphrase != "" && s.given(KeySealKey) {
		p.add(s.where(KeySealKey), "%s is set as well, but only one of the two can decrypt the keys: remove "+
			"the other", EnvPassphrase)
	}
	checkFiles(s, c, p)
	return c
}

// checkDatabase returns the PostgreSQL URL if one is set, and otherwise the SQLite file. Errors never contain the URL,
// which may include a password.
func checkDatabase(s *settings, data string, p *problems) string {
	file := s.text(KeyDB, filepath.Join(data, "notary.db"))
	if !s.given(KeyDatabase) {
		return file
	}
	url := s.text(KeyDatabase, "")
	if !store.IsPostgres(url) {
		p.add(s.where(KeyDatabase), "this is not the URL of a PostgreSQL database: write "+
			"postgres://user:password@host:5432/name, or omit it to use SQLite (%s)", KeyDB)
	}
	if s.given(KeyDB) {
		p.add(s.where(KeyDatabase), "%s is set as well: remove one of the two", KeyDB)
	}
	return url
}

// checkSetupCode returns the setup code, or "" if it is not set. Errors never contain the code.
func checkSetupCode(s *settings, p *problems) string {
	code := strings.TrimSpace(s.text(KeySetupCode, ""))
	if s.given(KeySetupCode) && code != NoSetupCode && len(code) < auth.MinSetupCode {
		p.add(s.where(KeySetupCode),
			"the setup code must have at least %d characters; %q lets anyone create the first account",
			auth.MinSetupCode, NoSetupCode)
	}
	return code
}

// DatabaseName returns the name of the database for messages, without a password.
func (c *Config) DatabaseName() string {
	if store.IsPostgres(c.DB) {
		return "the PostgreSQL database"
	}
	return c.DB
}

// checkListen returns the address from the keys listen and port. If their ports differ, the source of higher rank takes
// precedence. Different ports in the same source are an error.
func checkListen(s *settings, p *problems) string {
	host, port := DefaultHost, ""
	if s.given(KeyListen) {
		var ok bool
		if host, port, ok = splitListen(s.text(KeyListen, "")); !ok {
			p.add(s.where(KeyListen), "%q is not an address: write host:port, such as 127.0.0.1:2111, or "+
				"0.0.0.0:2111 for all interfaces", s.text(KeyListen, ""))
		}
	}
	if s.given(KeyPort) {
		own := s.text(KeyPort, "")
		if !isPort(own) {
			p.add(s.where(KeyPort), "%q is not a port: use a number from 1 to 65535", own)
		}
		switch order := cmp.Compare(s.rank(KeyPort), s.rank(KeyListen)); {
		case port == "" || order > 0:
			port = own
		case order == 0 && port != own:
			p.add(s.where(KeyPort), "%s contradicts %s, which says %s: set the port in only one of them",
				own, KeyListen, port)
		}
	}
	return net.JoinHostPort(host, cmp.Or(port, DefaultPort))
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// splitListen splits "host:port", "host" and ":port" (all interfaces). An IPv6 address needs brackets if a port
// follows.
func splitListen(s string) (host, port string, ok bool) {
	bare := strings.TrimSuffix(strings.TrimPrefix(s, "["), "]")
	if net.ParseIP(bare) != nil || server.ValidHostname(s) {
		return bare, "", true
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", "", false
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", "", false
	}
	return host, port, host == "" || net.ParseIP(host) != nil || server.ValidHostname(host)
}

func checkLog(s *settings, p *problems) Log {
	c := Log{
		Format: s.text(KeyLogFormat, "text"),
		Output: s.text(KeyLogOutput, "stderr"),
	}
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level := s.text(KeyLogLevel, "info")
	var ok bool
	if c.Level, ok = levels[strings.ToLower(level)]; !ok {
		p.add(s.where(KeyLogLevel), "%q is not a level: use debug, info, warn or error", level)
	}
	if c.Format != "text" && c.Format != "json" {
		p.add(s.where(KeyLogFormat), "%q is not a format: use text or json", c.Format)
	}
	return c
}

// checkFiles reports every missing or unsuitable file and folder at once. It also checks that the TLS certificate and
// key are set together.
func checkFiles(s *settings, c *Config, p *problems) {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		there, missing := KeyTLSCert, KeyTLSKey
		if c.TLSCert == "" {
			there, missing = missing, there
		}
		p.add(s.where(there), "%s is missing: set both, or neither for a self-signed certificate", missing)
	}
	for _, key := range []string{KeyTLSCert, KeyTLSKey, KeyBlockedKeys} {
		if name := s.text(key, ""); name != "" && !files.IsFile(name) {
			p.add(s.where(key), "there is no file %s", name)
		}
	}
	for _, key := range []string{KeyDB, KeySealKey, KeyLogOutput} {
		name := s.text(key, "")
		if name == "" || key == KeyLogOutput && (name == "stderr" || name == "stdout") {
			continue
		}
		folder := filepath.Dir(name)
		if filepath.Clean(folder) != filepath.Clean(c.Data) && !files.IsFolder(folder) {
			p.add(s.where(key), "there is no folder %s for %s: create it first", folder, filepath.Base(name))
		} else if files.IsFolder(name) {
			p.add(s.where(key), "%s is a folder: specify a file", name)
		}
	}
	if info, err := os.Stat(c.Data); err == nil && !info.IsDir() {
		p.add(s.where(KeyData), "%s is not a folder", c.Data)
	}
}

type problems struct{ lines []string }

// add records a mistake at a place such as "notary.yaml: port".
func (p *problems) add(where, format string, args ...any) {
	p.lines = append(p.lines, where+": "+fmt.Sprintf(format, args...))
}

func (p *problems) err() error {
	switch len(p.lines) {
	case 0:
		return nil
	case 1:
		return notary.Errorf(notary.Invalid, "%s", p.lines[0])
	}
	slices.Sort(p.lines)
	return notary.Errorf(notary.Invalid, "the configuration has %d errors:\n  %s",
		len(p.lines), strings.Join(p.lines, "\n  "))
}
