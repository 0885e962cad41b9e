package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary"
	"notary/api"
	"notary/client"
)

func (p *program) profileCommand() *cobra.Command {
	return group("profile", "Manage certificate profiles",
		p.profileList(), p.profileShow(), p.profileCreate(), p.profileUpdate(), p.profileDelete(), p.profileCheck())
}

func (p *program) onProfile(do func(ctx context.Context, c *client.Client,
	id int64) error) func(*cobra.Command, []string) error {
	return func(command *cobra.Command, args []string) error {
		return p.call(func(ctx context.Context, c *client.Client) error {
			id, err := profileID(ctx, c, args[0])
			if err != nil {
				return err
			}
			return do(ctx, c, id)
		})(command, nil)
	}
}

// profileID returns the ID of a profile given by ID or by name. Names begin with a lower-case letter.
func profileID(ctx context.Context, c *client.Client, arg string) (int64, error) {
	if arg == "" || arg[0] < 'a' || arg[0] > 'z' {
		return parseID(arg)
	}
	all, err := c.Profiles(ctx)
	if err != nil {
		return 0, err
	}
	for _, profile := range all {
		if profile.Name == arg {
			return profile.ID, nil
		}
	}
	return 0, notary.Errorf(notary.NotFound, "there is no profile %s", arg)
}

func (p *program) profileList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List profiles", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Profiles(ctx)), table[api.Profile]{
				header: []string{"ID", "NAME", "VERSION", "BUILT IN", "VALIDITY", "DESCRIPTION"},
				row: func(e api.Profile) []string {
					return []string{strconv.FormatInt(e.ID, 10), e.Name, strconv.Itoa(e.Version), yesNo(e.Builtin),
						e.Validity, e.Description}
				},
				empty: "no profiles",
			})
		})}
}

