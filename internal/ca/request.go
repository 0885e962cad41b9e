package ca

import (
	"context"
	"maps"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Submit records a signing request (PEM) and returns its ID. The active rules may sign or reject it at once.
func (s *Service) Submit(ctx context.Context, caller notary.Caller, csrPEM string) (id int64, err error) {
	return s.SubmitWith(ctx, caller, csrPEM, SubmitOptions{})
}

// SubmitOptions configures [Service.SubmitWith].
type SubmitOptions struct {
	Annotation

	OwnerGroupID int64 // group that owns the request; 0 for the caller
}

// SubmitWith is like [Service.Submit], with options.
func (s *Service) SubmitWith(ctx context.Context, caller notary.Caller, csrPEM string,
	o SubmitOptions) (id int64, err error) {
	req, csr, err := s.newRequest(ctx, caller, csrPEM)
	if err != nil {
		return 0, err
	}
	if err := s.checkAnnotation(ctx, &o.Annotation); err != nil {
		return 0, err
	}
	req.OwnerGroupID, req.Wishes, req.Note, req.Labels = o.OwnerGroupID, o.Wishes, o.Note, o.Labels
	recorded := false
	err = s.withRules(func(last bool) error {
		recorded, err = s.submit(ctx, caller, req, csr, last)
		return err
	})
	if recorded {
		err = s.nameRecorded(ctx, req, err)
	}
	return req.ID, err
}

// submit records a request and the decision of the rules on it. The result recorded is as in [Service.insertRequest].
func (s *Service) submit(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	last bool) (recorded bool, err error) {
	asked := SignOptions{Profile: req.Wishes.Profile, AuthorityID: req.Wishes.AuthorityID, NotAfter: req.Wishes.NotAfter}
	ruled, err := s.decideByRules(ctx, caller, req, csr, asked)
	if err != nil {
		return false, err
	}
	if err := s.signByRule(ctx, caller, req, asked, ruled, last); err != nil {
		return false, err
	}
	err = s.writeIssued(ctx, caller, func(tx *store.Tx) error {
		if recorded, err = s.insertRequest(ctx, tx, caller, req, csr, ruled); err != nil {
			return err
		}
		return s.apply(ctx, tx, caller, req, ruled)
	})
	if err == nil {
		s.publish(ruled)
	}
	return recorded, err
}

// publish notifies the revocation service if a rule has signed a certificate.
func (s *Service) publish(r *ruling) {
	if r != nil && r.signed != nil {
		s.revocation.Recorded(r.signed.cert, r.signed.crlURL)
	}
}

func (s *Service) newRequest(ctx context.Context, caller notary.Caller,
	csrPEM string) (*notary.Request, *pki.CSR, error) {
	if err := policy.AllowRole(caller, policy.CreateRequest, policy.Resource{}); err != nil {
		return nil, nil, err
	}
	csr, err := pki.ParseCSR(csrPEM)
	if err != nil {
		return nil, nil, err
	}
	if err := s.refuseSmallExponent(ctx, csr.PublicKey); err != nil {
		return nil, nil, err
	}
	return &notary.Request{
		CSR: csrPEM, Fingerprint: pki.Fingerprint(csr.Raw), Content: csr.Content(), Status: notary.Outstanding,
		RequesterID: caller.Account().ID, Email: caller.Account().Name, CommonName: csr.CommonName, Names: csr.Names,
		Key:      csr.Key,
		Findings: append(csr.Findings, issuance.Asked(csr)...),
	}, csr, nil
}

// insertRequest records a new request. recorded reports whether it failed because the caller, or the group that the
// request is for, has already submitted the CSR.
func (s *Service) insertRequest(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	csr *pki.CSR, ruled *ruling) (recorded bool, err error) {
	if req.Decision = nil; ruled != nil {
		req.Decision = ruled.decision
	}
	if err := s.refuseEndEntity(ctx, tx, csr); err != nil {
		return false, err
	}
	if req.OwnerGroupID != 0 { // the group must not be deleted, nor the caller removed from it, meanwhile
		if err := tx.LockGrantsShared(); err != nil {
			return false, err
		}
	}
	if err := allowOwner(ctx, tx, caller, req.OwnerGroupID); err != nil {
		return false, err
	}
	if err := allowCreate(ctx, tx, caller, req, csr); err != nil {
		return false, err
	}
	if recorded, err := groupHas(ctx, tx, req); recorded || err != nil {
		return recorded, err
	}
	if req.ID, err = tx.InsertRequest(req); err != nil {
		return notary.KindOf(err) == notary.Conflict, err
	}
	annotation := Annotation{req.Wishes, req.Note, req.Labels}
	members := annotation.fields()
	members["status"], members["key"] = req.Status, req.Key
	if req.OwnerGroupID != 0 {
		members["owner_group_id"] = req.OwnerGroupID
	}
	return false, tx.Event(notary.EventBy(caller, "request.create", req.Ref()).Set(members))
}

// groupHas reports whether the group that owns a new request already has a request with the same CSR. If so, it also
// returns a Conflict error.
func groupHas(ctx context.Context, tx *store.Tx, req *notary.Request) (bool, error) {
	if req.OwnerGroupID == 0 {
		return false, nil
	}
	if err := tx.LockContent(req.OwnerGroupID, req.Content); err != nil {
		return false, err
	}
	id, err := tx.RequestWithContent(ctx, 0, req.OwnerGroupID, req.Content)
	if err != nil || id == 0 {
		return false, err
	}
	return true, &notary.Error{Kind: notary.Conflict, Field: "csr", Message: "this CSR has already been submitted"}
}

// nameRecorded adds the ID of the earlier request to the conflict, if the request can be found.
func (s *Service) nameRecorded(ctx context.Context, req *notary.Request, conflict error) error {
	id, err := s.store.RequestWithContent(ctx, req.RequesterID, req.OwnerGroupID, req.Content)
	if err != nil || id == 0 {
		return conflict
	}
	return notary.WithField(notary.Errorf(notary.Conflict,
		"you have already submitted this CSR: it is certificate request %d", id), "csr")
}

// Request returns a request with its submitter, or a NotFound error if the caller may not see it.
func (s *Service) Request(ctx context.Context, caller notary.Caller, id int64) (*notary.Request, error) {
	req, err := s.request(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	req.Submitter, err = s.store.RequestSubmitter(ctx, id)
	return req, err
}

// request is like [Service.Request], without the submitter, which takes a query more.
func (s *Service) request(ctx context.Context, caller notary.Caller, id int64) (*notary.Request, error) {
	if err := policy.AllowRole(caller, policy.ViewOwnRequests, policy.On("certificate request", id)); err != nil {
		return nil, err
	}
	req, err := s.store.Request(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := sees(ctx, s.store, caller, req); err != nil {
		return nil, err
	}
	return req, nil
}

// Compromised reports whether the key of a request is compromised.
func (s *Service) Compromised(ctx context.Context, caller notary.Caller, id int64) (bool, error) {
	req, err := s.request(ctx, caller, id)
	if err != nil {
		return false, err
	}
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return false, nil // the key is unknown
	}
	key, err := s.lookUpKey(ctx, s.store, csr.Identity)
	return key.Compromised, err
}

// Delete deletes a request. Its certificates remain in the inventory.
func (s *Service) Delete(ctx context.Context, caller notary.Caller, id int64) error {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.DeleteRequest); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		req, err := tx.Request(ctx, id)
		if err != nil {
			return err
		}
		if err := allowRequest(ctx, tx, caller, policy.DeleteRequest, req); err != nil {
			return err
		}
		if err := tx.DeleteRequest(req); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "request.delete", req.Ref()).
			Change(notary.Fields{"status": req.Status, "csr_sha256": req.Fingerprint}, nil))
	})
}

