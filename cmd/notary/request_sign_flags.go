package main

import (
	"github.com/spf13/cobra"

	"notary/api"
)

// signFlags say what the certificate has instead of what the CSR asks for, and the limits of a
// subordinate CA.
type signFlags struct {
	subject     string
	names       []string
	noNames     bool
	pathLength  int
	constraints constraintFlags
}

func (f *signFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.subject, "subject", "", "the `subject` instead of that of the CSR, such as 'CN=web.example.com,O=Example,C=DE'")
	c.Flags().StringArrayVar(&f.names, "name", nil, "a `name` instead of those of the CSR: host, *.domain, IP address, e-mail address, URI or upn:name; may be repeated")
	c.Flags().BoolVar(&f.noNames, "no-names", false, "leave out the names of the CSR")
	c.Flags().IntVar(&f.pathLength, "path-length", 0, "for a subordinate CA, with a profile for CAs: how many CAs may follow below it (default the profile's)")
	f.constraints.register(c)
	c.MarkFlagsMutuallyExclusive("name", "no-names")
}

// fill adds what the flags say to the body of a call.
func (f *signFlags) fill(c *cobra.Command, body *api.SignCertificateRequest) (err error) {
	body.Subject, body.Names = f.subject, f.names
	if f.noNames {
		body.Names = []string{}
	}
	if c.Flags().Changed("path-length") {
		body.PathLength = &f.pathLength
	}
	body.NameConstraints, err = f.constraints.constraints()
	return err
}
