package ca

import (
	"context"
	"maps"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Sign issues a certificate for a request. After a renewal, the older certificate remains in the inventory.
func (s *Service) Sign(ctx context.Context, caller notary.Caller, id int64, o SignOptions) error {
	if err := s.attempt(ctx, caller, policy.On("certificate request", id), policy.SignRequest); err != nil {
		return err
	}
	return s.issuers.RetryStale(func() error { return s.sign(ctx, caller, id, o) })
}

func (s *Service) sign(ctx context.Context, caller notary.Caller, id int64, o SignOptions) error {
	req, err := s.request(ctx, caller, id)
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
	err = s.writeIssued(ctx, caller, func(tx *store.Tx) error {
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

type signature struct {
	cert    *notary.Certificate
	crlURL  string
	issuer  *issuers.Issuer
	profile *notary.Profile
	csr     *pki.CSR
	options SignOptions
	object  policy.Resource // the certificate, for authorization

	decision *notary.RuleDecision // of the rule that signs; nil if the caller signs

	keyChecked bool // whether the transaction has already checked and locked the key
}

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
	if err := o.chooseEnd(req, s.now()); err != nil {
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
	if err := s.checkQuota(ctx, caller); err != nil {
		return nil, err
	}
	issued, err := s.issue(from, profile, csr, o)
	if err != nil {
		return nil, err
	}
	cert := issuer.Entry(issued, profile)
	cert.RequesterID, cert.Email, cert.OwnerGroupID, cert.Shard = req.RequesterID, req.Email, req.OwnerGroupID, shard
	cert.Labels = req.Labels
	// The profile may have changed the names.
	object.Names, object.CommonNames = cert.Names, pki.CommonNames(issued.Certificate.Subject)
	return &signature{cert: cert, crlURL: from.CRLURL, issuer: issuer, profile: profile, csr: csr, options: o,
		object: object}, nil
}

// record makes a signed certificate the request's current one and moves the request to the next status.
func (s *Service) record(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	next notary.RequestStatus,
	signed *signature) (err error) {
	cert := signed.cert
	if err := allowSignature(ctx, tx, caller, req, signed); err != nil {
		return err
	}
	if err := s.requireSignable(ctx, tx, signed); err != nil {
		return err
	}
	if err := tx.CountIssuance(ctx, caller); err != nil {
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
	members := signed.members()
	maps.Copy(members, signed.overruled(req))
	e := transition(caller, notary.Sign, req, next, members).With(signed.issuer.Ref(), cert.Ref())
	if signed.decision != nil {
		e = e.With(signed.decision.Ref())
	}
	return tx.Event(e)
}

// signedCSR returns the CSR to sign, with the subject and names of the options. If the options have none, a renewal
// keeps the replacements of the current certificate.
func signedCSR(req *notary.Request, csr *pki.CSR, o *SignOptions) (*pki.CSR, error) {
	if err := o.inherit(req, csr); err != nil {
		return nil, err
	}
	return csr.Replace(o.replacement())
}

// requireSignable checks the key, the authority and the profile, and locks them until the transaction ends.
func (s *Service) requireSignable(ctx context.Context, tx *store.Tx, signed *signature) error {
	if err := tx.LockAuthorityShared(signed.issuer.ID); err != nil {
		return err
	}
	if !signed.keyChecked {
		if err := s.refuseEndEntity(ctx, tx, signed.csr); err != nil {
			return err
		}
	}
	return tx.RequireUsable(signed.issuer.Authority, signed.profile)
}
