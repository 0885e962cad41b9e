package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startLimit = 2 * time.Minute
	stopLimit  = 45 * time.Second // the server exits within 29 seconds
)

const programName = "notary"

// buildProgram builds the program like make build, with build tags, and returns its size in octets.
func buildProgram(ctx context.Context, dir, tags string) (size int64, err error) {
	path := filepath.Join(dir, programName)
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-tags", tags, "-ldflags", "-s -w", "-o", path,
		"notary/cmd/notary")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

type node struct {
	cmd       *exec.Cmd
	data      string
	url       string
	address   string // host:port
	published string // host:port for plain HTTP
	tls       *tls.Config
	took      time.Duration // from process start to first response

	ended chan struct{} // closed when the process has ended
	err   error         // exit error; read only after ended is closed
}

// startNode starts a server with the given data folder and waits for its first response. The log is written next to the
// folder. If database is "", the server uses the SQLite file in the folder.
func startNode(ctx context.Context, program, data, database string) (_ *node, err error) {
	environment := append(foreignEnvironment(), "NOTARY_SETUP_CODE=off")
	if database != "" {
		environment = append(environment, "NOTARY_DATABASE="+database) // unlike a flag, not visible in the process list
	}
	log, err := os.OpenFile(data+".log", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	out := &announcement{urls: make(chan [2]string, 1)}
	n := &node{cmd: exec.Command(program, "start", "--data", data, "--listen", "127.0.0.1:0", "--publish-listen",
		"127.0.0.1:0"), data: data, ended: make(chan struct{})}
	n.cmd.Env, n.cmd.Stdout, n.cmd.Stderr = environment, out, log
	inOwnGroup(n.cmd)
	began := time.Now()
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		n.err = n.cmd.Wait()
		close(n.ended)
	}()
	defer func() {
		if err != nil {
			err = errors.Join(err, n.stop())
		}
	}()
	select {
	case urls := <-out.urls:
		n.url, n.published = urls[0], urls[1]
	case <-n.ended:
		return nil, fmt.Errorf("the server did not start: %w\n%s", n.err, lastLines(data+".log"))
	case <-time.After(startLimit):
		return nil, fmt.Errorf("the server did not start within %v\n%s", startLimit, lastLines(data+".log"))
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := n.greet(ctx); err != nil {
		return nil, err
	}
	n.took = time.Since(began)
	return n, nil
}

func (n *node) greet(ctx context.Context) error {
	n.address = strings.TrimPrefix(n.url, "https://")
	certificate, err := os.ReadFile(filepath.Join(n.data, "self-signed.crt"))
	if err != nil {
		return err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(certificate) {
		return errors.New("the server's certificate cannot be parsed")
	}
	n.tls = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted}
	c, err := dial(ctx, n)
	if err != nil {
		return err
	}
	defer c.close()
	status, err := c.do(appendCall(nil, n.address, "", call{method: "GET", path: "/status"}))
	if err == nil && status != 200 {
		err = fmt.Errorf("GET /status returned status %d", status)
	}
	return err
}

// stop asks the server to stop, and kills it after stopLimit.
func (n *node) stop() error {
	_ = n.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-n.ended:
		return n.err
	case <-time.After(stopLimit):
		_ = n.cmd.Process.Kill()
		<-n.ended
		return fmt.Errorf("the server did not stop within %v", stopLimit)
	}
}

// memory returns the current and peak resident memory of the process in octets, including code, or false if they are
// unknown.
func (n *node) memory() (now, peak int64, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	if err != nil {
		return 0, 0, false
	}
	now, peak = kibibytes(status, "VmRSS"), kibibytes(status, "VmHWM")
	return now, peak, now > 0 && peak > 0
}

func kibibytes(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte(name+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(string(line), "kB")), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// announcement is an io.Writer that sends the listening and publishing URLs once the server has printed them.
type announcement struct {
	text []byte
	urls chan [2]string
}

var listensOn = regexp.MustCompile(`(?s)listens on (https://\S+)\n.*publishes: +on (\S+),`)

func (a *announcement) Write(p []byte) (int, error) {
	if a.urls != nil {
		a.text = append(a.text, p...)
		if found := listensOn.FindSubmatch(a.text); found != nil {
			a.urls <- [2]string{string(found[1]), string(found[2])}
			a.urls = nil
		}
	}
	return len(p), nil
}

func foreignEnvironment() (all []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "NOTARY_") {
			all = append(all, v)
		}
	}
	return all
}

func lastLines(path string) string {
	log, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	const most = 2000
	return strings.ToValidUTF8(string(log[max(0, len(log)-most):]), "")
}
