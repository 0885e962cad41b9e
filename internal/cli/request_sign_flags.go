package cli

import (
	"github.com/spf13/cobra"

	"notary/api"
)

// signFlags override the subject and names in the CSR, and set the path length and name constraints of a subordinate
// CA.
type signFlags struct {
	subject     string
	names       nameValue
	noNames     bool
	pathLength  int
	constraints constraintFlags
}

// nameValue is the value of --name, which may be repeated. If the request is given by ID, it holds the names for the
// certificate; otherwise it is a filter.
type nameValue struct {
	filter *string
	all    []string
}

func (v *nameValue) Set(text string) error {
	*v.filter = text
	v.all = append(v.all, text)
	return nil
}

func (v *nameValue) String() string {
	if v.filter == nil {
		return ""
	}
	return *v.filter
}

func (v *nameValue) Type() string { return "string" }

func (f *signFlags) register(c *cobra.Command, on *decidedOn) {
	name := c.Flags().Lookup("name")
	f.names.filter = &on.filter.Name
	name.Value = &f.names
	name.Usage = "with an ID, a `name` for the certificate instead of the names in the CSR: host, *.domain, IP address, " +
		"email address, URI or upn:name; may be repeated. Without an ID, filter by exactly this name"
	c.Flags().StringVar(&f.subject, "subject", "", "a `subject` to use instead of the CSR's, such as "+
		"'CN=web.example.com,O=Example,C=DE'")
	c.Flags().BoolVar(&f.noNames, "no-names", false, "ignore the names in the CSR")
	c.Flags().IntVar(&f.pathLength, "path-length", 0, "for a subordinate CA, with a CA profile: the maximum number of CA "+
		"levels below it (default: the profile's)")
	f.constraints.register(c)
	c.MarkFlagsMutuallyExclusive("name", "no-names")
}

func (f *signFlags) fill(c *cobra.Command, args []string, body *api.SignCertificateRequest) (err error) {
	switch {
	case f.noNames:
		body.Names = []string{}
	case len(args) > 0:
		body.Names = f.names.all
		c.Flags().Lookup("name").Changed = false // with IDs, --name is not a filter
	case len(f.names.all) > 1:
		return usagef("--name can be given only once as a filter: to set the names of a certificate, specify the ID of its request")
	}
	body.Subject = f.subject
	if c.Flags().Changed("path-length") {
		body.PathLength = &f.pathLength
	}
	body.NameConstraints, err = f.constraints.constraints()
	return err
}
