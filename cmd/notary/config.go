package main

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

// config is how a server runs, checked and with every default filled in.
type config struct {
	data             string // folder
	listen           string // host:port
	externalHostname string // DNS name or IP address
	db               string // SQLite file, or the URL of a PostgreSQL database; may hold a password
	sealKey          string // key file that opens the authorities' private keys
	passphrase       string // opens the keys in place of the key file; a secret
	setupCode        string // required for the first account; noSetupCode for none, "" for a random one; a secret
	tlsCert, tlsKey  string // both empty for a self-signed certificate
	blockedKeys      string // file with the keys that are never certified; "" for none
	log              logConfig

	publishListen string        // host:port; "" where nothing is published
	publishURL    string        // what certificates name; "" for one made of the port that is listened on
	crlDelay      time.Duration // within which a revocation is on the published CRLs

	readTimeout time.Duration // of a query to PostgreSQL

	metricsToken  string // bearer token for /metrics; "" for none; a secret
	metricsListen string // host:port of a listener for metrics alone; "" for none

	sessionIdle, sessionLife time.Duration // of browsers' sessions

	trustedProxies                      []netip.Prefix
	proxyProtocol, publishProxyProtocol bool // on the two listeners

	values  map[string]string // every key's effective value, secrets included
	inForce []notary.Setting  // the same for display, without secrets
}

type logConfig struct {
	level  slog.Level
	format string // text or json
	output string // stderr, stdout or a file
}

// The keys of the configuration. As a variable, NOTARY_ comes before them, in upper case
// and with _ for the dots.
const (
	keyData             = "data"
	keyListen           = "listen"
	keyPort             = "port"
	keyExternalHostname = "external_hostname"
	keyTLSCert          = "cert_path"
	keyTLSKey           = "key_path"
	keyDB               = "db_path"
	keyDatabase         = "database"
	keySealKey          = "seal_key_path"
	keyBlockedKeys      = "blocked_keys_path"
	keySetupCode        = "setup_code"
	keyPublishListen    = "publish_listen"
	keyPublishURL       = "publish_url"
	keyCRLDelay         = "crl_delay"
	keyReadTimeout      = "read_timeout"
	keySessionIdle      = "session_idle"
	keySessionLife      = "session_life"
	keyTrustedProxies   = "trusted_proxies"
	keyProxyProtocol    = "proxy_protocol"
	keyMetricsToken     = "metrics_token"
	keyMetricsListen    = "metrics_listen"
	keyLogLevel         = "logging.system.level"
	keyLogFormat        = "logging.system.format"
	keyLogOutput        = "logging.system.output"
)

var configKeys = []string{
	keyData, keyListen, keyPort, keyExternalHostname, keyTLSCert, keyTLSKey, keyDB, keyDatabase, keySealKey,
	keyBlockedKeys, keySetupCode,
	keyPublishListen, keyPublishURL, keyCRLDelay, keyReadTimeout, keySessionIdle, keySessionLife, keyTrustedProxies,
	keyProxyProtocol, keyMetricsToken, keyMetricsListen, keyLogLevel, keyLogFormat, keyLogOutput,
}

const (
	defaultData = "notary-data"

	defaultHost = "127.0.0.1"
	defaultPort = "2111"

	defaultPublishPort = "2112"
	noPublishing       = "off"

	noSetupCode = "off"
)

