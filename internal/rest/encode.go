package rest

import (
	"encoding/json"
	"time"

	"notary"
	"notary/api"
)

func (r *routes) requestToAPI(req *notary.Request) api.CertificateRequest {
	out := api.CertificateRequest{
		ID: req.ID, CSR: req.CSR, Status: string(req.Status), Email: req.Email,
		Owner:           ownerToAPI(req.RequesterID, req.OwnerGroupID),
		RejectionReason: req.Rejection, CreatedAt: req.CreatedAt, UpdatedAt: req.UpdatedAt, CommonName: req.CommonName,
		Key:      req.Key,
		DNSNames: list(req.Names.DNS), IPAddresses: list(req.Names.IP),
		EmailAddresses: list(req.Names.Email), URIs: list(req.Names.URI), UPNs: list(req.Names.UPN),
	}
	out.Note, out.Labels = req.Note, labelsToAPI(req.Labels)
	out.Requested = api.Requested{Profile: req.Wishes.Profile,
		CertificateAuthorityID: optional(req.Wishes.AuthorityID)}
	if end := req.Wishes.NotAfter; !end.IsZero() {
		out.Requested.NotValidAfter = &end
	}
	if req.Decision != nil {
		decision := decisionToAPI(*req.Decision)
		out.RuleDecision = &decision
	}
	if c := req.Certificate; c != nil {
		out.CertificateChain = c.ChainPEM()
		out.CertificateID = &c.ID
		out.SerialNumber = c.Serial
		out.NotBefore, out.NotAfter = &c.NotBefore, &c.NotAfter
		out.Expired = c.Expired(r.ca.Now())
		out.CertificateAuthorityID = optional(c.AuthorityID)
	}
	return out
}

func certificateToAPI(c *notary.Certificate) api.Certificate {
	out := api.Certificate{
		ID: c.ID, Certificate: c.PEM(), CertificateChain: c.ChainPEM(),
		CertificateRequestID: optional(c.RequestID), CertificateAuthorityID: optional(c.AuthorityID),
		CommonName: c.CommonName, DNSNames: list(c.Names.DNS), IPAddresses: list(c.Names.IP),
		EmailAddresses: list(c.Names.Email), URIs: list(c.Names.URI), UPNs: list(c.Names.UPN), Key: c.Key, Email: c.Email,
		SerialNumber: c.Serial, Fingerprint: c.Fingerprint, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		Profile: c.Profile, ProfileVersion: c.ProfileVersion, CreatedAt: c.CreatedAt,
		Labels: labelsToAPI(c.Labels),
	}
	if owner := ownerToAPI(c.RequesterID, c.OwnerGroupID); owner.ID != 0 {
		out.Owner = &owner
	}
	if c.Revocation != nil {
		out.RevokedAt = &c.Revocation.At
		out.RevocationReason = string(c.Revocation.Reason)
	}
	return out
}

func labelsToAPI(labels notary.Labels) map[string]string {
	if labels == nil {
		return map[string]string{}
	}
	return labels
}

// ownerToAPI returns the owner of an object. The ID is 0 if the object belongs to an authority.
func ownerToAPI(requesterID, groupID int64) api.Owner {
	if groupID != 0 {
		return api.Owner{Kind: "group", ID: groupID}
	}
	return api.Owner{Kind: "account", ID: requesterID}
}

// ownerGroup returns the ID of the owner if it is a group, or 0 if the owner is the caller or omitted. It rejects other
// accounts.
func ownerGroup(caller notary.Caller, owner *api.Owner) (int64, error) {
	switch {
	case owner == nil || owner.Kind == "account" && owner.ID == caller.Account().ID:
		return 0, nil
	case owner.Kind == "group":
		return owner.ID, nil
	}
	return 0, notary.FieldErrorf("owner", "a request belongs to the account that submits it or to a group: "+
		"set owner to a group, or omit it")
}

// authorityToAPI converts an authority, except for its CRL.
func authorityToAPI(a *notary.Authority, now time.Time) api.CertificateAuthority {
	out := api.CertificateAuthority{
		ID: a.ID, Enabled: a.Enabled && a.Certificate != nil, Status: string(a.Status(now)), CSR: a.CSR,
		CommonName: a.CommonName,
		Key:        a.Key, IssuerID: optional(a.IssuerID()), CreatedAt: a.CreatedAt,
		Settings: api.AuthoritySettings{CRL: !a.Publication.NoCRL, OCSP: !a.Publication.NoOCSP,
			Issuer:    !a.Publication.NoIssuer,
			CRLShards: a.Publication.Shards},
		NameConstraints: constraintsToAPI(a.Constraints), PredecessorID: optional(a.PredecessorID),
		KeyKnownOutside: a.KeyKnownOutside, Offline: a.Offline,
	}
	if a.PathLen >= 0 {
		out.PathLength = &a.PathLen
	}
	if c := a.Certificate; c != nil {
		out.Certificate = c.ChainPEM()
		out.NotBefore, out.NotAfter = &c.NotBefore, &c.NotAfter
	}
	return out
}

func constraintsToAPI(c notary.NameConstraints) *api.NameConstraints {
	if c.Len() == 0 {
		return nil
	}
	return &api.NameConstraints{Permitted: api.Subtrees(c.Permitted), Excluded: api.Subtrees(c.Excluded)}
}

func constraintsFromAPI(c *api.NameConstraints) notary.NameConstraints {
	if c == nil {
		return notary.NameConstraints{}
	}
	return notary.NameConstraints{Permitted: notary.Subtrees(c.Permitted), Excluded: notary.Subtrees(c.Excluded)}
}

func accountToAPI(a *notary.Account) api.Account {
	return api.Account{ID: a.ID, Email: a.Email, RoleID: int(a.Role), CreatedAt: a.CreatedAt}
}

func list(names []string) []string {
	if names == nil {
		return []string{}
	}
	return names
}

func optional(id int64) *int64 {
	if id == 0 {
		return nil
	}
	return &id
}

// optionalInstant returns *t, or the zero time if t is nil. It moves a zero time sent by the client by a second, so
// that it is rejected as past instead of treated as absent.
func optionalInstant(t *time.Time) time.Time {
	switch {
	case t == nil:
		return time.Time{}
	case t.IsZero():
		return t.Add(time.Second)
	default:
		return *t
	}
}

func jsonDocument[T any](v T) (*document, error) {
	body, err := json.Marshal(api.Result[T]{Result: v})
	if err != nil {
		return nil, notary.InternalError("encode the response", err)
	}
	return newDocument(typeJSON, body), nil
}
