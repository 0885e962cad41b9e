package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"notary"
	"notary/api"
	"notary/client"
)

// Authorities, requests, accounts, groups, rules and tokens can be given by name. Names are resolved to IDs before a
// command runs.

type resolver interface {
	unresolved() bool
	resolve(ctx context.Context, c *client.Client) error
}

type namedFlag struct {
	id   *idFlag
	find finder
	name string // until it is resolved
}

func (f *namedFlag) Type() string { return "ID" }

func (f *namedFlag) String() string {
	if f.name != "" || f.id == nil {
		return f.name
	}
	return f.id.String()
}

func (f *namedFlag) Set(s string) error {
	if f.name = ""; isNumber(s) || strings.TrimSpace(s) == "" {
		return f.id.Set(s)
	}
	f.name = s
	return nil
}

func (f *namedFlag) unresolved() bool { return f.name != "" }

func (f *namedFlag) resolve(ctx context.Context, c *client.Client) error {
	id, err := f.find(ctx, c, f.name)
	if err == nil {
		*f.id, f.name = idFlag(id), ""
	}
	return err
}

type namedListFlag struct {
	ids   *[]int64
	find  finder
	names []string // until they are resolved
}

func (f *namedListFlag) Type() string { return "ID" }

func (f *namedListFlag) String() string {
	if f.ids == nil {
		return ""
	}
	texts := slices.Clone(f.names)
	if len(*f.ids) > 0 {
		texts = append(texts, joinIDs(*f.ids))
	}
	return strings.Join(texts, ", ")
}

func (f *namedListFlag) Set(s string) error {
	parts := strings.Split(s, ",")
	if strings.TrimSpace(s) != "" && !isNumber(parts[0]) {
		f.names = append(f.names, s)
		return nil
	}
	for _, part := range parts {
		id, err := parseID(part)
		if err != nil {
			return err
		}
		*f.ids = append(*f.ids, id)
	}
	return nil
}

func (f *namedListFlag) unresolved() bool { return len(f.names) > 0 }

func (f *namedListFlag) resolve(ctx context.Context, c *client.Client) error {
	for _, name := range f.names {
		id, err := f.find(ctx, c, name)
		if err != nil {
			return err
		}
		*f.ids = append(*f.ids, id)
	}
	f.names = nil
	return nil
}

func isNumber(s string) bool {
	_, err := strconv.ParseInt(s, 10, 64)
	return err == nil
}

func authorityFlag(c *cobra.Command, id *idFlag, name, usage string) {
	c.Flags().Var(&namedFlag{id: id, find: findSigner}, name, usage)
}

func accountFlag(c *cobra.Command, id *idFlag, name, usage string) {
	c.Flags().Var(&namedFlag{id: id, find: findAccount}, name, usage)
}

func groupFlag(c *cobra.Command, id *idFlag, name, usage string) {
	c.Flags().Var(&namedFlag{id: id, find: findGroup}, name, usage)
}

// resolveNames resolves names in flags, and returns the arguments with names replaced by IDs.
func (p *program) resolveNames(command *cobra.Command, args []string) ([]string, error) {
	var flags []resolver
	command.Flags().VisitAll(func(f *pflag.Flag) {
		if named, ok := f.Value.(resolver); ok && named.unresolved() {
			flags = append(flags, named)
		}
	})
	var find finder
	if command.HasParent() {
		find = finders[command.Parent().Name()]
	}
	var named []int // indexes of arguments
	for i, arg := range args {
		if find != nil && isIDArgument(command, i) && !isNumber(arg) && strings.TrimSpace(arg) != "" {
			named = append(named, i)
		}
	}
	if len(flags)+len(named) == 0 {
		return args, nil
	}
	args = slices.Clone(args)
	err := p.call(func(ctx context.Context, c *client.Client) error {
		for _, f := range flags {
			if err := f.resolve(ctx, c); err != nil {
				return err
			}
		}
		for _, i := range named {
			id, err := find(ctx, c, args[i])
			if err != nil {
				return err
			}
			if err := p.confirmNamed(ctx, c, command, args[i], id); err != nil {
				return err
			}
			args[i] = strconv.FormatInt(id, 10)
		}
		return nil
	})(command, nil)
	return args, err
}

func isIDArgument(command *cobra.Command, i int) bool {
	places := strings.Fields(command.Use)[1:]
	return i < len(places) && places[i] == "ID" || len(places) > 0 && places[0] == "[ID...]"
}

type finder func(ctx context.Context, c *client.Client, name string) (int64, error)

var finders = map[string]finder{
	"account":   findAccount,
	"authority": findAuthority,
	"group":     findGroup,
	"request":   findRequest,
	"rule":      findRule,
	"token":     findToken,
}

