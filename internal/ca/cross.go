package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"slices"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/store"
)

// An authority has one key and name, but it may have several certificates: from before its
// renewals, and from other authorities (cross-signing). One of them is in use: it is what new
// chains begin with and is published as the authority's own. All of them are ordinary
// certificates of the inventory, found by the key.

// CrossSign has another authority held here certify an authority that has a certificate
// already, by a profile for authorities. The one in use stays in use. It answers the new
// certificate's id.
func (s *Service) CrossSign(ctx context.Context, caller notary.Caller, id, issuerID int64, profileName string) (certID int64, err error) {
	if err := caller.Require(notary.ManageAuthorities); err != nil {
		return 0, err
	}
	err = issuers.RetryStale(func() error {
		certID, err = s.crossSign(ctx, caller, id, issuerID, profileName)
		return err
	})
	return certID, err
}

func (s *Service) crossSign(ctx context.Context, caller notary.Caller, id, issuerID int64, profileName string) (certID int64, err error) {
	a, own, request, err := s.crossable(ctx, id)
	if err != nil {
		return 0, err
	}
	issuer, err := s.issuers.Active(ctx, issuerID)
	if err != nil {
		return 0, err
	}
	if err := refuseCircle(request, issuer); err != nil {
		return 0, err
	}
	profile, err := s.issuers.Profile(ctx, profileName)
	if err != nil {
		return 0, err
	}
	terms := s.authorityTerms(a)
	terms.Like = own
	if err := s.mayIssue(); err != nil {
		return 0, err
	}
	issued, err := issuance.Intermediate(issuer.Issuer, profile, request, a.PathLen, terms)
	if err != nil {
		return 0, err
	}
	cert := issuer.Entry(issued, profile)
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := s.requireCrossable(ctx, tx, a, request); err != nil {
			return err
		}
		if err := refuseOutsideKey(ctx, tx, caller, request.Identity.Fingerprint); err != nil {
			return err
		}
		if err := s.issuers.RequireUsable(tx, issuer, profile); err != nil {
			return err
		}
		if cert.ID, err = tx.InsertCertificate(cert); err != nil {
			return err
		}
		return tx.Event(certificateGiven(caller, "authority.cross_sign", a, cert, issuer.Ref()))
	})
	return cert.ID, err
}

// UploadCross records a further certificate for an authority, which an outside one signed, as
// a PEM chain with that certificate first. The one in use stays in use. It answers the new
// certificate's id.
func (s *Service) UploadCross(ctx context.Context, caller notary.Caller, id int64, chainPEM string) (certID int64, err error) {
	if err := caller.Require(notary.ManageAuthorities); err != nil {
		return 0, err
	}
	a, own, request, err := s.crossable(ctx, id)
	if err != nil {
		return 0, err
	}
	cert, err := s.checkCrossChain(chainPEM, own, request)
	if err != nil {
		return 0, notary.WithField(err, "certificate_chain")
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := s.requireCrossable(ctx, tx, a, request); err != nil {
			return err
		}
		known, err := tx.CertificateByFingerprint(ctx, cert.Fingerprint)
		if err != nil {
			return err
		}
		if known != nil {
			return notary.Errorf(notary.Conflict, "this certificate is recorded already")
		}
		if err := s.findIssuer(ctx, tx, cert); err != nil {
			return notary.WithField(err, "certificate_chain")
		}
		if cert.ID, err = tx.InsertCertificate(cert); err != nil {
			return err
		}
		return tx.Event(certificateGiven(caller, "authority.cross_upload", a, cert, s.issuerRef(cert)))
	})
	return cert.ID, err
}

// crossable is an authority that may get a further certificate, that in use, and what asks for
// the same once more.
func (s *Service) crossable(ctx context.Context, id int64) (*notary.Authority, *x509.Certificate, *pki.CSR, error) {
	a, err := s.store.Authority(ctx, id)
	if err != nil {
		return nil, nil, nil, err
	}
	if err := refuseCross(s, a); err != nil {
		return nil, nil, nil, err
	}
	own, err := issuers.CertificateOf(a)
	if err != nil {
		return nil, nil, nil, err
	}
	request, err := pki.RequestLike(own.PublicKey, own)
	return a, own, request, err
}

func refuseCross(s *Service, a *notary.Authority) error {
	switch a.Status(s.now()) {
	case notary.AuthorityPending:
		return notary.Errorf(notary.Conflict, "the certificate authority %d has no certificate yet: it must have one before another can be added", a.ID)
	case notary.AuthorityRevoked:
		return notary.Errorf(notary.Conflict, "the certificate authority %d is revoked: make a new one", a.ID)
	}
	return nil
}

// requireCrossable checks in the transaction that the authority was neither revoked nor
// deleted since it was read, nor its key reported, and keeps it so.
func (s *Service) requireCrossable(ctx context.Context, tx *store.Tx, a *notary.Authority, request *pki.CSR) error {
	if err := tx.ShareAuthority(a.ID); err != nil {
		return err
	}
	now, err := tx.Authority(ctx, a.ID)
	if err != nil {
		return err
	}
	if err := refuseCross(s, now); err != nil {
		return err
	}
	return s.refuseCompromised(ctx, tx, request)
}

