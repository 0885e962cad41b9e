package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"notary"
	"notary/internal/issuance"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/store"
)

const (
	compromisedKey = "a certificate with this key was revoked for keyCompromise: create a new key and request"
	blockedKey     = "this key is on the list of blocked keys: create a new key and request"
)

func heldKey(authorityID int64) string {
	return fmt.Sprintf("this is or was the key of CA %d or its OCSP responder and must have no other use: "+
		"create a new key and request", authorityID)
}

// refuseEndEntity returns an error if the CSR's key must not be certified for an end entity: because it is blocked or
// compromised, or because it is an authority's key and reporting it as compromised would revoke the authority. The
// key's status cannot change until the transaction ends.
func (s *Service) refuseEndEntity(ctx context.Context, tx *store.Tx, csr *pki.CSR) error {
	key, err := s.shareKey(ctx, tx, csr.Identity)
	if err != nil {
		return err
	}
	if err := refuseRecorded(key); err != nil {
		return err
	}
	if key.AuthorityID != 0 {
		return &notary.Error{Kind: notary.Conflict, Field: "csr", Message: heldKey(key.AuthorityID)}
	}
	return nil
}

func (s *Service) refuseCompromised(ctx context.Context, tx *store.Tx, csr *pki.CSR) error {
	key, err := s.shareKey(ctx, tx, csr.Identity)
	if err != nil {
		return err
	}
	return refuseRecorded(key)
}

func refuseRecorded(key keyRecord) error {
	switch {
	case key.blocked:
		return notary.FieldErrorf("csr", blockedKey)
	case key.Compromised:
		return &notary.Error{Kind: notary.Conflict, Field: "csr", Message: compromisedKey}
	}
	return nil
}

type keyRecord struct {
	store.KeyRecord
	blocked bool
}

// shareKey looks up a key and takes a shared lock on it: until the transaction ends, the key cannot be reported as
// compromised or imported as an authority's.
func (s *Service) shareKey(ctx context.Context, tx *store.Tx, key pki.KeyIdentity) (keyRecord, error) {
	if err := tx.LockKeyShared(key.Fingerprint); err != nil {
		return keyRecord{}, err
	}
	return s.lookUpKey(ctx, tx, key)
}

type keyRecords interface {
	KeyRecord(ctx context.Context, fingerprints ...string) (store.KeyRecord, error)
}

// lookUpKey returns what is recorded about a key and whether it is blocked. It also searches by the non-canonical
// fingerprint, which remains in records whose key was unavailable when fingerprints became canonical.
func (s *Service) lookUpKey(ctx context.Context, in keyRecords, key pki.KeyIdentity) (keyRecord, error) {
	recorded, err := in.KeyRecord(ctx, key.Fingerprint, key.Former)
	return keyRecord{recorded, s.blocklist.Load().ContainsIdentity(key)}, err
}

// refuseSmallExponent rejects a key with an RSA exponent that no profile allows, before the profile is known.
func (s *Service) refuseSmallExponent(ctx context.Context, key crypto.PublicKey) error {
	exponent := pki.SmallExponent(key)
	if exponent == 0 {
		return nil
	}
	profiles, err := s.store.Profiles(ctx)
	if err != nil {
		return err
	}
	for _, p := range profiles {
		if issuance.AllowsExponent(&p.Rules, key) {
			return nil
		}
	}
	return notary.FieldErrorf("csr", "the public exponent of the RSA key is %d, and no profile allows one below %d "+
		"(min_rsa_exponent): create a new key with the exponent %[2]d", exponent, pki.UsualExponent)
}

// BlockKeys replaces the blocklist of keys that are never certified.
func (s *Service) BlockKeys(list *pki.Blocklist) { s.blocklist.Store(list) }

// Blocked reports whether a key is on the blocklist.
func (s *Service) Blocked(key crypto.PublicKey) bool { return s.blocklist.Load().Contains(key) }

func insertAuthority(tx *store.Tx, a *notary.Authority, public crypto.PublicKey,
	key keystore.Reference) (id int64, err error) {
	fingerprint, err := pki.KeyFingerprint(public)
	if err != nil {
		return 0, err
	}
	if id, err = tx.InsertAuthority(a, key); err != nil {
		return 0, err
	}
	return id, tx.RecordHeldKey(fingerprint, id)
}

// recordHeldKeys records the keys of authorities created by earlier versions.
func (s *Service) recordHeldKeys(ctx context.Context) error {
	missing, err := s.store.UnrecordedKeys(ctx)
	if err != nil || len(missing) == 0 {
		return err
	}
	return s.store.Write(ctx, func(tx *store.Tx) error {
		for _, a := range missing {
			fingerprint, err := requestFingerprint(a.CSR)
			if err != nil {
				s.damages.Found("authority", a.AuthorityID, fmt.Errorf("its CSR: %w", err))
				continue
			}
			if err := tx.RecordHeldKey(fingerprint, a.AuthorityID); err != nil {
				return err
			}
		}
		return nil
	})
}

func requestFingerprint(csrPEM string) (string, error) {
	key, err := pki.RequestKey(csrPEM)
	if err != nil {
		return "", err
	}
	return pki.KeyFingerprint(key)
}

// refuseCertifiedKey rejects an imported key for which an authority held here has issued a valid end-entity
// certificate.
func (s *Service) refuseCertifiedKey(ctx context.Context, tx *store.Tx, fingerprint string) error {
	all, err := tx.CertificatesWithKey(ctx, fingerprint)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.AuthorityID == 0 || c.Revocation != nil || s.now().After(c.NotAfter) {
			continue
		}
		if parsed, err := x509.ParseCertificate(c.DER); err == nil && !parsed.IsCA {
			return notary.WithField(notary.Errorf(notary.Conflict, "end-entity certificate %d has this key: "+
				"revoke it first, or create a CA with a new key", c.ID), "private_key")
		}
	}
	return nil
}
