package main

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"notary"
)

func TestLogGoesWhereItShould(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"stdout", "stderr"} {
		var stdout, stderr bytes.Buffer
		log, output, err := openLog(logConfig{output: target, format: "text"}, &stdout, &stderr)
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
		log, output, err := openLog(logConfig{output: name, format: "json", level: slog.LevelWarn}, nil, nil)
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
	wantModes(t, dir, map[string]fs.FileMode{"notary.log": 0o600})
}

func TestLogFileThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	_, _, err := openLog(logConfig{output: filepath.Join(t.TempDir(), "missing", "notary.log")}, nil, nil)
	if notary.KindOf(err) != notary.Invalid || !strings.Contains(err.Error(), "cannot write the log") {
		t.Errorf("error %v", err)
	}
}
