package ca

import (
	"context"
	"sync"

	"notary"
	"notary/internal/pki"
	"notary/internal/policy"
)

// facts describes a request for the evaluation of rules. csr is the CSR that would be signed.
func (s *Service) facts(ctx context.Context, caller notary.Caller, req *notary.Request, csr *pki.CSR,
	o SignOptions) *policy.Facts {
	f := &policy.Facts{Names: csr.Names, CommonName: csr.CommonName, CommonNames: pki.CommonNames(csr.Subject),
		Key: csr.Key, Profile: o.Profile, AuthorityID: o.AuthorityID, Labels: req.Labels,
		Principal: caller.Principal, Account: caller.Account().Name, Role: roleOf(caller).String(),
		Protocol: caller.Protocol, Source: caller.Address, Now: s.now()}
	if !o.NotAfter.IsZero() {
		f.Validity = o.NotAfter.Sub(f.Now)
	}
	f.LookUpSubject = func() (map[string][]string, error) { return subjectValues(csr) }
	f.LookUpGroups = sync.OnceValues(func() ([]string, error) { return s.groupNames(ctx, caller.Account().ID) })
	f.LookUpPrevious = sync.OnceValues(func() (*policy.Previous, error) {
		if len(f.CommonNames) > 1 { // of a certificate, only the last is recorded
			return nil, nil
		}
		names := *req
		names.CommonName, names.Names = csr.CommonName, csr.Names
		cert, err := s.store.PreviousCertificate(ctx, &names)
		return s.previous(ctx, req, cert, err)
	})
	return f
}

// roleOf returns the role of the caller's account or, for a token, of its creator.
func roleOf(caller notary.Caller) notary.Role {
	if caller.Token != nil {
		return caller.Token.Role
	}
	return caller.Role
}

func subjectValues(csr *pki.CSR) (map[string][]string, error) {
	attributes, err := pki.SubjectAttributes(csr.RawSubject)
	if err != nil {
		return nil, err
	}
	all := map[string][]string{}
	for _, a := range attributes {
		name := pki.AttributeName(a.Type)
		all[name] = append(all[name], a.Value)
	}
	return all, nil
}

func (s *Service) groupNames(ctx context.Context, accountID int64) (names []string, err error) {
	groups, err := s.store.GroupsWith(ctx, accountID)
	for _, g := range groups {
		names = append(names, g.Name)
	}
	return names, err
}

// previous describes cert, an earlier certificate for the names of a request, for the evaluation of rules. It returns
// nil if cert is nil, and err if that is not nil.
func (s *Service) previous(ctx context.Context, req *notary.Request, cert *notary.Certificate,
	err error) (*policy.Previous, error) {
	if err != nil || cert == nil {
		return nil, err
	}
	p := &policy.Previous{Owner: cert.Email, SameOwner: cert.Owner() == req.Owner(), Profile: cert.Profile,
		AuthorityID: cert.AuthorityID, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter}
	if cert.OwnerGroupID == 0 {
		return p, nil
	}
	p.GroupOwned = true
	group, err := s.store.Group(ctx, cert.OwnerGroupID)
	switch {
	case notary.KindOf(err) == notary.NotFound:
		p.Owner = ""
	case err != nil:
		return nil, err
	default:
		p.Owner = group.Name
	}
	return p, nil
}
