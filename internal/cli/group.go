package cli

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

func (p *program) groupCommand() *cobra.Command {
	return group("group", "Manage groups of accounts",
		p.groupCreate(), p.groupList(), p.groupShow(), p.groupMembers(), p.groupDelete())
}

func (p *program) groupCreate() *cobra.Command {
	return &cobra.Command{Use: "create NAME", Short: "Create a group", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return p.call(func(ctx context.Context, c *client.Client) error {
				id, err := c.CreateGroup(ctx, api.CreateGroup{Name: args[0]})
				if err != nil {
					return err
				}
				return p.created(id, "group %d created: %s", id, args[0])
			})(command, nil)
		}}
}

func (p *program) groupList() *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List groups", Args: cobra.NoArgs,
		RunE: p.call(func(ctx context.Context, c *client.Client) error {
			return printList(p, each(c.Groups(ctx)), table[api.Group]{
				header: []string{"ID", "NAME", "CREATED"},
				row: func(g api.Group) []string {
					return []string{strconv.FormatInt(g.ID, 10), g.Name, relative(&g.CreatedAt, p.now())}
				},
				empty: "no groups; create one with: notary group create NAME",
			})
		})}
}

func (p *program) groupShow() *cobra.Command {
	return &cobra.Command{Use: "show ID", Short: "Show a group and its members", Args: cobra.ExactArgs(1),
		RunE: p.callOn(func(ctx context.Context, c *client.Client, id int64) error {
			g, err := c.Group(ctx, id)
			if err != nil {
				return err
			}
			members := make([]string, len(g.Members))
			for i, a := range g.Members {
				members[i] = a.Email + " (account " + strconv.FormatInt(a.ID, 10) + ")"
			}
			return p.printOne(g,
				field{"Group", strconv.FormatInt(g.ID, 10)},
				field{"Name", g.Name},
				field{"Created", exact(&g.CreatedAt, p.now())},
				field{"Members", strings.Join(members, ", ")},
			)
		})}
}

func groupNames(groups []api.Group) string {
	all := make([]string, len(groups))
	for i, g := range groups {
		all[i] = g.Name + " (" + strconv.FormatInt(g.ID, 10) + ")"
	}
	return strings.Join(all, ", ")
}

func (p *program) groupMembers() *cobra.Command {
	var add, remove []int64
	c := &cobra.Command{Use: "members ID", Short: "Add or remove members of a group",
		Args: cobra.ExactArgs(1), Example: "  notary group members web-team --add dana@example.com --remove 5"}
	c.RunE = p.callOn(func(ctx context.Context, client *client.Client, id int64) error {
		if len(add)+len(remove) == 0 {
			return usagef("--add or --remove is required")
		}
		if err := client.ChangeMembers(ctx, id, api.ChangeMembers{Add: add, Remove: remove}); err != nil {
			return err
		}
		return p.done("members of group %d changed", id)
	})
	c.Flags().Var(&namedListFlag{ids: &add, find: findAccount}, "add",
		"the `ID` or email address of an account to add; may be repeated")
	c.Flags().Var(&namedListFlag{ids: &remove, find: findAccount}, "remove",
		"the `ID` or email address of an account to remove; may be repeated")
	return c
}

func (p *program) groupDelete() *cobra.Command {
	return p.destructive("delete ID", "Delete a group and its grants", "Delete group %d and its grants?",
		"group %d deleted",
		func(ctx context.Context, c *client.Client, id int64) error { return c.DeleteGroup(ctx, id) })
}
