package notary

import "time"

// SettingSource is what decided on a [Setting].
type SettingSource string

// The sources of settings, of which the later win.
const (
	FromDefault     SettingSource = "default"
	FromFile        SettingSource = "file"
	FromEnvironment SettingSource = "environment"
	FromFlag        SettingSource = "flag"
)

// Setting is one of the settings with which the server runs.
type Setting struct {
	Key    string // as in the configuration file
	Value  string // as it is in force; "" where it is not used, and for a secret
	Source SettingSource
	Where  string // the file and key, variable or flag that it comes from; "" for a default
	Secret bool   // whether it is set and kept to the server
}

// ClockState is the state of the server's clock.
type ClockState struct {
	Time         time.Time // by the server's own clock
	DatabaseTime time.Time // by that of PostgreSQL; zero on SQLite
	Stopped      string    // why nothing is issued; "" while certificates are
}
