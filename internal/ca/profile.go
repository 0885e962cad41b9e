package ca

import (
	"context"
	"slices"
	"time"

	"notary"
	"notary/internal/issuance"
	"notary/internal/policy"
	"notary/internal/store"
)

// Profiles returns the latest version of every profile, ordered by ID.
func (s *Service) Profiles(ctx context.Context, caller notary.Caller) ([]*notary.Profile, error) {
	if err := policy.AllowRole(caller, policy.ListProfiles, policy.Resource{}); err != nil {
		return nil, err
	}
	return s.store.Profiles(ctx)
}

// Profile returns a version of a profile. Version 0 is the latest.
func (s *Service) Profile(ctx context.Context, caller notary.Caller, id int64, version int) (*notary.Profile, error) {
	if err := policy.AllowRole(caller, policy.ViewProfiles, policy.On("profile", id)); err != nil {
		return nil, err
	}
	if version == 0 {
		return s.store.Profile(ctx, id)
	}
	return s.store.ProfileVersion(ctx, id, version)
}

// CreateProfile creates a profile and returns its ID. A profile with the name of a deleted one continues its version
// numbers.
func (s *Service) CreateProfile(ctx context.Context, caller notary.Caller, name string,
	rules notary.Rules) (id int64, err error) {
	if err := policy.AllowRole(caller, policy.ManageProfiles, policy.Resource{}); err != nil {
		return 0, err
	}
	if err := issuance.CheckProfileName(name); err != nil {
		return 0, err
	}
	if err := issuance.CheckRules(&rules); err != nil {
		return 0, err
	}
	if err := refuseResponders(name, &rules); err != nil {
		return 0, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		p := &notary.Profile{Name: name, Rules: rules}
		if id, err = tx.InsertProfile(p); err != nil {
			return err
		}
		p.ID = id
		return tx.Event(notary.EventBy(caller, "profile.create", p.Ref()).Set(notary.Fields{"name": name}))
	})
	return id, err
}

// UpdateProfile changes the rules of a profile and returns the new version. It returns a Conflict error if from, the
// version that was edited, is neither the latest nor 0.
func (s *Service) UpdateProfile(ctx context.Context, caller notary.Caller, id int64, from int,
	rules notary.Rules) (version int, err error) {
	if err := policy.AllowRole(caller, policy.ManageProfiles, policy.On("profile", id)); err != nil {
		return 0, err
	}
	if err := issuance.CheckRules(&rules); err != nil {
		return 0, err
	}
	err = s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockProfile(id); err != nil {
			return err
		}
		p, err := tx.Profile(ctx, id)
		if err != nil {
			return err
		}
		if from != 0 && from != p.Version {
			return notary.WithField(notary.Errorf(notary.Conflict,
				"the profile %s now has version %d, not %d: review it and repeat the change", p.Name, p.Version, from), "version")
		}
		if err := checkBuiltin(p, &rules); err != nil {
			return err
		}
		former := p.Version
		if version, err = tx.UpdateProfile(p, rules); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "profile.update", p.Ref()).
			Change(notary.Fields{"version": former}, notary.Fields{"version": version}))
	})
	return version, err
}

func checkBuiltin(p *notary.Profile, rules *notary.Rules) error {
	switch {
	case !p.Builtin || p.Name != notary.OCSPProfile && issuance.CertifiesResponders(rules):
		return refuseResponders(p.Name, rules)
	case p.CA != rules.CA:
		return notary.FieldErrorf("ca", "ca cannot be changed in the built-in profile %s: create another profile", p.Name)
	case p.Name == notary.OCSPProfile:
		return checkResponderRules(rules)
	}
	return nil
}

// refuseResponders rejects rules that certify OCSP responders, except in the profile [notary.OCSPProfile].
func refuseResponders(name string, rules *notary.Rules) error {
	if name == notary.OCSPProfile || !issuance.CertifiesResponders(rules) {
		return nil
	}
	return notary.FieldErrorf("extended_key_usages", "the holder of a certificate with OCSPSigning could forge OCSP "+
		"responses: omit OCSPSigning (Notary issues responder certificates itself, under the profile %s)", notary.OCSPProfile)
}

// maxResponderValidity is the maximum validity of OCSP responder certificates, whose revocation relying parties do not
// check (RFC 6960, section 4.2.2.2.1).
const maxResponderValidity = 28 * 24 * time.Hour

// checkResponderRules rejects rules that are unsuitable for OCSP responder certificates. These have a P-256 key, the
// authority's subject and no names.
func checkResponderRules(rules *notary.Rules) error {
	const needs = "OCSP responder certificates are issued under this profile and "
	refuses := rules.Subject.Others == notary.Refuse || slices.ContainsFunc(rules.Subject.Attributes,
		func(a notary.AttributeRule) bool { return a.Action == notary.Refuse })
	switch {
	case !slices.Contains(rules.ExtKeyUsages, notary.OCSPSigning):
		return notary.FieldErrorf("extended_key_usages", needs+"need OCSPSigning: add it")
	case !slices.Contains(rules.KeyUsages, notary.DigitalSignature):
		return notary.FieldErrorf("key_usages", needs+"need digitalSignature: add it")
	case !rules.OCSPNoCheck:
		return notary.FieldErrorf("ocsp_no_check", needs+"need id-pkix-ocsp-nocheck: set ocsp_no_check to true")
	case !slices.Contains(rules.Keys.Allowed, notary.KindP256):
		return notary.FieldErrorf("keys.allowed", needs+"have ecdsa-p256 keys: allow them")
	case rules.Validity > maxResponderValidity:
		return notary.FieldErrorf("validity", needs+"are not checked for revocation: allow at most %s",
			notary.FormatPeriod(maxResponderValidity))
	case rules.Names.Required:
		return notary.FieldErrorf("names.required", needs+"have no names: set required to false")
	case refuses:
		return notary.FieldErrorf("subject", needs+"have the subject of their CA: do not refuse any attribute")
	}
	return nil
}

// DeleteProfile deletes a profile that is not built in. Its certificates and recorded versions remain.
func (s *Service) DeleteProfile(ctx context.Context, caller notary.Caller, id int64) error {
	if err := policy.AllowRole(caller, policy.ManageProfiles, policy.On("profile", id)); err != nil {
		return err
	}
	return s.store.WriteAs(ctx, caller, func(tx *store.Tx) error {
		if err := tx.LockProfile(id); err != nil {
			return err
		}
		p, err := tx.Profile(ctx, id)
		if err != nil {
			return err
		}
		if p.Builtin {
			return notary.Errorf(notary.Conflict, "the profile %s is built in and cannot be deleted: change its rules instead",
				p.Name)
		}
		if err := tx.DeleteProfile(p); err != nil {
			return err
		}
		return tx.Event(notary.EventBy(caller, "profile.delete", p.Ref()).
			Change(notary.Fields{"name": p.Name, "version": p.Version}, nil))
	})
}
