package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// IssueOptions are the options of [Service.Issue].
type IssueOptions struct {
	SignOptions

	OwnerGroupID int64 // group that owns a new request; 0 for the caller

	// Key is an idempotency key: a call repeated within a day with the same Key and Digest returns the result of the
	// first. The digest covers what the caller sent. Both may be "".
	Key, Digest string

	// Also, if not nil, is called in the transaction that records the result, to record data of a protocol with it.
	Also func(*store.Tx, *Issued) error
}

// Issued is the result of [Service.Issue].
type Issued struct {
	RequestID   int64
	Status      notary.RequestStatus
	Certificate *notary.Certificate // with its chain; nil unless Status is Active
}

// Issue submits a CSR and, if the caller may sign, signs it in the same transaction: if signing fails, nothing is
// recorded. If the caller or one of its groups already has a request for the CSR, that request is renewed.
//
// For other callers the request is pending approval. Once it is signed, the same call returns its certificate.
func (s *Service) Issue(ctx context.Context, caller notary.Caller, csrPEM string, o IssueOptions) (*Issued, error) {
	if err := policy.AllowRole(caller, policy.CreateRequest, policy.Resource{}); err != nil {
		return nil, err
	}
	if o.Key == "" {
		return s.issueOnce(ctx, caller, csrPEM, o)
	}
	sum := sha256.Sum256([]byte(o.Key))
	o.Key = hex.EncodeToString(sum[:])
	if issued, err := s.issuedBefore(ctx, caller, o); issued != nil || err != nil {
		return issued, err
	}
	issued, err := s.issueOnce(ctx, caller, csrPEM, o)
	if notary.KindOf(err) == notary.Conflict { // a concurrent call with the key may have won
		if first, failed := s.issuedBefore(ctx, caller, o); first != nil || failed != nil {
			return first, failed
		}
	}
	return issued, err
}

// issuedBefore returns the current state of what the first call with the key recorded, or nil if there was none.
func (s *Service) issuedBefore(ctx context.Context, caller notary.Caller, o IssueOptions) (*Issued, error) {
	k, err := s.store.Idempotency(ctx, caller.Principal.ID, o.Key, s.now())
	switch {
	case err != nil || k == nil:
		return nil, err
	case k.Digest != o.Digest:
		return nil, notary.Errorf(notary.Unprocessable,
			"this Idempotency-Key was used for another call within the last day: choose a new one")
	case k.CertificateID == 0:
		return s.IssuedFor(ctx, caller, k.RequestID)
	}
	cert, err := issuers.Intact(s.store.Certificate(ctx, k.CertificateID))
	if err != nil {
		return nil, err
	}
	if err := seesCertificate(ctx, s.store, caller, cert); err != nil {
		return nil, err
	}
	return &Issued{k.RequestID, notary.Active, cert}, nil
}

// IssuedFor returns the state of a request that the caller may see, or an error if the request or its certificate is
// not usable.
func (s *Service) IssuedFor(ctx context.Context, caller notary.Caller, id int64) (*Issued, error) {
	req, err := s.Request(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	issued := &Issued{RequestID: id, Status: req.Status}
	switch req.Status {
	case notary.Outstanding:
		return issued, nil
	case notary.Active:
		if req.Certificate.Expired(s.now()) {
			return nil, notary.WithField(notary.Errorf(notary.Conflict,
				"the certificate of request %d with this CSR has expired: "+
					"create a new key and CSR", id), "csr")
		}
		issued.Certificate, err = issuers.Intact(s.store.Certificate(ctx, req.Certificate.ID))
		return issued, err
	case notary.Rejected:
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"certificate request %d with this CSR was rejected%s: fix the cause and create a new CSR", id,
			because(req.Rejection)), "csr")
	default:
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"the certificate of request %d with this CSR was revoked: "+
				"create a new key and CSR", id), "csr")
	}
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// issueOnce issues regardless of earlier calls with the same key, and records the key.
func (s *Service) issueOnce(ctx context.Context, caller notary.Caller, csrPEM string,
	o IssueOptions) (issued *Issued, err error) {
	err = issuers.RetryStale(func() error {
		req, csr, err := s.newRequest(ctx, caller, csrPEM)
		if err != nil {
			return err
		}
		req.OwnerGroupID = o.OwnerGroupID
		issued, err = s.issueNew(ctx, caller, req, csr, o)
		if errors.Is(err, errRecorded) {
			issued, err = s.issueAgain(ctx, caller, req, o)
		}
		return err
	})
	return issued, err
}

