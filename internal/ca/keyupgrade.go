package ca

import (
	"context"
	"crypto/x509"

	"notary/internal/pki"
)

// upgradeKeyFingerprints replaces key fingerprints recorded by earlier versions with canonical ones. It resumes after
// an interruption.
func (s *Service) upgradeKeyFingerprints(ctx context.Context) error {
	damaged := 0
	canonical := func(der []byte, recorded string) string {
		fingerprint, ok := canonicalFingerprint(der, recorded)
		if !ok {
			damaged++
		}
		return fingerprint
	}
	upgraded := false
	for {
		last, done, err := s.store.UpgradeKeyFingerprints(ctx, canonical)
		if err != nil {
			return err
		}
		if done {
			break
		}
		upgraded = true
		s.log.InfoContext(ctx, "upgrading the key fingerprints of recorded certificates", "up_to_certificate", last)
	}
	if damaged > 0 {
		s.log.WarnContext(ctx,
			"key fingerprints that do not match their certificates were not upgraded: run notary check",
			"certificates", damaged)
	}
	if upgraded {
		s.warnOfCompromised(ctx)
	}
	return nil
}

// upgradeReplaced determines which certificates recorded by earlier versions have been replaced. It resumes after an
// interruption.
func (s *Service) upgradeReplaced(ctx context.Context) error {
	for {
		last, done, err := s.store.UpgradeReplaced(ctx)
		if err != nil || done {
			return err
		}
		s.log.InfoContext(ctx, "determining which recorded certificates have been replaced", "up_to_certificate", last)
	}
}

// canonicalFingerprint returns the canonical key fingerprint of a certificate. If the certificate cannot be parsed or
// recorded is not a fingerprint of its key, it returns recorded and false.
func canonicalFingerprint(der []byte, recorded string) (fingerprint string, ok bool) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return recorded, false
	}
	fingerprint = pki.CertificateKeyFingerprint(certificate)
	if recorded != fingerprint && recorded != pki.Fingerprint(certificate.RawSubjectPublicKeyInfo) {
		return recorded, false
	}
	return fingerprint, true
}

// warnOfCompromised logs up to 100 valid certificates with compromised keys. An operator has to revoke them.
func (s *Service) warnOfCompromised(ctx context.Context) {
	const most = 100
	ids, err := s.store.CompromisedInUse(ctx, s.now(), most)
	switch {
	case err != nil:
		s.log.WarnContext(ctx, "could not search for valid certificates with compromised keys", "error", err)
	case len(ids) > 0:
		s.log.WarnContext(ctx,
			"these certificates are valid although their key was reported as compromised in another encoding: revoke them",
			"certificates", ids)
	}
}
