package ca

import (
	"context"
	"crypto/x509"
	"slices"

	"notary"
	"notary/internal/issuers"
	"notary/internal/pki"
	"notary/internal/policy"
	"notary/internal/store"
)

// Grants permit actions beyond the caller's role on requests and certificates that it may see. A use case calls
// attempt, reads the object, and calls allow. It calls allow again in the transaction, because grants and objects may
// have changed.

type grantReader interface {
	GrantsOf(ctx context.Context, accountID int64) ([]*notary.Grant, error)
	GroupsOf(ctx context.Context, accountID int64) ([]int64, error)
}

// attempt returns an error unless the caller's role or a grant includes one of the actions. It ignores the limits of
// grants, so the error does not disclose whether the object exists.
func (s *Service) attempt(ctx context.Context, caller notary.Caller, on policy.Resource,
	actions ...policy.Action) error {
	refusal := policy.AllowRole(caller, actions[0], on)
	if refusal == nil || !caller.Known() {
		return refusal
	}
	if mayAny(caller, actions) {
		return nil
	}
	grants, err := grantsOf(ctx, s.store, caller)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(actions, func(a policy.Action) bool { return policy.Has(grants, a) }) {
		return nil
	}
	return refusal
}

func mayAny(caller notary.Caller, actions []policy.Action) bool {
	return slices.ContainsFunc(actions, func(a policy.Action) bool { return policy.May(caller, a) })
}

// allow returns a Forbidden error unless the caller may perform the action on the object.
func allow(ctx context.Context, known grantReader, caller notary.Caller, action policy.Action,
	r policy.Resource) error {
	if mayAlways(caller, action) {
		return nil
	}
	grants, err := grantsOf(ctx, known, caller)
	if err != nil {
		return err
	}
	if r.OwnerID != 0 && policy.LimitsOwnerGroups(grants) {
		if r.OwnerGroups, err = known.GroupsOf(ctx, r.OwnerID); err != nil {
			return err
		}
	}
	return policy.Allow(caller, grants, action, r)
}

// mayAlways reports whether the caller may perform the action on every object: by its role, or as the program itself,
// which signs for rules. Use cases do not accept the program as their caller.
func mayAlways(caller notary.Caller, action policy.Action) bool {
	return caller.Principal.Kind == notary.SystemPrincipal || policy.May(caller, action)
}

// grantsOf returns the caller's grants. A token's grants are limited to what its creator may do. In a transaction, the
// grants cannot change until it ends.
func grantsOf(ctx context.Context, known grantReader, caller notary.Caller) (grants []*notary.Grant, err error) {
	if tx, ok := known.(*store.Tx); ok {
		if err := tx.LockGrantsShared(); err != nil {
			return nil, err
		}
	}
	if caller.Token == nil || policy.TokenNeedsGrants(caller.Token) {
		if grants, err = known.GrantsOf(ctx, caller.Account().ID); err != nil {
			return nil, err
		}
	}
	if caller.Token != nil {
		grants = policy.TokenGrants(caller, grants)
	}
	return grants, nil
}

// allowCreate returns a Forbidden error if the caller is a token whose limits exclude the new request.
func allowCreate(ctx context.Context, known grantReader, caller notary.Caller, req *notary.Request,
	csr *pki.CSR) (err error) {
	if caller.Token == nil {
		return nil
	}
	r := submittedResource(req)
	r.CommonNames = pki.CommonNames(csr.Subject) // the request has only the last
	if r.OwnerID != 0 && policy.LimitsOwnerGroups(policy.TokenGrants(caller, nil)) {
		if r.OwnerGroups, err = known.GroupsOf(ctx, r.OwnerID); err != nil {
			return err
		}
	}
	return policy.AllowCreate(caller, r)
}