var errRecorded = errors.New("this CSR was already submitted")

func (s *Service) issueNew(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o IssueOptions) (*Issued, error) {
	if err := allowOwner(ctx, s.store, caller, req.OwnerGroupID); err != nil {
		return nil, err
	}
	id, err := s.store.RequestWithContent(ctx, req.RequesterID, req.OwnerGroupID, req.Content)
	switch {
	case err != nil:
		return nil, err
	case id != 0:
		return nil, errRecorded
	}
	signed, err := s.prepareIssued(ctx, caller, req, csr, o.SignOptions)
	if err != nil {
		return nil, err
	}
	return s.insertIssued(ctx, caller, req, csr, signed, o)
}

// prepareIssued signs a certificate if the caller may sign; otherwise it returns nil.
func (s *Service) prepareIssued(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o SignOptions) (*signature, error) {
	err := s.attempt(ctx, caller, policy.Resource{}, policy.SignRequest)
	if err == nil {
		var signed *signature
		if signed, err = s.prepare(ctx, caller, req, csr, o); err == nil {
			return signed, nil
		}
	}
	if lacksSigning(caller, err) {
		return nil, nil
	}
	return nil, err
}

func lacksSigning(caller notary.Caller, err error) bool {
	return notary.KindOf(err) == notary.Forbidden && !policy.RoleHas(caller.Role, policy.SignRequest)
}

func (s *Service) insertIssued(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	signed *signature,
	o IssueOptions) (issued *Issued, err error) {
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if recorded, err := s.insertRequest(ctx, tx, caller, req, csr); recorded {
			return errRecorded // by a concurrent call
		} else if err != nil {
			return err
		}
		issued = &Issued{RequestID: req.ID, Status: notary.Outstanding}
		if signed != nil {
			if err := s.record(ctx, tx, caller, req, notary.Active, signed); err != nil {
				return err
			}
			issued.Status, issued.Certificate = notary.Active, signed.cert
		}
		return o.also(tx, caller, issued)
	})
	if err != nil {
		return nil, err
	}
	if signed != nil {
		s.revocation.Recorded(signed.cert, signed.crlURL)
	}
	return issued, nil
}

func (s *Service) issueAgain(ctx context.Context, caller notary.Caller, again *notary.Request,
	o IssueOptions) (*Issued, error) {
	id, err := s.store.RequestWithContent(ctx, again.RequesterID, o.OwnerGroupID, again.Content)
	if err != nil {
		return nil, err
	}
	req, err := s.ownRequest(ctx, caller, id, o.OwnerGroupID)
	if err != nil {
		return nil, err
	}
	if err := s.attempt(ctx, caller, policy.Resource{}, policy.SignRequest); lacksSigning(caller, err) {
		return s.IssuedFor(ctx, caller, id)
	} else if err != nil {
		return nil, err
	}
	issued := &Issued{RequestID: id, Status: notary.Active}
	issued.Certificate, err = s.signAnd(ctx, caller, req, o.SignOptions,
		func(tx *store.Tx, cert *notary.Certificate) error {
			issued.Certificate = cert
			return o.also(tx, caller, issued)
		})
	if lacksSigning(caller, err) {
		return s.IssuedFor(ctx, caller, id)
	}
	if err != nil {
		return nil, err
	}
	return issued, nil
}

// ownRequest returns the request for a CSR submitted before. It must belong to the group; for 0, any owner is accepted.
func (s *Service) ownRequest(ctx context.Context, caller notary.Caller, id, ownerGroupID int64) (*notary.Request,
	error) {
	req, err := s.Request(ctx, caller, id)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "you submitted this CSR before, for a request that "+
			"belongs to another owner now: create a new key and CSR"), "csr")
	case err == nil && ownerGroupID != 0 && req.OwnerGroupID != ownerGroupID:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "certificate request %d with this CSR has another "+
			"owner: leave owner out, or create a new key and CSR", id), "owner")
	}
	return req, err
}

func (o *IssueOptions) also(tx *store.Tx, caller notary.Caller, issued *Issued) error {
	if o.Key != "" {
		k := store.Idempotency{PrincipalID: caller.Principal.ID, Key: o.Key, Digest: o.Digest, RequestID: issued.RequestID}
		if issued.Certificate != nil {
			k.CertificateID = issued.Certificate.ID
		}
		if err := tx.InsertIdempotency(k); err != nil {
			return err
		}
	}
	if o.Also == nil {
		return nil
	}
	return o.Also(tx, issued)
}
