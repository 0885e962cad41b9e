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

// Import describes an authority that was operated elsewhere.
type Import struct {
	Offline   bool   // its key stays elsewhere: only its chain and CRL are imported
	Key       []byte // PKCS #8, PKCS #1 or SEC 1, in PEM or DER, or PKCS #12; encrypted or not
	Password  string // of the key
	Chain     string // PEM, its own certificate first; "" for the chain in a PKCS #12
	CRL       []byte // its last CRL, in PEM or DER; nil if it has revoked nothing
	CRLNumber int64  // number of its last CRL, if CRL is nil or not the last
}

type imported struct {
	key    keystore.Key // zero if offline
	public crypto.PublicKey
	chain  []*x509.Certificate
	crl    pki.CRL
	listed bool                // whether to publish the CRL; false unless offline
	csr    string              // "" if offline
	entry  *notary.Certificate // the authority's certificate
}

func (in *imported) offline() bool { return in.key.Signer == nil }

func (in *imported) keyField() string {
	if in.offline() {
		return "certificate_chain"
	}
	return "private_key"
}

// ImportAuthority imports an authority with its key, chain and revocations, and returns its ID. The next CRL has a
// higher number than the imported one and the same entries (RFC 5280, section 5.2.3). An offline authority is imported
// without its key, and its CRL is published if it is current. A deleted authority is restored.
func (s *Service) ImportAuthority(ctx context.Context, caller notary.Caller, o Import) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.Resource{}); err != nil {
		return 0, err
	}
	in, err := s.readImport(ctx, o)
	if err != nil {
		return 0, err
	}
	if err := s.refuseSmallExponent(ctx, in.public); err != nil {
		return 0, notary.ReplaceField(err, in.keyField())
	}
	err = s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		id, err = s.recordImport(ctx, tx, caller, in)
		return err
	})
	if err != nil {
		return 0, err
	}
	s.revocation.ForgetCRLs(id) // if the CA was here before; its next CRL supersedes those issued elsewhere
	if _, err := s.revocation.CRL(ctx, id); err != nil && !in.offline() {
		s.log.WarnContext(ctx, "could not create the first CRL of the imported CA; the next request retries",
			"authority", id, "error", err)
	}
	return id, nil
}

