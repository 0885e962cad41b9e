package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notary"
	"notary/internal/config"
	"notary/internal/testkit"
)

func TestLogOutput(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"stdout", "stderr"} {
		var stdout, stderr bytes.Buffer
		log, output, err := openLog(config.Log{Output: target, Format: "text"}, &stdout, &stderr)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("hello")
		if err := output.Close(); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}
		for name, text := range got {
			if strings.Contains(text, "msg=hello") != (name == target) {
				t.Errorf("output %s: %s holds %q", target, name, text)
			}
		}
	}
}

func TestLogFileIsAppendedTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "notary.log")
	for range 2 {
		log, output, err := openLog(config.Log{Output: name, Format: "json", Level: slog.LevelWarn}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		log.Info("below the level")
		log.Warn("hello", "n", 1)
		if err := output.Close(); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines, want 2:\n%s", len(lines), content)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(lines[1]), &line); err != nil || line["msg"] != "hello" {
		t.Errorf("line %s: %v", lines[1], err)
	}
	testkit.WantModes(t, dir, map[string]fs.FileMode{"notary.log": 0o600})
}

func TestLogFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	_, _, err := openLog(config.Log{Output: filepath.Join(t.TempDir(), "missing", "notary.log")}, nil, nil)
	if notary.KindOf(err) != notary.Invalid || !strings.Contains(err.Error(), "cannot write the log") {
		t.Errorf("error %v", err)
	}
}

// A reload reopens a renamed log, as log rotation requires, even if the configuration is invalid.
func TestReloadReopensTheLog(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "notary.log")
	log, output, err := openLog(config.Log{Output: name, Format: "text"}, nil, nil)
	testkit.Check(t, err)
	defer output.Close()
	broken := errors.New("broken")
	l := config.NewLive(&config.Config{Log: config.Log{Output: name}}, func() (*config.Config, error) {
		return nil, broken
	}, log)
	l.Reopen = output.prepare
	log.Info("before")
	testkit.Check(t, os.Rename(name, name+".1"))
	log.Info("between")
	l.Reload()
	log.Info("after")
	for file, want := range map[string][3]bool{name + ".1": {true, true, false}, name: {false, false, true}} {
		content, err := os.ReadFile(file)
		testkit.Check(t, err)
		for i, word := range []string{"before", "between", "after"} {
			if strings.Contains(string(content), "msg="+word) != want[i] {
				t.Errorf("%s: %q in it is %v, want %v", file, word, !want[i], want[i])
			}
		}
	}
}

func TestReloadMovesTheLogAndChangesItsLevel(t *testing.T) {
	t.Parallel()
	file := testkit.ConfigFile(t, "{}")
	load := func() (*config.Config, error) { return config.Load(file, nil, nil) }
	c, err := load()
	testkit.Check(t, err)
	var stderr bytes.Buffer
	log, output, err := openLog(c.Log, nil, &stderr)
	testkit.Check(t, err)
	defer output.Close()
	live := config.NewLive(c, load, quiet)
	live.Reopen = output.prepare
	live.BeforeReload(output.prepareFor)
	name := filepath.Join(t.TempDir(), "new.log")
	testkit.Check(t, os.WriteFile(file, []byte("{logging: {system: {level: debug, output: "+name+"}}}"), 0o600))
	live.Reload()
	log.Debug("details")
	content, err := os.ReadFile(name)
	testkit.Check(t, err)
	if !strings.Contains(string(content), "msg=details") || stderr.Len() > 0 {
		t.Errorf("new log:\n%sold one:\n%s", content, &stderr)
	}
}
