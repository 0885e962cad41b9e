package web

import (
	"encoding/pem"
	"strconv"
	"strings"

	"notary"
	"notary/internal/ca"
	"notary/internal/web/page"
)

// changeAuthority returns a handler that calls change and then redirects to the authority, where it shows the message.
// On error, it shows the page of the form again.
func (s *site) changeAuthority(form func(*call, page.Form) error,
	change func(c *call, id int64) (message string, err error)) func(*call) error {
	return func(c *call) error {
		id, err := c.id()
		if err != nil {
			return err
		}
		message, err := change(c, id)
		if err != nil {
			return c.again(err, form)
		}
		return c.done(authorityPath(id), message)
	}
}

func (s *site) signAuthority(c *call, id int64) (string, error) {
	issuer, err := readAuthority(c.value("certificate_authority_id"))
	if err != nil {
		return "", err
	}
	return "CA certificate issued.",
		s.ca.SignAuthorityBy(c.r.Context(), c.caller, id, issuer, c.value("profile"))
}

func readAuthority(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 {
		return 0, notary.FieldErrorf("certificate_authority_id", "choose a CA")
	}
	return id, nil
}

func (s *site) uploadAuthority(c *call, id int64) (string, error) {
	_, err := s.ca.UploadAuthority(c.r.Context(), c.caller, id, c.value("certificate_chain"))
	return "CA certificate uploaded.", err
}

func (s *site) enableAuthority(c *call, id int64) (string, error) {
	enabled := c.value("enabled") == "yes"
	err := s.ca.EnableAuthority(c.r.Context(), c.caller, id, enabled)
	if enabled {
		return "CA enabled.", err
	}
	return "CA disabled. It no longer issues certificates. CRLs and OCSP remain available.", err
}

func (s *site) changePublication(c *call, id int64) (string, error) {
	shards, err := number(c.r.PostForm, "crl_shards", 0)
	if err != nil {
		return "", err
	}
	names := func(what string) *bool { ticked := c.value(what) == "yes"; return &ticked }
	change := ca.PublicationChange{CRL: names("crl"), OCSP: names("ocsp"), Issuer: names("issuer"), Shards: &shards}
	return "Settings saved. They apply to newly issued certificates.",
		s.ca.ChangePublication(c.r.Context(), c.caller, id, change)
}

// recordIssued imports certificates that the authority issued before it was imported.
func (s *site) recordIssued(c *call, id int64) (string, error) {
	done, err := s.ca.ImportCertificates(c.r.Context(), c.caller, id, c.value("certificates"))
	return page.Plural(int64(done.Imported), "certificate") + " imported, " + strconv.Itoa(done.Revoked) +
		" of them revoked. Already in the inventory: " + strconv.Itoa(done.Known) + ".", err
}

func (s *site) uploadCRL(c *call, id int64) (string, error) {
	crl := c.r.PostForm.Get("crl")
	if crl == "" {
		return "", notary.FieldErrorf("crl", "choose the CRL file")
	}
	done, err := s.ca.UploadCRL(c.r.Context(), c.caller, id, ca.CRLUpload{CRL: []byte(crl)})
	return "CRL " + strconv.FormatInt(done.Number, 10) + " published, with " +
		page.Plural(int64(done.Entries), "revocation") + ".", err
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
			return errNotFound // unreachable: the CSR was checked when it was recorded
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
