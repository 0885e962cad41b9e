package config

import (
	"cmp"
	"net"
	"strings"

	"notary"
	"notary/internal/store"
)

// keyPassphrase is the key that represents the passphrase in lists of settings. Only the environment can set it.
const keyPassphrase = "key_passphrase"

// effectiveValues returns the effective value of each key, including secrets. A key that another setting overrides has
// no value.
func effectiveValues(c *Config) map[string]string {
	_, port, _ := net.SplitHostPort(c.Listen)
	values := map[string]string{
		KeyData: c.Data, KeyListen: c.Listen, KeyPort: port, KeyExternalHostname: c.ExternalHostname,
		KeyTLSCert: c.TLSCert, KeyTLSKey: c.TLSKey, KeySealKey: c.SealKey,
		KeyBlockedKeys:   c.BlockedKeys,
		KeyPublishListen: c.PublishListen, KeyPublishURL: c.PublishedURL(c.PublishListen), KeyCRLDelay: c.CRLDelay.String(),
		KeyReadTimeout: c.ReadTimeout.String(),
		KeySessionIdle: c.SessionIdle.String(), KeySessionLife: c.SessionLife.String(),
		KeyTokenLife:      c.TokenLife.String(),
		KeyTrustedProxies: proxiesText(c.TrustedProxies), KeyProxyProtocol: proxyProtocolText(c),
		KeySetupCode:    c.SetupCode,
		KeyMetricsToken: c.MetricsToken, KeyMetricsListen: cmp.Or(c.MetricsListen, Off),
		KeyLogLevel: strings.ToLower(c.Log.Level.String()), KeyLogFormat: c.Log.Format, KeyLogOutput: c.Log.Output,
	}
	if store.IsPostgres(c.DB) {
		values[KeyDatabase] = c.DB
	} else {
		values[KeyDB] = c.DB
	}
	if c.Passphrase != "" {
		values[KeySealKey], values[keyPassphrase] = "", c.Passphrase
	}
	if c.PublishListen == "" {
		values[KeyPublishListen] = Off
	}
	return values
}

// inForce returns the effective settings for display to Admins, without secrets.
func inForce(s *settings, c *Config) (all []notary.Setting) {
	for _, key := range Keys {
		origin := key
		if key == KeyPort {
			origin = portOrigin(s)
		}
		setting := notary.Setting{Key: key, Value: c.values[key], Source: s.from[origin].kind()}
		if key == KeyDatabase && setting.Value != "" {
			setting.Value = withoutSecrets(setting.Value)
		}
		if key == KeySetupCode && IsSetupCode(setting.Value) {
			setting.Value, setting.Secret = "", true
		}
		if key == KeyMetricsToken {
			setting.Value, setting.Secret = "", c.MetricsToken != ""
		}
		if s.given(origin) {
			setting.Where = s.where(origin)
		}
		all = append(all, setting)
	}
	if c.Passphrase != "" {
		all = append(all, notary.Setting{
			Key: keyPassphrase, Source: notary.FromEnvironment, Where: EnvPassphrase, Secret: true})
	}
	return all
}

// IsSetupCode reports whether the value of setup_code is a code, which must not be displayed.
func IsSetupCode(setupCode string) bool { return setupCode != "" && setupCode != NoSetupCode }

// portOrigin returns the key that sets the port; see [checkListen].
func portOrigin(s *settings) string {
	_, port, _ := splitListen(s.text(KeyListen, ""))
	if port != "" && s.rank(KeyListen) > s.rank(KeyPort) {
		return KeyListen
	}
	return KeyPort
}

func (s source) kind() notary.SettingSource {
	switch s.rank {
	case rankFile:
		return notary.FromFile
	case rankEnvironment:
		return notary.FromEnvironment
	case rankFlag:
		return notary.FromFlag
	default:
		return notary.FromDefault
	}
}

// withoutSecrets returns the URL of a database without user, password and parameters, any of which may be secret. It
// does not use package url, which cannot parse a URL with several hosts.
func withoutSecrets(database string) string {
	scheme, rest, _ := strings.Cut(database, "://")
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}
