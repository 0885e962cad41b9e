package cli

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"

	"notary"
	"notary/internal/files"
)

// servers is the content of servers.json, which stores known servers and logins.
type servers struct {
	Default string                `json:"default,omitempty"` // the last one logged in to
	Servers map[string]remembered `json:"servers"`           // keyed by client.ServerURL
}

type remembered struct {
	Email          string `json:"email,omitempty"`
	Token          string `json:"token,omitempty"`
	Certificate    string `json:"certificate,omitempty"`     // PEM; the only certificate that is trusted
	CACertificates string `json:"ca_certificates,omitempty"` // PEM; from --ca-cert at login
}

const serversFile = "servers.json"

func (p *program) loadServers() (servers, error) {
	known := servers{Servers: map[string]remembered{}}
	if p.configDir == "" {
		return known, nil
	}
	path := filepath.Join(p.configDir, serversFile)
	content, err := files.Read(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return known, nil
	case err != nil:
		return known, err
	}
	if err := json.Unmarshal(content, &known); err != nil {
		return known, &notary.Error{Kind: notary.Invalid, Err: err,
			Message: path + " cannot be parsed: fix it, or remove it and log in again"}
	}
	if known.Servers == nil {
		known.Servers = map[string]remembered{}
	}
	return known, nil
}

// changeServers changes servers.json atomically. A lock prevents concurrent changes by other commands.
func (p *program) changeServers(change func(*servers)) error {
	if p.configDir == "" {
		return notary.Errorf(notary.Invalid, "cannot store the login: set HOME or XDG_CONFIG_HOME")
	}
	if err := os.MkdirAll(p.configDir, 0o700); err != nil {
		return err
	}
	path := filepath.Join(p.configDir, serversFile)
	lock := flock.New(path+".lock", flock.SetPermissions(0o600))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Unlock()
	known, err := p.loadServers()
	if err != nil {
		return err
	}
	change(&known)
	content, err := indented(known, "")
	if err != nil {
		return err
	}
	return files.Replace(path, append(content, '\n'), 0o600)
}
