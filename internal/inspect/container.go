package inspect

import (
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary/internal/pki"
)

// Container describes a PKCS #7 or PKCS #12 file. The objects that it contains follow it in the result of [Read] or
// [Open].
type Container struct {
	Certificates int  `json:"certificates"`
	CRLs         int  `json:"crls"`
	Keys         int  `json:"private_keys"`
	Signers      int  `json:"signers"` // number of signers of a PKCS #7; 0 if it only carries certificates
	Closed       bool `json:"closed"`  // whether it is a PKCS #12 that was not decrypted: see [Open]
}

func (r *reader) readPKCS7(der []byte) {
	o := Object{Kind: KindPKCS7, Container: &Container{}}
	parts, other, ok := pki.SplitSignedData(der)
	switch {
	case other:
		o.note("not_signed_data", "", "its content is not of type SignedData and was not read")
	case !ok:
		o.fail("unreadable", "RFC 5652, section 5.1", "it cannot be parsed")
	}
	o.Container.Certificates = count(parts.Certificates)
	o.Container.CRLs = count(parts.CRLs)
	o.Container.Signers = count(parts.Signers)
	if ok && o.Container.Certificates+o.Container.CRLs == 0 {
		o.warn("empty", "", "it contains no certificate")
	}
	r.append(o)
	eachElement(parts.Certificates, func(element []byte) { r.append(r.readCertificate(element)) })
	eachElement(parts.CRLs, func(element []byte) { r.append(r.readCRL(element)) })
}

func count(list cryptobyte.String) (n int) {
	eachElement(list, func([]byte) { n++ })
	return n
}

func eachElement(list cryptobyte.String, do func(element []byte)) {
	for !list.Empty() {
		var element cryptobyte.String
		var tag casn1.Tag
		if !list.ReadAnyASN1Element(&element, &tag) {
			return
		}
		do(element)
	}
}

// addPKCS12 adds a PKCS #12 file without opening it: see [Open].
func (r *reader) addPKCS12(der []byte) {
	o := Object{Kind: KindPKCS12, Container: &Container{Closed: true}}
	if len(der) > pki.MaxKeySize {
		o.fail("too_large", "", "it has %d octets, more than the limit of %d KiB", len(der), pki.MaxKeySize>>10)
	}
	r.append(o)
}

// IsPKCS12 reports whether data is a PKCS #12 file, which [Open] reads with a password.
func IsPKCS12(data []byte) bool { return shapeOf(data) == KindPKCS12 }

// Open is like [Read] for a PKCS #12 file, which it decrypts with the password. Errors are as in [pki.OpenPKCS12].
func Open(data []byte, password string, now time.Time) ([]Object, error) {
	opened, err := pki.OpenPKCS12(data, password)
	if err != nil {
		return nil, err
	}
	r := &reader{now: now}
	o := Object{Kind: KindPKCS12, Container: &Container{Certificates: len(opened.Certificates)}}
	if opened.Key != nil {
		o.Container.Keys = 1
	}
	if password == "" {
		o.note("no_password", "", "it opens without a password")
	}
	r.append(o)
	if opened.Key != nil {
		key := Object{Kind: KindPrivateKey, Key: &Key{Form: "PKCS #8", Encrypted: password != ""}}
		r.keepKey(&key, opened.Key.Public())
		r.append(key)
	}
	for _, c := range opened.Certificates {
		r.append(r.readCertificate(c.Raw))
	}
	return r.finish(), nil
}

// IsWrongPassword reports whether [Open] failed because the password was missing or wrong.
func IsWrongPassword(err error) bool {
	return errors.Is(err, pki.ErrNoPassword) || errors.Is(err, pki.ErrWrongPassword)
}

// checkSignatures verifies the signatures of CRLs and OCSP responses with the certificates in the same input.
func (r *reader) checkSignatures() {
	for i := range r.objects {
		o := &r.objects[i]
		switch {
		case o.list != nil:
			r.checkListSigner(o)
		case o.response != nil:
			r.checkResponder(o)
		}
	}
}

