package ca

import (
	"cmp"
	"context"
	"fmt"

	"notary"
	"notary/internal/issuers"
)

func (s *Service) signer(ctx context.Context, req *notary.Request,
	o SignOptions) (*issuers.Issuer, *notary.Profile, error) {
	var former notary.Issuance
	if o.needsFormer() {
		former = formerOf(req)
	}
	chosen := o.choose(former, req.Wishes)
	profile, err := s.profileFor(ctx, chosen.Profile, former)
	if err == nil {
		err = o.refuseWishedCA(profile, former)
	}
	if err != nil {
		return nil, nil, err
	}
	issuer, err := s.issuerFor(ctx, chosen.AuthorityID, former)
	return issuer, profile, err
}

func (o SignOptions) needsFormer() bool { return o.AuthorityID == 0 || o.Profile == "" || o.KeepFormer }

// choose returns the authority and profile for a request. For each of the two, the signer's choice comes first, then
// the former certificate, then the requester's wish, and last the default profile. With KeepFormer, the signer's
// choice is ignored if there is a former certificate.
func (o SignOptions) choose(former notary.Issuance, w notary.Wishes) notary.Issuance {
	given := notary.Issuance{AuthorityID: o.AuthorityID, Profile: o.Profile}
	if o.KeepFormer && former != (notary.Issuance{}) {
		given = notary.Issuance{}
	}
	return notary.Issuance{AuthorityID: cmp.Or(given.AuthorityID, former.AuthorityID, w.AuthorityID),
		Profile: cmp.Or(given.Profile, former.Profile, w.Profile, notary.DefaultProfile)}
}

// formerOf returns the authority and profile of the request's current certificate or, if it has none, of its latest
// one.
func formerOf(req *notary.Request) notary.Issuance {
	if req.Certificate != nil {
		return req.Certificate.Issuance()
	}
	return req.Latest
}

// profileFor returns the profile with the given name. If it was used for the former certificate and has been deleted,
// the error says so.
func (s *Service) profileFor(ctx context.Context, name string, former notary.Issuance) (*notary.Profile, error) {
	p, err := s.issuers.Profile(ctx, name)
	if notary.KindOf(err) == notary.Invalid && name == former.Profile {
		return nil, notary.WithField(notary.Errorf(notary.Conflict,
			"the profile of the previous certificate, %s, was deleted: specify another profile", name), "profile")
	}
	return p, err
}

// issuerFor returns the active authority with the given ID. If it signed the former certificate and can no longer sign,
// the error says so.
func (s *Service) issuerFor(ctx context.Context, id int64, former notary.Issuance) (*issuers.Issuer, error) {
	if id == 0 {
		return nil, notary.FieldErrorf("certificate_authority_id",
			"certificate_authority_id is missing, and no CA held here has issued a certificate for this request: "+
				"specify the CA")
	}
	a, err := s.issuers.Active(ctx, id)
	if err == nil || id != former.AuthorityID {
		return a, err
	}
	switch notary.KindOf(err) {
	case notary.NotFound:
		err = notary.Errorf(notary.Conflict, "the CA of the previous certificate, %d, was deleted: specify "+
			"another CA", id)
	case notary.Conflict:
		err = notary.Errorf(notary.Conflict, "%s. It issued the previous certificate: specify another CA%s", err,
			s.successorOf(ctx, id))
	}
	return nil, notary.WithField(err, "certificate_authority_id")
}

func (s *Service) successorOf(ctx context.Context, id int64) string {
	all, err := s.store.Authorities(ctx)
	if err != nil {
		return ""
	}
	for _, a := range all {
		if a.PredecessorID == id && a.CanSign(s.now()) {
			return fmt.Sprintf(", such as its successor %d", a.ID)
		}
	}
	return ""
}
