package notary

import "time"

// SettingSource is where the value of a [Setting] comes from.
type SettingSource string

// The sources of settings; later ones take precedence.
const (
	FromDefault     SettingSource = "default"
	FromFile        SettingSource = "file"
	FromEnvironment SettingSource = "environment"
	FromFlag        SettingSource = "flag"
)

// Setting is one of the server's settings.
type Setting struct {
	Key    string // as in the configuration file
	Value  string // effective value; "" if unset, and for a secret
	Source SettingSource
	Where  string // file and key, variable or flag that sets the value; "" for a default
	Secret bool   // whether a value is set but never shown
}

// ClockState is the state of the server's clock.
type ClockState struct {
	Time         time.Time // by the server's clock
	DatabaseTime time.Time // by PostgreSQL's clock; zero on SQLite
	Stopped      string    // why issuance is stopped; "" while it is not
}
