package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"slices"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// RollOverOptions configures [Service.RollOver].
type RollOverOptions struct {
	KeyAlgorithm notary.KeyAlgorithm // "" for the algorithm of the old key or, if unsupported, the default
	NotAfter     time.Time           // zero for the default
}

// RollOver creates the successor of an authority and returns its ID. The successor has a new key and the same name,
// path length, constraints and settings.
//
// The successor of a root is self-signed, and the two roots cross-certify each other (RFC 4210, section 4.4). The
// successor of a subordinate CA is signed by the same issuer if that is held here and online; otherwise it is pending
// until its certificate is uploaded.
//
// Once the successor can sign, the old authority is disabled: it continues to publish CRLs and OCSP responses, and its
// certificates can be revoked. RollOver returns a Conflict error if the authority is offline, cannot sign or already
// has a successor.
func (s *Service) RollOver(ctx context.Context, caller notary.Caller, id int64,
	o RollOverOptions) (newID int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return 0, err
	}
	if !o.NotAfter.IsZero() && !o.NotAfter.After(s.now()) {
		return 0, notary.FieldErrorf("not_valid_after", "the expiry must be in the future")
	}
	old, err := s.store.Authority(ctx, id)
	if err != nil {
		return 0, err
	}
	if err := s.requireActive(old); err != nil {
		return 0, err
	}
	if err := s.mayIssue(); err != nil { // before recording the successor
		return 0, err
	}
	r := rollOver{s: s, caller: caller, old: old}
	if r.root, err = s.ownRoot(ctx, old); err != nil {
		return 0, err
	}
	if r.root != nil { // the new root certifies the key of the old one
		if err := refuseOutsideKey(ctx, s.store, caller, pki.CertificateKeyFingerprint(r.root)); err != nil {
			return 0, err
		}
	}
	if err := r.begin(ctx, o); err != nil {
		return 0, err
	}
	if err := r.finish(ctx); err != nil {
		r.giveUp(context.WithoutCancel(ctx))
		return 0, err
	}
	return r.successor.ID, nil
}

func (s *Service) requireActive(a *notary.Authority) error {
	if a.Offline {
		return notary.Errorf(notary.Conflict, "the key of CA %d is offline: create the new key "+
			"where the old one is kept, and import the new certificate", a.ID)
	}
	if status := a.Status(s.now()); status != notary.AuthorityActive {
		return notary.Errorf(notary.Conflict, "CA %d is %s: only an active CA can be rolled over",
			a.ID, status)
	}
	return nil
}

// ownRoot returns the authority's latest valid self-signed certificate, even if it is not the current one, or nil if
// there is none.
func (s *Service) ownRoot(ctx context.Context, a *notary.Authority) (*x509.Certificate, error) {
	all, err := s.issuers.Certificates(ctx, a)
	if err != nil {
		return nil, err
	}
	for _, c := range slices.Backward(all) {
		parsed, err := x509.ParseCertificate(c.DER)
		if err == nil && c.Revocation == nil && !s.now().After(c.NotAfter) && pki.IsSelfSigned(parsed) {
			return parsed, nil
		}
	}
	return nil, nil
}

// rollOver is a key roll-over in progress. The successor is created first, because the cross-certificates refer to its
// ID.
type rollOver struct {
	s         *Service
	caller    notary.Caller
	old       *notary.Authority
	root      *x509.Certificate // self-signed certificate of the old authority; nil for a subordinate CA
	key       keystore.Key      // of the successor
	request   *pki.CSR          // for key
	successor *notary.Authority
}

func (r *rollOver) begin(ctx context.Context, o RollOverOptions) error {
	own, err := issuers.CertificateOf(r.old)
	if err != nil {
		return err
	}
	if o.KeyAlgorithm == "" {
		o.KeyAlgorithm = pki.KeyAlgorithmOf(own.PublicKey)
	}
	if o.KeyAlgorithm == "" {
		o.KeyAlgorithm = notary.KeyAlgorithms[0]
	}
	if r.key, err = r.s.keys.Generate(ctx, o.KeyAlgorithm); err != nil {
		return err
	}
	if r.request, err = pki.RequestLike(r.key.Public(), own); err != nil {
		return err
	}
	csr, err := pki.CSRFor(r.key.Signer, own)
	if err != nil {
		return err
	}
	a := &notary.Authority{Enabled: true, CSR: csr, CommonName: r.old.CommonName, Key: r.request.Key, NotAfter: o.NotAfter,
		PathLen: r.old.PathLen, Constraints: r.old.Constraints, PredecessorID: r.old.ID}
	err = r.s.store.WriteAs(ctx, r.caller, func(tx *store.Tx) error { return r.insert(ctx, tx, a) })
	r.successor = a
	return err
}

func (r *rollOver) insert(ctx context.Context, tx *store.Tx, a *notary.Authority) error {
	old, err := r.lockOld(ctx, tx)
	if err != nil {
		return err
	}
	if other, err := tx.Successor(ctx, old.ID); err != nil || other != 0 {
		return orError(err, notary.Errorf(notary.Conflict,
			"CA %d is already the successor of CA %d: to replace it, delete it first", other, old.ID))
	}
	if a.ID, err = insertAuthority(tx, a, r.key.Public(), r.key.Reference); err != nil {
		return err
	}
	if err := tx.SetPublication(a.ID, old.Publication); err != nil {
		return err
	}
	return tx.Event(authorityCreated(r.caller, a).With(old.Ref()))
}

