package web

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/smallstep/pkcs7"

	"notary"
)

const (
	typePEM   = "application/x-pem-file"
	typeDER   = "application/pkix-cert"                         // RFC 2585
	typePKCS7 = "application/pkcs7-mime; smime-type=certs-only" // RFC 8551
	typeCRL   = "application/pkix-crl"                          // RFC 2585
	typeCSR   = "application/pkcs10"                            // RFC 5967
	maxName   = 60                                              // characters of a file name
)

// fileForm is a download format. Path is the last part of the URL and the end of the file name.
type fileForm struct {
	Path, Label string
	contentType string
	write       func(*notary.Certificate) ([]byte, error)
}

var certificateForms = []fileForm{
	{"fullchain.pem", "Full chain (fullchain.pem)", typePEM,
		func(c *notary.Certificate) ([]byte, error) { return []byte(c.ChainPEM()), nil }},
	{"cert.pem", "Certificate (cert.pem)", typePEM,
		func(c *notary.Certificate) ([]byte, error) { return []byte(c.PEM()), nil }},
	{"cert.cer", "Certificate, DER (cert.cer)", typeDER,
		func(c *notary.Certificate) ([]byte, error) { return c.DER, nil }},
	{"chain.pem", "Issuer chain (chain.pem)", typePEM, issuersPEM},
	{"root.pem", "Root (root.pem)", typePEM, rootPEM},
	{"chain.p7c", "Full chain, PKCS #7 DER (chain.p7c)", typePKCS7, chainPKCS7},
	{"chain.p7b", "Full chain, PKCS #7 PEM (chain.p7b)", typePEM, chainPKCS7PEM},
}

type downloads struct {
	Path  string // without the file name of a format
	Forms []fileForm
}

func downloadsOf(c *notary.Certificate, path string) downloads {
	d := downloads{path, certificateForms}
	d.Forms = slices.DeleteFunc(slices.Clone(certificateForms), func(f fileForm) bool {
		return f.Path == "chain.pem" && len(c.Issuers.DER()) == 0 || f.Path == "root.pem" && rootOf(c) == nil
	})
	return d
}

func issuersPEM(c *notary.Certificate) ([]byte, error) {
	if len(c.Issuers.DER()) == 0 {
		return nil, notary.Errorf(notary.NotFound, "this certificate has no issuer chain")
	}
	return []byte(c.Issuers.PEM()), nil
}

func rootOf(c *notary.Certificate) []byte {
	issuers := c.Issuers.DER()
	if len(issuers) == 0 {
		return nil
	}
	last := issuers[len(issuers)-1]
	if root, err := x509.ParseCertificate(last); err != nil || !bytes.Equal(root.RawSubject, root.RawIssuer) {
		return nil
	}
	return last
}

func rootPEM(c *notary.Certificate) ([]byte, error) {
	root := rootOf(c)
	if root == nil {
		return nil, notary.Errorf(notary.NotFound, "the chain of this certificate does not end in a root")
	}
	return []byte(notary.CertificatesPEM(root)), nil
}

// chainPKCS7 returns the chain as a SignedData without signers (RFC 2315, section 9.1).
func chainPKCS7(c *notary.Certificate) ([]byte, error) {
	der, err := pkcs7.DegenerateCertificate(slices.Concat(c.Chain()...))
	if err != nil {
		return nil, notary.InternalError("encode the PKCS #7", err)
	}
	return der, nil
}

func chainPKCS7PEM(c *notary.Certificate) ([]byte, error) {
	der, err := chainPKCS7(c)
	return pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: der}), err
}

func (c *call) sendCertificate(cert *notary.Certificate) error {
	i := slices.IndexFunc(certificateForms, func(f fileForm) bool { return f.Path == c.r.PathValue("form") })
	if i < 0 {
		return errNotFound
	}
	form := certificateForms[i]
	body, err := form.write(cert)
	if err != nil {
		return err
	}
	return c.send(fileName(cert.CommonName, "certificate-"+strconv.FormatInt(cert.ID, 10))+"-"+form.Path,
		form.contentType, body)
}

func (c *call) send(name, contentType string, body []byte) error {
	h := c.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(http.StatusOK)
	_, _ = c.w.Write(body) // the browser may be gone
	return nil
}

// fileName reduces text to characters that are safe in file names. It returns other if none are left.
func fileName(text, other string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case b.Len() >= maxName:
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '.' && b.Len() > 0:
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-") && b.Len() > 0:
			b.WriteByte('-')
		}
	}
	name := strings.Trim(b.String(), "-.")
	if name == "" {
		return other
	}
	return name
}
