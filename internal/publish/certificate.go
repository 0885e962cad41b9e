package publish

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"github.com/smallstep/pkcs7"

	"notary"
)

// certificate serves the authority's current certificate ({id}.cer), to which AIA extensions refer (RFC 5280, section
// 4.2.2.1). It also serves the valid certificates for the authority's key with their chains ({id}.p7c): see
// [issuers.Bundle].
func (p *publisher) certificate(w http.ResponseWriter, r *http.Request, name string) error {
	text, form, _ := strings.Cut(name, ".")
	id, ok := authorityID(text)
	if !ok || form != "cer" && form != "p7c" {
		return errNotFound
	}
	if form == "p7c" {
		return p.bundle(w, r, id)
	}
	cert, err := p.issuers.Certificate(r.Context(), id)
	if err != nil {
		return err
	}
	p.send(w, r, document{mediaType: "application/pkix-cert", octets: cert.DER, modified: cert.NotBefore,
		until: cert.NotAfter,
		tag:   cert.Fingerprint, mayRevert: true})
	return nil
}

func (p *publisher) bundle(w http.ResponseWriter, r *http.Request, id int64) error {
	b, err := p.issuers.Bundle(r.Context(), id)
	if err != nil {
		return err
	}
	all := bytes.Join(b.Certificates, nil)
	octets, err := pkcs7.DegenerateCertificate(all)
	if err != nil {
		return notary.InternalError("create the PKCS #7", err)
	}
	sum := sha256.Sum256(all)
	p.send(w, r, document{mediaType: "application/pkcs7-mime", octets: octets, modified: b.Modified, until: b.NotAfter,
		tag: "bundle-" + hex.EncodeToString(sum[:]), mayRevert: true})
	return nil
}
