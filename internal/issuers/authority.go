package issuers

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/pki"
)

// Issuer is an authority with its key open, ready to sign. The Signer of an offline authority is nil.
type Issuer struct {
	*notary.Authority
	issuance.Issuer
	others  []*notary.Certificate // its other certificates that are readable and not revoked
	changed time.Time             // when one of its certificates was last added or revoked; zero if never
	until   time.Time             // when the chain must be looked up again; zero for never
}

func (s *Issuers) openAuthority(ctx context.Context, id int64, key crypto.Signer) (*Issuer, error) {
	a, err := s.store.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	if a.Offline {
		key = nil
	} else if key == nil {
		public, err := s.publicKey(a)
		if err != nil {
			return nil, err
		}
		sealed, err := s.store.SealedKey(ctx, id)
		if err != nil {
			return nil, err
		}
		if key, err = s.keys.Open(ctx, sealed, public); err != nil {
			return nil, err
		}
	}
	opened := &Issuer{Authority: a, Issuer: issuance.Issuer{Signer: key}}
	s.urls.setURLs(opened)
	if a.Certificate == nil {
		return opened, nil
	}
	return opened, s.openChains(ctx, opened)
}

// publicKey returns the authority's public key, from the CSR or, if that is unreadable, from the certificate.
func (s *Issuers) publicKey(a *notary.Authority) (crypto.PublicKey, error) {
	public, err := pki.RequestKey(a.CSR)
	if err == nil {
		return public, nil
	}
	err = fmt.Errorf("its CSR: %w", err)
	own, certErr := CertificateOf(a)
	if certErr != nil || own == nil {
		return nil, s.damagedAuthority(a.ID, err)
	}
	s.damages.Found("authority", a.ID, err)
	return own.PublicKey, nil
}

// ErrDamaged is wrapped by errors about an authority whose record is damaged.
var ErrDamaged = errors.New("the record is damaged")

func (s *Issuers) damagedAuthority(id int64, err error) error {
	s.damages.Found("authority", id, err)
	return notary.InternalError("open the CA", fmt.Errorf("CA %d: %w: %w", id, ErrDamaged, err))
}

// ownChain returns the authority's certificate with its current chain. If the chain cannot be read, it returns only the
// certificate and marks the authority as damaged: such an authority signs only CRLs and OCSP responses.
func (s *Issuers) ownChain(ctx context.Context, a *notary.Authority) ([]*x509.Certificate, error) {
	chain, err := s.RenewChain(ctx, a.Certificate)
	if err == nil || notary.KindOf(err) != notary.Internal {
		return chain, err
	}
	own, err := x509.ParseCertificate(a.Certificate.DER)
	if err != nil {
		return nil, s.damagedAuthority(a.ID, fmt.Errorf("its certificate: %w", err))
	}
	a.Damaged = "the chain of its certificate cannot be read"
	s.damages.Found("authority", a.ID, errors.New(a.Damaged))
	return []*x509.Certificate{own}, nil
}

func (s *Issuers) openChains(ctx context.Context, a *Issuer) error {
	chain, err := s.ownChain(ctx, a.Authority)
	if err != nil {
		return err
	}
	a.Issuer.Certificate, a.Ancestors = chain[0], chain[1:]
	for _, above := range a.Ancestors {
		if ends := above.NotAfter; !s.now().After(ends) && (a.until.IsZero() || ends.Before(a.until)) {
			a.until = ends
		}
	}
	all, err := s.Certificates(ctx, a.Authority)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Revocation != nil && c.Revocation.At.After(a.changed) {
			a.changed = c.Revocation.At
		}
		if c.ID != a.Authority.Certificate.ID && c.CreatedAt.After(a.changed) {
			a.changed = c.CreatedAt
		}
	}
	a.others = slices.DeleteFunc(all, func(c *notary.Certificate) bool {
		return c.ID == a.Authority.Certificate.ID || c.Revocation != nil
	})
	var readable []*notary.Certificate
	for _, other := range a.others {
		switch _, err := s.RenewChain(ctx, other); {
		case err == nil:
			readable = append(readable, other)
		case notary.KindOf(err) == notary.Internal:
			s.damages.Found("certificate", other.ID, err)
		default:
			return err
		}
	}
	a.others = readable
	return nil
}

// Certified returns an authority, or a [notary.Conflict] error if it has no certificate yet. Unless it is offline, it
// can sign CRLs and OCSP responses, even if it is revoked or disabled.
func (s *Issuers) Certified(ctx context.Context, id int64) (*Issuer, error) {
	a, err := s.Get(ctx, id)
	if err == nil && a.Issuer.Certificate == nil {
		return nil, notary.Errorf(notary.Conflict, "CA %d has no certificate yet, so it has no CRL", id)
	}
	return a, err
}

// Active returns an authority that can sign certificates, or an error. The authority must be active, online and
// undamaged, and no known issuer above it may be revoked or expired.
func (s *Issuers) Active(ctx context.Context, id int64) (*Issuer, error) {
	a, err := s.Get(ctx, id)
	if err != nil {
		return nil, notary.WithField(err, "certificate_authority_id")
	}
	if status := a.Status(s.now()); status != notary.AuthorityActive {
		return nil, notary.Errorf(notary.Conflict, "CA %d is %s: it cannot sign", id, status)
	}
	if a.Offline {
		return nil, notary.Errorf(notary.Conflict, "the key of CA %d is offline: sign where it "+
			"is kept, and upload the certificate", id)
	}
	if a.Damaged != "" {
		return nil, notary.Errorf(notary.Conflict,
			"the database record of CA %d is damaged (%s), so it cannot sign: restore the database from a backup", id, a.Damaged)
	}
	return a, s.RequireTrustedAbove(ctx, id, a.IssuerID())
}

// RequireTrustedAbove returns an error if the authority's issuer (parent; 0 if not in the database) or an issuer above
// that one is revoked or expired.
func (s *Issuers) RequireTrustedAbove(ctx context.Context, id, parent int64) error {
	for seen := map[int64]bool{}; parent != 0 && !seen[parent]; { // two CAs may have signed each other
		seen[parent] = true
		above, err := s.Get(ctx, parent)
		if notary.KindOf(err) == notary.NotFound {
			break // deleted: what it signed before remains valid
		} else if err != nil {
			return err
		}
		if status := above.Status(s.now()); status == notary.AuthorityRevoked || status == notary.AuthorityExpired {
			return notary.Errorf(notary.Conflict, "CA %d, which is above CA %d, is %s: "+
				"relying parties would not trust certificates below it", parent, id, status)
		}
		parent = above.IssuerID()
	}
	return nil
}

// Expired reports whether the authority's current certificate and its other unrevoked ones have all expired.
func (a *Issuer) Expired(now time.Time) bool {
	return a.Issuer.Certificate != nil && now.After(a.Issuer.Certificate.NotAfter) &&
		!slices.ContainsFunc(a.others, func(c *notary.Certificate) bool { return !now.After(c.NotAfter) })
}

// End returns the earliest expiry in the authority's chain.
func (a *Issuer) End() time.Time {
	end := a.Issuer.Certificate.NotAfter
	for _, above := range a.Ancestors {
		if above.NotAfter.Before(end) {
			end = above.NotAfter
		}
	}
	return end
}

// NameOf returns the common name of an authority, or "" if it is not cached.
func (s *Issuers) NameOf(id int64) string { return s.authorities.nameOf(id) }
