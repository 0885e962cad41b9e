package main

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

// reloadable are the settings that a reload changes, each with the function that copies it from
// the loaded configuration to the running one. All others need a restart.
var reloadable = map[string]func(running, loaded *config){
	keyTLSCert:        func(running, loaded *config) { running.tlsCert = loaded.tlsCert },
	keyTLSKey:         func(running, loaded *config) { running.tlsKey = loaded.tlsKey },
	keyBlockedKeys:    func(running, loaded *config) { running.blockedKeys = loaded.blockedKeys },
	keyCRLDelay:       func(running, loaded *config) { running.crlDelay = loaded.crlDelay },
	keySessionIdle:    func(running, loaded *config) { running.sessionIdle = loaded.sessionIdle },
	keySessionLife:    func(running, loaded *config) { running.sessionLife = loaded.sessionLife },
	keyMetricsToken:   func(running, loaded *config) { running.metricsToken = loaded.metricsToken },
	keyTrustedProxies: func(running, loaded *config) { running.trustedProxies = loaded.trustedProxies },
	keyLogLevel:       func(running, loaded *config) { running.log.level = loaded.log.level },
	keyLogOutput:      func(running, loaded *config) { running.log.output = loaded.log.output },
}

// liveConfig is the configuration of a running server, which a reload replaces. It is safe for
// concurrent use.
type liveConfig struct {
	load    func() (*config, error)                 // from the file, environment and flags of the start
	hangups <-chan os.Signal                        // each asks for a reload
	reopen  func(logConfig) (use func(), err error) // reopens the log at every reload; may be nil
	log     *slog.Logger
	current atomic.Pointer[config]

	mu       sync.Mutex // held during a reload
	prepares []func(*config) (commit func(), err error)
}

func newLiveConfig(c *config, load func() (*config, error), log *slog.Logger) *liveConfig {
	l := &liveConfig{load: load, log: log}
	l.current.Store(c)
	return l
}

// get returns the configuration in force. It must not be changed.
func (l *liveConfig) get() *config { return l.current.Load() }

// settings returns the settings in force, for display.
func (l *liveConfig) settings() []notary.Setting { return l.get().inForce }

// onReload registers a function that applies a new configuration and cannot fail.
func (l *liveConfig) onReload(apply func(*config)) {
	l.beforeReload(func(c *config) (func(), error) { return func() { apply(c) }, nil })
}

// beforeReload registers a function that prepares for a new configuration and returns a function
// that applies it. If any of these functions fails, the running configuration stays as it is.
func (l *liveConfig) beforeReload(prepare func(*config) (commit func(), err error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.prepares = append(l.prepares, prepare)
}

// follow reloads the configuration on each hang-up signal until ctx ends.
func (l *liveConfig) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.hangups:
			l.reload()
		}
	}
}

// reload reopens the log, loads the configuration again and applies what can change while the
// server runs. It logs the result. An error leaves the configuration as it was.
func (l *liveConfig) reload() {
	l.mu.Lock()
	defer l.mu.Unlock()
	running := l.get()
	l.reopenLog(running.log)
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
func (l *liveConfig) reopenLog(c logConfig) {
	if l.reopen == nil {
		return
	}
	use, err := l.reopen(c)
	if err != nil {
		l.log.Error("log not reopened: logging continues to the open file", "error", err)
		return
	}
	use()
}

// apply replaces the running configuration with next, unless a preparation fails.
func (l *liveConfig) apply(next *config) error {
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

// merge returns the running configuration with the reloadable settings of the loaded one, and
// the keys of those that change and of those that would need a restart.
func merge(running, loaded *config) (next *config, changed, fixed []string) {
	merged := *running
	merged.inForce = slices.Clone(running.inForce)
	merged.values = map[string]string{}
	for _, key := range slices.Concat(configKeys, []string{keyPassphrase}) {
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
		if i := slices.Index(configKeys, key); i >= 0 {
			merged.inForce[i] = loaded.inForce[i]
		}
		if !same {
			changed = append(changed, key)
		}
	}
	return &merged, changed, fixed
}