// readImport parses the import and performs the checks that do not need the database. Its errors never reveal the key
// or the password.
func (s *Service) readImport(ctx context.Context, o Import) (*imported, error) {
	key, chain, err := readKeyAndChain(o)
	if err != nil {
		return nil, err
	}
	in := &imported{chain: chain}
	if o.Offline {
		in.public = chain[0].PublicKey
	} else {
		in.public = key.Public()
	}
	if err := pki.CheckAuthority(in.chain, in.public, s.now()); err != nil {
		if o.Offline {
			err = notary.ReplaceField(err, "certificate_chain")
		}
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
	if in.listed = o.Offline && len(o.CRL) > 0 && o.CRLNumber <= in.crl.Number && !in.crl.Expired(s.now()); in.listed {
		if err := requirePublishable(&in.crl, s.now()); err != nil {
			return nil, notary.WithField(err, "crl")
		}
	}
	if err := in.continueFrom(o.CRLNumber); err != nil {
		return nil, err
	}
	in.entry = issuers.Entry(in.chain[0], in.chain[1:])
	if o.Offline {
		return in, nil
	}
	if in.csr, err = pki.CSRFor(key, in.chain[0]); err != nil {
		return nil, err
	}
	in.key, err = s.keys.Import(ctx, key)
	return in, err
}

// continueFrom sets the number of the last CRL, which may be higher than the number of the CRL sent. It rejects a lower
// number, and a root's CRL that lists the root itself.
func (in *imported) continueFrom(number int64) error {
	if number != 0 && number < in.crl.Number {
		return notary.FieldErrorf("crl_number",
			"crl_number is lower than the number of the CRL sent (%d): omit it, or set it to the number of a later CRL", in.crl.Number)
	}
	in.crl.Number = max(in.crl.Number, number)
	own := pki.SerialString(in.chain[0].SerialNumber)
	for _, v := range in.crl.Revocations {
		if len(in.chain) == 1 && v.Serial == own {
			return notary.FieldErrorf("crl", "the CRL lists the CA itself (serial number %s), so the CA is revoked: create a new one", own)
		}
	}
	return nil
}

func readKeyAndChain(o Import) (crypto.Signer, []*x509.Certificate, error) {
	if o.Offline {
		chain, err := readOfflineChain(o)
		return nil, chain, err
	}
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
		return nil, nil, notary.FieldErrorf("certificate_chain",
			"the certificate chain is missing: send it, or a PKCS #12 file that contains the key and the chain")
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
	if err := s.refuseHeld(ctx, tx, in.public); err != nil {
		return 0, notary.WithField(err, in.keyField())
	}
	identity, err := pki.IdentifyKey(in.public)
	if err != nil {
		return 0, err
	}
	key, err := s.lookUpKey(ctx, tx, identity)
	switch {
	case err != nil:
		return 0, err
	case key.blocked:
		return 0, notary.FieldErrorf(in.keyField(), "this key is on the list of blocked keys: create a new CA")
	case key.Compromised:
		return 0, notary.WithField(notary.Errorf(notary.Conflict,
			"this key was reported as compromised: create a new CA"), in.keyField())
	}
	if err := s.refuseCertifiedKey(ctx, tx, in.entry.KeyFingerprint); err != nil {
		return 0, notary.WithField(err, in.keyField())
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
	if err := s.recordImportedCRL(ctx, tx, caller, a, in); err != nil {
		return 0, err
	}
	below, err := s.adoptAuthorities(ctx, tx, caller, a, in.chain[0])
	if err != nil {
		return 0, err
	}
	fields := notary.Fields{"common_name": a.CommonName, "key": a.Key, "crl_number": in.crl.Number,
		"crl_entries": len(in.crl.Revocations)}
	if in.offline() {
		fields["offline"] = true
	}
	return a.ID, tx.Event(notary.EventBy(caller, "authority.import", a.Ref()).With(below...).Set(fields))
}

// recordImportedCRL records the entries of the CRL sent, and publishes the CRL if the authority is offline. It does not
// publish the CRL if revocations were recorded before, which the CRL may lack: it must be uploaded instead.
func (s *Service) recordImportedCRL(ctx context.Context, tx *store.Tx, caller notary.Caller, a *notary.Authority,
	in *imported) error {
	known, err := tx.RevocationCount(ctx, a.ID, 0)
	if err != nil {
		return err
	}
	added := len(in.crl.Revocations)
	if a.Certificate == nil { // it is new, and none of its certificates are recorded here
		err = tx.ImportRevocations(a.ID, in.crl.Revocations)
	} else {
		added, err = s.recordEntries(ctx, tx, caller, a.ID, in.crl.Revocations)
	}
	if err != nil || !in.listed || known > 0 {
		return err
	}
	return tx.PublishCRL(publishable(a.ID, &in.crl, int64(added)))
}

func (s *Service) refuseHeld(ctx context.Context, tx *store.Tx, key crypto.PublicKey) error {
	all, err := tx.Authorities(ctx)
	if err != nil {
		return err
	}
	for _, a := range all {
		held, err := publicKeyOf(a)
		if err != nil {
			s.damages.Found("authority", a.ID, fmt.Errorf("its public key: %w", err))
			continue
		}
		if pki.SameIdentity(held, key) {
			return notary.Errorf(notary.Conflict, "CA %d already has this key", a.ID)
		}
	}
	return nil
}

// insertImported creates the authority, or restores a deleted one with the same key.
func (s *Service) insertImported(ctx context.Context, tx *store.Tx, caller notary.Caller,
	in *imported) (*notary.Authority, error) {
	deleted, err := tx.DeletedAuthority(ctx, in.entry.KeyFingerprint)
	if err != nil {
		return nil, err
	}
	if deleted != 0 {
		return s.reviveImported(ctx, tx, deleted, in)
	}
	a := &notary.Authority{Enabled: true, CSR: in.csr, CommonName: in.entry.CommonName, Key: in.entry.Key,
		PathLen:   pathLenOf(in.chain[0]),
		CRLNumber: in.crl.Number, KeyKnownOutside: true, Offline: in.offline()}
	if a.Constraints, err = pki.CertificateConstraints(in.chain[0]); err != nil {
		return nil, err
	}
	if a.ID, err = insertAuthority(tx, a, in.public, in.reference()); err != nil {
		return nil, err
	}
	return a, tx.Event(authorityCreated(caller, a))
}

func (s *Service) reviveImported(ctx context.Context, tx *store.Tx, id int64, in *imported) (*notary.Authority, error) {
	if err := tx.ReviveAuthority(id, in.csr, in.reference(), in.crl.Number); err != nil {
		return nil, err
	}
	a, err := tx.Authority(ctx, id)
	if err != nil {
		return nil, err
	}
	public, err := publicKeyOf(a)
	switch {
	case err != nil:
		return nil, notary.InternalError("read the CA's public key", fmt.Errorf("CA %d: %w", a.ID, err))
	case !pki.SameKey(public, in.public):
		return nil, notary.WithField(notary.Errorf(notary.Conflict, "a CA with a different public key for the same "+
			"private key (RSA exponent or point) was held here: create a new CA"), in.keyField())
	case a.Status(s.now()) == notary.AuthorityRevoked:
		return nil, notary.Errorf(notary.Conflict, "this CA was held here before and was revoked: create a new one")
	case !in.crl.ThisUpdate.IsZero() && in.crl.Number < a.CRLNumber:
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"the CRL has number %d, but this CA issued number %d while it was held here: "+
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
	if err := refuseRequestCertificate(tx.CertificateByFingerprint(ctx, in.entry.Fingerprint)); err != nil {
		return notary.WithField(err, "certificate_chain")
	}
	id, err := recordCertificate(ctx, tx, in.entry, issuer)
	if err != nil || a.Certificate != nil && a.Certificate.ID == id {
		return err
	}
	return tx.SetAuthorityCertificate(a, id)
}

// refuseRequestCertificate rejects an authority's certificate that belongs to a request, because actions on the
// request, such as its revocation, would affect the authority. It accepts nil, and returns err if that is not nil.
func refuseRequestCertificate(cert *notary.Certificate, err error) error {
	if err != nil || cert == nil || cert.RequestID == 0 {
		return err
	}
	return notary.Errorf(notary.Conflict, "the CA's certificate %d belongs to certificate request %d: delete this request "+
		"first; the certificate remains in the inventory", cert.ID, cert.RequestID)
}

func orError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
