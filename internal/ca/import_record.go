package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/store"
)

// heldIssuer returns the ID of the authority held here that issued a certificate, or 0 if there is none.
func (s *Service) heldIssuer(ctx context.Context, tx *store.Tx, certificate *x509.Certificate) (int64, error) {
	all, err := tx.Authorities(ctx)
	if err != nil {
		return 0, err
	}
	for _, a := range all {
		if a.Certificate == nil {
			continue
		}
		own, err := x509.ParseCertificate(a.Certificate.DER)
		if err != nil {
			s.damages.Found("authority", a.ID, fmt.Errorf("its certificate: %w", err))
			continue
		}
		if pki.IssuedBy(certificate, own) {
			return a.ID, nil
		}
	}
	return 0, nil
}

// findIssuer sets the issuer of an uploaded certificate if that is an authority held here, so that the certificate can
// be revoked here. It rejects a certificate that this authority has revoked.
func (s *Service) findIssuer(ctx context.Context, tx *store.Tx, cert *notary.Certificate) error {
	parsed, err := x509.ParseCertificate(cert.DER)
	if err != nil {
		return notary.InternalError("read the certificate", err)
	}
	if cert.AuthorityID, err = s.heldIssuer(ctx, tx, parsed); err != nil || cert.AuthorityID == 0 {
		return err
	}
	if err := tx.LockAuthorityShared(cert.AuthorityID); err != nil {
		return err
	}
	_, revocation, err := tx.CertificateStatus(ctx, cert.AuthorityID, cert.Serial)
	if err == nil && revocation != nil {
		return notary.Errorf(notary.Conflict, "CA %d has revoked this certificate (serial number %s)",
			cert.AuthorityID, cert.Serial)
	}
	return err
}

// recordCertificate adds a certificate issued elsewhere to the inventory, if missing, sets its issuer, if unknown, and
// returns its ID. If the issuer is held here, an entry of its imported CRL for the certificate becomes the
// certificate's revocation.
func recordCertificate(ctx context.Context, tx *store.Tx, entry *notary.Certificate,
	issuer int64) (id int64, err error) {
	known, err := tx.CertificateByFingerprint(ctx, entry.Fingerprint)
	if err != nil {
		return 0, err
	}
	entry.AuthorityID = issuer
	switch {
	case known == nil:
		entry.ID, err = tx.InsertCertificate(entry)
	case known.AuthorityID == 0 && issuer != 0:
		entry.ID, err = known.ID, tx.SetIssuer(known, issuer)
	default:
		return known.ID, nil
	}
	if err == nil && issuer != 0 {
		entry.Revocation, err = tx.LinkRevocation(entry)
	}
	return entry.ID, err
}

// recordEntries records the entries of an imported or uploaded CRL. Some may already be recorded. It returns the number
// of new revocations.
func (s *Service) recordEntries(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64,
	entries []notary.Revocation) (int, error) {
	var added []notary.Revocation
	var known []string
	for _, v := range entries {
		here, revocation, err := tx.CertificateStatus(ctx, id, v.Serial)
		if err != nil {
			return 0, err
		}
		if revocation == nil {
			added = append(added, v)
		}
		if here && revocation == nil {
			known = append(known, v.Serial)
		}
	}
	if err := tx.ImportRevocations(id, added); err != nil {
		return 0, err
	}
	for _, serial := range known {
		cert, err := tx.CertificateBySerial(ctx, id, serial)
		if err == nil {
			_, err = tx.LinkRevocation(cert)
		}
		if err == nil {
			err = s.applyImportedRevocation(ctx, tx, caller, cert.ID)
		}
		if err != nil {
			return 0, err
		}
	}
	return len(added), nil
}

func publicKeyOf(a *notary.Authority) (crypto.PublicKey, error) {
	if a.CSR != "" {
		return pki.RequestKey(a.CSR)
	}
	own, err := issuers.CertificateOf(a)
	if err != nil {
		return nil, err
	}
	return own.PublicKey, nil
}

// adoptAuthorities sets the authority as the issuer of the certificates that it signed for other authorities before its
// import, so that it can revoke them. It returns references to those authorities.
func (s *Service) adoptAuthorities(ctx context.Context, tx *store.Tx, caller notary.Caller, a *notary.Authority,
	own *x509.Certificate) (adopted []notary.Ref, err error) {
	all, err := tx.Authorities(ctx)
	if err != nil {
		return nil, err
	}
	for _, below := range all {
		if below.Certificate == nil || below.Certificate.AuthorityID != 0 {
			continue
		}
		parsed, err := issuers.CertificateOf(below)
		if err != nil {
			s.damages.Found("authority", below.ID, err)
			continue
		}
		if !pki.IssuedBy(parsed, own) || pki.CheckSerial(parsed) != nil {
			continue
		}
		cert := issuers.Entry(parsed, nil)
		if _, err := recordCertificate(ctx, tx, cert, a.ID); err != nil {
			return nil, err
		}
		if cert.Revocation != nil {
			if err := s.applyImportedRevocation(ctx, tx, caller, cert.ID); err != nil {
				return nil, err
			}
		}
		adopted = append(adopted, below.Ref())
	}
	return adopted, nil
}