// checkCrossChain checks that relying parties can put the certificate in the place of the one
// in use.
func (s *Service) checkCrossChain(chainPEM string, own *x509.Certificate, request *pki.CSR) (*notary.Certificate, error) {
	cert, err := s.checkChain(chainPEM, request, true)
	if err != nil {
		return nil, err
	}
	chain, err := issuers.ParseChain(cert)
	if err != nil {
		return nil, err
	}
	switch {
	case !bytes.Equal(chain[0].RawSubject, own.RawSubject):
		return nil, notary.Errorf(notary.Invalid, "the certificate is for another subject than the authority's other ones (%s): "+
			"what the authority issued would not be found to be issued by it", own.Subject)
	case len(chain[0].SubjectKeyId) > 0 && len(own.SubjectKeyId) > 0 && !bytes.Equal(chain[0].SubjectKeyId, own.SubjectKeyId):
		return nil, notary.Errorf(notary.Invalid, "the certificate has another subject key identifier (%X) than the authority's other ones (%X): "+
			"relying parties would refuse what the authority issued", chain[0].SubjectKeyId, own.SubjectKeyId)
	}
	for _, above := range chain[1:] {
		if pki.SameIdentity(above.PublicKey, own.PublicKey) {
			return nil, notary.Errorf(notary.Conflict, "the chain goes through the authority's own key: an authority cannot be signed by one below it")
		}
	}
	return cert, nil
}

// AuthorityCertificates are all certificates of an authority's key, in the order of their ids,
// and the id of the one in use; none while it is pending.
func (s *Service) AuthorityCertificates(ctx context.Context, caller notary.Caller, id int64) (all []*notary.Certificate, inUse int64, err error) {
	if err := caller.Require(notary.ReadAuthorities); err != nil {
		return nil, 0, err
	}
	a, err := s.store.Authority(ctx, id)
	if err != nil || a.Certificate == nil {
		return nil, 0, err
	}
	all, err = s.issuers.Certificates(ctx, a)
	return all, a.Certificate.ID, err
}

// UseCertificate makes one of an authority's certificates the one in use. It must be valid,
// with a whole chain of valid ones above it.
func (s *Service) UseCertificate(ctx context.Context, caller notary.Caller, id, certID int64) error {
	if err := caller.Require(notary.ManageAuthorities); err != nil {
		return err
	}
	a, own, _, err := s.crossable(ctx, id)
	if err != nil {
		return err
	}
	cert, err := s.store.Certificate(ctx, certID)
	if err == nil && (cert.KeyFingerprint != a.Certificate.KeyFingerprint || !issuers.IsCertificateOf(cert, own)) {
		err = notary.Errorf(notary.Unprocessable, "the certificate %d is not one of the authority's: choose among those of its key", certID)
	}
	if err != nil {
		return notary.WithField(err, "certificate_id")
	}
	if err := s.checkUsable(ctx, a, cert); err != nil {
		return notary.WithField(err, "certificate_id")
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.ClaimAuthority(id); err != nil {
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
			cert, err = tx.ClaimCertificate(ctx, cert)
		}
		if err != nil {
			return err
		}
		if cert.Revocation != nil {
			return notary.WithField(notary.Errorf(notary.Conflict, "the certificate %d is revoked", certID), "certificate_id")
		}
		if err := tx.SetAuthorityCertificate(now, certID); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.use_certificate", now.Ref()).With(cert.Ref()).Change(
			notary.Fields{"certificate_id": now.Certificate.ID}, notary.Fields{"certificate_id": certID, "serial_number": cert.Serial}))
	})
}

// checkUsable says whether relying parties would take the authority for one with this
// certificate.
func (s *Service) checkUsable(ctx context.Context, a *notary.Authority, cert *notary.Certificate) error {
	if cert.Revocation != nil {
		return notary.Errorf(notary.Conflict, "the certificate %d is revoked", cert.ID)
	}
	chain, err := s.issuers.RenewChain(ctx, cert)
	if err != nil {
		return err
	}
	if err := pki.CheckChain(chain, chain[0].PublicKey, true, s.now()); err != nil {
		return notary.Errorf(notary.Conflict, "the certificate %d cannot be used: %s", cert.ID, err)
	}
	if cert.AuthorityID == a.ID {
		return nil
	}
	if sound, err := s.issuers.SoundAbove(ctx, chain[1:]); err != nil || !sound {
		return orError(err, notary.Errorf(notary.Conflict, "the certificate %d cannot be used: one above it is revoked", cert.ID))
	}
	return s.issuers.RequireTrustedAbove(ctx, a.ID, cert.AuthorityID)
}

// refuseCircle refuses to have an authority signed by itself or by one below it.
func refuseCircle(csr *pki.CSR, issuer *issuers.Issuer) error {
	for _, above := range append(slices.Clone(issuer.Ancestors), issuer.Issuer.Certificate) {
		if pki.SameIdentity(above.PublicKey, csr.PublicKey) {
			return notary.Errorf(notary.Conflict, "an authority cannot be signed by itself or by one below it")
		}
	}
	return nil
}
