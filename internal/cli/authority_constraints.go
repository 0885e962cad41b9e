package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"notary/api"
)

type constraintFlags struct{ permit, exclude []string }

const subtreeForms = "dns:example.com, ip:10.0.0.0/8, email:me@example.com, email:example.com, uri:.example.com"

func (f *constraintFlags) register(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.permit, "permit", nil,
		"a permitted subtree for the names in certificates below the CA, as `type:name`: "+subtreeForms+"; may be repeated")
	c.Flags().StringArrayVar(&f.exclude, "exclude", nil, "an excluded subtree for the names in certificates below the "+
		"CA, as `type:name`; may be repeated")
}

func (f constraintFlags) constraints() (*api.NameConstraints, error) {
	if len(f.permit)+len(f.exclude) == 0 {
		return nil, nil
	}
	permitted, err := subtrees("permit", f.permit, subtreeForms)
	if err != nil {
		return nil, err
	}
	excluded, err := subtrees("exclude", f.exclude, subtreeForms)
	return &api.NameConstraints{Permitted: permitted, Excluded: excluded}, err
}

// subtrees parses the values of a flag, such as dns:example.com. forms lists examples for errors.
func subtrees(flag string, given []string, forms string) (s api.Subtrees, err error) {
	kinds := map[string]*[]string{"dns": &s.DNS, "ip": &s.IP, "email": &s.Email, "uri": &s.URI}
	for _, text := range given {
		kind, names, found := strings.Cut(text, ":")
		list := kinds[strings.ToLower(kind)]
		if !found || list == nil {
			return s, usagef("--%s %q does not begin with a type of name: write %s", flag, text, forms)
		}
		*list = append(*list, names)
	}
	return s, nil
}

func subtreesText(s api.Subtrees) string {
	var all []string
	for _, kind := range []struct {
		name string
		list []string
	}{{"dns:", s.DNS}, {"ip:", s.IP}, {"email:", s.Email}, {"uri:", s.URI}} {
		for _, names := range kind.list {
			all = append(all, kind.name+names)
		}
	}
	return strings.Join(all, " ")
}
