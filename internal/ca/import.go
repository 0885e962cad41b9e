package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"

	"notary"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Import describes an authority operated elsewhere so far.
type Import struct {
	Key       []byte // PKCS #8, PKCS #1 or SEC 1, in PEM or DER, or PKCS #12; encrypted or not
	Password  string // of the key
	Chain     string // PEM, its own certificate first; "" for the chain in a PKCS #12
	CRL       []byte // its last CRL, in PEM or DER; nil if it has revoked nothing
	CRLNumber int64  // number of its last CRL, if CRL is nil or not the last
}

// imported is a parsed [Import].
type imported struct {
	key   keystore.Key
	chain []*x509.Certificate
	crl   pki.CRL
	csr   string
	entry *notary.Certificate // of the authority's certificate
}

// ImportAuthority takes over an authority with its key, chain and revocations, and returns its ID. Its next CRL has a
// higher number and the same entries (RFC 5280, section 5.2.3). An authority deleted here is restored.
func (s *Service) ImportAuthority(ctx context.Context, caller notary.Caller, o Import) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return 0, err
	}
	in, err := s.readImport(ctx, o)
	if err != nil {
		return 0, err
	}
	if err := s.refuseSmallExponent(ctx, in.key.Public()); err != nil {
		return 0, notary.ReplaceField(err, "private_key")
	}
	err = s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		id, err = s.recordImport(ctx, tx, caller, in)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.revocation.ForgetCRLs(id) // of an authority that was here before; its next CRL is newer than all issued elsewhere
	if _, err := s.revocation.CRL(ctx, id); err != nil {
		s.log.WarnContext(ctx, "could not create the first CRL of the imported authority; the next request retries",
			"authority", id, "error", err)
	}
	return id, nil
}

// readImport checks what can be checked without the database. No error reveals the key or the password.
func (s *Service) readImport(ctx context.Context, o Import) (*imported, error) {
	in := &imported{}
	key, chain, err := readKeyAndChain(o)
	if err != nil {
		return nil, err
	}
	in.chain = chain
	if err := pki.CheckAuthority(in.chain, key.Public(), s.now()); err != nil {
		return nil, err
	}
	if err := pki.CheckCRLNumber(o.CRLNumber); err != nil {
		return nil, notary.WithField(err, "crl_number")
	}
	if len(o.CRL) > 0 {
		crl, err := pki.ParseCRL(o.CRL, in.chain[0], s.now())
		if err != nil {
			return nil, notary.WithField(err, "crl")
		}
		in.crl = *crl
	}
	if err := in.continueFrom(o.CRLNumber); err != nil {
		return nil, err
	}
	in.entry = issuers.Entry(in.chain[0], in.chain[1:])
	if in.csr, err = pki.CSRFor(key, in.chain[0]); err != nil {
		return nil, err
	}
	in.key, err = s.keys.Import(ctx, key)
	return in, err
}

// continueFrom sets the last CRL number, which may be later than that of the CRL sent, and rejects a CRL that cannot be
// the authority's last.
func (in *imported) continueFrom(number int64) error {
	if number != 0 && number < in.crl.Number {
		return notary.FieldErrorf("crl_number", "crl_number is lower than the number of the CRL sent (%d): omit it, or send that of a later CRL", in.crl.Number)
	}
	in.crl.Number = max(in.crl.Number, number)
	own := pki.SerialString(in.chain[0].SerialNumber)
	for _, v := range in.crl.Revocations {
		if len(in.chain) == 1 && v.Serial == own {
			return notary.FieldErrorf("crl", "the CRL lists the authority itself (serial number %s): it is revoked, create a new authority", own)
		}
	}
	return nil
}

func readKeyAndChain(o Import) (crypto.Signer, []*x509.Certificate, error) {
	var inside []*x509.Certificate
	key, err := pki.ParsePrivateKey(o.Key, o.Password)
	if err == nil && pki.IsPKCS12(o.Key) {
		var opened *pki.PKCS12
		if opened, err = pki.OpenPKCS12(o.Key, o.Password); err == nil {
			inside = opened.Certificates
		}
	}
	switch {
	case pki.IsPasswordError(err):
		return nil, nil, notary.WithField(err, "password")
	case err != nil:
		return nil, nil, notary.WithField(err, "private_key")
	case o.Chain == "" && inside == nil:
		return nil, nil, notary.FieldErrorf("certificate_chain", "the certificate chain is missing: only a PKCS #12 contains it in addition to the key")
	case o.Chain == "":
		return key, pki.OrderChain(inside, key.Public()), nil
	}
	chain, err := pki.ParseChain(o.Chain)
	return key, chain, notary.WithField(err, "certificate_chain")
}

