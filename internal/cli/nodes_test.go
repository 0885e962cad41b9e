package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/keystore"
	"notary/internal/testkit"
)

// cluster is a set of nodes on one database, each a process with its own data folder.
type cluster struct {
	binary   string
	database string
	sealKey  string // a copy is in each data folder
	env      []string
}

func newCluster(t *testing.T, binary, database string) *cluster {
	t.Helper()
	c := &cluster{binary: binary, database: database, sealKey: filepath.Join(t.TempDir(), "seal.key"),
		env: []string{"NOTARY_SETUP_CODE=off"}}
	testkit.Check(t, keystore.CreateFile(c.sealKey))
	return c
}

func (c *cluster) start(t *testing.T, args ...string) *process {
	t.Helper()
	p, err := c.try(t, c.dataFolder(t), args...)
	testkit.Check(t, err)
	return p
}

func (c *cluster) try(t *testing.T, data string, args ...string) (*process, error) {
	p := &process{env: c.env}
	t.Cleanup(func() {
		if p.cmd == nil {
			return
		}
		p.kill()
		if log := p.log.String(); t.Failed() {
			t.Logf("the errors in the log of %s, and its end:\n%s\n%s", p.url, errorLines(log), log[max(0, len(log)-3000):])
		}
	})
	return p, p.start("", c.binary, append([]string{"start", "--data", data, "--listen", "127.0.0.1:0",
		"--publish-listen", "127.0.0.1:0",
		"--database", c.database}, args...)...)
}

func errorLines(log string) string {
	var found strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, " level=ERROR ") || strings.Contains(line, " status=5") {
			found.WriteString(line)
		}
	}
	return found.String()
}

func (c *cluster) dataFolder(t *testing.T) string {
	t.Helper()
	data := t.TempDir()
	key, err := os.ReadFile(c.sealKey)
	testkit.Check(t, err)
	testkit.Check(t, os.WriteFile(filepath.Join(data, "seal.key"), key, 0o600))
	return data
}

func loadOn(t *testing.T, nodes ...*process) *load {
	t.Helper()
	l := prepare(t, connect(t, nodes[0].url))
	l.nodes = append(l.nodes, l.client)
	for _, node := range nodes[1:] {
		l.nodes = append(l.nodes, connect(t, node.url).WithToken(l.client.Token()))
	}
	return l
}

// It does not matter which node is called.
func TestNodes(t *testing.T) {
	t.Parallel()
	binary := buildProgram(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T, *cluster)
	}{
		{"start at once on an empty database", nodesStartAtOnce},
		{"under the load of many clients", nodesUnderLoad},
		{"a renewal on one and a revocation on another", nodesDecideAtOnce},
		{"without the key file of the others", nodeWithAnotherKeyFile},
		{"an authority is disabled and enabled on one of them", nodesHearOfAuthorities},
		{"a revocation on one is published by the other", nodesPublish},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newCluster(t, binary, testkit.Postgres(t))) })
	}
}

func nodesStartAtOnce(t *testing.T, c *cluster) {
	nodes, folders := make([]*process, 2), []string{c.dataFolder(t), c.dataFolder(t)}
	testkit.Check(t, errors.Join(testkit.Race(len(nodes), func(i int) (err error) {
		nodes[i], err = c.try(t, folders[i])
		return err
	})...))
	l := loadOn(t, nodes...)
	for _, l.client = range l.nodes {
		l.sample(t)
	}
	var steps, once int
	testkit.Check(t, testkit.SQL(t, c.database).QueryRow(
		`SELECT COUNT(*), COUNT(DISTINCT version_id) FROM goose_db_version`).Scan(&steps, &once))
	if steps != once || steps < 2 {
		t.Errorf("the database has %d steps of the schema, %d of them different", steps, once)
	}
	checkWhole(t, c.database)
}

// Like TestManyClientsAtOnce, with the calls spread over two nodes.
func nodesUnderLoad(t *testing.T, c *cluster) {
	first, second := c.start(t), c.start(t)
	l := loadOn(t, first, second)
	begun := time.Now()
	l.underLoad(t.Context(), t, 64, operations(2000))
	t.Logf("%d calls were acknowledged in %.1f s, of %d requests; CRL number %d",
		l.acknowledged, time.Since(begun).Seconds(), len(l.requests), l.crl)
	l.wantAllAnswered(t)
	for _, l.client = range l.nodes {
		l.verify(t)
	}
	first.kill()
	second.kill()
	checkWhole(t, c.database)
}

