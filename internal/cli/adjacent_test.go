package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"notary/internal/store"
	"notary/internal/testkit"
)

// Two programs one migration apart run on one database under load, before, during and after each upgrade, and no change
// is lost. A migration that excludes the older program is refused while that is running, and keeps it out afterwards.
func TestAdjacentVersions(t *testing.T) {
	t.Parallel()
	all, err := store.DatabaseSchema.List()
	testkit.Check(t, err)
	current := all[len(all)-1].Version
	expand := nextMigration{current + 1, current, `
		ALTER TABLE request ADD COLUMN team TEXT;
		ALTER TABLE certificate ADD COLUMN team TEXT NOT NULL DEFAULT 'unknown';
		CREATE INDEX request_team ON request (team) WHERE team IS NOT NULL;
		CREATE TABLE team (name TEXT NOT NULL PRIMARY KEY);
		UPDATE request SET team = 'earlier';`}
	contract := nextMigration{current + 2, current + 1, `
		DROP TABLE team;
		DROP INDEX request_team;
		ALTER TABLE certificate DROP COLUMN team;
		ALTER TABLE request DROP COLUMN team;`}
	c := newCluster(t, buildProgram(t), testkit.Postgres(t))
	newer, newest := *c, *c
	newer.binary, newest.binary = buildNext(t, expand), buildNext(t, expand, contract)

	first := c.start(t)
	l := loadOn(t, first)
	stop := l.startLoad(t)
	l.await(t, 200)
	second := newer.start(t) // migrates
	l.await(t, 200)          // on the older one, which keeps running
	stop()
	l.nodes = append(l.nodes, connect(t, second.url).WithToken(l.client.Token()))
	third := c.start(t) // the older program starts next to the newer one
	l.nodes = append(l.nodes, connect(t, third.url).WithToken(l.client.Token()))
	l.loadAdjacent(t, 300)

	status := newest.command(t, "migrate", "status")
	dryRun := newest.command(t, "migrate", "up", "--dry-run")
	for text, want := range map[string]string{
		fmt.Sprintf("upgrade pending: first stop all nodes of versions before %d", current+1):                    status,
		fmt.Sprintf("nodes of schema version %d (127.0.0.1), which must be stopped before the upgrade", current): status,
		fmt.Sprintf("Pending:   %d next, for programs of version %d and later", contract.version, current+1):     status,
		fmt.Sprintf("%d next: rows changed: 1, in ", contract.version):                                           dryRun,
		"drop column request.team": dryRun,
	} {
		if !strings.Contains(want, text) {
			t.Errorf("%q is not in\n%s", text, want)
		}
	}
	_, err = newest.try(t, newest.dataFolder(t))
	testkit.WantText(t, err, fmt.Sprintf("requires every node to have version %d or later, but nodes of other versions "+
		"are running: version %d (", current+1, current), "Stop them, then start this program again")
	first.kill()
	third.kill()
	checkWhole(t, c.database)
	l.nodes = l.nodes[1:2]
	stop = l.startLoad(t)
	l.await(t, 100)
	fourth := newest.start(t) // contracts
	l.await(t, 100)           // on the node that was there before
	stop()
	l.nodes = append(l.nodes, connect(t, fourth.url).WithToken(l.client.Token()))
	l.loadAdjacent(t, 100)
	_, err = c.try(t, c.dataFolder(t))
	testkit.WantText(t, err, fmt.Sprintf("its schema has version %d, which requires a program of schema version "+
		"%d or later", current+2, current+1), "run the newer program")
	second.kill()
	fourth.kill()
	if out := newest.command(t, "check"); !strings.Contains(out, "no damage found") {
		t.Errorf("notary check: %s", out)
	}
}

func (c *cluster) command(t *testing.T, args ...string) string {
	t.Helper()
	args = append(args, "--database", c.database, "--data", c.dataFolder(t))
	out, err := exec.Command(c.binary, args...).CombinedOutput()
	if err != nil {
		t.Errorf("notary %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// loadAdjacent puts load on all nodes. Each must show everything acknowledged so far.
func (l *load) loadAdjacent(t *testing.T, n int) {
	t.Helper()
	before := l.calls()
	l.underLoad(t.Context(), t, 64, operations(n))
	if after := l.calls(); after.acknowledged == before.acknowledged {
		t.Errorf("no call was acknowledged after %+v: %+v", before, after)
	}
	for _, l.client = range l.nodes {
		l.verify(t)
	}
}

type nextMigration struct {
	version, compatibleFrom int64
	text                    string
}

// buildNext builds the program with an overlay of further migrations.
func buildNext(t *testing.T, migrations ...nextMigration) string {
	t.Helper()
	folder := t.TempDir()
	overlay := map[string]map[string]string{"Replace": {}}
	for _, m := range migrations {
		text := fmt.Sprintf("-- +goose Up\n%s\n"+
			"INSERT INTO schema_compatibility (version, compatible_from) VALUES (%d, %d);\n", m.text, m.version,
			m.compatibleFrom)
		file := filepath.Join(folder, fmt.Sprintf("%05d_next.sql", m.version))
		testkit.Check(t, os.WriteFile(file, []byte(text), 0o600))
		for _, engine := range []string{"sqlite", "postgres"} {
			path, err := filepath.Abs(filepath.Join("..", "store", "migrations", engine, filepath.Base(file)))
			testkit.Check(t, err)
			overlay["Replace"][path] = file
		}
	}
	text, err := json.Marshal(overlay)
	testkit.Check(t, err)
	list := filepath.Join(folder, "overlay.json")
	testkit.Check(t, os.WriteFile(list, text, 0o600))
	binary := filepath.Join(folder, "notary")
	testkit.Check(t, build(binary, "-overlay", list))
	return binary
}