// allowChoice returns a Forbidden error if the caller cannot sign anything with the authority and profile in o.
func (s *Service) allowChoice(ctx context.Context, caller notary.Caller, o SignOptions) error {
	if mayAlways(caller, policy.SignRequest) {
		return nil
	}
	grants, err := grantsOf(ctx, s.store, caller)
	if err != nil || policy.Reaches(grants, policy.SignRequest, o.AuthorityID, o.Profile) {
		return err
	}
	return notary.Errorf(notary.Forbidden, "no grant of permission to %s covers %s: ask an Admin", policy.SignRequest,
		policy.Resource{AuthorityID: o.AuthorityID, Profile: o.Profile})
}

// allowRequest is like allow for a request. It returns a NotFound error if the caller may not see the request.
func allowRequest(ctx context.Context, known viewReader, caller notary.Caller, action policy.Action,
	req *notary.Request) error {
	if err := sees(ctx, known, caller, req); err != nil {
		return err
	}
	return allow(ctx, known, caller, action, requestResource(req))
}

func noRequest(id int64) error {
	return notary.Errorf(notary.NotFound, "there is no certificate request %d", id)
}

// allowCertificate is like allow for a certificate. It returns a NotFound error if the caller may not see the
// certificate. Grants do not apply to certificates of CAs and OCSP responders.
func allowCertificate(ctx context.Context, known viewReader, caller notary.Caller, action policy.Action,
	cert *notary.Certificate) error {
	if policy.May(caller, action) {
		return nil
	}
	if err := seesCertificate(ctx, known, caller, cert); err != nil {
		return err
	}
	if err := allow(ctx, known, caller, action, certificateResource(cert)); err != nil || !servesOthers(cert) {
		return err
	}
	return policy.AllowRole(caller, policy.ManageAuthorities, policy.Resource{})
}

func noCertificate(id int64) error {
	return notary.Errorf(notary.NotFound, "there is no certificate %d", id)
}

// servesOthers reports whether a certificate belongs to a CA or an OCSP responder, or cannot be parsed.
func servesOthers(cert *notary.Certificate) bool {
	parsed, err := x509.ParseCertificate(cert.DER)
	return err != nil || parsed.IsCA || cert.Profile == notary.OCSPProfile ||
		slices.Contains(parsed.ExtKeyUsage, x509.ExtKeyUsageOCSPSigning)
}

func certificateToSign(issuer *issuers.Issuer, profile *notary.Profile, req *notary.Request,
	csr *pki.CSR) policy.Resource {
	return ownedBy(policy.Resource{AuthorityID: issuer.ID, Profile: profile.Name, Names: csr.Names,
		CommonNames: pki.CommonNames(csr.Subject)}, req.RequesterID, req.OwnerGroupID)
}

func allowSignature(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	signed *signature) error {
	if mayAlways(caller, policy.SignRequest) {
		return nil
	}
	if err := sees(ctx, tx, caller, req); err != nil {
		return err
	}
	if err := allow(ctx, tx, caller, policy.SignRequest, signed.object); err != nil || req.Certificate == nil {
		return err
	}
	return allowCertificate(ctx, tx, caller, policy.SignRequest, req.Certificate)
}

func allowUpload(ctx context.Context, tx *store.Tx, caller notary.Caller, req *notary.Request,
	cert *notary.Certificate) error {
	if err := allowRequest(ctx, tx, caller, policy.UploadCertificate, req); err != nil {
		return err
	}
	return allow(ctx, tx, caller, policy.UploadCertificate, certificateResource(cert))
}

type revokeReader interface {
	viewReader
	CertificatesOfRequest(ctx context.Context, requestID int64) ([]*notary.Certificate, error)
}

func allowRevoke(ctx context.Context, known revokeReader, caller notary.Caller, req *notary.Request) error {
	if policy.May(caller, policy.RevokeRequest) {
		return nil
	}
	if err := allowRequest(ctx, known, caller, policy.RevokeRequest, req); err != nil {
		return err
	}
	all, err := known.CertificatesOfRequest(ctx, req.ID)
	if err != nil {
		return err
	}
	for _, cert := range all {
		if err := allowCertificate(ctx, known, caller, policy.RevokeRequest, cert); err != nil {
			return err
		}
	}
	return nil
}

