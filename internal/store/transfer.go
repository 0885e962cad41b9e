package store

import (
	"context"
	"errors"

	"notary"
	"notary/internal/db"
)

// Transfer transfers a request, unchanged since it was read, and all its certificates to a group or, if groupID is 0,
// to an account. A transfer to a group keeps the requester.
//
// Updating the request first waits for transitions in progress, so that their certificates are transferred, too. Later
// transitions find the new owner.
func (tx *Tx) Transfer(ctx context.Context, req *notary.Request, account *notary.Account, groupID int64) error {
	to := *req
	if to.OwnerGroupID = groupID; groupID == 0 {
		to.RequesterID, to.Email = account.ID, account.Email
	}
	err := tx.db.Change(db.Raced(), `UPDATE request SET requester_id = $1, email = $2, owner_group_id = $3, updated_at = $4
		WHERE id = $5 AND requester_id = $6 AND COALESCE(owner_group_id, 0) = $7`, to.RequesterID, to.Email,
		nullable(to.OwnerGroupID), db.Seconds(tx.db.Now()), req.ID, req.RequesterID, req.OwnerGroupID)
	if errors.Is(err, db.ErrUnique) {
		return notary.WithField(notary.Errorf(notary.Conflict, "%s has already submitted this CSR: "+
			"transfer the request to a group, or to another account", to.Email), "owner")
	} else if err != nil {
		return err
	}
	certificates, err := tx.CertificatesOfRequest(ctx, req.ID)
	if err != nil {
		return err
	}
	for _, c := range certificates {
		if c, err = tx.LockCertificate(ctx, c); err != nil { // it may have been revoked meanwhile
			return err
		}
		if err := tx.moveCertificate(c, to.RequesterID, to.Email, to.OwnerGroupID); err != nil {
			return err
		}
	}
	return nil
}

// TransferCertificate transfers a certificate without a request, locked since it was read, to a group or, if groupID is
// 0, to an account. A transfer to a group keeps the requester.
func (tx *Tx) TransferCertificate(c *notary.Certificate, account *notary.Account, groupID int64) error {
	requester, email := c.RequesterID, c.Email
	if groupID == 0 {
		requester, email = account.ID, account.Email
	}
	return tx.moveCertificate(c, requester, email, groupID)
}

// moveCertificate changes the owner of a certificate. It returns a Conflict error if the certificate was assigned to
// another request meanwhile.
func (tx *Tx) moveCertificate(c *notary.Certificate, requesterID int64, email string, groupID int64) error {
	if err := tx.leaveNames(c); err != nil {
		return err
	}
	if err := tx.db.Change(db.Raced(), `UPDATE certificate SET requester_id = $1, email = $2, owner_group_id = $3
		WHERE id = $4 AND COALESCE(request_id, 0) = $5`, requesterID, email, nullable(groupID), c.ID,
		c.RequestID); err != nil {
		return err
	}
	if c.Revocation != nil {
		return nil // neither current nor replaced
	}
	m := memberOf(c, c.ID)
	m.owner = ownerOf(requesterID, groupID)
	return tx.joinNames(m)
}
