package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"notary/internal/app/apptest"
	"notary/internal/config"
	"notary/internal/testkit"
)

// Not parallel: it changes the environment.
func TestStartCommandUnsetsThePassphrase(t *testing.T) {
	t.Setenv(config.EnvPassphrase, "plain violet harbour engine")
	command := new(program).startCommand()
	command.SilenceErrors, command.SilenceUsage = true, true
	command.SetArgs([]string{"--config", filepath.Join(t.TempDir(), "missing.yaml")})
	if err := command.ExecuteContext(t.Context()); err == nil {
		t.Error("a missing configuration was accepted")
	}
	if value, ok := os.LookupEnv(config.EnvPassphrase); ok {
		t.Errorf("the passphrase is still in the environment: %q", value)
	}
}

func TestStartCommandUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	reader, writer := io.Pipe()
	go func() {
		// The first line shows that the server is running.
		reader.Read(make([]byte, 4096))
		cancel()
		io.Copy(io.Discard, reader)
	}()
	logFile := filepath.Join(t.TempDir(), "notary.log")
	command := new(program).startCommand()
	command.SetOut(writer)
	command.SetArgs([]string{"--data", filepath.Join(t.TempDir(), "a", "b"), "--listen", "127.0.0.1:0",
		"--publish-listen", "127.0.0.1:0",
		"--config", testkit.ConfigFile(t, "{listen: '192.0.2.1:1', logging: {system: {format: json, output: "+logFile+"}}}")})
	if err := command.ExecuteContext(ctx); err != nil {
		t.Fatal(err)
	}
	log, err := os.ReadFile(logFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, []byte(`"msg":"started"`)) || !bytes.Contains(log, []byte(`"msg":"stopping`)) {
		t.Errorf("log:\n%s", log)
	}
}

func TestStartWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	c := apptest.Config(t)
	_, stop := apptest.Start(t, c)
	testkit.Check(t, stop())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		_ = os.Remove(c.DB + suffix)
	}
	s := newShell(t, nil)
	for _, args := range [][]string{{"start", "--listen", "127.0.0.1:0", "--publish-listen", "off"},
		{"migrate", "up"}} {
		r := s.run(append(args, "--data", c.Data)...)
		r.wantFailure(t, "so it was lost or moved")
	}
	if _, err := os.Stat(filepath.Join(c.Data, "notary.db")); err == nil {
		t.Error("a database was created")
	}
}
