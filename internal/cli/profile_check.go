package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"notary/api"
	"notary/client"
)

type checkFlags struct {
	csr, file string
	last      int
	authority idFlag
}

func (p *program) profileCheck() *cobra.Command {
	var flags checkFlags
	c := &cobra.Command{Use: "check ID|NAME", Short: "Test a profile, or changes to it, without issuing",
		Args: cobra.ExactArgs(1),
		Long: "Test a profile on a CSR, on the latest requests, or on both, without issuing. The latest requests that the\n" +
			"profile would refuse are listed. With --file, the rules in the file are tested instead, and the requests\n" +
			"whose verdict would change are listed. If the CSR would be refused, the exit code is 1.",
		Example: "  notary profile check server --csr web.csr --authority 2\n" +
			"  notary profile check web --file web.json --last 500"}
	c.Flags().StringVar(&flags.csr, "csr", "", "PEM `file` with the CSR to test; - for standard input")
	c.Flags().IntVar(&flags.last, "last", 0, "the `number` of latest requests to test, up to 1000")
	authorityFlag(c, &flags.authority, "authority", "also check the constraints of the CA with this `ID` or common "+
		"name, and lint as if it signed")
	profileFile(c, &flags.file, "the JSON or YAML `file` with changed rules")
	c.MarkFlagsOneRequired("csr", "last")
	c.RunE = func(command *cobra.Command, args []string) error {
		body, err := flags.body(command.Context(), p)
		if err != nil {
			return err
		}
		return p.onProfile(func(ctx context.Context, c *client.Client, id int64) error {
			check, err := c.CheckProfile(ctx, id, body)
			if err != nil {
				return err
			}
			return p.printCheck(check)
		})(command, args)
	}
	return c
}

func (f checkFlags) body(ctx context.Context, p *program) (body api.CheckProfile, err error) {
	body = api.CheckProfile{Last: f.last, CertificateAuthorityID: api.ID(f.authority)}
	if f.csr == "-" && f.file == "-" {
		return body, usagef("only one of --csr and --file can be standard input")
	}
	if f.csr != "" {
		if body.CSR, err = p.readInput(ctx, f.csr); err != nil {
			return body, err
		}
	}
	if f.file != "" {
		e, err := p.readProfile(ctx, f.file)
		if err != nil {
			return body, err
		}
		body.Profile = &e.ProfileRules
	}
	return body, nil
}

var errWouldBeRefused = errors.New("the request would be refused")

func (p *program) printCheck(check api.ProfileCheck) error {
	if p.json {
		if err := p.printJSON(check); err != nil {
			return err
		}
	} else if err := p.printVerdicts(check); err != nil {
		return err
	}
	if check.OK != nil && !*check.OK {
		return errWouldBeRefused
	}
	return nil
}

func (p *program) printVerdicts(check api.ProfileCheck) error {
	if check.OK != nil {
		err := printList(p, each(check.Verdicts, nil), table[api.Verdict]{
			header: []string{"RULE", "HOLDS", "REASON"},
			row:    func(v api.Verdict) []string { return []string{v.Rule, yesNo(v.OK), v.Reason} },
		})
		if err != nil {
			return err
		}
		for _, f := range check.Lint {
			p.notice("%s", lintText(f))
		}
	}
	if check.Looked == 0 {
		return nil
	}
	if err := p.printChangedVerdicts("would now be refused", check.Looked, check.Refused); err != nil {
		return err
	}
	return p.printChangedVerdicts("would now be allowed", check.Looked, check.Allowed)
}

func (p *program) printChangedVerdicts(what string, looked int, requests []api.Tried) error {
	fmt.Fprintf(p.out, "of the last %d requests, %d %s\n", looked, len(requests), what)
	if len(requests) == 0 {
		return nil
	}
	return printList(p, each(requests, nil), table[api.Tried]{
		header: []string{"REQUEST", "NAME", "REASON"},
		row: func(t api.Tried) []string {
			names := slices.Concat(t.DNSNames, t.IPAddresses, t.EmailAddresses, t.URIs, t.UPNs)
			return []string{strconv.FormatInt(t.ID, 10), shortName(t.CommonName, names), t.Reason}
		},
	})
}

func lintText(f api.LintFinding) string {
	return fmt.Sprintf("%s: %s (%s, lint %s)", f.Level, f.Description, f.Citation, f.Lint)
}
