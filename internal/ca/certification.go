package ca

import (
	"context"
	"crypto/x509"

	"notary"
	"notary/internal/issuance"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/store"
)

// certification describes a certificate to be issued for a CA by another CA: a new current certificate, or an
// additional one for the same key and subject.
type certification struct {
	authority *notary.Authority
	request   *pki.CSR          // for the authority's key
	current   *x509.Certificate // nil if there is none yet
	further   bool              // additional: the current certificate stays current
}

func (s *Service) newCertification(ctx context.Context, id int64) (c certification, err error) {
	if c.authority, err = s.subordinate(ctx, id); err != nil {
		return c, err
	}
	if c.current, err = issuers.CertificateOf(c.authority); err != nil {
		return c, err
	}
	if c.authority.Offline {
		c.request, err = pki.RequestLike(c.current.PublicKey, c.current)
	} else {
		c.request, err = authorityCSR(c.authority)
	}
	return c, err
}

func (s *Service) crossCertification(ctx context.Context, id int64) (c certification, err error) {
	c.further = true
	if c.authority, err = s.store.Authority(ctx, id); err != nil {
		return c, err
	}
	if err := refuseCross(s, c.authority); err != nil {
		return c, err
	}
	if c.current, err = issuers.CertificateOf(c.authority); err != nil {
		return c, err
	}
	c.request, err = pki.RequestLike(c.current.PublicKey, c.current)
	return c, err
}

// action returns the event's action for a verb.
func (c certification) action(verb string) string {
	if c.further {
		return "authority.cross_" + verb
	}
	return "authority." + verb
}

func (s *Service) certify(ctx context.Context, caller notary.Caller, c certification, issuerID int64,
	profileName string) (certID int64, err error) {
	issuer, err := s.issuers.Active(ctx, issuerID)
	if err != nil {
		return 0, err
	}
	if err := refuseLoop(c.request, issuer); err != nil {
		return 0, err
	}
	profile, err := s.issuers.Profile(ctx, profileName)
	if err != nil {
		return 0, err
	}
	terms := s.authorityTerms(c.authority)
	terms.Like = c.current
	if err := s.mayIssue(); err != nil {
		return 0, err
	}
	if err := s.checkQuota(ctx, caller); err != nil {
		return 0, err
	}
	issued, err := issuance.Intermediate(issuer.Issuer, profile, c.request, c.authority.PathLen, terms)
	if err != nil {
		return 0, err
	}
	cert := issuer.Entry(issued, profile)
	err = s.writeIssued(ctx, caller, func(tx *store.Tx) error {
		if err := tx.CountIssuance(ctx, caller); err != nil {
			return err
		}
		if err := s.requireCertifiable(ctx, tx, c); err != nil {
			return err
		}
		if err := refuseOutsideKey(ctx, tx, caller, c.request.Identity.Fingerprint); err != nil {
			return err
		}
		if err := tx.RequireUsable(issuer.Authority, profile); err != nil {
			return err
		}
		if err := s.insertCertification(ctx, tx, caller, c, cert); err != nil {
			return err
		}
		return tx.Event(certificateEvent(caller, c.action("sign"), c.authority, cert, issuer.Ref()))
	})
	return cert.ID, err
}

func (s *Service) recordCertification(ctx context.Context, caller notary.Caller, c certification,
	cert *notary.Certificate) (certID int64, err error) {
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := s.requireCertifiable(ctx, tx, c); err != nil {
			return err
		}
		known, err := tx.CertificateByFingerprint(ctx, cert.Fingerprint)
		if err != nil {
			return err
		}
		if known != nil {
			return notary.Errorf(notary.Conflict, "this certificate is already recorded")
		}
		if err := s.findIssuer(ctx, tx, cert); err != nil {
			return notary.WithField(err, "certificate_chain")
		}
		if err := s.insertCertification(ctx, tx, caller, c, cert); err != nil {
			return err
		}
		return tx.Event(certificateEvent(caller, c.action("upload"), c.authority, cert, s.issuerRef(cert)))
	})
	return cert.ID, err
}

// requireCertifiable checks in the transaction that the key is not compromised. For an additional certificate it also
// checks that the authority is neither pending nor revoked, and locks it against revocation and deletion.
func (s *Service) requireCertifiable(ctx context.Context, tx *store.Tx, c certification) error {
	if c.further {
		if err := tx.LockAuthorityShared(c.authority.ID); err != nil {
			return err
		}
		now, err := tx.Authority(ctx, c.authority.ID)
		if err != nil {
			return err
		}
		if err := refuseCross(s, now); err != nil {
			return err
		}
	}
	return s.refuseCompromised(ctx, tx, c.request)
}

// insertCertification records the certificate, and makes it the current one unless it is additional.
func (s *Service) insertCertification(ctx context.Context, tx *store.Tx, caller notary.Caller, c certification,
	cert *notary.Certificate) (err error) {
	if c.further {
		cert.ID, err = tx.InsertCertificate(cert)
	} else {
		cert.ID, err = s.addIssuedCertificate(ctx, tx, caller, c.authority, cert)
	}
	return err
}
