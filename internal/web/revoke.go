package web

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

func (s *site) revokeRequest(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	o, err := readRevokeOptions(c)
	if err == nil {
		err = c.mustBeSure()
	}
	if err != nil {
		return c.again(err, s.requestPage)
	}
	done, err := s.ca.RevokeRequest(c.r.Context(), c.caller, id, o)
	if err != nil {
		return c.again(err, s.requestPage)
	}
	return c.done(requestPath(id), revokedText(done))
}

func readRevokeOptions(c *call) (o ca.RevokeOptions, err error) {
	o.OnlyCurrent = c.value("only_current") == "yes"
	o.Reason, err = notary.ParseRevocationReason(c.value("reason"))
	return o, err
}

func (s *site) revokeCertificate(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if err := c.mustBeSure(); err != nil {
		return c.again(err, s.certificatePage)
	}
	reason, err := notary.ParseRevocationReason(c.value("reason"))
	var done ca.Revocations
	if err == nil {
		done, err = s.ca.RevokeCertificate(c.r.Context(), c.caller, id, reason)
	}
	if err != nil {
		return c.again(err, s.certificatePage)
	}
	return c.done(certificatePath(id), revokedText(done)+
		" OCSP and the next CRL will report this. For an offline CA, upload a new CRL.")
}

func revokedText(done ca.Revocations) string {
	var revoked, corrected []int64
	for _, c := range done.Revoked {
		if c.Previous == "" {
			revoked = append(revoked, c.ID)
		} else {
			corrected = append(corrected, c.ID)
		}
	}
	if len(revoked) == 1 && len(corrected)+len(done.NotRevoked) == 0 {
		return "Certificate revoked."
	}
	var said []string
	if len(revoked) > 0 {
		said = append(said, "Revoked: "+certificateList(revoked)+".")
	}
	if len(corrected) > 0 {
		said = append(said, "Reason corrected: "+certificateList(corrected)+".")
	}
	for _, c := range done.NotRevoked {
		said = append(said, fmt.Sprintf("Still valid: certificate %d. %s", c.ID, page.Because(c.Err)))
	}
	return strings.Join(said, " ")
}

const maxListed = 20 // certificates named in a message

// certificateList names certificates in a sentence, such as "certificates 5, 6 and 7".
func certificateList(ids []int64) string {
	var all []string
	for _, id := range ids[:min(len(ids), maxListed)] {
		all = append(all, strconv.FormatInt(id, 10))
	}
	switch more := len(ids) - len(all); {
	case len(ids) == 1:
		return "certificate " + all[0]
	case more > 0:
		return fmt.Sprintf("certificates %s and %d more", strings.Join(all, ", "), more)
	}
	last := len(all) - 1
	return "certificates " + strings.Join(all[:last], ", ") + " and " + all[last]
}

type reasonLabel struct {
	Reason notary.RevocationReason
	Label  string
}

// reasonLabels lists the accepted reasons of RFC 5280, section 5.3.1, the most common first.
var reasonLabels = []reasonLabel{
	{notary.Unspecified, "Unspecified"},
	{notary.KeyCompromise, "Key compromise – revokes every certificate with this key and blocks the key"},
	{notary.Superseded, "Superseded – replaced by a new certificate"},
	{notary.CessationOfOperation, "Cessation of operation – service decommissioned"},
	{notary.AffiliationChanged, "Affiliation changed – subject details no longer valid"},
	{notary.PrivilegeWithdrawn, "Privilege withdrawn"},
	{notary.CACompromise, "CA compromise – the CA's key is compromised"},
	{notary.AACompromise, "AA compromise – an attribute authority is compromised"},
}

func reasons() (all []page.Option) {
	for _, m := range reasonLabels {
		all = append(all, page.Option{Value: string(m.Reason), Label: m.Label})
	}
	return all
}

func laterReasons(former notary.RevocationReason) []page.Option {
	return slices.DeleteFunc(reasons(), func(o page.Option) bool {
		return !notary.RevocationReason(o.Value).Replaces(former)
	})
}

func (p requestPage) Reasons() []page.Option { return reasonsFor(p.reports) }

func reasonsFor(reports bool) []page.Option {
	return slices.DeleteFunc(reasons(), func(o page.Option) bool {
		return !reports && o.Value == string(notary.KeyCompromise)
	})
}

func (p requestPage) LaterReasons() []page.Option {
	if p.Status != notary.Revoked || p.Compromised || !p.reports {
		return nil
	}
	var all []page.Option
	for _, c := range p.Earlier {
		if c.Revocation == nil {
			continue
		}
		if later := laterReasons(c.Revocation.Reason); len(later) > len(all) {
			all = later
		}
	}
	return all
}

// StillValid returns the older certificates that a revocation of the request would also revoke.
func (p requestPage) StillValid() (valid []*notary.Certificate) {
	for _, c := range p.Earlier {
		if c.Revocation == nil && !p.now.After(c.NotAfter) {
			valid = append(valid, c)
		}
	}
	return valid
}

func (p certificatePage) Reasons() []page.Option { return reasonsFor(p.reports) }

// LaterReasons returns the reasons that can replace the current one.
func (p certificatePage) LaterReasons() []page.Option {
	return slices.DeleteFunc(laterReasons(p.Revocation.Reason), func(o page.Option) bool {
		return !p.reports && o.Value == string(notary.KeyCompromise)
	})
}
