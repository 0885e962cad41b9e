package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/inspect"
	"notary/internal/policy"
	"notary/internal/web/page"
)

type requestPage struct {
	*notary.Request
	Title        string
	CSRFacts     *inspect.Request // nil if it cannot be parsed
	CSRProblems  []inspect.Problem
	Issued       *certificateView // nil without a current certificate
	Cert         *notary.Certificate
	Earlier      []*notary.Certificate // its other certificates, newest first
	Downloads    downloads
	History      []eventView
	Again        string   // URL of a new request with the same names
	Compromised  bool     // whether its key was reported as compromised, so that it cannot be signed
	NotRevocable string   // reason why the current certificate cannot be revoked, or ""
	NotRenewable []string // reasons why a renewal cannot keep the authority or profile
	now          time.Time
	Expired      bool // whether the current certificate has expired
	forms
	signChoices

	may     map[policy.Action]bool // what the caller may do with the request
	reports bool                   // whether the caller may report its key as compromised
	Group   string                 // the group that owns it, or ""
	Via     *mention               // the API token that submitted it, or nil
}

var requestFields = formFields{
	"sign": slices.Concat(signFields, []string{"subject", "names", "ca_profile", "path_length",
		"name_constraints.permitted", "name_constraints.excluded"}),
	"reject": {"reason"},
	"revoke": {"reason", "only_current", page.FieldSure},
	"upload": {"certificate"},
	"remove": {page.FieldSure},

	"annotate": {"labels", "note"},
	"transfer": {"owner"},
	"delete":   {page.FieldSure},
}

