package publish

import (
	"bytes"
	"net/http"
	"strings"

	"github.com/smallstep/pkcs7"

	"notary"
)

// certificate serves the authority's own certificate ({id}.cer), which AIA extensions name
// (RFC 5280, section 4.2.2.1), and its whole chain ({id}.p7c).
func (p *publisher) certificate(w http.ResponseWriter, r *http.Request, name string) error {
	text, form, _ := strings.Cut(name, ".")
	id, ok := authorityID(text)
	if !ok || form != "cer" && form != "p7c" {
		return errNothing
	}
	cert, err := p.ca.AuthorityCertificate(r.Context(), id)
	if err != nil {
		return err
	}
	d := document{form: "application/pkix-cert", octets: cert.DER, modified: cert.NotBefore, until: cert.NotAfter,
		tag: cert.Fingerprint}
	if form == "p7c" {
		d.form, d.tag = "application/pkcs7-mime", "chain-"+cert.Fingerprint
		if d.octets, err = pkcs7.DegenerateCertificate(bytes.Join(cert.Chain(), nil)); err != nil {
			return notary.InternalError("make the PKCS #7", err)
		}
	}
	p.send(w, r, d)
	return nil
}
