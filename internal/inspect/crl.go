package inspect

import (
	"crypto/x509"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary/internal/pki"
)

// CRL is the content of a certificate revocation list (RFC 5280, section 5).
type CRL struct {
	Issuer             string         `json:"issuer"`
	Number             string         `json:"number,omitempty"`
	ThisUpdate         time.Time      `json:"this_update"`
	NextUpdate         *time.Time     `json:"next_update,omitempty"`
	SignatureAlgorithm string         `json:"signature_algorithm"`
	AuthorityKeyID     string         `json:"authority_key_id,omitempty"`
	Entries            int            `json:"entries"`
	Reasons            map[string]int `json:"reasons,omitempty"`      // number of entries by reason
	Revoked            []Revoked      `json:"revoked,omitempty"`      // the first 20 entries
	Distribution       []string       `json:"distribution,omitempty"` // URLs in the issuing distribution point
	OnlyFor            string         `json:"only_for,omitempty"`     // its scope, such as "CA certificates"; empty for all
	Delta              bool           `json:"delta"`                  // whether it lists only changes
	VerifiedBy         string         `json:"verified_by,omitempty"`  // subject of the issuer's certificate
}

// Revoked is an entry of a CRL.
type Revoked struct {
	SerialNumber string    `json:"serial_number"` // hexadecimal
	At           time.Time `json:"revoked_at"`
	Reason       string    `json:"reason"`
}

const maxRevoked = 20

// reasonNames maps codes to the names of RFC 5280, section 5.3.1.
var reasonNames = map[int]string{
	0: "unspecified", 1: "keyCompromise", 2: "cACompromise", 3: "affiliationChanged", 4: "superseded",
	5: "cessationOfOperation", 6: "certificateHold", 8: "removeFromCRL", 9: "privilegeWithdrawn", 10: "aACompromise",
}

func reasonName(code int) string {
	if name, known := reasonNames[code]; known {
		return name
	}
	return fmt.Sprintf("reason %d", code)
}

func (r *reader) readCRL(der []byte) Object {
	o := Object{Kind: KindCRL}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		o.fail("unreadable", "RFC 5280, section 5.1", "it cannot be parsed: %s", reason(err))
		return o
	}
	o.list = list
	o.CRL = crlFacts(list)
	o.Name = shortName(list.Issuer, list.RawIssuer, nil)
	o.checkSignatureAlgorithm(list.SignatureAlgorithm, false)
	o.checkUpdates("it", list.ThisUpdate, list.NextUpdate, r.now)
	if list.NextUpdate.IsZero() {
		o.fail("no_next_update", "RFC 5280, section 5.1.2.5", "it has no nextUpdate")
	}
	if list.Number == nil {
		o.fail("no_number", "RFC 5280, section 5.2.3", "it has no CRL number, so clients cannot tell which of "+
			"two CRLs is newer")
	}
	if len(list.AuthorityKeyId) == 0 {
		o.warn("no_authority_key_id", "RFC 5280, section 5.2.1", "it has no authority key identifier")
	}
	o.checkExtensions(list)
	o.checkEntries(list, r.now)
	return o
}

func crlFacts(list *x509.RevocationList) *CRL {
	facts := &CRL{
		Issuer: nameText(list.RawIssuer), ThisUpdate: list.ThisUpdate.UTC(),
		SignatureAlgorithm: list.SignatureAlgorithm.String(),
		AuthorityKeyID:     hexText(list.AuthorityKeyId), Entries: len(list.RevokedCertificateEntries),
	}
	if list.Number != nil {
		facts.Number = numberText(list.Number)
	}
	if !list.NextUpdate.IsZero() {
		next := list.NextUpdate.UTC()
		facts.NextUpdate = &next
	}
	if facts.Entries > 0 {
		facts.Reasons = map[string]int{}
	}
	for i, entry := range list.RevokedCertificateEntries {
		why := reasonName(entry.ReasonCode)
		facts.Reasons[why]++
		if i < maxRevoked {
			facts.Revoked = append(facts.Revoked, Revoked{pki.SerialString(entry.SerialNumber), entry.RevocationTime.UTC(), why})
		}
	}
	return facts
}

