package ca

import (
	"context"
	"slices"

	"notary"
	"notary/internal/policy"
	"notary/internal/store"
)

// TransferCertificate transfers a certificate without a request, such as an imported one, to another owner. The
// conditions are the same as in [Service.Transfer].
func (s *Service) TransferCertificate(ctx context.Context, caller notary.Caller, id int64, to NewOwner) error {
	err := s.attempt(ctx, caller, policy.On("certificate", id), policy.TransferCertificate, policy.CreateRequest)
	if err != nil {
		return err
	}
	seen, err := s.Certificate(ctx, caller, id)
	if err != nil {
		return err
	}
	if err := refuseTransfer(ctx, s.store, seen); err != nil {
		return err
	}
	return s.writeOwner(ctx, caller, policy.TransferCertificate, to, func(tx *store.Tx, owner notary.Owner) error {
		cert, err := tx.Certificate(ctx, id)
		if err != nil {
			return err
		}
		if cert, err = tx.LockCertificate(ctx, cert); err != nil { // an upload may assign it to a request concurrently
			return err
		}
		if err := requireOwner(cert.Ref(), cert.Owner(), seen.Owner()); err != nil {
			return err
		}
		if err := refuseTransfer(ctx, tx, cert); err != nil {
			return err
		}
		if err := allowTransferCertificate(ctx, tx, caller, cert, owner); err != nil {
			return err
		}
		return transfer(ctx, tx, caller, owned{cert.Ref(), cert.Owner(), cert.Email, "certificate.transfer"}, owner,
			func(account *notary.Account) error { return tx.TransferCertificate(cert, account, owner.GroupID) })
	})
}

// refuseTransfer returns a Conflict error if the certificate belongs to a request, a CA or an OCSP responder. A CA
// certificate with an owner was issued for a request that has been deleted. It can be transferred unless the CA is or
// was held here.
func refuseTransfer(ctx context.Context, known keyRecords, cert *notary.Certificate) error {
	if cert.RequestID != 0 {
		return notary.Errorf(notary.Conflict, "certificate %d belongs to certificate request %d: transfer the request, "+
			"with all its certificates", cert.ID, cert.RequestID)
	}
	key, err := known.KeyRecord(ctx, cert.KeyFingerprint)
	if err != nil {
		return err
	}
	if key.AuthorityID != 0 || cert.Owner() == (notary.Owner{}) && servesOthers(cert) {
		return notary.Errorf(notary.Conflict, "certificate %d belongs to a CA or OCSP responder and has no owner: "+
			"only end-entity certificates can be transferred", cert.ID)
	}
	return nil
}

// allowTransferCertificate returns an error unless the caller may transfer the certificate.
func allowTransferCertificate(ctx context.Context, known revokeReader, caller notary.Caller, cert *notary.Certificate,
	to notary.Owner) error {
	if policy.May(caller, policy.TransferCertificate) {
		return nil
	}
	once := &readOnce{revokeReader: known}
	if err := seesCertificate(ctx, once, caller, cert); err != nil {
		return err
	}
	groups, err := recipientGroups(ctx, once, caller, cert.Owner())
	if err != nil || slices.Contains(groups, to.GroupID) {
		return err
	}
	if err := allowCertificate(ctx, once, caller, policy.TransferCertificate, cert); err != nil {
		return err
	}
	return allowMove(ctx, once, caller, policy.TransferCertificate, certificateResource(cert), to)
}

// MayTransfer reports whether the caller may transfer a certificate to some owner.
func (s *Service) MayTransfer(ctx context.Context, caller notary.Caller, cert *notary.Certificate) (bool, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.Resource{}); err != nil {
		return false, err
	}
	switch err := refuseTransfer(ctx, s.store, cert); {
	case notary.KindOf(err) == notary.Conflict:
		return false, nil
	case err != nil:
		return false, err
	}
	err := allowCertificate(ctx, s.store, caller, policy.TransferCertificate, cert)
	return permitted(orToGroups(ctx, s.store, caller, cert.Owner(), err))
}