// A renewal and a revocation race on two nodes. Once the revocation is acknowledged, the request stays revoked.
func nodesDecideAtOnce(t *testing.T, c *cluster) {
	l := loadOn(t, c.start(t), c.start(t))
	with := api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)}
	outcomes := map[string]int{}
	for n := range 40 {
		l.create(t.Context())
		id := l.requests[n].id
		testkit.Check(t, l.client.SignCertificateRequest(t.Context(), id, with))
		errs := testkit.Race(2, func(i int) error {
			if i == 0 {
				return l.nodes[0].SignCertificateRequest(t.Context(), id, with)
			}
			_, err := l.nodes[1].RevokeCertificate(t.Context(), id, api.RevokeCertificateRequest{})
			return err
		})
		req, err := l.client.CertificateRequest(t.Context(), id)
		testkit.Check(t, err)
		want := notary.Active
		if errs[1] == nil {
			want = notary.Revoked
		}
		if kinds := testkit.Kinds(errs); kinds[""]+kinds[notary.Conflict] != 2 || req.Status != string(want) {
			t.Errorf("request %d is %s; the renewal returned %v, the revocation %v", id, req.Status, errs[0], errs[1])
		}
		outcomes[fmt.Sprintf("renewal %q, revocation %q", notary.KindOf(errs[0]), notary.KindOf(errs[1]))]++
	}
	t.Log(outcomes)
}

func nodeWithAnotherKeyFile(t *testing.T, c *cluster) {
	c.start(t)
	data := t.TempDir()
	_, err := c.try(t, data)
	testkit.WantText(t, err, "the key file "+filepath.Join(data, "seal.key")+" is missing", "copy it from another node")

	testkit.Check(t, keystore.CreateFile(filepath.Join(data, "seal.key")))
	_, err = c.try(t, data)
	testkit.WantText(t, err, "error: this node's key file or passphrase differs from that of the other nodes: "+
		"copy seal.key from one of them, or set the same NOTARY_KEY_PASSPHRASE\n")
	if password := passwordOf(c.database); strings.Contains(err.Error(), password) {
		t.Errorf("the error contains the database password: %v", err)
	}
	c.start(t) // with the right one
}

func passwordOf(database string) string {
	_, after, _ := strings.Cut(database, "://")
	_, after, _ = strings.Cut(after, ":")
	password, _, _ := strings.Cut(after, "@")
	return password
}

// A node drops a cached authority that another one changes. Until then it signs nothing, because it checks again.
func nodesHearOfAuthorities(t *testing.T, c *cluster) {
	l := loadOn(t, c.start(t), c.start(t))
	here, there := l.nodes[0], l.nodes[1]
	request := l.sample(t)
	signThere := func() error {
		return there.SignCertificateRequest(t.Context(), request,
			api.SignCertificateRequest{CertificateAuthorityID: api.ID(l.authority)})
	}
	awaitThere := func(what string, is func(error) bool) {
		t.Helper()
		begun := time.Now()
		for err := signThere(); !is(err); err = signThere() {
			testkit.WantKind(t, err, notary.Conflict)
			if time.Since(begun) > testkit.Patience {
				t.Fatalf("the other node does not know that it is %s: %v", what, err)
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Logf("the other node knows that it is %s after %d ms", what, time.Since(begun).Milliseconds())
	}
	testkit.Check(t, signThere()) // the authority is now cached there
	for range 3 {
		testkit.Check(t, here.UpdateCertificateAuthority(t.Context(), l.authority,
			api.UpdateCertificateAuthority{Enabled: false}))
		testkit.WantKind(t, signThere(), notary.Conflict)
		awaitThere("disabled", func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "is disabled: it cannot sign")
		})
		testkit.Check(t, here.UpdateCertificateAuthority(t.Context(), l.authority,
			api.UpdateCertificateAuthority{Enabled: true}))
		awaitThere("enabled", func(err error) bool { return err == nil })
	}
}
