//go:build unix

package cli

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

// PostgreSQL hangs: its processes are suspended. Calls fail with a time to retry, the server can be stopped, and
// acknowledged changes are kept.
func TestHungPostgres(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	postgres := testkit.StartCluster(t, "fsync = off")
	postgres.Exec(t, `CREATE DATABASE notary`)
	c := newCluster(t, binary, postgres.URL("notary"))
	c.env = append(c.env, "NOTARY_READ_TIMEOUT=15s") // each call to the hanging database takes as long
	node := c.start(t)
	l := prepare(t, connect(t, node.url))
	ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
	defer cancel()
	csr, err := newTestCSR()
	testkit.Check(t, err)
	request, err := l.client.CreateCertificateRequest(ctx, api.CreateCertificateRequest{CSR: csr})
	testkit.Check(t, err)

	thaw := postgres.Freeze(t)
	_, err = l.client.Me(ctx)
	wantRetry(t, "a read", err)
	_, err = l.client.CertificateRequest(ctx, request)
	wantRetry(t, "another read", err)
	_, err = l.client.Login(ctx, api.Login{Email: "load@example.com", Password: testkit.Password})
	wantRetry(t, "a login", err)
	pending := make(chan error, 1)
	go func() {
		pending <- l.client.SignCertificateRequest(ctx, request,
			api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)})
	}()

	testkit.Check(t, node.cmd.Process.Signal(syscall.SIGTERM))
	guard := time.AfterFunc(testkit.Patience, func() { _ = node.cmd.Process.Signal(syscall.SIGQUIT) })
	_ = node.cmd.Wait()
	guard.Stop()
	if code := node.cmd.ProcessState.ExitCode(); code != 0 &&
		!strings.Contains(node.log.String(), "did not stop in time") {
		t.Errorf("exit code %d without a reason in the log:\n%s", code, node.log.String())
	}
	if err := <-pending; err == nil {
		t.Error("a signature was acknowledged while the database hung")
	}

	thaw()
	next := c.start(t)
	l.client = connect(t, next.url).WithToken(l.client.Token())
	_, err = l.client.CertificateRequest(ctx, request)
	testkit.Check(t, err)
}

func wantRetry(t *testing.T, what string, err error) {
	t.Helper()
	var e *notary.Error
	if !errors.As(err, &e) || e.Kind != notary.Unavailable || e.RetryAfter <= 0 {
		t.Errorf("%s: %v, want 503 with Retry-After", what, err)
	}
}
