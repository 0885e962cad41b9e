package web

import (
	"slices"

	"notary"
	"notary/internal/inspect"
)

// certificateView is a certificate as it is decoded for people, with its chain. Templates show
// it by the parts "certificate-facts", "problems" and "chain".
type certificateView struct {
	*inspect.Certificate                   // nil where it cannot be parsed
	Problems             []inspect.Problem // of it and of the chain
	Chain                *link             // from the last issuer down to it
}

// link is one certificate of a chain, and what is below it.
type link struct {
	Name        string
	Facts       *inspect.Certificate
	AuthorityID int64 // that is held here and has the certificate in use; 0 for others
	Below       *link // nil for the last one
}

// viewOf decodes a certificate. The authorities are those that links can lead to.
func (s *site) viewOf(c *notary.Certificate, authorities []*notary.Authority) certificateView {
	objects, err := inspect.Read([]byte(c.ChainPEM()), s.ca.Now())
	if err != nil || len(objects) == 0 {
		return certificateView{}
	}
	v := certificateView{Certificate: objects[0].Certificate, Problems: objects[0].Problems}
	for _, o := range objects {
		switch o.Kind {
		case inspect.KindCertificate:
			v.Chain = &link{Name: o.Name, Facts: o.Certificate, AuthorityID: holder(o.Certificate, authorities),
				Below: v.Chain}
		case inspect.KindChain:
			v.Problems = append(v.Problems, o.Problems...)
		}
	}
	return v
}

// holder is the authority here whose certificate that is.
func holder(c *inspect.Certificate, authorities []*notary.Authority) int64 {
	i := slices.IndexFunc(authorities, func(a *notary.Authority) bool {
		return c != nil && a.Certificate != nil && a.Certificate.Fingerprint == c.SHA256
	})
	if i < 0 {
		return 0
	}
	return authorities[i].ID
}
