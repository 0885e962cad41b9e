package config

import (
	"io/fs"
	"strings"

	"notary/internal/files"
)

// checkConfigFile rejects a configuration file that all users can write, or that contains secrets and all users can
// read. The file's group may read it, as with root:notary and mode 0640.
func (s *settings) checkConfigFile(name string, p *problems) {
	_, mode, ok := files.OwnerAndMode(name)
	const write, read fs.FileMode = 0o002, 0o004
	secrets := s.secretKeys()
	switch {
	case !ok:
	case mode&write != 0:
		p.add(name, "every user can change this file (mode %04o): run chmod o= %s", mode.Perm(), name)
	case mode&read != 0 && len(secrets) > 0:
		p.add(name, "every user can read this file (mode %04o), and it contains secrets (%s): "+
			"run chmod o= %s, or set them in environment variables", mode.Perm(), strings.Join(secrets, ", "), name)
	}
}

func (s *settings) secretKeys() (keys []string) {
	if IsSetupCode(s.text(KeySetupCode, "")) {
		keys = append(keys, KeySetupCode)
	}
	if s.given(KeyMetricsToken) {
		keys = append(keys, KeyMetricsToken)
	}
	if holdsPassword(s.text(KeyDatabase, "")) {
		keys = append(keys, KeyDatabase)
	}
	return keys
}

// holdsPassword reports whether the URL of a database contains a password of the user or of a client key. It does not
// use package url, which cannot parse a URL with several hosts.
func holdsPassword(database string) bool {
	_, rest, _ := strings.Cut(database, "://")
	address, parameters, _ := strings.Cut(rest, "?")
	userInfo := address[:max(strings.LastIndexByte(address, '@'), 0)]
	return strings.Contains(userInfo, ":") || strings.Contains(parameters, "password=") // including sslpassword
}
