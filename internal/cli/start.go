package cli

import (
	"cmp"
	"os"

	"github.com/spf13/cobra"

	"notary/internal/app"
	"notary/internal/config"
)

func (p *program) startCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "start",
		Short: "Start the server",
		Long: "Start the server. By default, it keeps its data in ./notary-data and listens on\n" +
			"https://" + config.DefaultHost + ":" + config.DefaultPort +
			" with a self-signed certificate. SIGHUP reopens its log\n" +
			"and reloads its configuration and TLS certificate; SIGTERM and SIGINT stop it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			name, environ, flags := cmp.Or(file, os.Getenv(config.EnvConfig)), os.Environ(), changedFlags(c)
			load := func() (*config.Config, error) { return config.Load(name, environ, flags) }
			return app.Run(c.Context(), app.Process{Version: p.version(), Load: load, Stdout: c.OutOrStdout(),
				Stderr: c.ErrOrStderr()})
		},
	}
	c.Flags().StringVar(&file, "config", "", "YAML `file` with the configuration (default $NOTARY_CONFIG)")
	c.Flags().String(config.KeyData, "", "`folder` for the database, key file and TLS certificate (default "+
		"$NOTARY_DATA or ./notary-data)")
	c.Flags().String(config.KeyDatabase, "", "`URL` of a PostgreSQL database, postgres://user@host:5432/name, "+
		"instead of SQLite\n(default $NOTARY_DATABASE; put a password only there, because process lists show flags)")
	c.Flags().String(config.KeyListen, "",
		"`address` to listen on, host:port (default $NOTARY_LISTEN or "+config.DefaultHost+":"+config.DefaultPort+")")
	c.Flags().String(config.FlagName(config.KeyPublishListen), "", "`address` on which to publish CRLs, CA certificates "+
		"and OCSP responses over plain HTTP, host:port, or "+config.Off+
		"\n(default $NOTARY_PUBLISH_LISTEN or "+config.DefaultHost+":"+config.DefaultPublishPort+")")
	c.Flags().String(config.FlagName(config.KeyPublishURL), "", "base `URL` in certificates for CRLs, CA "+
		"certificates and OCSP\n(default $NOTARY_PUBLISH_URL or http:// followed by external_hostname and the "+
		"publishing port)")
	return c
}

func changedFlags(c *cobra.Command) map[string]any {
	given := map[string]any{}
	for _, key := range []string{config.KeyData, config.KeyListen, config.KeyDatabase, config.KeyPublishListen,
		config.KeyPublishURL} {
		if flag := c.Flags().Lookup(config.FlagName(key)); flag != nil && flag.Changed {
			given[key] = flag.Value.String()
		}
	}
	return given
}
