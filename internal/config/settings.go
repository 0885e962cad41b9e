package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

const maxConfigFile = 1 << 20 // bytes

// settings are unvalidated values with their sources. Sources of higher rank take precedence.
type settings struct {
	values *koanf.Koanf
	from   map[string]source

	passphrase string // from the environment only, so that it is in no file or process list
}

type source struct {
	rank int    // 0 for a default
	name string // of the file
}

const (
	rankFile = iota + 1
	rankEnvironment
	rankFlag
)

func readSettings(file string, environ []string, flags map[string]any, p *problems) *settings {
	s := &settings{values: koanf.New("."), from: map[string]source{}}
	if file != "" {
		content, err := readConfigFile(file)
		if err != nil {
			p.add(file, "%v", err)
		}
		s.load(source{rankFile, file}, confmap.Provider(content, ""), p)
		s.checkConfigFile(file, p)
	}
	s.load(source{rank: rankEnvironment}, env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			return environmentKey(name, value, p), value
		},
	}), p)
	s.passphrase = readPassphrase(environ, p)
	s.load(source{rank: rankFlag}, confmap.Provider(flags, "."), p)
	return s
}

// load merges the values of a source into the settings, where they replace earlier values. It first checks them, so
// that errors name the source.
func (s *settings) load(from source, provider koanf.Provider, p *problems) {
	layer := koanf.New(".")
	if err := layer.Load(provider, nil); err != nil {
		p.add(from.where("configuration"), "%v", err)
		return
	}
	for key, value := range layer.All() {
		if !slices.Contains(Keys, key) {
			p.add(from.where(key), "%s", unknownKey(key))
			layer.Delete(key)
			continue
		}
		if list, ok := value.([]any); ok && slices.Contains(listKeys, key) {
			if len(list) == 0 { // equivalent to omitting the key
				layer.Delete(key)
				continue
			}
			value = joinList(list)
			_ = layer.Set(key, value) // cannot fail for an existing key
		}
		switch value.(type) {
		case string, int, int64, uint64, float64, bool:
		case nil:
			value = ""
		default:
			p.add(from.where(key), "use a single value instead of a list")
			layer.Delete(key)
			continue
		}
		if fmt.Sprint(value) == "" {
			p.add(from.where(key), "has no value: add one or omit the key")
			layer.Delete(key)
			continue
		}
		s.from[key] = from
	}
	if err := s.values.Merge(layer); err != nil {
		p.add(from.where("configuration"), "%v", err)
	}
}

// listKeys are the keys with several values: a list in YAML, comma-separated elsewhere.
var listKeys = []string{KeyTrustedProxies}

func joinList(list []any) string {
	texts := make([]string, len(list))
	for i, value := range list {
		texts[i] = fmt.Sprint(value)
	}
	return strings.Join(texts, ",")
}

func (s *settings) given(key string) bool { return s.from[key].rank > 0 }
func (s *settings) rank(key string) int   { return s.from[key].rank }

func (s *settings) text(key, otherwise string) string {
	if !s.given(key) {
		return otherwise
	}
	return fmt.Sprint(s.values.Get(key))
}

// where returns the place where a value is set, for messages: a key of the file, a variable or a flag.
func (s *settings) where(key string) string { return s.from[key].where(key) }

func (s source) where(key string) string {
	switch s.rank {
	case rankFile:
		return s.name + ": " + key
	case rankEnvironment:
		return environmentName(key)
	case rankFlag:
		return "--" + FlagName(key)
	}
	return key
}

// FlagName returns the name of the flag that sets a key.
func FlagName(key string) string { return strings.ReplaceAll(key, "_", "-") }

func readConfigFile(name string) (map[string]any, error) {
	f, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, errors.New("there is no such file")
	case errors.Is(err, fs.ErrPermission):
		return nil, errors.New("this user has no permission to read it")
	case err != nil:
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	switch {
	case err != nil:
		return nil, errors.New("cannot be read: it must be a regular file")
	case len(content) > maxConfigFile:
		return nil, errors.New("is larger than 1 MiB: check that it is a configuration file")
	}
	values, err := yaml.Parser().Unmarshal(content)
	if err != nil {
		return nil, fmt.Errorf("is not a YAML mapping: %s",
			strings.Join(strings.Fields(strings.TrimPrefix(err.Error(), "yaml: ")), " "))
	}
	return values, nil
}

// Environment variables that other packages read or unset.
const (
	envPrefix     = "NOTARY_"
	EnvConfig     = "NOTARY_CONFIG"
	EnvPassphrase = "NOTARY_KEY_PASSPHRASE"
	EnvDatabase   = "NOTARY_DATABASE"
	EnvSetupCode  = "NOTARY_SETUP_CODE"
	EnvData       = "NOTARY_DATA"
)

func environmentName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// environmentKey returns the key that a variable sets, or "". It rejects an unknown variable only if it looks like a
// typo: client commands use the same prefix, and for a service called notary, Kubernetes sets variables such as
// NOTARY_PORT=tcp://10.0.0.1:2111.
func environmentKey(name, value string, p *problems) string {
	known := []string{EnvConfig, EnvPassphrase}
	for _, key := range Keys {
		known = append(known, environmentName(key))
		if name == environmentName(key) {
			if value == "" || key == KeyPort && strings.Contains(value, "://") {
				return ""
			}
			return key
		}
	}
	if slices.Contains(known, name) {
		return ""
	}
	for i := range known {
		known[i] = strings.TrimPrefix(known[i], envPrefix)
	}
	if near := nearest(strings.TrimPrefix(name, envPrefix), known); near != "" {
		p.add(name, "unknown variable: did you mean %s?", envPrefix+near)
	}
	return ""
}

// readPassphrase returns the passphrase. It rejects an empty one, which would otherwise silently select the key file.
func readPassphrase(environ []string, p *problems) string {
	for _, variable := range environ {
		if value, ok := strings.CutPrefix(variable, EnvPassphrase+"="); ok {
			if value == "" {
				p.add(EnvPassphrase, "is empty: set the passphrase, or unset it to use a key file")
			}
			return value
		}
	}
	return ""
}

func unknownKey(key string) string {
	last := key[strings.LastIndex(key, ".")+1:]
	for _, known := range Keys {
		if strings.HasPrefix(known, key+".") {
			return "takes no value itself: write its keys below it, such as " + known
		}
		if rest, ok := strings.CutPrefix(key, known+"."); ok {
			return "unknown key: " + known + " takes one value, without " + rest + " below it"
		}
	}
	if near := nearest(key, Keys); near != "" {
		return "unknown key: did you mean " + near + "?"
	}
	for _, known := range Keys {
		if strings.HasSuffix(known, "."+last) {
			return "unknown key: did you mean " + known + "?"
		}
	}
	return "unknown key: the keys are " + strings.Join(Keys, ", ")
}

// nearest returns the known word with the smallest [distance] to s, or "" if that distance exceeds two or a third of
// the word's length.
func nearest(s string, known []string) string {
	best, least := "", 3
	for _, word := range known {
		if d := distance(strings.ToLower(s), strings.ToLower(word)); d < least && d*3 <= len(word) {
			best, least = word, d
		}
	}
	return best
}

// distance returns the number of insertions, deletions, substitutions and transpositions that turn a into b (optimal
// string alignment).
func distance(a, b string) int {
	d := make([][]int, len(a)+1) // d[i][j] is the distance between a[:i] and b[:j]
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			d[i][j] = min(change, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
