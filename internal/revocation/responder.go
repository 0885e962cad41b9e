package revocation

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/store"
)

// A responder certificate is renewed when less than this fraction of its validity remains: by the periodic job or, if
// that did not happen, on demand.
const (
	renewPeriodically = 2 // half
	renewOnDemand     = 4 // a quarter
)

// responders holds the current OCSP responders with their keys open. At most one per authority is created at a time.
type responders struct {
	mu          sync.Mutex
	byAuthority map[int64]*responderInUse
}

type responderInUse struct {
	mu      sync.Mutex // held while reading or creating a responder
	current *openedResponder
}

type openedResponder struct {
	issuance.Responder
	certificateID int64
	since         moment // taken before the certificate was read: while it is current, the certificate is not revoked
}

func (r *responders) of(authorityID int64) *responderInUse {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byAuthority == nil {
		r.byAuthority = map[int64]*responderInUse{}
	}
	if r.byAuthority[authorityID] == nil {
		r.byAuthority[authorityID] = &responderInUse{}
	}
	return r.byAuthority[authorityID]
}

func (r *responders) forget(authorityID int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byAuthority, authorityID)
}

// usable reports whether a responder certificate is valid and not yet due for renewal: at least 1/part of its validity
// remains, or a new one would not expire later.
func usable(c *x509.Certificate, a *issuers.Issuer, now time.Time, part time.Duration) bool {
	left := c.NotAfter.Sub(now)
	return left > 0 && !now.Before(c.NotBefore) &&
		(left >= c.NotAfter.Sub(c.NotBefore)/part || c.NotAfter.Equal(a.End()))
}

// responder returns the authority's responder. It creates a new one if the responder in the database is missing,
// unreadable, revoked or due for renewal. If renewal fails, a responder that is still valid remains in use.
func (s *Service) responder(ctx context.Context, a *issuers.Issuer, since moment,
	part time.Duration) (issuance.Responder, error) {
	inUse := s.responders.of(a.ID)
	inUse.mu.Lock()
	defer inUse.mu.Unlock()
	if r := inUse.current; r != nil && r.since == since && usable(r.Certificate, a, s.now(), part) {
		return r.Responder, nil
	}
	const attempts = 3
	var err error
	for range attempts {
		var r *openedResponder
		r, err = s.renewResponder(ctx, a, inUse.current, part)
		if r != nil {
			r.since = since
			inUse.current = r
		}
		if err == nil {
			return r.Responder, nil
		}
		if r != nil {
			s.log.WarnContext(ctx, "could not renew the OCSP responder; the last one is still valid",
				"authority", a.ID, "error", err)
			return r.Responder, nil
		}
		if notary.KindOf(err) != notary.Conflict { // on a conflict, another node was faster
			break
		}
	}
	return issuance.Responder{}, err
}

// renewResponder returns the responder in the database, after renewing it if necessary. If renewal fails for any reason
// but a conflict, it returns the error and, if still valid, the old responder.
func (s *Service) renewResponder(ctx context.Context, a *issuers.Issuer, known *openedResponder,
	part time.Duration) (*openedResponder, error) {
	cert, ref, err := s.store.Responder(ctx, a.ID)
	if err != nil {
		return nil, err
	}
	var last *openedResponder
	var before int64
	if cert != nil {
		before = cert.ID
		if cert.Revocation == nil {
			last, err = s.openResponder(ctx, cert, ref, known)
		}
		if err != nil { // a new one replaces it
			s.log.ErrorContext(ctx, "could not open the OCSP responder", "authority", a.ID, "error", err)
		}
	}
	now := s.now()
	if last != nil && usable(last.Certificate, a, now, part) {
		return last, nil
	}
	made, err := s.createResponder(ctx, a, before)
	if err != nil && last != nil && last.Certificate.NotAfter.After(now) && !now.Before(last.Certificate.NotBefore) &&
		notary.KindOf(err) != notary.Conflict {
		return last, err
	}
	return made, err
}