// allowRevokeByID is like allowRevoke. It reads the request only if the caller's role does not include the action.
func allowRevokeByID(ctx context.Context, tx *store.Tx, caller notary.Caller, id int64) error {
	if policy.May(caller, policy.RevokeRequest) {
		return nil
	}
	req, err := tx.Request(ctx, id)
	if err != nil {
		return err
	}
	return allowRevoke(ctx, tx, caller, req)
}

// allowReason returns a Forbidden error for keyCompromise unless the caller's role includes the action: this reason
// blocks the key and revokes every certificate for it, regardless of the owner.
func allowReason(caller notary.Caller, action policy.Action, reason notary.RevocationReason) error {
	if reason != notary.KeyCompromise || policy.May(caller, action) {
		return nil
	}
	return notary.Errorf(notary.Forbidden, "no grant gives permission to report a key as compromised, which revokes "+
		"every certificate for it: ask an Admin or Certificate Manager, or revoke for another reason")
}

type groupReader interface {
	Group(ctx context.Context, id int64) (*notary.Group, error)
	GroupsOf(ctx context.Context, accountID int64) ([]int64, error)
}

// allowOwner returns an error unless the caller may submit requests for the group, as a member or because its role
// includes signing. Without a group (0) it returns nil.
func allowOwner(ctx context.Context, known groupReader, caller notary.Caller, groupID int64) error {
	if groupID == 0 {
		return nil
	}
	if policy.May(caller, policy.SignRequest) {
		_, err := known.Group(ctx, groupID)
		if notary.KindOf(err) == notary.NotFound {
			err = notary.FieldErrorf("owner", "there is no group %d", groupID)
		}
		return err
	}
	member, err := known.GroupsOf(ctx, caller.Account().ID)
	if err != nil || slices.Contains(member, groupID) {
		return err
	}
	return notary.WithField(notary.Errorf(notary.Forbidden, "you do not have permission to %s for group %d: "+
		"ask an Admin to add you to it", policy.CreateRequest, groupID), "owner")
}

func submittedResource(req *notary.Request) policy.Resource {
	return ownedBy(policy.Resource{Names: req.Names, CommonNames: nonempty(req.CommonName)}, req.RequesterID,
		req.OwnerGroupID)
}

func requestResource(req *notary.Request) policy.Resource {
	r := submittedResource(req)
	if c := req.Certificate; c != nil {
		r.AuthorityID, r.Profile = c.AuthorityID, c.Profile
		r.Names, r.CommonNames = bothNames(req.Names, c.Names), append(r.CommonNames, nonempty(c.CommonName)...)
	}
	return r
}

func certificateResource(c *notary.Certificate) policy.Resource {
	return ownedBy(policy.Resource{AuthorityID: c.AuthorityID, Profile: c.Profile, Names: c.Names,
		CommonNames: nonempty(c.CommonName)}, c.RequesterID, c.OwnerGroupID)
}

func ownedBy(r policy.Resource, requesterID, ownerGroupID int64) policy.Resource {
	if r.OwnerGroupID = ownerGroupID; ownerGroupID == 0 {
		r.OwnerID = requesterID
	}
	return r
}

func nonempty(commonNames ...string) []string {
	return slices.DeleteFunc(commonNames, func(name string) bool { return name == "" })
}

func bothNames(a, b notary.Names) notary.Names {
	return notary.Names{DNS: slices.Concat(a.DNS, b.DNS), IP: slices.Concat(a.IP, b.IP),
		Email: slices.Concat(a.Email, b.Email),
		URI:   slices.Concat(a.URI, b.URI), UPN: slices.Concat(a.UPN, b.UPN)}
}
