package ca

import (
	"bytes"
	"context"
	"crypto/x509"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
)

// Certificate returns a certificate from the inventory if the caller may see it.
func (s *Service) Certificate(ctx context.Context, caller notary.Caller, id int64) (*notary.Certificate, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.On("certificate", id)); err != nil {
		return nil, err
	}
	cert, err := s.store.Certificate(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := seesCertificate(ctx, s.store, caller, cert); err != nil {
		return nil, err
	}
	return issuers.Intact(cert, nil)
}

// RequestCertificate returns the current certificate of a request that the caller may see, or a NotFound error if the
// request has none.
func (s *Service) RequestCertificate(ctx context.Context, caller notary.Caller, id int64) (*notary.Certificate, error) {
	req, err := s.request(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	if req.Certificate == nil {
		return nil, notary.Errorf(notary.NotFound, "certificate request %d is %s: it has no certificate", id, req.Status)
	}
	return issuers.Intact(s.store.Certificate(ctx, req.Certificate.ID))
}

// CertificatesOfRequest returns all certificates recorded for a request that the caller may see, ordered by ID.
func (s *Service) CertificatesOfRequest(ctx context.Context, caller notary.Caller,
	id int64) ([]*notary.Certificate, error) {
	if _, err := s.request(ctx, caller, id); err != nil {
		return nil, err
	}
	return s.store.CertificatesOfRequest(ctx, id)
}

func (s *Service) checkChain(chainPEM string, csr *pki.CSR, wantCA bool) (*notary.Certificate, error) {
	chain, err := pki.ParseChain(chainPEM)
	if err != nil {
		return nil, err
	}
	if err := pki.CheckChain(chain, csr.PublicKey, wantCA, s.now()); err != nil {
		return nil, err
	}
	if err := pki.CheckSerial(chain[0]); err != nil {
		return nil, notary.Errorf(notary.Invalid, "the first certificate of the chain cannot be recorded: %s", err)
	}
	entry := issuers.Entry(chain[0], chain[1:])
	entry.Findings = issuance.ChainFindings(chain)
	return entry, nil
}

// requireSameName rejects a renewal with a different subject, because issued certificates name the current subject as
// their issuer.
func requireSameName(a *notary.Authority, cert *notary.Certificate) error {
	before, err := issuers.CertificateOf(a)
	if before == nil || err != nil {
		return err
	}
	after, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return notary.InternalError("read the new certificate", err)
	}
	if !bytes.Equal(before.RawSubject, after.RawSubject) {
		return notary.Errorf(notary.Unprocessable,
			"the subject of the new certificate, %.200q, differs from the current one, %.200q: renew it with the "+
				"current subject, which issued certificates name as their issuer", after.Subject, before.Subject)
	}
	return nil
}