func (s *Service) recordImport(ctx context.Context, tx *store.Tx, caller notary.Caller, in *imported) (int64, error) {
	if err := tx.LockKey(in.entry.KeyFingerprint); err != nil {
		return 0, err
	}
	if err := s.refuseHeld(ctx, tx, in.key.Public()); err != nil {
		return 0, err
	}
	identity, err := pki.IdentifyKey(in.key.Public())
	if err != nil {
		return 0, err
	}
	key, err := s.lookUpKey(ctx, tx, identity)
	switch {
	case err != nil:
		return 0, err
	case key.blocked:
		return 0, notary.FieldErrorf("private_key", "this key is on the list of blocked keys: create a new authority")
	case key.Compromised:
		return 0, notary.WithField(notary.Errorf(notary.Conflict,
			"this key was reported as compromised: create a new authority"), "private_key")
	}
	if err := s.refuseCertifiedKey(ctx, tx, in.entry.KeyFingerprint); err != nil {
		return 0, err
	}
	if err := tx.RecordOutsideKey(in.entry.KeyFingerprint); err != nil {
		return 0, err
	}
	a, err := s.insertImported(ctx, tx, caller, in)
	if err != nil {
		return 0, err
	}
	if err := s.addImportedCertificate(ctx, tx, a, in); err != nil {
		return 0, err
	}
	if a.Certificate == nil { // it is new, and none of its certificates are recorded here
		err = tx.ImportRevocations(a.ID, in.crl.Revocations)
	} else {
		err = s.recordEntries(ctx, tx, caller, a.ID, in.crl.Revocations)
	}
	if err != nil {
		return 0, err
	}
	return a.ID, tx.Event(notary.EventBy(caller, "authority.import", a.Ref()).Set(notary.Fields{
		"common_name": a.CommonName, "key": a.Key, "crl_number": in.crl.Number, "crl_entries": len(in.crl.Revocations)}))
}

// refuseHeld rejects a key that belongs to an authority here.
func (s *Service) refuseHeld(ctx context.Context, tx *store.Tx, key crypto.PublicKey) error {
	all, err := tx.Authorities(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		held, err := pki.RequestKey(a.CSR)
		if err != nil {
			s.damages.Found("authority", a.ID, fmt.Errorf("its CSR: %w", err))
			continue
		}
		if pki.SameIdentity(held, key) {
			return notary.WithField(notary.Errorf(notary.Conflict, "the certificate authority %d with this key is already held here", a.ID), "private_key")
		}
	}
	return nil
}

// insertImported creates the authority, or restores a deleted one with the same key.
func (s *Service) insertImported(ctx context.Context, tx *store.Tx, caller notary.Caller, in *imported) (*notary.Authority, error) {
	deleted, err := tx.DeletedAuthority(ctx, in.entry.KeyFingerprint)
	if err != nil {
		return nil, err
	}
	if deleted != 0 {
		return s.reviveImported(ctx, tx, deleted, in)
	}
	a := &notary.Authority{Enabled: true, CSR: in.csr, CommonName: in.entry.CommonName, Key: in.entry.Key, PathLen: pathLenOf(in.chain[0]),
		CRLNumber: in.crl.Number, KeyKnownOutside: true}
	if a.Constraints, err = pki.CertificateConstraints(in.chain[0]); err != nil {
		return nil, err
	}
	if a.ID, err = insertAuthority(tx, a, in.key); err != nil {
		return nil, err
	}
	return a, tx.Event(authorityCreated(caller, a))
}