func (r *reader) checkListSigner(o *Object) {
	issuer, err := r.signer(r.issuers(o.list.RawIssuer, o.list.AuthorityKeyId), o.list.CheckSignatureFrom)
	switch {
	case err == nil:
		o.CRL.VerifiedBy = shortName(issuer.Subject, issuer.RawSubject, nil)
		r.markRevoked(o, issuer)
	case err == errNotVerified:
		o.notVerified()
	case err != errNoCandidate:
		o.fail("signature", "", "its signature does not verify with the certificate of its issuer")
	}
}

func (r *reader) markRevoked(list *Object, issuer *x509.Certificate) {
	entries := make(map[string]x509.RevocationListEntry, len(list.list.RevokedCertificateEntries))
	for _, entry := range list.list.RevokedCertificateEntries {
		entries[string(entry.SerialNumber.Bytes())] = entry
	}
	for _, i := range r.certificates() {
		o := &r.objects[i]
		entry, revoked := entries[string(o.certificate.SerialNumber.Bytes())]
		if revoked && r.nameKey(o.certificate.RawIssuer) == r.nameKey(issuer.RawSubject) && !o.has("revoked") {
			o.fail("revoked", "", "it was revoked at %s (%s)", day(entry.RevocationTime), reasonName(entry.ReasonCode))
		}
	}
}

// checkResponder verifies the signature of an OCSP response with the certificates in the response and in the input.
func (r *reader) checkResponder(o *Object) {
	signer, err := r.signer(r.responders(o.response), o.response.verify)
	switch {
	case err == nil:
		o.OCSP.VerifiedBy = shortName(signer.Subject, signer.RawSubject, nil)
		r.checkDelegate(o, signer)
	case err == errNotVerified:
		o.notVerified()
	case err != errNoCandidate:
		o.fail("signature", "RFC 6960, section 3.2", "its signature does not verify with any of the available "+
			"certificates")
	}
}

func (r *reader) responders(response *ocspResponse) []*x509.Certificate {
	candidates := slices.Clone(response.certificates)
	for _, i := range r.certificates() {
		candidates = append(candidates, r.objects[i].certificate)
	}
	candidates = slices.DeleteFunc(candidates, func(c *x509.Certificate) bool { return !verifiable(c.PublicKey) })
	return likelyFirst(candidates, r.isNamedBy(response))
}

// checkDelegate checks that the signer is an authorized responder (RFC 6960, section 4.2.2.2) for each certificate in
// the input that the response covers: its issuer, or the holder of a responder certificate from that issuer. It stops
// at the first certificate for which the signer is not authorized.
func (r *reader) checkDelegate(o *Object, signer *x509.Certificate) {
	const clause = "RFC 6960, section 4.2.2.2"
	if r.now.After(signer.NotAfter) || r.now.Before(signer.NotBefore) {
		o.fail("responder_certificate", clause, "the responder's certificate is not valid now")
	}
	if !signer.IsCA && !isDelegate(signer) {
		o.fail("responder_certificate", clause, "the responder's certificate does not permit signing OCSP "+
			"responses (OCSPSigning is missing)")
	}
	for _, i := range r.certificates() {
		c := r.objects[i].certificate
		if !o.response.answersFor(c) {
			continue
		}
		switch err := r.checkAuthorized(signer, c); {
		case err == errNotVerified:
			o.notVerified()
			return
		case err != nil:
			o.fail("responder_certificate", clause, "its signer is neither the issuer of %s nor certified by "+
				"that issuer", r.objects[i].Name)
			return
		}
	}
}

// checkAuthorized returns an error unless the signer is the certificate's issuer or has a certificate from that issuer.
// The signature on the signer's certificate is verified if the issuer's certificate is available.
func (r *reader) checkAuthorized(signer, c *x509.Certificate) error {
	if r.nameKey(signer.RawSubject) == r.nameKey(c.RawIssuer) {
		return nil
	}
	_, err := r.signer(r.issuers(c.RawIssuer, signer.AuthorityKeyId), signer.CheckSignatureFrom)
	if err == errNoCandidate && r.nameKey(signer.RawIssuer) == r.nameKey(c.RawIssuer) {
		return nil
	}
	return err
}
