package ca

import (
	"time"

	"notary"
)

// wishes returns the options to record as wishes with a request that another caller has to sign.
func (o SignOptions) wishes() notary.Wishes {
	return notary.Wishes{Profile: o.Profile, AuthorityID: o.AuthorityID, NotAfter: o.NotAfter}
}

// asked returns the options with what an earlier call asked for, as far as this one leaves it open. A renewal takes it
// from the certificate instead.
func (o SignOptions) asked(req *notary.Request) SignOptions {
	if req.Certificate != nil || formerOf(req) != (notary.Issuance{}) {
		return o
	}
	w := o.wishes().Or(req.Wishes)
	o.Profile, o.AuthorityID, o.NotAfter = w.Profile, w.AuthorityID, w.NotAfter
	return o
}

// wishedEnd returns the expiry that the requester wishes for the first certificate. For a renewal, whose purpose is to
// extend the validity, it returns zero.
func wishedEnd(req *notary.Request) time.Time {
	if req.Certificate != nil || formerOf(req) != (notary.Issuance{}) {
		return time.Time{}
	}
	return req.Wishes.NotAfter
}

// chooseEnd sets the expiry to the one that the requester wishes, unless the options have one. It returns an error if
// the expiry that the requester wishes has passed.
func (o *SignOptions) chooseEnd(req *notary.Request, now time.Time) error {
	end := wishedEnd(req)
	if !o.NotAfter.IsZero() || end.IsZero() {
		return nil
	}
	if !end.After(now) {
		return unprocessable("not_valid_after", "the requested expiry, %s, has passed: specify another one",
			end.Format(time.RFC3339))
	}
	o.NotAfter = end
	return nil
}

// refuseWishedCA returns an error if only the requester's wish selects a CA profile: the signer must specify it.
func (o *SignOptions) refuseWishedCA(profile *notary.Profile, former notary.Issuance) error {
	if profile.CA && o.Profile != profile.Name && former.Profile != profile.Name {
		return unprocessable("profile", "the requested profile, %s, is for CAs: specify a profile",
			profile.Name)
	}
	return nil
}

// overruled returns the wishes that the certificate does not fulfil, as fields of its event.
func (g *signature) overruled(req *notary.Request) notary.Fields {
	w := req.Wishes
	if w.Profile == g.profile.Name {
		w.Profile = ""
	}
	if w.AuthorityID == g.issuer.ID {
		w.AuthorityID = 0
	}
	if w.NotAfter = wishedEnd(req); w.NotAfter.Equal(g.cert.NotAfter) {
		w.NotAfter = time.Time{}
	}
	return w.Fields()
}
