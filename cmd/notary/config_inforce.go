package main

import (
	"cmp"
	"net"
	"strings"

	"notary"
	"notary/internal/store"
)

// keyPassphrase stands for the variable with the passphrase, which no file may hold.
const keyPassphrase = "key_passphrase"

// effectiveValues returns the value of every key, except of those that another setting overrides. It
// includes secrets.
func effectiveValues(c *config) map[string]string {
	_, port, _ := net.SplitHostPort(c.listen)
	values := map[string]string{
		keyData: c.data, keyListen: c.listen, keyPort: port, keyExternalHostname: c.externalHostname,
		keyTLSCert: c.tlsCert, keyTLSKey: c.tlsKey, keySealKey: c.sealKey,
		keyBlockedKeys:   c.blockedKeys,
		keyPublishListen: c.publishListen, keyPublishURL: c.publishedAt(c.publishListen), keyCRLDelay: c.crlDelay.String(),
		keyReadTimeout: c.readTimeout.String(),
		keySessionIdle: c.sessionIdle.String(), keySessionLife: c.sessionLife.String(),
		keyTrustedProxies: proxiesText(c.trustedProxies), keyProxyProtocol: proxyProtocolText(c),
		keySetupCode:    c.setupCode,
		keyMetricsToken: c.metricsToken, keyMetricsListen: cmp.Or(c.metricsListen, noPublishing),
		keyLogLevel: strings.ToLower(c.log.level.String()), keyLogFormat: c.log.format, keyLogOutput: c.log.output,
	}
	if store.IsPostgres(c.db) {
		values[keyDatabase] = c.db
	} else {
		values[keyDB] = c.db
	}
	if c.passphrase != "" {
		values[keySealKey], values[keyPassphrase] = "", c.passphrase
	}
	if c.publishListen == "" {
		values[keyPublishListen] = noPublishing
	}
	return values
}

// inForce returns the settings in force for display to Admins, without secrets.
func inForce(s *settings, c *config) (all []notary.Setting) {
	for _, key := range configKeys {
		origin := key
		if key == keyPort {
			origin = portOrigin(s)
		}
		setting := notary.Setting{Key: key, Value: c.values[key], Source: s.from[origin].kind()}
		if key == keyDatabase && setting.Value != "" {
			setting.Value = withoutSecrets(setting.Value)
		}
		if key == keySetupCode && isSecret(setting.Value) {
			setting.Value, setting.Secret = "", true
		}
		if key == keyMetricsToken {
			setting.Value, setting.Secret = "", c.metricsToken != ""
		}
		if s.given(origin) {
			setting.Where = s.where(origin)
		}
		all = append(all, setting)
	}
	if c.passphrase != "" {
		all = append(all, notary.Setting{Key: keyPassphrase, Source: notary.FromEnvironment, Where: envPassphrase, Secret: true})
	}
	return all
}

// isSecret reports whether the setting setup_code is a code, which must not be shown.
func isSecret(setupCode string) bool { return setupCode != "" && setupCode != noSetupCode }

// portOrigin is the key that the port comes from, as [checkListen] puts it together.
func portOrigin(s *settings) string {
	_, port, _ := splitListen(s.text(keyListen, ""))
	if port != "" && s.rank(keyListen) > s.rank(keyPort) {
		return keyListen
	}
	return keyPort
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

// withoutSecrets is the URL of a database without user, password and parameters, each of which
// may hold what nobody is to see. It may name several hosts, which package url does not read.
func withoutSecrets(database string) string {
	scheme, rest, _ := strings.Cut(database, "://")
	if end := strings.IndexAny(rest, "?#"); end >= 0 {
		rest = rest[:end]
	}
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}
