package config

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"notary"
)

// reloadable maps the settings that a reload can change to functions that copy them. All others require a restart.
var reloadable = map[string]func(running, loaded *Config){
	KeyTLSCert:        func(running, loaded *Config) { running.TLSCert = loaded.TLSCert },
	KeyTLSKey:         func(running, loaded *Config) { running.TLSKey = loaded.TLSKey },
	KeyBlockedKeys:    func(running, loaded *Config) { running.BlockedKeys = loaded.BlockedKeys },
	KeyCRLDelay:       func(running, loaded *Config) { running.CRLDelay = loaded.CRLDelay },
	KeySessionIdle:    func(running, loaded *Config) { running.SessionIdle = loaded.SessionIdle },
	KeySessionLife:    func(running, loaded *Config) { running.SessionLife = loaded.SessionLife },
	KeyTokenLife:      func(running, loaded *Config) { running.TokenLife = loaded.TokenLife },
	KeyMetricsToken:   func(running, loaded *Config) { running.MetricsToken = loaded.MetricsToken },
	KeyTrustedProxies: func(running, loaded *Config) { running.TrustedProxies = loaded.TrustedProxies },
	KeyLogLevel:       func(running, loaded *Config) { running.Log.Level = loaded.Log.Level },
	KeyLogOutput:      func(running, loaded *Config) { running.Log.Output = loaded.Log.Output },
}

// Live is the configuration of a running server, replaced by reloads. It is safe for concurrent use.
type Live struct {
	Hangups <-chan os.Signal                  // each requests a reload
	Reopen  func(Log) (use func(), err error) // reopens the log at every reload; may be nil

	load    func() (*Config, error)
	log     *slog.Logger
	current atomic.Pointer[Config]

	mu       sync.Mutex // held during a reload
	prepares []func(*Config) (commit func(), err error)
}

// NewLive returns the configuration of a running server, initially c. A reload calls load, which rereads the same
// file, environment and flags.
func NewLive(c *Config, load func() (*Config, error), log *slog.Logger) *Live {
	l := &Live{load: load, log: log}
	l.current.Store(c)
	return l
}

// Get returns the current configuration. It must not be modified.
func (l *Live) Get() *Config { return l.current.Load() }

// Settings returns the effective settings for display.
func (l *Live) Settings() []notary.Setting { return l.Get().inForce }

// OnReload registers a function that applies a new configuration and cannot fail.
func (l *Live) OnReload(apply func(*Config)) {
	l.BeforeReload(func(c *Config) (func(), error) { return func() { apply(c) }, nil })
}

// BeforeReload registers a function that prepares a new configuration and returns a function that applies it. If
// any preparation fails, the running configuration is kept.
func (l *Live) BeforeReload(prepare func(*Config) (commit func(), err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prepares = append(l.prepares, prepare)
}

// Follow reloads the configuration on each hang-up signal until ctx is done.
func (l *Live) Follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.Hangups:
			l.Reload()
		}
	}
}

// Reload reopens the log, loads the configuration and applies the reloadable settings. On error the configuration is
// unchanged.
func (l *Live) Reload() {
	l.mu.Lock()
	defer l.mu.Unlock()
	running := l.Get()
	l.reopenLog(running.Log)
	loaded, err := l.load()
	if err != nil {
		l.log.Error("configuration not reloaded: the running one stays in force", "error", err)
		return
	}
	next, changed, fixed := merge(running, loaded)
	if err := l.apply(next); err != nil {
		l.log.Error("configuration not reloaded: the running one stays in force", "error", err)
		return
	}
	l.log.Info("configuration reloaded", "changed", cmp.Or(strings.Join(changed, ", "), "none"))
	if len(fixed) > 0 {
		l.log.Warn("some changed settings need a restart to take effect",
			"settings", strings.Join(fixed, ", "))
	}
}

// reopenLog reopens the log before the configuration is loaded, so that an invalid configuration
// does not stop log rotation.
func (l *Live) reopenLog(c Log) {
	if l.Reopen == nil {
		return
	}
	use, err := l.Reopen(c)
	if err != nil {
		l.log.Error("log not reopened: logging continues to the open file", "error", err)
		return
	}
	use()
}

// apply replaces the running configuration with next, unless a preparation fails.
func (l *Live) apply(next *Config) error {
	var commits []func()
	for _, prepare := range l.prepares {
		commit, err := prepare(next)
		if err != nil {
			return err
		}
		commits = append(commits, commit)
	}
	l.current.Store(next)
	for _, commit := range commits {
		commit()
	}
	return nil
}

// merge returns the running configuration with the reloadable settings of the loaded one. It also returns the keys of
// the settings that differ: changed ones are applied, and fixed ones need a restart.
func merge(running, loaded *Config) (next *Config, changed, fixed []string) {
	merged := *running
	merged.inForce = slices.Clone(running.inForce)
	merged.values = map[string]string{}
	for _, key := range slices.Concat(Keys, []string{keyPassphrase}) {
		same := running.values[key] == loaded.values[key]
		take, ok := reloadable[key]
		if !ok {
			merged.values[key] = running.values[key]
			if !same {
				fixed = append(fixed, key)
			}
			continue
		}
		take(&merged, loaded)
		merged.values[key] = loaded.values[key]
		if i := slices.Index(Keys, key); i >= 0 {
			merged.inForce[i] = loaded.inForce[i]
		}
		if !same {
			changed = append(changed, key)
		}
	}
	return &merged, changed, fixed
}