func numberText(n *big.Int) string {
	if n.BitLen() > 160 {
		return "0x" + hexText(n.Bytes())
	}
	return n.String()
}

func (o *Object) checkUpdates(what string, this, next, now time.Time) {
	switch {
	case this.After(now):
		o.fail("not_yet_valid", "", "%s has a thisUpdate in the future, %s: check the clock", what, day(this))
	case !next.IsZero() && next.Before(now):
		o.fail("stale", "", "%s is out of date: its nextUpdate was %s", what, day(next))
	case !next.IsZero() && next.Before(this):
		o.fail("validity", "", "%s has a nextUpdate before its thisUpdate", what)
	}
}

// checkExtensions reads the extensions that limit the scope of a CRL (RFC 5280, section 5.2), and reports unknown
// critical ones.
func (o *Object) checkExtensions(list *x509.RevocationList) {
	for _, extension := range list.Extensions {
		switch extension.Id.String() {
		case "2.5.29.28":
			o.CRL.readDistribution(extension.Value)
		case "2.5.29.27":
			o.CRL.Delta = true
		case "2.5.29.20", "2.5.29.35", "2.5.29.18", "2.5.29.46":
		default:
			if extension.Critical {
				o.fail("unknown_critical_extension", "RFC 5280, section 5.2", "it has an unknown critical "+
					"extension (%s): relying parties will reject it", oidText(extension.Id))
			}
		}
	}
}

// readDistribution reads the known parts of an issuing distribution point (RFC 5280, section 5.2.5).
func (c *CRL) readDistribution(value []byte) {
	in := cryptobyte.String(value)
	var body cryptobyte.String
	if !in.ReadASN1(&body, casn1.SEQUENCE) {
		return
	}
	for !body.Empty() {
		var part cryptobyte.String
		var tag casn1.Tag
		if !body.ReadAnyASN1(&part, &tag) {
			return
		}
		switch tag {
		case casn1.Tag(0).Constructed().ContextSpecific():
			c.Distribution = distributionURLs(part)
		case casn1.Tag(1).ContextSpecific():
			c.OnlyFor = "end-entity certificates"
		case casn1.Tag(2).ContextSpecific():
			c.OnlyFor = "CA certificates"
		case casn1.Tag(3).ContextSpecific():
			c.OnlyFor = "some reasons"
		case casn1.Tag(5).ContextSpecific():
			c.OnlyFor = "attribute certificates"
		}
	}
}

func distributionURLs(part cryptobyte.String) []string {
	var names, uri cryptobyte.String
	var tag casn1.Tag
	var urls []string
	if !part.ReadASN1(&names, casn1.Tag(0).Constructed().ContextSpecific()) {
		return nil
	}
	for !names.Empty() && len(urls) <= maxList && names.ReadAnyASN1(&uri, &tag) {
		if tag == casn1.Tag(6).ContextSpecific() {
			urls = append(urls, string(uri))
		}
	}
	return visibleList(urls)
}

func (o *Object) checkEntries(list *x509.RevocationList, now time.Time) {
	seen := make(map[string]bool, len(list.RevokedCertificateEntries))
	twice, future, unspecified := 0, 0, 0
	for _, entry := range list.RevokedCertificateEntries {
		serial := string(entry.SerialNumber.Bytes())
		if seen[serial] {
			twice++
		}
		seen[serial] = true
		if entry.RevocationTime.After(now) {
			future++
		}
		if _, known := reasonNames[entry.ReasonCode]; !known {
			unspecified++
		}
	}
	if twice > 0 {
		o.warn("duplicate_entries", "RFC 5280, section 5.1.2.6", "%d of its entries repeat a serial number", twice)
	}
	if future > 0 {
		o.note("future_entries", "RFC 5280, section 5.3.2", "%d of its entries have a revocation date in "+
			"the future", future)
	}
	if unspecified > 0 {
		o.fail("unknown_reason", "RFC 5280, section 5.3.1", "%d of its entries have an undefined "+
			"reason code", unspecified)
	}
}