func (s *Service) openResponder(ctx context.Context, cert *notary.Certificate, ref keystore.Reference,
	known *openedResponder) (*openedResponder, error) {
	if known != nil && known.certificateID == cert.ID {
		again := *known
		return &again, nil
	}
	parsed, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return nil, notary.InternalError("read the OCSP responder's certificate",
			fmt.Errorf("certificate %d: %w", cert.ID, err))
	}
	key, err := s.keys.Open(ctx, ref, parsed.PublicKey)
	if err != nil {
		return nil, err
	}
	return &openedResponder{Responder: issuance.Responder{Certificate: parsed, Signer: key}, certificateID: cert.ID},
		nil
}

func (s *Service) createResponder(ctx context.Context, a *issuers.Issuer, before int64) (*openedResponder, error) {
	profile, err := s.issuers.Profile(ctx, notary.OCSPProfile)
	if err != nil {
		return nil, internal(err)
	}
	key, err := s.keys.Generate(ctx, notary.ECDSAP256)
	if err != nil {
		return nil, err
	}
	issued, err := issuance.NewResponder(a.Issuer, profile, key.Signer, s.issuers.Terms(time.Time{}))
	if err != nil {
		return nil, internal(err)
	}
	cert := a.Entry(issued, profile)
	made := &openedResponder{Responder: issuance.Responder{Certificate: issued.Certificate, Signer: key.Signer}}
	err = s.store.Write(ctx, func(tx *store.Tx) error {
		if err := tx.LockAuthorityShared(a.ID); err != nil {
			return err
		}
		if _, err := tx.Authority(ctx, a.ID); err != nil { // it may have been deleted
			return err
		}
		if err := requireCurrent(ctx, tx, profile); err != nil {
			return err
		}
		if made.certificateID, err = tx.InsertCertificate(cert); err != nil {
			return err
		}
		if err := tx.SetResponder(a.ID, before, made.certificateID, key.Reference); err != nil {
			return err
		}
		cert.ID = made.certificateID
		return tx.Event(notary.EventBy(notary.SystemCaller, "authority.responder", a.Ref()).With(cert.Ref()).
			Set(notary.Fields{"serial_number": cert.Serial, "not_after": cert.NotAfter.Format(time.RFC3339)}))
	})
	if err != nil {
		s.issuers.ForgetProfiles() // the profile may be outdated
		return nil, err
	}
	return made, nil
}

func requireCurrent(ctx context.Context, tx *store.Tx, p *notary.Profile) error {
	if err := tx.LockProfileShared(p.ID); err != nil {
		return err
	}
	current, err := tx.ProfileByName(ctx, p.Name)
	if err == nil && (current == nil || current.Version != p.Version) {
		return notary.Errorf(notary.Conflict, "the profile %s has just been changed: try again", p.Name)
	}
	return err
}

func internal(err error) error {
	if kind := notary.KindOf(err); kind == notary.Unavailable {
		return err
	}
	return notary.InternalError("create the OCSP responder", err)
}

// RenewResponders renews OCSP responder certificates after half of their validity. The first request to an authority
// creates its first responder.
func (s *Service) RenewResponders(ctx context.Context) error {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, a := range all {
		if err := s.renewOne(ctx, a); err != nil && !errors.Is(err, issuers.ErrDamaged) {
			errs = append(errs, fmt.Errorf("OCSP responder of CA %d: %w", a.ID, err))
		}
	}
	return errors.Join(errs...)
}

func (s *Service) renewOne(ctx context.Context, a *notary.Authority) error {
	if status := a.Status(s.now()); status == notary.AuthorityPending || status == notary.AuthorityExpired {
		return nil
	}
	cert, _, err := s.store.Responder(ctx, a.ID)
	if err != nil || cert == nil {
		return err
	}
	opened, err := s.issuers.Get(ctx, a.ID)
	if err != nil || !opened.End().After(s.now()) {
		return err
	}
	_, err = s.responder(ctx, opened, s.moment(ctx, a.ID), renewPeriodically)
	return err
}
