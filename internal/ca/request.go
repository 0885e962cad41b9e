package ca

import (
	"context"
	"maps"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Submit records a signing request given as PEM and returns its id.
func (s *Service) Submit(ctx context.Context, caller notary.Caller, csrPEM string) (id int64, err error) {
	req, csr, err := s.newRequest(ctx, caller, csrPEM)
	if err != nil {
		return 0, err
	}
	recorded := false
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) (err error) {
		recorded, err = s.insertRequest(ctx, tx, caller, req, csr)
		return err
	})
	if recorded {
		err = s.nameRecorded(ctx, req, err)
	}
	return req.ID, err
}

// newRequest parses the CSR of a request that the caller submits.
func (s *Service) newRequest(ctx context.Context, caller notary.Caller, csrPEM string) (*notary.Request, *pki.CSR, error) {
	if err := caller.Require(notary.CreateRequests); err != nil {
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
		RequesterID: caller.AccountID, Email: caller.Email, CommonName: csr.CommonName, Names: csr.Names, Key: csr.Key,
		Findings: append(csr.Findings, issuance.Asked(csr)...),
	}, csr, nil
}

// insertRequest records a new request and sets its id. It also reports whether the caller has submitted the same
// CSR before, which is an error.
func (s *Service) insertRequest(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	csr *pki.CSR) (recorded bool, err error) {
	if err := s.refuseEndEntity(ctx, tx, csr); err != nil {
		return false, err
	}
	if req.ID, err = tx.InsertRequest(req); err != nil {
		return notary.KindOf(err) == notary.Conflict, err
	}
	return false, tx.Event(notary.EventBy(caller, "request.create", req.Ref()).Set(notary.Fields{"status": req.Status, "key": req.Key}))
}

// nameRecorded returns the conflict of a CSR that the requester has submitted before, with the id of
// that request if it can be found.
func (s *Service) nameRecorded(ctx context.Context, req *notary.Request, conflict error) error {
	id, err := s.store.RequestWithContent(ctx, req.RequesterID, req.Content)
	if err != nil || id == 0 {
		return conflict
	}
	return notary.WithField(notary.Errorf(notary.Conflict, "you have submitted this CSR already: it is certificate request %d", id), "csr")
}

// Request is one request, if the caller may see it. To the others it does not exist.
func (s *Service) Request(ctx context.Context, caller notary.Caller, id int64) (*notary.Request, error) {
	if err := caller.Require(notary.ReadOwnRequests); err != nil {
		return nil, err
	}
	req, err := s.store.Request(ctx, id)
	if err == nil && !caller.Sees(req.RequesterID) {
		return nil, noRequest(id)
	}
	return req, err
}

// Compromised reports whether the key of a request was reported as compromised: nothing is signed
// for it any more.
func (s *Service) Compromised(ctx context.Context, caller notary.Caller, id int64) (bool, error) {
	req, err := s.Request(ctx, caller, id)
	if err != nil {
		return false, err
	}
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return false, nil // nothing is known of its key
	}
	key, err := s.lookUpKey(ctx, s.store, csr.Identity)
	return key.Compromised, err
}

