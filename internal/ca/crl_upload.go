package ca

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// CRLUpload is a CRL signed by an offline authority.
type CRLUpload struct {
	CRL                 []byte // PEM or DER
	Unsigned, Signature []byte // instead of CRL: the export of [Service.UnsignedCRL] and its signature
}

func (o CRLUpload) der() ([]byte, error) {
	switch {
	case len(o.CRL) > 0 && len(o.Unsigned)+len(o.Signature) > 0:
		return nil, notary.FieldErrorf("crl", "send either crl, or unsigned_crl and signature")
	case len(o.CRL) == 0 && len(o.Unsigned)+len(o.Signature) == 0:
		return nil, notary.FieldErrorf("crl", "the CRL is missing: send crl, or unsigned_crl and signature")
	case len(o.CRL) > 0:
		return o.CRL, nil
	}
	return pki.JoinCRL(o.Unsigned, o.Signature)
}

// UploadedCRL is a CRL accepted by [Service.UploadCRL].
type UploadedCRL struct {
	Number     int64
	NextUpdate time.Time
	Entries    int
	Added      int // entries whose revocation was not recorded here before
}

// UploadCRL publishes a CRL that an offline authority has signed. The CRL must be newer than all earlier ones and list
// every revocation recorded here, except of certificates that had expired when the last CRL was issued. Entries not yet
// recorded here become revocations.
func (s *Service) UploadCRL(ctx context.Context, caller notary.Caller, id int64, o CRLUpload) (*UploadedCRL, error) {
	if err := policy.AllowRole(caller, policy.ManageAuthorities, policy.On("certificate authority", id)); err != nil {
		return nil, err
	}
	a, err := s.issuers.Certified(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := requireOffline(a.Authority); err != nil {
		return nil, err
	}
	der, err := o.der()
	if err != nil {
		return nil, err
	}
	crl, err := pki.ParseCRL(der, a.Issuer.Certificate, s.now())
	if err == nil {
		err = requirePublishable(crl, s.now())
	}
	if err != nil {
		return nil, notary.WithField(err, "crl")
	}
	done := &UploadedCRL{Number: crl.Number, NextUpdate: crl.NextUpdate, Entries: len(crl.Revocations)}
	for range uploadAttempts {
		if done.Added, err = s.publishCRL(ctx, caller, id, crl); !errors.Is(err, errRevokedMeanwhile) {
			break
		}
	}
	if err != nil {
		return nil, notary.WithField(err, "crl")
	}
	if _, err := s.revocation.CRL(ctx, id); err != nil { // loads it; other nodes notice the number
		s.log.WarnContext(ctx, "could not load the uploaded CRL; it is retried", "authority", id, "error", err)
	}
	return done, nil
}

const uploadAttempts = 5

// errRevokedMeanwhile is returned if revocations were recorded after the comparison with the CRL.
var errRevokedMeanwhile = notary.Errorf(notary.Conflict,
	"a certificate of this CA was revoked at the same time: try again")

func requireOffline(a *notary.Authority) error {
	if !a.Offline {
		return notary.Errorf(notary.Conflict, "the key of CA %d is held here, so its CRL is signed and "+
			"published automatically", a.ID)
	}
	return nil
}

func requirePublishable(crl *pki.CRL, now time.Time) error {
	switch {
	case crl.Number < 1:
		return notary.Errorf(notary.Invalid, "the CRL has no positive CRL number, so it cannot be compared with later "+
			"ones: sign a CRL that has one (with openssl ca, set crlnumber in its configuration)")
	case crl.NextUpdate.IsZero():
		return notary.Errorf(notary.Invalid, "the CRL has no nextUpdate, which RFC 5280 requires: sign a CRL that has "+
			"one (with openssl ca, use -crldays)")
	case !crl.NextUpdate.After(crl.ThisUpdate):
		return notary.Errorf(notary.Invalid, "the nextUpdate of the CRL is not after its thisUpdate: sign a new one")
	case crl.Expired(now):
		return notary.Errorf(notary.Invalid, "the CRL expired at %s: sign a new one",
			crl.NextUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

func publishable(id int64, crl *pki.CRL, revocations int64) *notary.CRL {
	return &notary.CRL{AuthorityID: id, Number: crl.Number, DER: crl.DER, ThisUpdate: crl.ThisUpdate,
		NextUpdate: crl.NextUpdate, Revocations: revocations}
}

// publishCRL compares the CRL with the recorded revocations and publishes it. It returns the number of new entries.
func (s *Service) publishCRL(ctx context.Context, caller notary.Caller, id int64, crl *pki.CRL) (added int, err error) {
	published, err := s.store.CRL(ctx, id, 0)
	if err != nil {
		return 0, err
	}
	if published == nil {
		published = &notary.CRL{}
	}
	fresh, known, err := s.compareEntries(ctx, id, crl, published)
	if err != nil {
		return 0, err
	}
	err = s.writeRevocations(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockAuthority(id); err != nil {
			return err
		}
		a, err := tx.Authority(ctx, id)
		if err != nil {
			return err
		}
		if err := requireNewer(crl, a, published); err != nil {
			return err
		}
		count, err := tx.RevocationCount(ctx, id, 0)
		if err != nil {
			return err
		}
		if count != known {
			return errRevokedMeanwhile
		}
		if added, err = s.recordEntries(ctx, tx, caller, id, fresh); err != nil {
			return err
		}
		if err := tx.PublishCRL(publishable(id, crl, known+int64(added))); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "authority.upload_crl", a.Ref()).Set(notary.Fields{
			"crl_number": crl.Number, "crl_entries": len(crl.Revocations), "added": added,
			"next_update": crl.NextUpdate.UTC().Format(time.RFC3339)}))
	})
	return added, err
}

func requireNewer(crl *pki.CRL, a *notary.Authority, published *notary.CRL) error {
	if err := requireOffline(a); err != nil { // its key may have been imported
		return err
	}
	switch last := max(a.CRLNumber, published.Number); {
	case crl.Number == published.Number:
		return notary.Errorf(notary.Conflict, "CRL number %d has already been published: sign a CRL with a higher number",
			crl.Number)
	case crl.Number < last:
		return notary.Errorf(notary.Conflict, "the CRL has number %d, but the last one had %d: sign a CRL with a higher number "+
			"(with openssl ca, write %016[3]X or a higher hexadecimal number to the file crlnumber)", crl.Number, last, last+1)
	case crl.ThisUpdate.Before(published.ThisUpdate):
		return notary.Errorf(notary.Conflict, "the CRL was issued at %s, before the published one (%s): sign a new one",
			crl.ThisUpdate.UTC().Format(time.RFC3339), published.ThisUpdate.UTC().Format(time.RFC3339))
	}
	return nil
}

const maxNamedSerials = 5

// compareEntries returns the entries of the CRL that may be new, and the number of recorded revocations. It fails if a
// recorded revocation is missing from the CRL, because relying parties would accept the certificate again, or if the
// reason was corrected here and is outdated on the CRL.
func (s *Service) compareEntries(ctx context.Context, id int64, crl *pki.CRL,
	published *notary.CRL) (fresh []notary.Revocation, known int64, err error) {
	listed := make(map[string]notary.RevocationReason, len(crl.Revocations)) // by serial number
	for _, v := range crl.Revocations {
		listed[bareSerial(v.Serial)] = v.Reason
	}
	recorded := make(map[string]bool, len(crl.Revocations))
	var missing, outdated []string
	known, err = s.store.EachRevocation(ctx, id, 0, published.ThisUpdate, func(v notary.Revocation) error {
		reason, ok := listed[bareSerial(v.Serial)]
		switch recorded[bareSerial(v.Serial)] = true; {
		case !ok:
			missing = append(missing, v.Serial)
		case v.Reason.Replaces(reason):
			outdated = append(outdated, v.Serial)
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if len(missing) > 0 {
		return nil, 0, notary.Errorf(notary.Conflict, "the CRL lacks %s recorded here (serial number %s), so relying parties "+
			"would accept revoked certificates again: revoke them at the offline CA, too, and sign a new CRL",
			counted(int64(len(missing)), "revocation", "revocations"), someSerials(missing))
	}
	if len(outdated) > 0 {
		return nil, 0, notary.Errorf(notary.Conflict, "the CRL has an outdated reason for %s, corrected here since (serial "+
			"number %s): correct it at the offline CA, too, and sign a new CRL",
			counted(int64(len(outdated)), "revocation", "revocations"), someSerials(outdated))
	}
	for _, v := range crl.Revocations {
		if !recorded[bareSerial(v.Serial)] {
			fresh = append(fresh, v)
		}
	}
	return fresh, known, nil
}

// bareSerial returns the serial number without leading zeros, which records of earlier versions may have.
func bareSerial(serial string) string { return strings.TrimLeft(serial, "0") }

func someSerials(serials []string) string {
	text := strings.Join(serials[:min(len(serials), maxNamedSerials)], ", ")
	if n := len(serials) - maxNamedSerials; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}
