package ca

import (
	"context"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Upload records a certificate from an external CA for a request and returns the certificate's ID. The PEM chain begins
// with this certificate.
func (s *Service) Upload(ctx context.Context, caller notary.Caller, id int64,
	chainPEM string) (certID int64, err error) {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.UploadCertificate); err != nil {
		return 0, err
	}
	req, err := s.request(ctx, caller, id)
	if err != nil {
		return 0, err
	}
	next, err := req.Status.Next(notary.Upload)
	if err != nil {
		return 0, err
	}
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return 0, err
	}
	if err := s.refuseSmallExponent(ctx, csr.PublicKey); err != nil {
		return 0, err
	}
	cert, err := s.checkChain(chainPEM, csr, false)
	if err != nil {
		return 0, notary.WithField(err, "certificate")
	}
	cert.RequestID, cert.RequesterID, cert.Email = req.ID, req.RequesterID, req.Email
	cert.OwnerGroupID, cert.Labels = req.OwnerGroupID, req.Labels
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := allowUpload(ctx, tx, caller, req, cert); err != nil {
			return err
		}
		if err := s.refuseEndEntity(ctx, tx, csr); err != nil {
			return err
		}
		if certID, err = s.recordUploaded(ctx, tx, caller, req, cert); err != nil {
			return err
		}
		if err := tx.Transition(req, next, certID); err != nil {
			return err
		}
		cert.ID = certID
		return tx.Event(transition(caller, notary.Upload, req, next,
			notary.Fields{"serial_number": cert.Serial}).With(cert.Ref()))
	})
	return certID, err
}

// refuseInvisible rejects a certificate that is already in the inventory and that the caller may not see, because the
// upload would make it visible.
func refuseInvisible(ctx context.Context, tx *store.Tx, caller notary.Caller, known *notary.Certificate) error {
	err := seesCertificate(ctx, tx, caller, known)
	if notary.KindOf(err) == notary.NotFound {
		return notary.Errorf(notary.Conflict, "this certificate is already in the inventory: ask a Certificate Manager "+
			"to upload it")
	}
	return err
}

// recordUploaded adds the certificate to the inventory, or assigns a recorded certificate without a request to req. It
// returns an error if the recorded certificate is revoked or belongs to another request.
func (s *Service) recordUploaded(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	cert *notary.Certificate) (int64, error) {
	known, err := tx.CertificateByFingerprint(ctx, cert.Fingerprint)
	if err == nil && known != nil {
		err = refuseInvisible(ctx, tx, caller, known)
	}
	if err == nil && known != nil { // it must not be revoked meanwhile
		known, err = tx.LockCertificate(ctx, known)
	}
	switch {
	case err != nil:
		return 0, err
	case known == nil:
		if err := s.findIssuer(ctx, tx, cert); err != nil {
			return 0, notary.WithField(err, "certificate")
		}
		return tx.InsertCertificate(cert)
	case known.Revocation != nil:
		return 0, notary.Errorf(notary.Conflict, "this certificate is revoked: upload another one")
	case known.RequestID == 0:
		return known.ID, tx.AdoptCertificate(known, req)
	case known.RequestID != req.ID:
		return 0, notary.Errorf(notary.Conflict, "this certificate already belongs to certificate request %d", known.RequestID)
	default:
		return known.ID, nil
	}
}
