package ca

import (
	"context"
	"crypto/x509"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// MaxImported is the maximum number of certificates in a call of [Service.ImportCertificates].
const MaxImported = pki.MaxBundle

// ImportedCertificates counts the certificates of a call of [Service.ImportCertificates].
type ImportedCertificates struct {
	Imported int // newly recorded, or recorded before without an issuer held here
	Known    int // already recorded with an issuer held here
	Revoked  int // newly recorded and revoked: listed on the imported CRL, or with a compromised key
}

// ImportCertificates records certificates (PEM) that an authority issued before it was held here, all or none. An entry
// of the imported CRL with a certificate's serial number becomes the certificate's revocation.
func (s *Service) ImportCertificates(ctx context.Context, caller notary.Caller, id int64,
	pemText string) (done ImportedCertificates, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return done, err
	}
	a, err := s.issuers.Certified(ctx, id)
	if err != nil {
		return done, err
	}
	certificates, err := pki.ParseBundle(pemText)
	if err != nil {
		return done, notary.WithField(err, "certificates")
	}
	entries := make([]*notary.Certificate, len(certificates))
	for i, c := range certificates {
		if err := pki.CheckIssued(c, a.Issuer.Certificate); err != nil {
			return done, notary.FieldErrorf("certificates", "certificate %d (serial number %.60s) %s", i+1,
				pki.SerialString(c.SerialNumber), err)
		}
		entries[i] = issuers.Entry(c, append([]*x509.Certificate{a.Issuer.Certificate}, a.Ancestors...))
	}
	err = s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthorityShared(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if done, err = s.recordIssued(ctx, tx, caller, id, entries); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.import_certificates", a.Ref()).
			Set(notary.Fields{"imported": done.Imported, "revoked": done.Revoked, "known_already": done.Known}))
	})
	return done, err
}

func (s *Service) recordIssued(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64,
	entries []*notary.Certificate) (done ImportedCertificates, err error) {
	for i, entry := range entries {
		known, err := tx.CertificateByFingerprint(ctx, entry.Fingerprint)
		if err != nil {
			return done, err
		}
		if known != nil && known.AuthorityID != 0 {
			done.Known++
			continue
		}
		_, err = recordCertificate(ctx, tx, entry, id)
		switch {
		case notary.KindOf(err) == notary.Conflict && known == nil:
			return done, notary.WithField(notary.Errorf(notary.Conflict,
				"certificate %d has the serial number %.60s of another certificate of this CA", i+1, entry.Serial),
				"certificates")
		case err != nil:
			return done, err
		}
		done.Imported++
		if entry.Revocation == nil {
			compromised, err := s.revokeCompromised(ctx, tx, caller, entry)
			if err != nil {
				return done, err
			}
			if compromised {
				done.Revoked++
			}
			continue
		}
		done.Revoked++
		if err := s.applyImportedRevocation(ctx, tx, caller, entry.ID); err != nil {
			return done, err
		}
	}
	return done, nil
}

// revokeCompromised revokes a newly recorded, unexpired certificate if its key is compromised, and reports whether it
// revoked it.
func (s *Service) revokeCompromised(ctx context.Context, tx *store.Tx, caller notary.Caller,
	entry *notary.Certificate) (bool, error) {
	if s.now().After(entry.NotAfter) {
		return false, nil
	}
	if err := tx.LockKeyShared(entry.KeyFingerprint); err != nil {
		return false, err
	}
	compromised, err := tx.Compromised(ctx, entry.KeyFingerprint)
	if err != nil || !compromised {
		return false, err
	}
	r := revoking{Service: s, tx: tx, caller: caller, reason: notary.KeyCompromise}
	switch err := r.refusal(ctx, entry); {
	case notary.KindOf(err) == notary.Unprocessable: // a root's own certificate
		return false, nil
	case err != nil:
		return false, err
	}
	return true, r.revokeOne(ctx, entry)
}

// applyImportedRevocation applies the further effects of a revocation by an imported CRL: on the certificate's request
// or authority, and on a compromised key.
func (s *Service) applyImportedRevocation(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64) error {
	cert, err := tx.Certificate(ctx, id)
	if err != nil {
		return err
	}
	reason := cert.Revocation.Reason
	details := revoked(cert, reason)
	details["by_imported_crl"] = true
	r := revoking{Service: s, tx: tx, caller: caller, reason: reason}
	if err := r.recordRevocation(ctx, cert, details); err != nil {
		return err
	}
	a, err := tx.AuthorityWithCertificate(ctx, id)
	if err != nil {
		return err
	}
	if a != nil {
		if err := tx.EnableAuthority(a.ID, false); err != nil {
			return err
		}
		event := notary.EventBy(caller, "authority.revoke", a.Ref()).With(cert.Ref()).
			Change(notary.Fields{"enabled": a.Enabled}, notary.Fields{"enabled": false, "reason": reason})
		if err := tx.Event(event); err != nil {
			return err
		}
	}
	if reason != notary.KeyCompromise {
		return nil
	}
	if err := tx.LockKey(cert.KeyFingerprint); err != nil {
		return err
	}
	return r.reportCompromised(ctx, cert.KeyFingerprint)
}