func yesNo(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func (p *program) profileShow() *cobra.Command {
	var version int
	c := &cobra.Command{Use: "show ID|NAME", Short: "Show a profile; --json prints it in the format that create and " +
		"update accept", Args: cobra.ExactArgs(1),
		Example: "  notary profile show server\n  notary profile show server --json > mine.json",
		RunE: p.onProfile(func(ctx context.Context, c *client.Client, id int64) error {
			e, err := c.Profile(ctx, id, version)
			if err != nil {
				return err
			}
			return p.printOne(e, profileFields(p, e)...)
		})}
	c.Flags().IntVar(&version, "version", 0, "an earlier version `number` (default: the newest)")
	return c
}

func profileFields(p *program, e api.Profile) []field {
	pathLength, wildcards, underscores, most := "", "", "", ""
	if e.PathLength != nil {
		pathLength = strconv.Itoa(*e.PathLength)
	}
	names := api.ProfileNames{}
	if e.Names != nil {
		names = *e.Names
		wildcards, underscores = yesNo(names.Wildcards), yesNo(names.Underscores)
		most = strconv.Itoa(cmp.Or(names.Max, notary.DefaultMaxNames))
	}
	return []field{
		{"Profile", strconv.FormatInt(e.ID, 10)},
		{"Name", e.Name},
		{"Version", fmt.Sprintf("%d, from %s", e.Version, exact(&e.UpdatedAt, p.now()))},
		{"Built in", yesNo(e.Builtin)},
		{"Description", e.Description},
		{"For CAs", yesNo(e.CA)},
		{"Path length", pathLength},
		{"Key usages", strings.Join(e.KeyUsages, ", ")},
		{"Extended key usages", strings.Join(e.ExtendedKeyUsages, ", ")},
		{"Validity", e.Validity},
		{"Maximum validity", e.MaxValidity},
		{"Keys", keysText(e.Keys)},
		{"DNS names", nameRuleText(names.DNS)},
		{"Wildcards", wildcards},
		{"Underscores", underscores},
		{"IP addresses", nameRuleText(names.IP)},
		{"Email addresses", nameRuleText(names.Email)},
		{"URIs", nameRuleText(names.URI)},
		{"User principal names", nameRuleText(names.UPN)},
		{"Maximum number of names", most},
		{"Name required", yesNo(names.Required)},
		{"SHA-1 requests", yesNo(e.SHA1Requests)},
		{"Subject", subjectText(e.Subject)},
		{"Policies", strings.Join(e.Policies, ", ")},
		{"OCSP no check", yesNo(e.OCSPNoCheck)},
		{"Lint warnings", e.LintWarnings},
	}
}

func keysText(keys *api.ProfileKeys) string {
	if keys == nil {
		return ""
	}
	text := strings.Join(keys.Allowed, ", ")
	if keys.MinRSABits > 0 {
		text += fmt.Sprintf(", RSA from %d bits", keys.MinRSABits)
	}
	if keys.MaxRSABits > 0 {
		text += fmt.Sprintf(", RSA up to %d bits", keys.MaxRSABits)
	}
	return text
}

func nameRuleText(rule *api.ProfileNameRule) string {
	switch {
	case rule == nil:
		return "none"
	case len(rule.Listed) > 0:
		return strings.Join(rule.Listed, ", ")
	default:
		return rule.Allow
	}
}

func subjectText(subject *api.ProfileSubject) string {
	if subject == nil {
		return ""
	}
	var parts []string
	for _, a := range subject.Attributes {
		part := a.Type + " " + a.Rule
		if a.Value != "" {
			part += " as " + a.Value
		}
		parts = append(parts, part)
	}
	return strings.Join(append(parts, "other attributes "+subject.Others), ", ")
}

func (p *program) profileCreate() *cobra.Command {
	var file, name string
	c := &cobra.Command{Use: "create --file FILE", Short: "Create a profile from a JSON or YAML file",
		Args: cobra.NoArgs, Example: "  notary profile show server --json > web.json\n" +
			"  notary profile create --file web.json --name web",
		RunE: func(command *cobra.Command, args []string) error {
			e, err := p.readProfile(command.Context(), file)
			if err != nil {
				return err
			}
			if name != "" {
				e.Name = name
			}
			return p.call(func(ctx context.Context, c *client.Client) error {
				id, err := c.CreateProfile(ctx, api.CreateProfile{Name: e.Name, ProfileRules: e.ProfileRules})
				if err != nil {
					return err
				}
				return p.created(id, "profile %d was created\nnext: notary request sign ID --authority ID --profile %s",
					id, e.Name)
			})(command, args)
		}}
	profileFile(c, &file, "the JSON or YAML `file` with the profile; - for standard input")
	c.Flags().StringVar(&name, "name", "", "profile `name` (default: the name in the file)")
	c.MarkFlagRequired("file")
	return c
}

func profileFile(c *cobra.Command, file *string, usage string) {
	c.Flags().StringVar(file, "file", "", usage)
	c.MarkFlagFilename("file", "json", "yaml", "yml")
}

func (p *program) profileUpdate() *cobra.Command {
	var file string
	c := &cobra.Command{Use: "update ID|NAME --file FILE", Short: "Update a profile from a JSON or YAML file",
		Args: cobra.ExactArgs(1),
		Long: "Replace a profile's rules with the rules in a JSON or YAML file. This creates a new version.\n\n" +
			"If the file contains a version, as in the output of profile show --json, the update is refused unless it\n" +
			"is the latest version.",
		Example: "  notary profile show web --json > web.json\n" +
			"  notary profile update web --file web.json"}
	c.RunE = func(command *cobra.Command, args []string) error {
		e, err := p.readProfile(command.Context(), file)
		if err != nil {
			return err
		}
		body := api.UpdateProfile{ProfileRules: e.ProfileRules}
		if e.Version != 0 {
			body.Version = &e.Version
		}
		return p.onProfile(func(ctx context.Context, c *client.Client, id int64) error {
			if err := requireSameProfile(ctx, c, id, e.Name); err != nil {
				return err
			}
			version, err := c.UpdateProfile(ctx, id, body)
			switch {
			case err != nil:
				return err
			case p.json:
				return p.printJSON(api.UpdatedProfile{Message: api.Success, Version: version})
			}
			return p.done("profile %d has version %d", id, version)
		})(command, args)
	}
	profileFile(c, &file, "the JSON or YAML `file` with the rules; - for standard input")
	c.MarkFlagRequired("file")
	return c
}

// requireSameProfile returns an error if the profile with the given ID does not have the name given in the file, so
// that a profile does not get the rules of another one.
func requireSameProfile(ctx context.Context, c *client.Client, id int64, name string) error {
	if name == "" {
		return nil
	}
	e, err := c.Profile(ctx, id, 0)
	if err == nil && e.Name != name {
		return notary.Errorf(notary.Invalid, "the file contains the profile %s, but profile %d is %s: "+
			"nothing was changed", name, id, e.Name)
	}
	return err
}

func (p *program) profileDelete() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "delete ID|NAME", Short: "Delete a custom profile; certificates issued " +
		"with it stay valid", Args: cobra.ExactArgs(1),
		RunE: p.onProfile(func(ctx context.Context, c *client.Client, id int64) error {
			if err := p.confirm(ctx, yes, "Delete profile %d?", id); err != nil {
				return err
			}
			if err := c.DeleteProfile(ctx, id); err != nil {
				return err
			}
			return p.done("profile %d is deleted", id)
		})}
	yesFlag(c, &yes)
	return c
}

func (p *program) completeProfiles(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	err := p.call(func(ctx context.Context, c *client.Client) error {
		all, err := c.Profiles(ctx)
		for _, e := range all {
			names = append(names, e.Name)
		}
		return err
	})(command, nil)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