// RemoveCertificate removes the current certificate from a request and makes the request Outstanding. The certificate
// remains in the inventory.
func (s *Service) RemoveCertificate(ctx context.Context, caller notary.Caller, id int64) error {
	return s.decide(ctx, caller, id, notary.RemoveCertificate, nil, nil)
}

// Reopen makes a rejected or revoked request Outstanding again, unless its key must no longer be certified, for example
// because it is compromised.
func (s *Service) Reopen(ctx context.Context, caller notary.Caller, id int64) error {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.ReopenRequest); err != nil {
		return err
	}
	req, err := s.request(ctx, caller, id)
	if err != nil {
		return err
	}
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return err
	}
	return s.decide(ctx, caller, id, notary.Reopen, nil, func(tx *store.Tx, _ *notary.Request) error {
		return s.refuseEndEntity(ctx, tx, csr)
	})
}

// decide performs an action that leaves a request without a current certificate. It does nothing if check, which may be
// nil, returns an error. The fields of why are added to the event.
func (s *Service) decide(ctx context.Context, caller notary.Caller, id int64, action notary.Action, why notary.Fields,
	check func(*store.Tx, *notary.Request) error) error {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.OnRequest(action)); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		req, err := tx.Request(ctx, id)
		if err != nil {
			return err
		}
		if err := allowRequest(ctx, tx, caller, policy.OnRequest(action), req); err != nil {
			return err
		}
		next, err := req.Status.Next(action)
		if err != nil {
			return err
		}
		if err := tx.Transition(req, next, 0); err != nil {
			return err
		}
		if check != nil { // the request can no longer change concurrently
			if err := check(tx, req); err != nil {
				return err
			}
		}
		return tx.Event(transition(caller, action, req, next, why))
	})
}

func transition(caller notary.Caller, action notary.Action, req *notary.Request, next notary.RequestStatus,
	members notary.Fields) notary.Event {
	before, after := notary.Fields{}, notary.Fields{}
	if req.Status != next {
		before["status"], after["status"] = req.Status, next
	}
	maps.Copy(after, members)
	e := notary.EventBy(caller, "request."+string(action), req.Ref()).Change(before, after)
	if former := req.Certificate; former != nil && action == notary.RemoveCertificate {
		e = e.With(former.Ref())
	}
	return e
}

var errRenewal = notary.Errorf(notary.Conflict, "this request already has a certificate: allow renewal, or exclude the request")