// Delete removes a request. The certificates issued for it stay in the inventory.
func (s *Service) Delete(ctx context.Context, caller notary.Caller, id int64) error {
	if err := s.attempt(ctx, caller, policy.DeleteRequest); err != nil {
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

// RemoveCertificate takes the certificate from a request, which is Outstanding again. The
// certificate stays in the inventory.
func (s *Service) RemoveCertificate(ctx context.Context, caller notary.Caller, id int64) error {
	return s.decide(ctx, caller, id, notary.RemoveCertificate, nil, nil)
}

// Reopen makes a rejected or revoked request Outstanding again, unless its key was
// compromised.
func (s *Service) Reopen(ctx context.Context, caller notary.Caller, id int64) error {
	if err := s.attempt(ctx, caller, policy.ReopenRequest); err != nil {
		return err
	}
	req, err := s.Request(ctx, caller, id)
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

// decide moves a request to the state that follows from the action and leaves it without a
// certificate, if check (where there is one) agrees. The event also has the members of why.
func (s *Service) decide(ctx context.Context, caller notary.Caller, id int64, action notary.Action, why notary.Fields,
	check func(*store.Tx, *notary.Request) error) error {
	if err := s.attempt(ctx, caller, policy.OnRequest(action)); err != nil {
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
		if check != nil { // now that nobody else can change the request
			if err := check(tx, req); err != nil {
				return err
			}
		}
		return tx.Event(transition(caller, action, req, next, why))
	})
}

// transition returns the event of a request's transition to another status. The members are those that it has then.
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

var errRenewal = notary.Errorf(notary.Conflict, "this request has a certificate already, and was not to be renewed")

// Sign issues a certificate for a request. Where it has one already, this is a renewal: the
// older one stays in the inventory.
func (s *Service) Sign(ctx context.Context, caller notary.Caller, id int64, o SignOptions) error {
	if err := s.attempt(ctx, caller, policy.SignRequest); err != nil {
		return err
	}
	return issuers.RetryStale(func() error { return s.sign(ctx, caller, id, o) })
}

func (s *Service) sign(ctx context.Context, caller notary.Caller, id int64, o SignOptions) error {
	req, err := s.Request(ctx, caller, id)
	if err != nil {
		return err
	}
	_, err = s.signAnd(ctx, caller, req, o, nil)
	return err
}

// signAnd signs a recorded request. If also is not nil, it runs in the transaction that records the certificate.
func (s *Service) signAnd(ctx context.Context, caller notary.Caller, req *notary.Request, o SignOptions,
	also func(*store.Tx, *notary.Certificate) error) (*notary.Certificate, error) {
	next, err := req.Status.Next(notary.Sign)
	if err != nil {
		return nil, err
	}
	if o.NoRenewal && req.Certificate != nil {
		return nil, errRenewal
	}
	csr, err := pki.ParseStoredCSR(req.CSR)
	if err != nil {
		return nil, err
	}
	signed, err := s.prepare(ctx, caller, req, csr, o)
	if err != nil {
		return nil, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := s.record(ctx, tx, caller, req, next, signed); err != nil || also == nil {
			return err
		}
		return also(tx, signed.cert)
	})
	if err != nil {
		return nil, err
	}
	s.revocation.Recorded(signed.cert, signed.crlURL)
	return signed.cert, nil
}

// signature is a certificate that was signed for a request and is not recorded yet.
type signature struct {
	cert    *notary.Certificate
	crlURL  string
	issuer  *issuers.Issuer
	profile *notary.Profile
	csr     *pki.CSR
	options SignOptions
	object  policy.Resource // the certificate, for the permission to sign it
}

// prepare signs a certificate for a request and records nothing.
func (s *Service) prepare(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o SignOptions) (*signature, error) {
	if err := s.allowChoice(ctx, caller, o); err != nil {
		return nil, err
	}
	issuer, profile, err := s.signer(ctx, req, o)
	if err != nil {
		return nil, err
	}
	if err := o.allow(caller, profile); err != nil {
		return nil, err
	}
	if csr, err = signedCSR(req, csr, &o); err != nil {
		return nil, err
	}
	object := certificateToSign(issuer, profile, req, csr)
	if err := allow(ctx, s.store, caller, policy.SignRequest, object); err != nil {
		return nil, err
	}
	from, shard, err := s.revocation.ChooseShard(ctx, issuer)
	if err != nil {
		return nil, err
	}
	if err := s.mayIssue(); err != nil {
		return nil, err
	}
	issued, err := s.issue(from, profile, csr, o)
	if err != nil {
		return nil, err
	}
	cert := issuer.Entry(issued, profile)
	cert.RequesterID, cert.Email, cert.Shard = req.RequesterID, req.Email, shard
	object.Names, object.CommonNames = cert.Names, pki.CommonNames(issued.Certificate.Subject) // which the profile may change
	return &signature{cert, from.CRLURL, issuer, profile, csr, o, object}, nil
}

// record makes a signed certificate the one in use of the request, which moves to the next status.
func (s *Service) record(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request, next notary.RequestStatus,
	signed *signature) (err error) {
	cert := signed.cert
	if err := allowSignature(ctx, tx, caller, req, signed); err != nil {
		return err
	}
	if err := s.requireSignable(ctx, tx, signed.csr, signed.issuer, signed.profile); err != nil {
		return err
	}
	if err := s.revocation.RecordURL(tx, cert, signed.crlURL); err != nil {
		return err
	}
	cert.RequestID = req.ID
	if cert.ID, err = tx.InsertCertificate(cert); err != nil {
		return err
	}
	if err := tx.Transition(req, next, cert.ID); err != nil {
		return err
	}
	return tx.Event(transition(caller, notary.Sign, req, next, signed.members()).With(signed.issuer.Ref(), cert.Ref()))
}

// signedCSR returns the request to sign, with the subject and names of the options or, in a renewal, those
// of the former certificate that replaced its own.
func signedCSR(req *notary.Request, csr *pki.CSR, o *SignOptions) (*pki.CSR, error) {
	if err := o.inherit(req, csr); err != nil {
		return nil, err
	}
	return csr.Replace(o.replacement())
}

// requireSignable checks in the transaction what a signature rests on, and keeps it so until the
// transaction ends: the key, the authority and the profile.
func (s *Service) requireSignable(ctx context.Context, tx *store.Tx, csr *pki.CSR, issuer *issuers.Issuer,
	p *notary.Profile) error {
	if err := tx.ShareAuthority(issuer.ID); err != nil {
		return err
	}
	if err := s.refuseEndEntity(ctx, tx, csr); err != nil {
		return err
	}
	return s.issuers.RequireUsable(tx, issuer, p)
}

// Upload gives a request the certificate that an outside authority signed, as a PEM chain
// with the leaf first, and answers the certificate's id.
func (s *Service) Upload(ctx context.Context, caller notary.Caller, id int64, chainPEM string) (certID int64, err error) {
	if err := s.attempt(ctx, caller, policy.UploadCertificate); err != nil {
		return 0, err
	}
	req, err := s.Request(ctx, caller, id)
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
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := allowUpload(ctx, tx, caller, req, cert); err != nil {
			return err
		}
		if err := s.refuseEndEntity(ctx, tx, csr); err != nil {
			return err
		}
		if certID, err = s.recordUploaded(ctx, tx, req, cert); err != nil {
			return err
		}
		if err := tx.Transition(req, next, certID); err != nil {
			return err
		}
		cert.ID = certID
		return tx.Event(transition(caller, notary.Upload, req, next, notary.Fields{"serial_number": cert.Serial}).With(cert.Ref()))
	})
	return certID, err
}

// recordUploaded adds the certificate to the inventory, or finds it there: it may have been
// taken from this request before.
func (s *Service) recordUploaded(ctx context.Context, tx *store.Tx, req *notary.Request,
	cert *notary.Certificate) (int64, error) {
	known, err := tx.CertificateByFingerprint(ctx, cert.Fingerprint)
	if err == nil && known != nil { // nobody is to revoke it meanwhile
		known, err = tx.ClaimCertificate(ctx, known)
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
		return 0, notary.Errorf(notary.Conflict, "this certificate is revoked")
	case known.RequestID == 0:
		return known.ID, tx.AdoptCertificate(known, req)
	case known.RequestID != req.ID:
		return 0, notary.Errorf(notary.Conflict, "this certificate belongs to the certificate request %d", known.RequestID)
	default:
		return known.ID, nil
	}
}
