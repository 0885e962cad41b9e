package web

import (
	"fmt"
	"slices"
	"strings"

	"notary"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type certificatePage struct {
	*notary.Certificate
	Title        string
	State        string
	Issuer       *notary.Authority // nil if not held here or not visible to the caller
	Holder       int64             // authority whose current certificate it is, or 0
	ProfileID    int64             // 0 if the profile no longer exists or is not visible
	View         certificateView
	Downloads    downloads
	Others       []otherChain // all chains except the first
	NotRevocable string       // reason why it cannot be revoked, or ""
	MayRevoke    bool
	MayTransfer  bool
	forms
	Group   string // the group that owns it, or ""
	reports bool   // whether the caller may report its key as compromised
}

type otherChain struct {
	Number  int // in the download URL
	Names   string
	Problem string
}

func (s *site) certificatePage(c *call, f page.Form) error {
	cert, err := s.certificateOf(c)
	if err != nil {
		return err
	}
	p := certificatePage{Certificate: cert, State: cert.Status(s.ca.Now()), forms: formsOf(c, f, certificateFields),
		Downloads: downloadsOf(cert, certificatePath(cert.ID)+"/download")}
	if p.Title, _ = titleOf(cert.CommonName, cert.Names); p.Title == "" {
		p.Title = fmt.Sprintf("Certificate %d", cert.ID)
	}
	if p.MayRevoke, err = s.ca.MayRevoke(c.r.Context(), c.caller, cert); err != nil {
		return err
	}
	if p.MayTransfer, err = s.ca.MayTransfer(c.r.Context(), c.caller, cert); err != nil {
		return err
	}
	if p.Group, err = s.groupName(c, cert.OwnerGroupID); err != nil {
		return err
	}
	p.reports = policy.May(c.caller, policy.RevokeCertificate)
	var all []*notary.Authority
	sees := c.caller.May(notary.ReadAuthorities)
	if sees {
		if all, err = s.ca.Authorities(c.r.Context(), c.caller); err != nil {
			return err
		}
	}
	p.Issuer = issuerOf(cert, all)
	p.NotRevocable = notRevocable(cert, all, sees)
	for _, a := range all {
		if a.Certificate != nil && a.Certificate.ID == cert.ID {
			p.Holder = a.ID
		}
	}
	if !p.offers(p.sent) {
		p.Form = p.Form.Fields() // the error belongs to no visible field
	}
	p.View = s.viewOf(cert, all)
	if p.ProfileID, err = s.profileNamed(c, cert.Profile); err != nil {
		return err
	}
	if p.Others, err = s.otherChains(c, cert.ID); err != nil {
		return err
	}
	return c.show("certificate", p.Title, p)
}

var certificateFields = formFields{"revoke": {"reason", page.FieldSure}, "transfer": {"owner"}}

// offers reports whether the page shows the form for an action.
func (p certificatePage) offers(action string) bool {
	return action == "revoke" && p.revocable() || action == "transfer" && p.MayTransfer
}

// revocable reports whether the page has a form to revoke the certificate or to correct the revocation reason.
func (p certificatePage) revocable() bool {
	if p.Revocation != nil {
		return len(p.LaterReasons()) > 0
	}
	return p.Holder == 0 && p.NotRevocable == ""
}

// notRevocable returns why a certificate cannot be revoked, or "" if it can be or the caller cannot see the issuer.
func notRevocable(cert *notary.Certificate, authorities []*notary.Authority, seen bool) string {
	if !seen && cert.AuthorityID != 0 {
		return ""
	}
	return page.Because(cert.Revocable(issuerOf(cert, authorities)))
}

func issuerOf(cert *notary.Certificate, all []*notary.Authority) *notary.Authority {
	i := slices.IndexFunc(all, func(a *notary.Authority) bool { return a.ID == cert.AuthorityID })
	if i < 0 {
		return nil
	}
	return all[i]
}

func (s *site) certificateOf(c *call) (*notary.Certificate, error) {
	id, err := c.id()
	if err != nil {
		return nil, err
	}
	return s.ca.Certificate(c.r.Context(), c.caller, id)
}

// profileNamed returns the ID of a profile, or 0 if it does not exist or the caller may not see it.
func (s *site) profileNamed(c *call, name string) (int64, error) {
	if name == "" || !c.caller.May(notary.ReadProfiles) {
		return 0, nil
	}
	all, err := s.ca.Profiles(c.r.Context(), c.caller)
	for _, p := range all {
		if p.Name == name {
			return p.ID, err
		}
	}
	return 0, err
}

// otherChains returns all chains except the first. See [notary/internal/issuers.Issuers.Chains] for the order.
func (s *site) otherChains(c *call, id int64) (others []otherChain, err error) {
	chains, _, err := s.ca.Chains(c.r.Context(), c.caller, id)
	for i, chain := range chains {
		if i > 0 {
			others = append(others, otherChain{i + 1, strings.Join(chain.Names[1:], ", "),
				page.Sentence(chain.Problem)})
		}
	}
	return others, err
}

func (s *site) downloadCertificate(c *call) error {
	cert, err := s.certificateOf(c)
	if err != nil {
		return err
	}
	return c.sendCertificate(cert)
}

func (s *site) downloadChain(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	number, err := readID(c.r.PathValue("number"))
	if err != nil {
		return err
	}
	chains, _, err := s.ca.Chains(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	if number > int64(len(chains)) {
		return errNotFound
	}
	return c.send(fmt.Sprintf("certificate-%d-chain-%d.pem", id, number), typePEM, []byte(chains[number-1].PEM()))
}