func (s *Service) reviveImported(ctx context.Context, tx *store.Tx, id int64, in *imported) (*notary.Authority, error) {
	if err := tx.ReviveAuthority(id, in.key.Reference, in.crl.Number); err != nil {
		return nil, err
	}
	a, err := tx.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	public, err := pki.RequestKey(a.CSR)
	switch {
	case err != nil:
		return nil, notary.InternalError("read the authority's CSR", fmt.Errorf("authority %d: %w", a.ID, err))
	case !pki.SameKey(public, in.key.Public()):
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "an authority with another public key of the same "+
			"private key (RSA exponent or point) was held here: create a new authority"), "private_key")
	case a.Status(s.now()) == notary.AuthorityRevoked:
		return nil, notary.Errorf(notary.Conflict, "this authority was held here and revoked: create a new one")
	case !in.crl.ThisUpdate.IsZero() && in.crl.Number < a.CRLNumber:
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "the CRL has number %d, but this authority issued number %d while it was held here: "+
			"send its last CRL, or none", in.crl.Number, a.CRLNumber), "crl")
	}
	return a, nil
}

func pathLenOf(c *x509.Certificate) int {
	if c.MaxPathLen == 0 && !c.MaxPathLenZero {
		return -1
	}
	return c.MaxPathLen
}

// addImportedCertificate makes the imported certificate the current one and determines its issuer.
func (s *Service) addImportedCertificate(ctx context.Context, tx *store.Tx, a *notary.Authority, in *imported) error {
	if err := requireSameName(a, in.entry); err != nil { // it may have been here before
		return notary.WithField(err, "certificate_chain")
	}
	issuer := a.ID // a root
	if len(in.chain) > 1 {
		above, err := s.heldIssuer(ctx, tx, in.chain[0])
		if err != nil {
			return err
		}
		issuer = above
	}
	if err := refuseOfRequest(tx.CertificateByFingerprint(ctx, in.entry.Fingerprint)); err != nil {
		return notary.WithField(err, "certificate_chain")
	}
	id, err := recordCertificate(ctx, tx, in.entry, issuer)
	if err != nil || a.Certificate != nil && a.Certificate.ID == id {
		return err
	}
	return tx.SetAuthorityCertificate(a, id)
}

// refuseOfRequest returns err, or an error if the recorded certificate belongs to a certificate request: an authority
// cannot use it, because it would then be renewed, revoked and deleted with the request. Cert may be nil.
func refuseOfRequest(cert *notary.Certificate, err error) error {
	if err != nil || cert == nil || cert.RequestID == 0 {
		return err
	}
	return notary.Errorf(notary.Conflict, "the authority's certificate %d belongs to the certificate request %d: delete this request "+
		"first; the certificate remains in the inventory", cert.ID, cert.RequestID)
}

// heldIssuer returns the authority here that issued a certificate; 0 for an external CA.
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

// findIssuer sets the issuer of an uploaded certificate if that is an authority here, such as an imported one that
// signed it elsewhere, so that it can be revoked here. A certificate that the authority has revoked is rejected.
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
		return notary.Errorf(notary.Conflict, "the authority %d has revoked this certificate (serial number %s)", cert.AuthorityID, cert.Serial)
	}
	return err
}

// recordCertificate adds a certificate issued elsewhere to the inventory, if missing, and returns its ID. If its issuer
// is an authority here (not 0), an entry on that authority's imported CRL becomes its revocation.
func recordCertificate(ctx context.Context, tx *store.Tx, entry *notary.Certificate, issuer int64) (id int64, err error) {
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

// recordEntries records the entries of the imported CRL of an authority that was here before: some of its certificates
// are known, and some are revoked.
func (s *Service) recordEntries(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64, entries []notary.Revocation) error {
	var added []notary.Revocation
	var known []string
	for _, v := range entries {
		here, revocation, err := tx.CertificateStatus(ctx, id, v.Serial)
		if err != nil {
			return err
		}
		if revocation == nil {
			added = append(added, v)
		}
		if here && revocation == nil {
			known = append(known, v.Serial)
		}
	}
	if err := tx.ImportRevocations(id, added); err != nil {
		return err
	}
	for _, serial := range known {
		cert, err := tx.CertificateBySerial(ctx, id, serial)
		if err == nil {
			_, err = tx.LinkRevocation(cert)
		}
		if err == nil {
			err = s.followImported(ctx, tx, caller, cert.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func orError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
