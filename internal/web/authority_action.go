package web

import (
	"encoding/pem"
	"strconv"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

func (s *site) signAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	issuer, err := readAuthority(c.value("certificate_authority_id"))
	if err != nil {
		return c.again(err, s.authorityPage)
	}
	if err := s.ca.SignAuthorityBy(c.r.Context(), c.caller, id, issuer, c.value("profile")); err != nil {
		return c.again(err, s.authorityPage)
	}
	return c.done(authorityPath(id), "Certificate issued. The CA can now sign.")
}

func readAuthority(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, notary.FieldErrorf("certificate_authority_id", "choose a CA")
	}
	return id, nil
}

func (s *site) uploadAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	if _, err := s.ca.UploadAuthority(c.r.Context(), c.caller, id, c.value("certificate_chain")); err != nil {
		return c.again(err, s.authorityPage)
	}
	return c.done(authorityPath(id), "Certificate uploaded. The CA can now sign.")
}

func (s *site) enableAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	enabled := c.value("enabled") == "yes"
	if err := s.ca.EnableAuthority(c.r.Context(), c.caller, id, enabled); err != nil {
		return c.again(err, s.authorityPage)
	}
	if enabled {
		return c.done(authorityPath(id), "CA enabled.")
	}
	return c.done(authorityPath(id), "CA disabled. Issuance is stopped; CRL and OCSP continue.")
}

func (s *site) changeAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	shards, err := number(c.r.PostForm, "crl_shards", 0)
	if err != nil {
		return c.again(err, s.authorityPage)
	}
	names := func(what string) *bool { ticked := c.value(what) == "yes"; return &ticked }
	change := ca.PublicationChange{CRL: names("crl"), OCSP: names("ocsp"), Issuer: names("issuer"), Shards: &shards}
	if err := s.ca.ChangePublication(c.r.Context(), c.caller, id, change); err != nil {
		return c.again(err, s.authorityPage)
	}
	return c.done(authorityPath(id), "Settings saved. They apply to newly issued certificates.")
}

// recordIssued imports certificates that the authority issued before it was held here.
func (s *site) recordIssued(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	done, err := s.ca.ImportCertificates(c.r.Context(), c.caller, id, c.value("certificates"))
	if err != nil {
		return c.again(err, s.authorityPage)
	}
	return c.done(authorityPath(id), page.Plural(int64(done.Imported), "certificate")+" imported, "+
		strconv.Itoa(done.Revoked)+" of them revoked. "+strconv.Itoa(done.Known)+" already known.")
}

func (s *site) uploadCRL(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	crl := c.r.PostForm.Get("crl")
	if crl == "" {
		return c.again(notary.FieldErrorf("crl", "choose the CRL file"), s.authorityPage)
	}
	done, err := s.ca.UploadCRL(c.r.Context(), c.caller, id, ca.CRLUpload{CRL: []byte(crl)})
	if err != nil {
		return c.again(err, s.authorityPage)
	}
	return c.done(authorityPath(id), "CRL "+strconv.FormatInt(done.Number, 10)+" published, with "+
		page.Plural(int64(done.Entries), "revocation")+".")
}

func (s *site) downloadAuthority(c *call) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	a, err := s.ca.Authority(c.r.Context(), c.caller, id)
	if err != nil {
		return err
	}
	name := fileName(a.CommonName, "authority-"+strconv.FormatInt(id, 10))
	form := c.r.PathValue("form")
	if a.Offline && strings.HasPrefix(form, "csr.") {
		return errNotFound
	}
	switch form {
	case "csr.pem":
		return c.send(name+"-csr.pem", typePEM, []byte(a.CSR))
	case "csr.der":
		block, _ := pem.Decode([]byte(a.CSR))
		if block == nil {
			return errNotFound // unreachable: the CSR was checked when it was stored
		}
		return c.send(name+".csr", typeCSR, block.Bytes)
	case "crl.pem", "crl.der":
		crl, err := s.revocation.CRL(c.r.Context(), id)
		switch {
		case err != nil:
			return err
		case form == "crl.der":
			return c.send(name+".crl", typeCRL, crl.DER)
		}
		return c.send(name+"-crl.pem", typePEM, []byte(crl.PEM()))
	default:
		if a.Certificate == nil {
			return notary.Errorf(notary.NotFound, "the CA %s has no certificate yet", a.CommonName)
		}
		return c.sendCertificate(a.Certificate)
	}
}