func findAuthority(ctx context.Context, c *client.Client, name string) (int64, error) {
	all, err := authoritiesNamed(ctx, c, name)
	if err != nil {
		return 0, err
	}
	return onlyAuthority(all, name)
}

// findSigner finds the CA to sign with. If several CAs share the name, as after a roll-over, it returns the only one
// that is active and online, or an error.
func findSigner(ctx context.Context, c *client.Client, name string) (int64, error) {
	all, err := authoritiesNamed(ctx, c, name)
	if err != nil {
		return 0, err
	}
	active := slices.DeleteFunc(slices.Clone(all), func(a api.CertificateAuthority) bool {
		return a.Status != string(notary.AuthorityActive) || a.Offline
	})
	if len(active) == 1 {
		return active[0].ID, nil
	}
	return onlyAuthority(all, name)
}

// authoritiesNamed returns the CAs with the given common name. If no name matches exactly, it ignores case.
func authoritiesNamed(ctx context.Context, c *client.Client,
	name string) (found []api.CertificateAuthority, err error) {
	all, err := c.CertificateAuthorities(ctx)
	if notary.KindOf(err) == notary.Forbidden {
		return nil, withHint(err, "use the CA's ID instead of its name")
	} else if err != nil {
		return nil, err
	}
	for _, same := range []func(a, b string) bool{func(a, b string) bool { return a == b }, strings.EqualFold} {
		for _, a := range all {
			if same(a.CommonName, name) {
				found = append(found, a)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	return found, nil
}

func onlyAuthority(found []api.CertificateAuthority, name string) (int64, error) {
	switch len(found) {
	case 0:
		return 0, withHint(notary.Errorf(notary.NotFound, "no CA with ID or common name %q", name),
			"notary authority list")
	case 1:
		return found[0].ID, nil
	}
	var ids []string
	for _, a := range found {
		ids = append(ids, fmt.Sprintf("%d (%s)", a.ID, a.Status))
	}
	return 0, notary.Errorf(notary.Invalid, "%d CAs have the common name %q: specify the ID of one, %s",
		len(found), name, strings.Join(ids, ", "))
}

func findAccount(ctx context.Context, c *client.Client, email string) (int64, error) {
	all, err := c.Accounts(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range all {
		if strings.EqualFold(a.Email, strings.TrimSpace(email)) {
			return a.ID, nil
		}
	}
	return 0, withHint(notary.Errorf(notary.NotFound, "no account with ID or email address %q", email),
		"notary account list")
}

// findGroup returns the ID of the group with the given name. Unless the caller is an Admin, it searches only the
// caller's groups.
func findGroup(ctx context.Context, c *client.Client, name string) (int64, error) {
	me, err := c.Me(ctx)
	if notary.KindOf(err) == notary.Forbidden { // as for API tokens
		return 0, withHint(err, "name the group by its ID")
	} else if err != nil {
		return 0, err
	}
	all := me.Groups
	unknown := withHint(notary.Errorf(notary.NotFound, "you are not in a group named %q", name), "notary account me")
	if notary.Role(me.RoleID) == notary.Admin {
		unknown = withHint(notary.Errorf(notary.NotFound, "no group with ID or name %q", name), "notary group list")
		if all, err = c.Groups(ctx); err != nil {
			return 0, err
		}
	}
	for _, g := range all {
		if g.Name == name {
			return g.ID, nil
		}
	}
	return 0, unknown
}

const maxNamesakes = 20 // maximum number listed in an error

func findRequest(ctx context.Context, c *client.Client, name string) (int64, error) {
	query := api.RequestQuery{Paging: api.Paging{Limit: maxNamesakes},
		RequestFilter: api.RequestFilter{Filter: api.Filter{Name: name}}}
	var found []string
	var only int64
	for r, err := range c.FindCertificateRequests(ctx, query) {
		if err != nil {
			return 0, err
		}
		only = r.ID
		if found = append(found, fmt.Sprintf("%d (%s)", r.ID, r.Status)); len(found) == maxNamesakes {
			break
		}
	}
	switch len(found) {
	case 0:
		return 0, withHint(notary.Errorf(notary.NotFound, "no request with ID or name %q", name),
			"notary request list")
	case 1:
		return only, nil
	}
	return 0, notary.Errorf(notary.Invalid, "several requests match %q: specify the ID of one, %s", name,
		strings.Join(found, ", "))
}

// hintSwitches replaces the error of check if an argument was meant as the value of a boolean flag, which needs an
// equals sign, as in --revoked=false.
func hintSwitches(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, args []string) error {
		err := check(command, args)
		i := slices.IndexFunc(args, func(arg string) bool { return arg == "true" || arg == "false" })
		if err == nil || i < 0 {
			return err
		}
		command.Flags().Visit(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				err = usagef("write --%s=%s, with an equals sign: %q by itself is an argument", f.Name, args[i],
					args[i])
			}
		})
		return err
	}
}
