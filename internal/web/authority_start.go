package web

import (
	"strconv"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

// twoTierForm is the form that creates a root and an issuing CA in one step.
type twoTierForm struct {
	Form          page.Form
	Root, Issuing *notary.Authority // created by an unfinished attempt, or nil
	First         bool              // whether there was no authority before

	PublishWarning string
}

func (s *site) twoTierPage(c *call, f page.Form) error {
	if err := policy.AllowRole(c.caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return err
	}
	all, err := s.ca.Authorities(c.r.Context(), c.caller)
	if err != nil {
		return err
	}
	f = f.Fields(append([]string{"organization_name", "key_algorithm"}, tierDetails...)...)
	p := twoTierForm{Form: f, First: len(all) == 0 || f.Value(fieldRoot) != "", PublishWarning: s.ca.PublishWarning()}
	for field, a := range map[string]**notary.Authority{fieldRoot: &p.Root, fieldIssuing: &p.Issuing} {
		if id, err := strconv.ParseInt(f.Value(field), 10, 64); err == nil {
			if *a, err = s.ca.Authority(c.r.Context(), c.caller, id); err != nil &&
				notary.KindOf(err) != notary.NotFound {
				return err
			}
		}
	}
	return c.show("authority-start", p.Heading(), p)
}

// Fields for the IDs of the authorities that an unfinished attempt created. The form continues from there.
const (
	fieldRoot    = "root"
	fieldIssuing = "issuing"
)

func (s *site) startTwoTier(c *call) error {
	organization := c.value("organization_name")
	if organization == "" {
		return c.again(notary.FieldErrorf("organization_name", "enter the name of your organization"), s.twoTierPage)
	}
	root, err := s.createTier(c, fieldRoot, organization+" Root")
	if err != nil {
		return s.resumeTwoTier(c, err)
	}
	issuing, err := s.createTier(c, fieldIssuing, organization+" Issuing")
	if err == nil {
		err = s.ca.SignAuthority(c.r.Context(), c.caller, issuing, root)
	}
	if err != nil {
		return s.resumeTwoTier(c, err)
	}
	return c.done("/authorities", "Root and issuing CA created. Install the root's certificate in clients' trust stores; the issuing CA signs requests.")
}

// createTier creates one of the two authorities, unless an earlier attempt has created it, and adds its ID to the form.
func (s *site) createTier(c *call, field, name string) (int64, error) {
	if c.value(field) != "" {
		return readID(c.value(field))
	}
	prefix := field + "_"
	o, err := readAuthorityOptions(c, prefix)
	if err != nil {
		return 0, err
	}
	o.SelfSigned = field == fieldRoot
	if o.Subject.CommonName == "" {
		o.Subject.CommonName = name
	}
	id, err := s.ca.CreateAuthority(c.r.Context(), c.caller, o)
	if err != nil {
		return 0, atTier(prefix, err)
	}
	c.r.PostForm.Set(field, strconv.FormatInt(id, 10))
	return id, nil
}

func atTier(prefix string, err error) error {
	return notary.MapField(err, func(field string) string {
		switch field {
		case "common_name", "not_valid_after", "path_length":
			return prefix + field
		}
		return field
	})
}

// resumeTwoTier shows the form again with the error and the authorities already created. Once the root exists, it shows
// every error in the form, so that the user can continue.
func (s *site) resumeTwoTier(c *call, err error) error {
	if c.value(fieldRoot) == "" {
		return c.again(err, s.twoTierPage)
	}
	return s.twoTierPage(c, c.failed(c.r.PostForm, c.explain(err)))
}

func (p twoTierForm) Heading() string {
	if p.First {
		return "Create your first CAs"
	}
	return "Create root and issuing CA"
}

func (twoTierForm) KeyAlgorithms() []page.Option { return keyAlgorithms() }

var tierDetails = []string{"root_common_name", "issuing_common_name", "country_name", "root_not_valid_after",
	"issuing_not_valid_after", "root_path_length", "issuing_path_length"}

// Detailed reports whether an advanced option has been changed or has an error.
func (p twoTierForm) Detailed() bool {
	for _, field := range tierDetails {
		if p.Form.Value(field) != "" && field != "issuing_path_length" || p.Form.ErrorAt(field) != "" {
			return true
		}
	}
	return p.Form.Value("key_algorithm") != "" && p.Form.Value("key_algorithm") != string(notary.KeyAlgorithms[0])
}
