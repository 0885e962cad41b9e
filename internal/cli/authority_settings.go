package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

// authoritySettings returns a command that changes the settings given by flags, or shows all settings if none is given.
func (p *program) authoritySettings() *cobra.Command {
	var crl, ocsp, issuer bool
	var shards int
	c := &cobra.Command{
		Use: "settings ID", Short: "Show or change a CA's settings: URLs included in new certificates, CRL partitions",
		Args: cobra.ExactArgs(1),
		Example: "  notary authority settings 2\n" +
			"  notary authority settings 2 --crl-shards 16\n" +
			"  notary authority settings 2 --ocsp=false",
	}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		var change api.ChangeAuthoritySettings
		for name, set := range map[string]func(){
			"crl": func() { change.CRL = &crl }, "ocsp": func() { change.OCSP = &ocsp },
			"issuer": func() { change.Issuer = &issuer }, "crl-shards": func() { change.CRLShards = &shards },
		} {
			if c.Flags().Changed(name) {
				set()
			}
		}
		if change == (api.ChangeAuthoritySettings{}) {
			a, err := client.CertificateAuthority(ctx, id)
			if err != nil {
				return err
			}
			return p.printOne(a.Settings, settingsFields(a.Settings)...)
		}
		if err := client.ChangeAuthoritySettings(ctx, id, change); err != nil {
			return err
		}
		return p.done("settings of CA %d changed", id)
	})
	c.Flags().BoolVar(&crl, "crl", true, "include the CRL distribution point")
	c.Flags().BoolVar(&ocsp, "ocsp", true, "include the URL of the OCSP responder")
	c.Flags().BoolVar(&issuer, "issuer", true, "include the CA Issuers URL")
	c.Flags().IntVar(&shards, "crl-shards", 0, "the `number` of CRL partitions, up to 1000; with 0, the server "+
		"chooses it by the number of certificates")
	return c
}

func settingsFields(s api.AuthoritySettings) []field {
	var names []string
	for _, one := range []struct {
		named bool
		name  string
	}{{s.CRL, "CRL"}, {s.OCSP, "OCSP"}, {s.Issuer, "issuer"}} {
		if one.named {
			names = append(names, one.name)
		}
	}
	if names == nil {
		names = []string{"none"}
	}
	shards := "automatic"
	if s.CRLShards > 0 {
		shards = strconv.Itoa(s.CRLShards)
	}
	return []field{{"URLs in certificates", strings.Join(names, ", ")}, {"Partitioned CRLs", shards}}
}
