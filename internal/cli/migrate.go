package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"notary"
	"notary/internal/app"
	"notary/internal/config"
	"notary/internal/store"
)

func (p *program) migrateCommand() *cobra.Command {
	var dryRun bool
	status := onDatabase(&cobra.Command{Use: "status", Short: "Compare the schema of the database with this program's",
		Long: "Show the schema versions of the database and of this program, the pending migrations, and the lowest\n" +
			"schema version that a program must know to use the database. On PostgreSQL, also show the versions of\n" +
			"running nodes. The command changes nothing; a server may be running.",
		Args: cobra.NoArgs}, p.migrateStatus)
	up := onDatabase(&cobra.Command{Use: "up", Short: "Upgrade the schema of the database",
		Long: "Apply the pending migrations, as a server does when it starts. On PostgreSQL, nodes that are compatible\n" +
			"with the new schema keep running; the upgrade is refused while any other node is running.\n\n" +
			"With --dry-run, apply the migrations, list their changes and roll them back. SQLite does this on a copy,\n" +
			"which needs as much disk space as the database. PostgreSQL does it in one transaction; running servers\n" +
			"wait until it ends.",
		Example: "  notary migrate up --dry-run --data /var/lib/notary",
		Args:    cobra.NoArgs}, asServerUser(func(ctx context.Context, c *config.Config, args []string) error {
		if dryRun {
			return p.migrateDryRun(ctx, c, args)
		}
		return p.migrateUp(ctx, c, args)
	}))
	c := group("migrate", "Manage the database schema", withDatabaseFlag(status), withDatabaseFlag(up))
	help := c.RunE
	try := onDatabase(withDatabaseFlag(c), asServerUser(p.migrateDryRun)).RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if dryRun {
			return try(c, args)
		}
		return help(c, args)
	}
	for _, c := range []*cobra.Command{c, up} {
		c.Flags().BoolVar(&dryRun, "dry-run", false, "apply the migrations, list their changes and roll them back")
	}
	return c
}

type schemaJSON struct {
	Version        int64           `json:"version"` // of the database; 0 if empty
	Newest         int64           `json:"newest"`  // known to this program
	CompatibleFrom int64           `json:"compatible_from"`
	Usable         bool            `json:"usable"` // by this program, once the pending migrations are applied
	Pending        []migrationJSON `json:"pending"`
	Running        []runningJSON   `json:"running"`
}

type migrationJSON struct {
	Version        int64    `json:"version"`
	Name           string   `json:"name"`
	CompatibleFrom int64    `json:"compatible_from"`
	Objects        []string `json:"objects,omitempty"` // changed in a dry run
	Rows           *int64   `json:"rows,omitempty"`
}

type runningJSON struct {
	Version   int64  `json:"version"`
	Addresses string `json:"addresses"`
	Blocking  bool   `json:"blocking"` // must be stopped before the pending migrations
}

func (p *program) migrateStatus(ctx context.Context, c *config.Config, _ []string) error {
	if err := app.RequireDatabase(c); err != nil {
		return err
	}
	status, err := store.Schema(ctx, c.DB)
	if err != nil {
		return err
	}
	database := "empty"
	if status.Current > 0 {
		database = fmt.Sprintf("schema version %d, for programs of version %d and later", status.Current,
			status.CompatibleFrom)
	}
	fields := []field{
		{"Program", fmt.Sprintf("schema version %d", status.Newest)},
		{"Database", database},
		{"State", schemaState(status)},
	}
	for _, m := range status.Pending {
		fields = append(fields, field{"Pending",
			fmt.Sprintf("%d %s, for programs of version %d and later", m.Version, m.Name, m.CompatibleFrom)})
	}
	for _, r := range status.Running {
		fields = append(fields, field{"Running", describeRunning(r, status)})
	}
	return p.printOne(schemaAsJSON(status), fields...)
}

func schemaState(status store.SchemaStatus) string {
	switch {
	case status.Usable() != nil:
		return "too new for this program: run the newer program that upgraded the schema"
	case status.Current > status.Newest:
		return "newer than this program's, but compatible"
	case status.Current == 0:
		return "empty: notary migrate up or the start of a server creates the schema"
	case len(status.Pending) == 0:
		return "up to date"
	case len(status.Blocking()) > 0:
		return fmt.Sprintf("upgrade pending: first stop all nodes of versions before %d", status.Required())
	}
	return "upgrade pending: notary migrate up or the start of a server applies it"
}

func describeRunning(r store.RunningPrograms, status store.SchemaStatus) string {
	text := fmt.Sprintf("nodes of schema version %d", r.Version)
	if r.Addresses != "" {
		text += " (" + r.Addresses + ")"
	}
	if r.Version < status.Required() {
		text += ", which must be stopped before the upgrade"
	}
	return text
}

func schemaAsJSON(status store.SchemaStatus) schemaJSON {
	out := schemaJSON{Version: status.Current, Newest: status.Newest, CompatibleFrom: status.CompatibleFrom,
		Usable: status.Usable() == nil, Pending: []migrationJSON{}, Running: []runningJSON{}}
	for _, m := range status.Pending {
		out.Pending = append(out.Pending,
			migrationJSON{Version: m.Version, Name: m.Name, CompatibleFrom: m.CompatibleFrom})
	}
	for _, r := range status.Running {
		out.Running = append(out.Running, runningJSON{r.Version, r.Addresses, r.Version < status.Required()})
	}
	return out
}

func (p *program) migrateUp(ctx context.Context, c *config.Config, _ []string) error {
	if err := app.RequireDatabase(c); err != nil {
		return err
	}
	before, err := store.Schema(ctx, c.DB)
	if err != nil && notary.KindOf(err) != notary.NotFound {
		return err
	}
	st, err := store.Open(ctx, c.DB, time.Now)
	if err != nil {
		return err
	}
	if err := st.Close(); err != nil {
		return err
	}
	after, err := store.Schema(ctx, c.DB)
	switch {
	case err != nil:
		return err
	case before.Current >= after.Current:
		return p.done("nothing to do: the schema has version %d", after.Current)
	}
	return p.done("the schema was upgraded from version %d to %d", before.Current, after.Current)
}

func (p *program) migrateDryRun(ctx context.Context, c *config.Config, _ []string) error {
	if err := app.RequireDatabase(c); err != nil {
		return err
	}
	effects, err := store.DryRun(ctx, c.DB)
	if err != nil {
		return err
	}
	if p.json {
		out := []migrationJSON{}
		for _, e := range effects {
			out = append(out, migrationJSON{e.Version, e.Name, e.CompatibleFrom, e.Objects, &e.Rows})
		}
		return p.printJSON(out)
	}
	if len(effects) == 0 {
		return p.done("nothing to do: the schema is up to date")
	}
	var lines []string
	for _, e := range effects {
		lines = append(lines, fmt.Sprintf("%d %s: rows changed: %d, in %s",
			e.Version, e.Name, e.Rows, e.Took.Round(time.Millisecond)))
		for _, object := range e.Objects {
			lines = append(lines, "  "+object)
		}
	}
	return p.done("%s\nnothing was changed: this was a dry run", strings.Join(lines, "\n"))
}
