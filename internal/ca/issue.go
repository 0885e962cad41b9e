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

// IssueOptions configures [Service.Issue].
type IssueOptions struct {
	SignOptions

	OwnerGroupID int64 // group that owns a new request; 0 for the caller

	// Note and Labels are recorded with the request. For a resubmitted CSR, they update the existing request.
	Note   string
	Labels notary.Labels

	// Key is an idempotency key: a call repeated within a day with the same Key and Digest returns the result of the
	// first. The digest covers what the caller sent. Both may be "".
	Key, Digest string

	// Also, if not nil, is called in the transaction that records the result, for example to record a protocol's data.
	// It is not called for rejected requests.
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
// If the caller may not sign, the active rules decide. A held request is pending approval; once it is signed, repeating
// the call returns the certificate. A rule that refuses applies to every caller: the error is RefusedByRule, and a new
// request is recorded as Rejected.
func (s *Service) Issue(ctx context.Context, caller notary.Caller, csrPEM string, o IssueOptions) (*Issued, error) {
	if err := policy.AllowRole(caller, policy.CreateRequest, policy.Resource{}); err != nil {
		return nil, err
	}
	if err := s.checkAnnotation(ctx, &Annotation{Note: o.Note, Labels: o.Labels}); err != nil {
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

// issuedBefore returns the current state of what an earlier call with the key recorded, or nil if there was no earlier
// call.
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

// IssuedMeanwhile is like [Service.IssuedFor], for a call that has waited: it returns an Unauthenticated error if the
// caller's session or token ended meanwhile.
func (s *Service) IssuedMeanwhile(ctx context.Context, caller notary.Caller, id int64) (*Issued, error) {
	issued, err := s.IssuedFor(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	if err := s.store.Verify(ctx, caller); err != nil {
		return nil, err
	}
	return issued, nil
}

// IssuedFor returns the state of a request that the caller may see, or an error if the request is rejected or revoked
// or its certificate has expired.
func (s *Service) IssuedFor(ctx context.Context, caller notary.Caller, id int64) (*Issued, error) {
	req, err := s.request(ctx, caller, id)
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
		if d := req.Decision; d != nil && d.Effect == notary.RefuseEffect && d.Reason == req.Rejection {
			return nil, refusedByRule(id, d)
		}
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
	err = s.issuers.RetryStale(func() error {
		req, csr, err := s.newRequest(ctx, caller, csrPEM)
		if err != nil {
			return err
		}
		req.OwnerGroupID, req.Note, req.Labels = o.OwnerGroupID, o.Note, o.Labels
		return s.withRules(func(last bool) error {
			issued, err = s.issueNew(ctx, caller, req, csr, o, last)
			if errors.Is(err, errRecorded) {
				issued, err = s.issueAgain(ctx, caller, req, o, last)
			}
			return err
		})
	})
	return issued, err
}

var errRecorded = errors.New("this CSR was already submitted")

func (s *Service) issueNew(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o IssueOptions, last bool) (*Issued, error) {
	if err := allowOwner(ctx, s.store, caller, req.OwnerGroupID); err != nil {
		return nil, err
	}
	if err := allowCreate(ctx, s.store, caller, req, csr); err != nil {
		return nil, err
	}
	id, err := s.store.RequestWithContent(ctx, req.RequesterID, req.OwnerGroupID, req.Content)
	switch {
	case err != nil:
		return nil, err
	case id != 0:
		return nil, errRecorded
	}
	ruled, err := s.decideByRules(ctx, caller, req, csr, o.SignOptions)
	if err != nil {
		return nil, err
	}
	if ruled.has(notary.RefuseEffect) {
		return s.insertIssued(ctx, caller, req, csr, nil, ruled, o)
	}
	signed, err := s.prepareIssued(ctx, caller, req, csr, o.SignOptions)
	if err == nil && signed == nil {
		req.Wishes = o.wishes()
		err = s.checkWishes(ctx, req.Wishes)
	}
	if err != nil {
		return nil, err
	}
	if signed != nil {
		ruled.overrule()
	} else if err := s.signByRule(ctx, caller, req, o.SignOptions, ruled, last); err != nil {
		return nil, err
	}
	return s.insertIssued(ctx, caller, req, csr, signed, ruled, o)
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
	return notary.KindOf(err) == notary.Forbidden && !policy.May(caller, policy.SignRequest)
}

// insertIssued records a new request with the caller's signature or the decision of the rules. It returns an error for
// a request that it recorded as rejected.
func (s *Service) insertIssued(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	signed *signature, ruled *ruling, o IssueOptions) (issued *Issued, err error) {
	err = s.writeIssued(ctx, caller, func(tx *store.Tx) error {
		if recorded, err := s.insertRequest(ctx, tx, caller, req, csr, ruled); recorded {
			return errRecorded // by a concurrent call
		} else if err != nil {
			return err
		}
		if err := s.apply(ctx, tx, caller, req, ruled); err != nil {
			return err
		}
		if signed != nil {
			signed.keyChecked = true
			if err := s.record(ctx, tx, caller, req, notary.Active, signed); err != nil {
				return err
			}
		}
		issued = issuedBy(req, signed, ruled)
		return o.also(tx, caller, issued)
	})
	switch {
	case err != nil:
		return nil, err
	case issued.Status == notary.Rejected:
		return nil, refusedByRule(req.ID, ruled.decision)
	case signed != nil:
		s.revocation.Recorded(signed.cert, signed.crlURL)
	}
	s.publish(ruled)
	return issued, nil
}

// issuedBy returns the result for a new request that was signed by the caller or decided by the rules.
func issuedBy(req *notary.Request, signed *signature, ruled *ruling) *Issued {
	if signed == nil && ruled != nil {
		signed = ruled.signed
	}
	issued := &Issued{RequestID: req.ID, Status: notary.Outstanding}
	switch {
	case signed != nil:
		issued.Status, issued.Certificate = notary.Active, signed.cert
	case ruled.has(notary.RefuseEffect):
		issued.Status = notary.Rejected
	}
	return issued
}

func (s *Service) issueAgain(ctx context.Context, caller notary.Caller, again *notary.Request,
	o IssueOptions, last bool) (*Issued, error) {
	id, err := s.store.RequestWithContent(ctx, again.RequesterID, o.OwnerGroupID, again.Content)
	if err != nil {
		return nil, err
	}
	req, err := s.ownRequest(ctx, caller, id, o.OwnerGroupID)
	if err != nil {
		return nil, err
	}
	judged := *req // as it will be
	annotation := Annotation{Labels: o.Labels}
	judged.Labels = req.Labels.Merge(annotation.change().Labels)
	ruled, err := s.decideByRules(ctx, caller, &judged, nil, o.asked(req))
	if err != nil {
		return nil, err
	}
	issued, err := s.renewAsCaller(ctx, caller, req, ruled, o)
	if lacksSigning(caller, err) {
		return s.renewByRule(ctx, caller, req, ruled, o, last)
	}
	return issued, err
}

// renewAsCaller renews a request unless a rule refuses. It returns a Forbidden error if the caller may not sign it.
func (s *Service) renewAsCaller(ctx context.Context, caller notary.Caller, req *notary.Request, ruled *ruling,
	o IssueOptions) (*Issued, error) {
	if err := s.attempt(ctx, caller, policy.Resource{}, policy.SignRequest); err != nil {
		return nil, err
	}
	if ruled.has(notary.RefuseEffect) {
		return nil, refusedByRule(0, ruled.decision)
	}
	issued := &Issued{RequestID: req.ID, Status: notary.Active}
	var err error
	issued.Certificate, err = s.signAnd(ctx, caller, req, o.SignOptions,
		func(tx *store.Tx, cert *notary.Certificate) error {
			issued.Certificate = cert
			if err := tx.RequireRules(ruled.set.Version); err != nil {
				return err
			}
			a := Annotation{Note: o.Note, Labels: o.Labels}
			if err := a.again(ctx, tx, caller, req.ID); err != nil {
				return err
			}
			return o.also(tx, caller, issued)
		})
	if err != nil {
		return nil, err
	}
	return issued, nil
}

// holdAgain returns the state of the request of a resubmitted CSR that the caller may not sign. It records a changed
// annotation and the idempotency key.
func (s *Service) holdAgain(ctx context.Context, caller notary.Caller, id int64, o IssueOptions) (*Issued, error) {
	issued, err := s.IssuedFor(ctx, caller, id)
	a := Annotation{o.wishes(), o.Note, o.Labels}
	if err != nil || a.isZero() && o.Key == "" {
		return issued, err
	}
	if err := s.checkWishes(ctx, a.Wishes); err != nil {
		return nil, err
	}
	o.Also = nil // nothing is issued
	return issued, s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := a.again(ctx, tx, caller, id); err != nil {
			return err
		}
		return o.also(tx, caller, issued)
	})
}

// ownRequest returns the request of a resubmitted CSR, if the caller may still see it. It must belong to the group; if
// ownerGroupID is 0, any owner is accepted.
func (s *Service) ownRequest(ctx context.Context, caller notary.Caller, id, ownerGroupID int64) (*notary.Request,
	error) {
	req, err := s.request(ctx, caller, id)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "you have already submitted this CSR, and the "+
			"request now has another owner: create a new key and CSR"), "csr")
	case err == nil && ownerGroupID != 0 && req.OwnerGroupID != ownerGroupID:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "certificate request %d with this CSR has another "+
			"owner: omit owner, or create a new key and CSR", id), "owner")
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
	if o.Also == nil || issued.Status == notary.Rejected {
		return nil
	}
	return o.Also(tx, issued)
}