func (s *site) requestPage(c *call, f page.Form) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	r, err := s.ca.Request(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	history, err := s.ca.History(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	p := requestPage{Request: r, Title: requestTitle(r), Again: "/requests/new?" +
		url.Values{"names": {namesText(r.Names)}}.Encode(),
		now: s.ca.Now(), forms: formsOf(c, f, requestFields)}
	if p.signChoices, err = s.signChoices(c); err != nil {
		return err
	}
	if p.may, err = s.ca.RequestActions(c.r.Context(), c.caller, r); err != nil {
		return err
	}
	if p.Group, err = s.groupName(c, r.OwnerGroupID); err != nil {
		return err
	}
	if p.Via, err = s.tokenMention(c, r.Submitter); err != nil {
		return err
	}
	p.reports = policy.May(c.caller, policy.RevokeRequest)
	if p.Compromised, err = s.ca.Compromised(c.r.Context(), c.caller, id); err != nil {
		return err
	}
	p.History = eventViews(c.caller, history, p.all)
	p.CSRFacts, p.CSRProblems = s.readCSR(r.CSR)
	if r.Certificate != nil {
		if err := p.addCertificate(s, c); err != nil {
			return err
		}
	}
	if err := p.addEarlier(s, c); err != nil {
		return err
	}
	p.chooseFormer()
	if !p.offers(p.sent) {
		p.Form = p.Form.Fields() // the form is no longer shown
	}
	return c.show("request", p.Title, p)
}

func (p *requestPage) addCertificate(s *site, c *call) (err error) {
	if p.Cert, err = s.ca.RequestCertificate(c.r.Context(), c.caller, p.ID); err != nil {
		return err
	}
	p.Expired = p.Cert.Status(s.ca.Now()) == notary.CertificateExpired
	p.NotRevocable = notRevocable(p.Cert, p.all, p.seesAuthorities)
	view := s.viewOf(p.Cert, p.all)
	p.Issued, p.Downloads = &view, downloadsOf(p.Cert, requestPath(p.ID)+"/download")
	return nil
}

const maxEarlier = 50 // certificates

func (p *requestPage) addEarlier(s *site, c *call) error {
	all, err := s.ca.CertificatesOfRequest(c.r.Context(), c.caller, p.ID)
	if err != nil {
		return err
	}
	for _, cert := range slices.Backward(all) {
		if (p.Cert == nil || cert.ID != p.Cert.ID) && len(p.Earlier) < maxEarlier {
			p.Earlier = append(p.Earlier, cert)
		}
	}
	return nil
}

// chooseFormer selects the authority and profile of the current certificate, or else of the latest one. Before the
// first certificate, it selects the requested authority and profile.
func (p *requestPage) chooseFormer() {
	former := p.Cert
	if former == nil && len(p.Earlier) > 0 {
		former = p.Earlier[0]
	}
	if former == nil {
		p.chooseRequested()
		return
	}
	if former.Profile == "" || len(p.Authorities) == 0 || len(p.Profiles) == 0 {
		return // issued elsewhere, or nothing to choose from
	}
	authority := strconv.FormatInt(former.AuthorityID, 10)
	p.Authorities, p.Profiles = choose(p.Authorities, authority), choose(p.Profiles, former.Profile)
	if p.Authorities[0].Value == "" {
		p.NotRenewable = append(p.NotRenewable, "the CA "+cmp.Or(authorityName(former.AuthorityID, p.all), authority)+
			" can't sign")
	}
	if p.Profiles[0].Value == "" {
		p.NotRenewable = append(p.NotRenewable, "the profile "+former.Profile+" is not available")
	}
}

func (s *site) readCSR(csr string) (*inspect.Request, []inspect.Problem) {
	objects, err := inspect.Read([]byte(csr), s.ca.Now())
	if err != nil || len(objects) == 0 {
		return nil, nil
	}
	inspect.ReportBlocked(objects, s.ca.Blocked)
	return objects[0].Request, objects[0].Problems
}

func requestTitle(r *notary.Request) string {
	if title := rowOf(r).Title; title != "" {
		return title
	}
	return fmt.Sprintf("Request %d", r.ID)
}

func namesText(n notary.Names) string {
	return strings.Join(n.All(), "\n")
}

func (s *site) downloadRequest(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if c.r.PathValue("form") != "csr.pem" {
		cert, err := s.ca.RequestCertificate(c.r.Context(), c.caller, id)
		if err != nil {
			return err
		}
		return c.sendCertificate(cert)
	}
	r, err := s.ca.Request(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	return c.send(fileName(r.CommonName, fmt.Sprintf("request-%d", r.ID))+"-csr.pem", typePEM, []byte(r.CSR))
}

// Possible reports whether the caller may perform the action and the request's status and history allow it.
func (p requestPage) Possible(action notary.Action) bool {
	if _, err := p.Status.Next(action); err != nil || !p.may[policy.OnRequest(action)] {
		return false
	}
	switch action {
	case notary.Sign, notary.Upload, notary.Reopen:
		return !p.Compromised
	case notary.Reject:
		return len(p.Earlier) == 0
	}
	return true
}

// MayDelete reports whether the caller may delete the request.
func (p requestPage) MayDelete() bool { return p.may[policy.DeleteRequest] }

// MayTransfer reports whether the caller may transfer the request to at least one owner.
func (p requestPage) MayTransfer() bool { return p.may[policy.TransferRequest] }

func (p requestPage) Decides() bool {
	for action, may := range p.may {
		if may && action != policy.TransferRequest && action != policy.AnnotateRequest {
			return true
		}
	}
	return false
}

func (p requestPage) offers(action string) bool {
	switch action {
	case "sign":
		return p.Possible(notary.Sign) && len(p.Authorities) > 0
	case "revoke":
		return p.Possible(notary.Revoke) && p.NotRevocable == "" || len(p.LaterReasons()) > 0
	case "remove":
		return p.Possible(notary.RemoveCertificate)
	case "reject", "upload":
		return p.Possible(notary.Action(action))
	case "delete":
		return p.MayDelete()
	case "transfer":
		return p.MayTransfer()
	case "annotate":
		return p.MayAnnotate()
	}
	return true
}

func (p requestPage) CAChoices() []page.Option {
	return append([]page.Option{{Label: "None (not a CA)"}}, p.CAProfiles...)
}

func (requestPage) SubtreesNote() string { return subtreesNote }

// Decided returns a sentence that explains the status.
func (p requestPage) Decided() string {
	if p.Compromised {
		return "The key was reported as compromised. Submit a new request with a new key."
	}
	if p.Cert != nil && p.Expired {
		return "Certificate expired."
	}
	if p.Cert != nil {
		return "Certificate issued, valid until " + p.Cert.NotAfter.UTC().Format(time.DateOnly) + "."
	}
	return map[notary.RequestStatus]string{
		notary.Outstanding: "Pending approval.",
		notary.Rejected:    "Rejected. Reopen the request to sign it.",
		notary.Revoked:     "Certificate revoked. Reopen the request to issue again.",
	}[p.Status]
}
