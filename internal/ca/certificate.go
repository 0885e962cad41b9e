package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

// Certificate is one certificate of the inventory, if the caller may see it.
func (s *Service) Certificate(ctx context.Context, caller notary.Caller, id int64) (*notary.Certificate, error) {
	if err := caller.Require(notary.ReadOwnRequests); err != nil {
		return nil, err
	}
	cert, err := s.store.Certificate(ctx, id)
	if err == nil && !caller.Sees(cert.RequesterID) {
		return nil, noCertificate(id)
	}
	return intact(cert, err)
}

// intact returns cert, or an error if its DER is damaged, in which case [store.Store.Certificate] omits it.
func intact(cert *notary.Certificate, err error) (*notary.Certificate, error) {
	if err == nil && len(cert.DER) == 0 {
		return nil, notary.InternalError("read certificate", fmt.Errorf("the record of certificate %d is damaged: run notary check", cert.ID))
	}
	return cert, err
}

// RequestCertificate is the certificate in use of a request, if the caller may see that. Where
// there is none, it is NotFound.
func (s *Service) RequestCertificate(ctx context.Context, caller notary.Caller, id int64) (*notary.Certificate, error) {
	req, err := s.Request(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	if req.Certificate == nil {
		return nil, notary.Errorf(notary.NotFound, "certificate request %d is %s: it has no certificate", id, req.Status)
	}
	return intact(s.store.Certificate(ctx, req.Certificate.ID))
}

// CertificatesOfRequest are all that were ever issued or uploaded for a request, if the caller may
// see that, in the order of their ids.
func (s *Service) CertificatesOfRequest(ctx context.Context, caller notary.Caller, id int64) ([]*notary.Certificate, error) {
	if _, err := s.Request(ctx, caller, id); err != nil {
		return nil, err
	}
	return s.store.CertificatesOfRequest(ctx, id)
}

// checkChain reads an uploaded chain and checks it against the key of the CSR.
func (s *Service) checkChain(chainPEM string, csr *pki.CSR, wantCA bool) (*notary.Certificate, error) {
	chain, err := pki.ParseChain(chainPEM)
	if err != nil {
		return nil, err
	}
	if err := pki.CheckChain(chain, csr.PublicKey, wantCA, s.now()); err != nil {
		return nil, err
	}
	if err := pki.CheckSerial(chain[0]); err != nil {
		return nil, notary.Errorf(notary.Invalid, "the first certificate of the chain could not be revoked: %s", err)
	}
	entry := inventoryEntry(chain[0], chain[1:])
	entry.Findings = issuance.ChainFindings(chain)
	return entry, nil
}

// requireSameName refuses a renewal under another name than that of the certificate before: what
// the authority has issued names it, and its CRLs and OCSP answers would be another issuer's.
func requireSameName(a *notary.Authority, cert *notary.Certificate) error {
	before, err := certificateOf(a)
	if before == nil || err != nil {
		return err
	}
	after, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return notary.InternalError("read the new certificate", err)
	}
	if !bytes.Equal(before.RawSubject, after.RawSubject) {
		return notary.Errorf(notary.Unprocessable, "the new certificate names the authority %.200q, and the one that it has %.200q: "+
			"have it renewed under that name, which all that it has issued gives as the issuer", after.Subject, before.Subject)
	}
	return nil
}

// certificateOf is the certificate of an authority; nil where it has none yet.
func certificateOf(a *notary.Authority) (*x509.Certificate, error) {
	if a.Certificate == nil {
		return nil, nil
	}
	certificate, err := x509.ParseCertificate(a.Certificate.DER)
	if err != nil {
		return nil, notary.InternalError("read the authority's certificate", fmt.Errorf("authority %d: %w", a.ID, err))
	}
	return certificate, nil
}

// newCertificate is the inventory's entry for what the issuer has just signed by the profile.
func newCertificate(issued *issuance.Issued, issuer *openedAuthority, profile *notary.Profile) *notary.Certificate {
	entry := inventoryEntry(issued.Certificate, append([]*x509.Certificate{issuer.Issuer.Certificate}, issuer.Ancestors...))
	entry.AuthorityID, entry.Findings = issuer.ID, issued.Findings
	entry.Profile, entry.ProfileVersion = profile.Name, profile.Version
	return entry
}

func inventoryEntry(cert *x509.Certificate, issuers []*x509.Certificate) *notary.Certificate {
	entry := &notary.Certificate{
		CommonName: recordedCommonName(cert.Subject.CommonName), Names: pki.CertificateNames(cert), Key: pki.KeyName(cert.PublicKey),
		KeyFingerprint: pki.CertificateKeyFingerprint(cert),
		Serial:         pki.SerialString(cert.SerialNumber), Fingerprint: pki.Fingerprint(cert.Raw),
		NotBefore: cert.NotBefore, NotAfter: cert.NotAfter, DER: cert.Raw,
	}
	for _, issuer := range issuers {
		entry.IssuerChain = append(entry.IssuerChain, issuer.Raw)
	}
	return entry
}

// maxCommonName is how many characters of a common name are recorded. X.520 allows 64, which
// outside authorities need not keep to; lists are in its order, and their cursors hold it.
const maxCommonName = 128

// recordedCommonName leaves out what no name should hold, and an overlong rest. Outside
// authorities may have put it there.
func recordedCommonName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > maxCommonName {
		return string(runes[:maxCommonName])
	}
	return name
}

func (s *Service) terms(notAfter time.Time) issuance.Terms {
	return issuance.Terms{Now: s.now(), NotAfter: notAfter, Rand: s.rand}
}