func (r *rollOver) lockOld(ctx context.Context, tx *store.Tx) (*notary.Authority, error) {
	if err := tx.LockAuthority(r.old.ID); err != nil {
		return nil, err
	}
	old, err := tx.Authority(ctx, r.old.ID)
	if err != nil {
		return nil, err
	}
	return old, r.s.requireActive(old)
}

func (r *rollOver) finish(ctx context.Context) error {
	switch parent := r.old.IssuerID(); {
	case r.root != nil:
		return r.linkRoots(ctx)
	case parent == 0:
		return nil
	default:
		return r.signByParent(ctx, parent)
	}
}

// signByParent signs the successor under the profile of the old authority's certificate or, if that is no longer a CA
// profile, under [notary.IntermediateProfile]. If the issuer was deleted or is offline, the successor remains pending.
func (r *rollOver) signByParent(ctx context.Context, parent int64) error {
	issuer, err := r.s.issuers.Get(ctx, parent)
	if notary.KindOf(err) == notary.NotFound || err == nil && issuer.Offline {
		return nil
	} else if err != nil {
		return err
	}
	profile := notary.IntermediateProfile
	if used, err := r.s.issuers.Profile(ctx, r.old.Certificate.Profile); err == nil && used.CA {
		profile = used.Name
	}
	return r.s.issuers.RetryStale(func() error {
		_, err := r.s.certify(ctx, r.caller, certification{authority: r.successor, request: r.request}, parent, profile)
		return err
	})
}

// linkRoots signs the successor with its own key and cross-certifies the two roots.
func (r *rollOver) linkRoots(ctx context.Context) error {
	root, err := r.s.signRoot(r.key.Signer, r.request, r.successor)
	if err != nil {
		return err
	}
	root.AuthorityID = r.successor.ID
	chain, err := issuers.ParseChain(root)
	if err != nil {
		return err
	}
	oldWithNew, err := r.link(r.successor, chain[0], r.key.Signer, r.root)
	if err != nil {
		return err
	}
	opened, err := r.s.issuers.Get(ctx, r.old.ID)
	if err != nil {
		return err
	}
	newWithOld, err := r.link(r.old, r.root, opened.Signer, chain[0])
	if err != nil {
		return err
	}
	return r.s.store.WriteAs(ctx, r.caller, func(tx *store.Tx) error {
		if _, err := r.lockOld(ctx, tx); err != nil {
			return err
		}
		if _, err := addCertificate(tx, r.successor, root); err != nil {
			return err
		}
		var links []notary.Ref
		for _, link := range []*notary.Certificate{oldWithNew, newWithOld} {
			if link.ID, err = tx.InsertCertificate(link); err != nil {
				return err
			}
			links = append(links, link.Ref())
		}
		return r.s.retire(ctx, tx, r.caller, r.successor, links...)
	})
}

func (r *rollOver) link(by *notary.Authority, own *x509.Certificate, key crypto.Signer,
	other *x509.Certificate) (*notary.Certificate, error) {
	issued, err := issuance.Link(r.s.issuers.For(by, own, key).Issuer, other, r.s.issuers.Terms(time.Time{}))
	if err != nil {
		return nil, err
	}
	entry := issuers.Entry(issued.Certificate, []*x509.Certificate{own})
	entry.AuthorityID, entry.Findings = by.ID, issued.Findings
	return entry, nil
}

// giveUp deletes the successor after a failure. It keeps a successor that has a certificate: after a database failure,
// the transaction may have been committed.
func (r *rollOver) giveUp(ctx context.Context) {
	a, err := r.s.store.Authority(ctx, r.successor.ID)
	if err == nil && a.Certificate != nil {
		return
	}
	if err == nil {
		err = r.s.DeleteAuthority(ctx, r.caller, r.successor.ID, false)
	}
	if err != nil {
		r.s.log.ErrorContext(ctx, "could not delete the successor after a failed roll-over",
			"authority", r.successor.ID, "error", err)
	}
}

// retire disables the predecessor of an authority that can now issue.
func (s *Service) retire(ctx context.Context, tx *store.Tx, caller notary.Caller, successor *notary.Authority,
	links ...notary.Ref) error {
	id := successor.PredecessorID
	if err := tx.LockAuthority(id); err != nil {
		return err
	}
	former, err := tx.Authority(ctx, id)
	if notary.KindOf(err) == notary.NotFound { // it was deleted
		return nil
	} else if err != nil {
		return err
	}
	if err := tx.EnableAuthority(id, false); err != nil {
		return err
	}
	return tx.Event(notary.EventBy(caller, "authority.roll_over", former.Ref()).With(successor.Ref()).With(links...).
		Change(notary.Fields{"enabled": former.Enabled}, notary.Fields{"enabled": false}))
}

// addIssuedCertificate is like addCertificate, and retires the predecessor when a successor gets its first certificate.
func (s *Service) addIssuedCertificate(ctx context.Context, tx *store.Tx, caller notary.Caller, a *notary.Authority,
	cert *notary.Certificate) (int64, error) {
	if a.Certificate == nil && a.PredecessorID != 0 {
		if err := s.retire(ctx, tx, caller, a); err != nil {
			return 0, err
		}
	}
	return addCertificate(tx, a, cert)
}
