package ca

import (
	"bytes"
	"context"
	"slices"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// An authority has one key and subject but may have several certificates, from renewals and cross-signing. The current
// one is used in new chains and published as the authority's own.

// CrossSign signs an additional certificate for an authority with another authority held here, under a CA profile. It
// returns the certificate's ID. The authority's current certificate does not change.
func (s *Service) CrossSign(ctx context.Context, caller notary.Caller, id, issuerID int64,
	profileName string) (certID int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return 0, err
	}
	err = s.issuers.RetryStale(func() error {
		c, err := s.crossCertification(ctx, id)
		if err != nil {
			return err
		}
		certID, err = s.certify(ctx, caller, c, issuerID, profileName)
		return err
	})
	return certID, err
}

// UploadCross records an additional certificate for an authority from an external CA and returns the certificate's ID.
// The PEM chain begins with this certificate. The authority's current certificate does not change.
func (s *Service) UploadCross(ctx context.Context, caller notary.Caller, id int64,
	chainPEM string) (certID int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return 0, err
	}
	c, err := s.crossCertification(ctx, id)
	if err != nil {
		return 0, err
	}
	cert, err := s.checkCrossChain(chainPEM, c)
	if err != nil {
		return 0, notary.WithField(err, "certificate_chain")
	}
	return s.recordCertification(ctx, caller, c, cert)
}

func refuseCross(s *Service, a *notary.Authority) error {
	switch a.Status(s.now()) {
	case notary.AuthorityPending:
		return notary.Errorf(notary.Conflict, "CA %d has no certificate yet: have its CSR signed before you add another certificate", a.ID)
	case notary.AuthorityRevoked:
		return notary.Errorf(notary.Conflict, "CA %d is revoked: create a new one", a.ID)
	}
	return nil
}

// checkCrossChain checks that relying parties can use the uploaded certificate in place of the current one.
func (s *Service) checkCrossChain(chainPEM string, c certification) (*notary.Certificate, error) {
	own := c.current
	cert, err := s.checkChain(chainPEM, c.request, true)
	if err != nil {
		return nil, err
	}
	chain, err := issuers.ParseChain(cert)
	if err != nil {
		return nil, err
	}
	switch {
	case !bytes.Equal(chain[0].RawSubject, own.RawSubject):
		return nil, notary.Errorf(notary.Invalid, "the certificate's subject differs from that of the CA (%s), which "+
			"issued certificates name as their issuer: have it reissued with that subject", own.Subject)
	case len(chain[0].SubjectKeyId) > 0 && len(own.SubjectKeyId) > 0 &&
		!bytes.Equal(chain[0].SubjectKeyId, own.SubjectKeyId):
		return nil, notary.Errorf(notary.Invalid,
			"the certificate's subject key identifier (%X) differs from that of the CA (%X), so relying parties would "+
				"reject certificates issued by the CA: have it reissued with that identifier", chain[0].SubjectKeyId, own.SubjectKeyId)
	}
	for _, above := range chain[1:] {
		if pki.SameIdentity(above.PublicKey, own.PublicKey) {
			return nil, notary.Errorf(notary.Conflict,
				"the chain contains the CA's own key: a CA cannot be signed by its subordinate")
		}
	}
	return cert, nil
}

// AuthorityCertificates returns all certificates for an authority's key, ordered by ID, and the ID of the current one,
// if any.
func (s *Service) AuthorityCertificates(ctx context.Context, caller notary.Caller,
	id int64) (all []*notary.Certificate, inUse int64, err error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, 0, err
	}
	a, err := s.store.Authority(ctx, id)
	if err != nil || a.Certificate == nil {
		return nil, 0, err
	}
	all, err = s.issuers.Certificates(ctx, a)
	return all, a.Certificate.ID, err
}

// UseCertificate makes another certificate for an authority's key the current one, if its chain is valid and unrevoked.
func (s *Service) UseCertificate(ctx context.Context, caller notary.Caller, id, certID int64) error {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return err
	}
	c, err := s.crossCertification(ctx, id)
	if err != nil {
		return err
	}
	cert, err := s.store.Certificate(ctx, certID)
	if err == nil && (cert.KeyFingerprint != c.authority.Certificate.KeyFingerprint ||
		!issuers.IsCertificateOf(cert, c.current)) {
		err = notary.Errorf(notary.Unprocessable, "certificate %d does not belong to the CA: choose one for its key",
			certID)
	}
	if err = refuseRequestCertificate(cert, err); err != nil {
		return notary.WithField(err, "certificate_id")
	}
	if err := s.checkUsable(ctx, c.authority, cert); err != nil {
		return notary.WithField(err, "certificate_id")
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		now, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if err := refuseCross(s, now); err != nil || now.Certificate.ID == certID {
			return err
		}
		cert, err := tx.Certificate(ctx, certID)
		if err == nil {
			cert, err = tx.LockCertificate(ctx, cert)
		}
		if err != nil {
			return err
		}
		if cert.Revocation != nil {
			return notary.WithField(notary.Errorf(notary.Conflict, "certificate %d is revoked: choose another", certID), "certificate_id")
		}
		if err := tx.SetAuthorityCertificate(now, certID); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.use_certificate", now.Ref()).With(cert.Ref()).Change(
			notary.Fields{"certificate_id": now.Certificate.ID}, notary.Fields{"certificate_id": certID,
				"serial_number": cert.Serial}))
	})
}

// checkUsable returns an error if relying parties would not trust the authority with this certificate.
func (s *Service) checkUsable(ctx context.Context, a *notary.Authority, cert *notary.Certificate) error {
	if cert.Revocation != nil {
		return notary.Errorf(notary.Conflict, "certificate %d is revoked: choose another", cert.ID)
	}
	chain, err := s.issuers.RenewChain(ctx, cert)
	if err != nil {
		return err
	}
	if err := pki.CheckChain(chain, chain[0].PublicKey, true, s.now()); err != nil {
		return notary.Errorf(notary.Conflict, "certificate %d cannot be used: %s", cert.ID, err)
	}
	if cert.AuthorityID == a.ID {
		return nil
	}
	if sound, err := s.issuers.SoundAbove(ctx, chain[1:]); err != nil || !sound {
		return orError(err, notary.Errorf(notary.Conflict,
			"certificate %d cannot be used: a certificate in its chain is revoked", cert.ID))
	}
	return s.issuers.RequireTrustedAbove(ctx, a.ID, cert.AuthorityID)
}

func refuseLoop(csr *pki.CSR, issuer *issuers.Issuer) error {
	for _, above := range append(slices.Clone(issuer.Ancestors), issuer.Issuer.Certificate) {
		if pki.SameIdentity(above.PublicKey, csr.PublicKey) {
			return notary.Errorf(notary.Conflict, "a CA cannot be signed by itself or a subordinate")
		}
	}
	return nil
}
