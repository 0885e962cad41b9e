package cli

import (
	"crypto/x509/pkix"
	"strings"

	"github.com/spf13/cobra"

	"notary"
)

// subjectFlags are the attributes of a distinguished name (RFC 5280, section 4.1.2.4).
type subjectFlags struct {
	commonName, organization, organizationalUnit, country, state, locality string
}

var subjectFlagNames = []string{"common-name", "organization", "organizational-unit", "country", "state", "locality"}

func (f *subjectFlags) register(c *cobra.Command, commonNameHelp string) {
	c.Flags().StringVar(&f.commonName, "common-name", "", "the subject's common name ("+commonNameHelp+")")
	c.Flags().StringVar(&f.organization, "organization", "", "the subject's organization")
	c.Flags().StringVar(&f.organizationalUnit, "organizational-unit", "", "the subject's organizational unit")
	c.Flags().StringVar(&f.country, "country", "", "the subject's country, two letters")
	c.Flags().StringVar(&f.state, "state", "", "the subject's state or province")
	c.Flags().StringVar(&f.locality, "locality", "", "the subject's locality")
}

func (f subjectFlags) name() pkix.Name {
	return pkix.Name{
		CommonName:         f.commonName,
		Organization:       unlessEmpty(f.organization),
		OrganizationalUnit: unlessEmpty(f.organizationalUnit),
		Country:            unlessEmpty(f.country),
		Province:           unlessEmpty(f.state),
		Locality:           unlessEmpty(f.locality),
	}
}

func unlessEmpty(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func algorithms() []string {
	var names []string
	for _, algorithm := range notary.KeyAlgorithms {
		names = append(names, string(algorithm))
	}
	return names
}

func algorithmList() string { return strings.Join(algorithms(), ", ") }

func completeAlgorithms(c *cobra.Command) {
	c.RegisterFlagCompletionFunc("key-algorithm",
		cobra.FixedCompletions(algorithms(), cobra.ShellCompDirectiveNoFileComp))
}