// loadConfig reads the configuration from a YAML file ("" for none), environment (as
// [os.Environ] gives it) and flags (key to value), of which the latter win. It reports
// everything that is wrong with it in one error.
func loadConfig(file string, environ []string, flags map[string]any) (*config, error) {
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

func checkConfig(s *settings, p *problems) *config {
	c := &config{
		data:             s.text(keyData, defaultData),
		externalHostname: s.text(keyExternalHostname, "localhost"),
		tlsCert:          s.text(keyTLSCert, ""),
		tlsKey:           s.text(keyTLSKey, ""),
		blockedKeys:      s.text(keyBlockedKeys, ""),
		passphrase:       s.passphrase,
	}
	c.db = checkDatabase(s, c.data, p)
	c.sealKey = s.text(keySealKey, filepath.Join(c.data, "seal.key"))
	c.listen = checkListen(s, p)
	checkPublishing(s, c, p)
	c.readTimeout = checkDuration(s, keyReadTimeout, store.DefaultReadTimeout, time.Second, time.Minute,
		"1s to 1m, such as 5s", p)
	checkSessions(s, c, p)
	checkProxies(s, c, p)
	c.setupCode = checkSetupCode(s, p)
	checkMetrics(s, c, p)
	c.log = checkLog(s, p)
	if net.ParseIP(c.externalHostname) == nil && !server.ValidHostname(c.externalHostname) {
		p.add(s.where(keyExternalHostname), "%q is not a host name or IP address: give the name that clients "+
			"use, such as notary.example.com, without https:// or a port", c.externalHostname)
	}
	if c.passphrase != "" && s.given(keySealKey) {
		p.add(s.where(keySealKey), "%s is set as well: the keys are opened by one of the two, so leave the other out", envPassphrase)
	}
	checkFiles(s, c, p)
	return c
}

// checkDatabase is the SQLite file, or the URL of a PostgreSQL database where one is given.
// No problem repeats the URL, which holds a password.
func checkDatabase(s *settings, data string, p *problems) string {
	file := s.text(keyDB, filepath.Join(data, "notary.db"))
	if !s.given(keyDatabase) {
		return file
	}
	url := s.text(keyDatabase, "")
	if !store.IsPostgres(url) {
		p.add(s.where(keyDatabase), "this is not the URL of a PostgreSQL database: write postgres://user:password@host:5432/name, "+
			"or leave it out for SQLite (whose file is %s)", keyDB)
	}
	if s.given(keyDB) {
		p.add(s.where(keyDatabase), "%s is set as well: leave one of the two out", keyDB)
	}
	return url
}

// checkSetupCode returns the setup code that was given, if any. No problem repeats it.
func checkSetupCode(s *settings, p *problems) string {
	code := strings.TrimSpace(s.text(keySetupCode, ""))
	if s.given(keySetupCode) && code != noSetupCode && len(code) < auth.MinSetupCode {
		p.add(s.where(keySetupCode),
			"the setup code must have %d characters or more; %q lets anybody create the first account",
			auth.MinSetupCode, noSetupCode)
	}
	return code
}

// databaseName is the database for people, without a password.
func (c *config) databaseName() string {
	if store.IsPostgres(c.db) {
		return "the PostgreSQL database"
	}
	return c.db
}

// checkListen puts the address together from listen and port. Where they name different
// ports the stronger source wins; from the same source that is a contradiction.
func checkListen(s *settings, p *problems) string {
	host, port := defaultHost, ""
	if s.given(keyListen) {
		var ok bool
		if host, port, ok = splitListen(s.text(keyListen, "")); !ok {
			p.add(s.where(keyListen), "%q is not an address: write host:port, such as 127.0.0.1:2111, or "+
				"0.0.0.0:2111 for all interfaces", s.text(keyListen, ""))
		}
	}
	if s.given(keyPort) {
		own := s.text(keyPort, "")
		if !isPort(own) {
			p.add(s.where(keyPort), "%q is not a port: give a number from 1 to 65535", own)
		}
		switch order := cmp.Compare(s.rank(keyPort), s.rank(keyListen)); {
		case port == "" || order > 0:
			port = own
		case order == 0 && port != own:
			p.add(s.where(keyPort), "%s contradicts %s, which says %s: give the port in one of them",
				own, keyListen, port)
		}
	}
	return net.JoinHostPort(host, cmp.Or(port, defaultPort))
}

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// splitListen reads "host:port", "host" and ":port" (all interfaces). The host is a name
// or an IP address, an IPv6 one in brackets where a port follows.
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

func checkLog(s *settings, p *problems) logConfig {
	c := logConfig{
		format: s.text(keyLogFormat, "text"),
		output: s.text(keyLogOutput, "stderr"),
	}
	levels := map[string]slog.Level{
		"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError,
	}
	level := s.text(keyLogLevel, "info")
	var ok bool
	if c.level, ok = levels[strings.ToLower(level)]; !ok {
		p.add(s.where(keyLogLevel), "%q is not a level: use debug, info, warn or error", level)
	}
	if c.format != "text" && c.format != "json" {
		p.add(s.where(keyLogFormat), "%q is not a format: use text or json", c.format)
	}
	return c
}

// checkFiles finds what would only come out later, one by one: files that are not there,
// and files that would be made in folders that are not.
func checkFiles(s *settings, c *config, p *problems) {
	if (c.tlsCert == "") != (c.tlsKey == "") {
		there, missing := keyTLSCert, keyTLSKey
		if c.tlsCert == "" {
			there, missing = missing, there
		}
		p.add(s.where(there), "%s is missing beside it: give both, or neither for a self-signed certificate", missing)
	}
	for _, key := range []string{keyTLSCert, keyTLSKey, keyBlockedKeys} {
		if name := s.text(key, ""); name != "" && !files.IsFile(name) {
			p.add(s.where(key), "there is no file %s", name)
		}
	}
	for _, key := range []string{keyDB, keySealKey, keyLogOutput} {
		name := s.text(key, "")
		if name == "" || key == keyLogOutput && (name == "stderr" || name == "stdout") {
			continue
		}
		folder := filepath.Dir(name)
		if filepath.Clean(folder) != filepath.Clean(c.data) && !files.IsFolder(folder) {
			p.add(s.where(key), "there is no folder %s to hold %s: make it first", folder, filepath.Base(name))
		} else if files.IsFolder(name) {
			p.add(s.where(key), "%s is a folder: give the path of a file", name)
		}
	}
	if info, err := os.Stat(c.data); err == nil && !info.IsDir() {
		p.add(s.where(keyData), "%s is not a folder", c.data)
	}
}

// problems are all that is wrong with a configuration.
type problems struct{ lines []string }

// add notes a problem with what the source says, such as "notary.yaml: port".
func (p *problems) add(where, format string, args ...any) {
	p.lines = append(p.lines, where+": "+fmt.Sprintf(format, args...))
}

// err is nil where there are none.
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
