package ca

import (
	"context"
	"crypto"
	"crypto/x509/pkix"
	"fmt"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Authority returns an authority. Its certificate includes the chain that new certificates get.
func (s *Service) Authority(ctx context.Context, caller notary.Caller, id int64) (*notary.Authority, error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, err
	}
	a, err := s.store.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	s.showChain(ctx, a)
	return a, nil
}

// showChain sets the chain of the authority's certificate to the cached one, if that is for the same certificate.
func (s *Service) showChain(ctx context.Context, a *notary.Authority) {
	opened, err := s.issuers.Get(ctx, a.ID)
	if err == nil && a.Certificate != nil && opened.Authority.Certificate != nil &&
		opened.Authority.Certificate.ID == a.Certificate.ID {
		a.Certificate.Issuers = opened.Authority.Certificate.Issuers
	}
}

// Authorities returns all authorities as [Service.Authority] does, ordered by ID.
func (s *Service) Authorities(ctx context.Context, caller notary.Caller) ([]*notary.Authority, error) {
	if err := policy.AllowRole(caller, policy.ViewAuthorities, policy.Resource{}); err != nil {
		return nil, err
	}
	all, err := s.store.Authorities(ctx)
	for _, a := range all {
		s.showChain(ctx, a)
	}
	return all, err
}

// Now returns the service's current time, which determines the status of authorities.
func (s *Service) Now() time.Time { return s.now() }

// AuthorityOptions describes a new authority.
type AuthorityOptions struct {
	SelfSigned   bool // a root, active immediately; otherwise the authority is pending
	Subject      pkix.Name
	DNSNames     []string
	KeyAlgorithm notary.KeyAlgorithm // "" for the default
	NotAfter     time.Time           // zero for the default
	PathLen      int                 // -1 for no limit
	Constraints  notary.NameConstraints
}

// maxPathLen is the maximum path length of a new authority.
const maxPathLen = pki.MaxChain - 2

// CreateAuthority creates an authority with a new key and returns its ID.
func (s *Service) CreateAuthority(ctx context.Context, caller notary.Caller, o AuthorityOptions) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return 0, err
	}
	if err := s.checkAuthority(&o); err != nil {
		return 0, err
	}
	if o.KeyAlgorithm == "" {
		o.KeyAlgorithm = notary.KeyAlgorithms[0]
	}
	key, csr, err := s.newAuthorityKey(ctx, o)
	if err != nil {
		return 0, err
	}
	a := &notary.Authority{Enabled: true, CSR: csr.PEM, CommonName: csr.CommonName, Key: csr.Key,
		NotAfter: o.NotAfter, PathLen: o.PathLen, Constraints: o.Constraints}
	var root *notary.Certificate
	if o.SelfSigned {
		if root, err = s.signRoot(key.Signer, csr, a); err != nil {
			return 0, err
		}
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if a.ID, err = insertAuthority(tx, a, key.Public(), key.Reference); err != nil {
			return err
		}
		if root != nil {
			root.AuthorityID = a.ID
			if _, err := addCertificate(tx, a, root); err != nil {
				return err
			}
		}
		return tx.Event(authorityCreated(caller, a))
	})
	return a.ID, err
}

func authorityCreated(caller notary.Caller, a *notary.Authority) notary.Event {
	return notary.EventBy(caller, "authority.create", a.Ref()).Set(notary.Fields{"common_name": a.CommonName,
		"key": a.Key})
}

func certificateEvent(caller notary.Caller, action string, a *notary.Authority, cert *notary.Certificate,
	issuer notary.Ref) notary.Event {
	return notary.EventBy(caller, action, a.Ref()).With(issuer,
		cert.Ref()).Set(notary.Fields{"serial_number": cert.Serial})
}

func (s *Service) checkAuthority(o *AuthorityOptions) (err error) {
	if o.Subject.CommonName == "" {
		return notary.FieldErrorf("common_name", "a CA needs a common name, such as \"Example Root\"")
	}
	if o.PathLen < -1 || o.PathLen > maxPathLen {
		return notary.FieldErrorf("path_length", "the path length must be from 0 to %d", maxPathLen)
	}
	if !o.NotAfter.IsZero() && !o.NotAfter.After(s.now()) {
		return notary.FieldErrorf("not_valid_after", "the expiry must be in the future")
	}
	o.Constraints, err = pki.CheckNameConstraints(o.Constraints)
	return err
}

func (s *Service) newAuthorityKey(ctx context.Context, o AuthorityOptions) (key keystore.Key, csr *pki.CSR, err error) {
	if key, err = s.keys.Generate(ctx, o.KeyAlgorithm); err != nil {
		return key, nil, err
	}
	names, err := pki.ParseNames(o.DNSNames)
	if err == nil && len(names.DNS) != names.Len() {
		err = notary.Errorf(notary.Invalid, "a CA certificate can only have DNS names: remove the others")
	}
	if err != nil {
		return key, nil, notary.ReplaceField(err, "sans_dns")
	}
	var extensions []pkix.Extension // for an external CA, which may ignore them
	if o.Constraints.Len() > 0 {
		extension, err := pki.ConstraintsExtension(o.Constraints)
		if err != nil {
			return key, nil, err
		}
		extensions = append(extensions, extension)
	}
	csr, err = pki.NewCSR(key.Signer, o.Subject, names, extensions...)
	return key, csr, err
}

