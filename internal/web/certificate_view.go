package web

import (
	"slices"

	"notary"
	"notary/internal/inspect"
)

// certificateView holds a certificate for the templates "certificate-facts", "problems" and "chain".
type certificateView struct {
	*inspect.Certificate                   // nil if it cannot be parsed
	Problems             []inspect.Problem // of the certificate and its chain
	Chain                *link             // from the last issuer to the certificate
}

type link struct {
	Name        string
	Facts       *inspect.Certificate
	AuthorityID int64 // authority whose current certificate it is, or 0
	Below       *link // certificate issued by this one; nil for the last one
}

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

func holder(c *inspect.Certificate, authorities []*notary.Authority) int64 {
	i := slices.IndexFunc(authorities, func(a *notary.Authority) bool {
		return c != nil && a.Certificate != nil && a.Certificate.Fingerprint == c.SHA256
	})
	if i < 0 {
		return 0
	}
	return authorities[i].ID
}
