package cli

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"notary/internal/testkit"
)

const crashes = 20

// The server is killed repeatedly under load. Everything acknowledged survives, the CRL number never decreases, and
// the database is intact.
func TestKilledUnderLoad(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	data := filepath.Join(t.TempDir(), "notary-data")
	var l *load
	for range crashes {
		server := startProcess(t, binary, "start", "--data", data, "--listen", "127.0.0.1:0", "--publish-listen",
			"127.0.0.1:0")
		if l == nil {
			l = prepare(t, connect(t, server.url))
		}
		l.client = connect(t, server.url).WithToken(l.client.Token())
		l.verify(t)
		l.crashDuring(t, server)
		checkWhole(t, filepath.Join(data, "notary.db"))
	}
	server := startProcess(t, binary, "start", "--data", data, "--listen", "127.0.0.1:0", "--publish-listen",
		"127.0.0.1:0")
	l.client = connect(t, server.url).WithToken(l.client.Token())
	l.verify(t)
	server.kill()
	t.Logf("%d requests after %d crashes, CRL number %d", len(l.requests), crashes, l.crl)
}

// crashDuring kills the server after a random number of milliseconds under load.
func (l *load) crashDuring(t *testing.T, server *process) {
	t.Helper()
	ctx, enough := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { l.underLoad(ctx, t, 16, operations(5000)) })
	time.Sleep(time.Duration(100+rand.IntN(600)) * time.Millisecond)
	server.kill()
	enough()
	running.Wait()
}

// built is the program, for all tests.
var built struct {
	once   sync.Once
	folder string
	err    error
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(built.folder)
	os.Exit(code)
}

// buildProgram returns the path of the program, which is built once, without the race detector.
func buildProgram(t *testing.T) string {
	t.Helper()
	built.once.Do(func() {
		if built.folder, built.err = os.MkdirTemp("", "notary-program-"); built.err == nil {
			built.err = build(filepath.Join(built.folder, "notary"))
		}
	})
	testkit.Check(t, built.err)
	return filepath.Join(built.folder, "notary")
}

// build builds the program with additional flags.
func build(binary string, flags ...string) error {
	args := append([]string{"build", "-o", binary}, flags...)
	if out, err := exec.Command("go", append(args, "notary/cmd/notary")...).CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

type process struct {
	env       []string // in addition to that of the test
	cmd       *exec.Cmd
	url       string
	publishes string       // http://host:port of the publications
	log       bytes.Buffer // complete once the process has ended
	stderr    io.Writer    // receives the log instead, if set
	once      sync.Once
}

var (
	listensOn   = regexp.MustCompile(`listens on (https://\S+)`)
	publishesOn = regexp.MustCompile(`publishes: +on (\S+),`)
)

// patientDatabase makes a server wait for PostgreSQL on a busy machine.
const patientDatabase = "NOTARY_READ_TIMEOUT=1m"

func startProcess(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{env: []string{"NOTARY_SETUP_CODE=off"}}
	testkit.Check(t, p.start("", binary, args...))
	t.Cleanup(p.kill)
	return p
}

func (p *process) start(dir, binary string, args ...string) error {
	p.cmd = exec.Command(binary, args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(append(os.Environ(), patientDatabase), p.env...)
	p.cmd.Stderr = &p.log
	if p.stderr != nil {
		p.cmd.Stderr = p.stderr
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for (p.url == "" || !strings.Contains(lines.Text(), "certificate:")) && lines.Scan() {
		if found := listensOn.FindStringSubmatch(lines.Text()); found != nil {
			p.url = found[1]
		}
		if found := publishesOn.FindStringSubmatch(lines.Text()); found != nil {
			p.publishes = "http://" + found[1]
		}
	}
	if p.url == "" {
		p.kill()
		return fmt.Errorf("the server did not start: %s", p.log.String())
	}
	go io.Copy(io.Discard, out) // so that the server never blocks
	return nil
}

// kill ends the process like kill -9 and waits for it.
func (p *process) kill() {
	p.once.Do(func() {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait()
	})
}