func (s *Service) signRoot(key crypto.Signer, csr *pki.CSR, a *notary.Authority) (*notary.Certificate, error) {
	if err := s.mayIssue(); err != nil {
		return nil, err
	}
	issued, err := issuance.Root(key, csr, a.PathLen, s.authorityTerms(a))
	if err != nil {
		return nil, err
	}
	root := issuers.Entry(issued.Certificate, nil)
	root.Findings = issued.Findings
	return root, nil
}

// SignAuthority signs an authority's CSR with another authority held here, under the profile
// [notary.IntermediateProfile]. If the authority already has a certificate, this renews it.
func (s *Service) SignAuthority(ctx context.Context, caller notary.Caller, id, issuerID int64) error {
	return s.SignAuthorityBy(ctx, caller, id, issuerID, notary.IntermediateProfile)
}

// SignAuthorityBy is like [Service.SignAuthority] under the given CA profile.
func (s *Service) SignAuthorityBy(ctx context.Context, caller notary.Caller, id, issuerID int64,
	profileName string) error {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return err
	}
	return s.issuers.RetryStale(func() error {
		c, err := s.newCertification(ctx, id)
		if err != nil {
			return err
		}
		_, err = s.certify(ctx, caller, c, issuerID, profileName)
		return err
	})
}

// UploadAuthority records an authority's certificate from an external CA and returns the certificate's ID. The PEM
// chain begins with this certificate.
func (s *Service) UploadAuthority(ctx context.Context, caller notary.Caller, id int64,
	chainPEM string) (certID int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return 0, err
	}
	c, err := s.newCertification(ctx, id)
	if err != nil {
		return 0, err
	}
	cert, err := s.checkChain(chainPEM, c.request, true)
	if err != nil {
		return 0, notary.WithField(err, "certificate_chain")
	}
	return s.recordCertification(ctx, caller, c, cert)
}

func (s *Service) subordinate(ctx context.Context, id int64) (*notary.Authority, error) {
	a, err := s.store.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.Certificate != nil && len(a.Certificate.Issuers.DER()) == 0 {
		return nil, notary.Errorf(notary.Conflict, "CA %d is a root: cross-sign it to add a certificate from another CA", id)
	}
	if a.Status(s.now()) == notary.AuthorityRevoked {
		return nil, notary.Errorf(notary.Conflict, "CA %d is revoked: create a new one", id)
	}
	return a, nil
}

func (s *Service) authorityTerms(a *notary.Authority) issuance.Terms {
	terms := s.issuers.Terms(a.NotAfter)
	terms.Constraints = a.Constraints
	return terms
}

func authorityCSR(a *notary.Authority) (*pki.CSR, error) {
	csr, err := pki.ParseStoredCSR(a.CSR)
	if err != nil {
		return nil, notary.InternalError("read the CA's CSR", fmt.Errorf("CA %d: %w", a.ID, err))
	}
	return csr, nil
}

// addCertificate adds the certificate to the inventory and makes it the current one. The subject must not change.
func addCertificate(tx *store.Tx, a *notary.Authority, cert *notary.Certificate) (int64, error) {
	if err := requireSameName(a, cert); err != nil {
		return 0, err
	}
	id, err := tx.InsertCertificate(cert)
	if err != nil {
		return 0, err
	}
	return id, tx.SetAuthorityCertificate(a, id)
}

// DeleteAuthority deletes an authority and its key. Without force it fails while certificates that the authority issued
// are valid, because they could no longer be revoked.
func (s *Service) DeleteAuthority(ctx context.Context, caller notary.Caller, id int64, force bool) error {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return err
	}
	err := s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		valid, err := tx.CountValidIssuedBy(ctx, a, s.now())
		if err != nil {
			return err
		}
		if valid > 0 && !force {
			return notary.Errorf(notary.Conflict,
				"%s still valid and could no longer be revoked: revoke all valid certificates first, or force the deletion",
				counted(valid, "certificate of this CA is", "certificates of this CA are"))
		}
		if err := tx.DeleteAuthority(a); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.delete", a.Ref()).
			Change(notary.Fields{"common_name": a.CommonName, "valid_certificates": min(valid, store.MaxValidCount)}, nil))
	})
	if err == nil {
		s.issuers.Forget(id)
		s.revocation.Forget(id)
	}
	return err
}

// counted formats a count with its noun. A count above [store.MaxValidCount] is formatted as "more than", because
// [store.Tx.CountValidIssuedBy] stops there.
func counted(n int64, one, many string) string {
	switch {
	case n > store.MaxValidCount:
		return fmt.Sprintf("more than %d %s", store.MaxValidCount, many)
	case n == 1:
		return "1 " + one
	default:
		return fmt.Sprintf("%d %s", n, many)
	}
}
