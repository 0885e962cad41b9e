package rest

import (
	"cmp"
	"context"
	"crypto/x509/pkix"
	"strings"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) certificateAuthorities() {
	const path = "/api/v1/certificate_authorities"
	handle(r, operation{method: "GET", path: path, status: 200, summary: "List certificate authorities"}, r.authorities)
	handle(r, operation{method: "POST", path: path, status: 201, summary: "Create a certificate authority"}, r.createAuthority)
	handle(r, operation{method: "GET", path: path + "/{id}", status: 200, summary: "Get a certificate authority"}, r.authority)
	handle(r, operation{method: "PUT", path: path + "/{id}", status: 200, summary: "Enable or disable a certificate authority"}, r.updateAuthority)
	handle(r, operation{method: "PUT", path: path + "/{id}/settings", status: 200, summary: "Change what an authority's certificates name of its publications"}, r.changeSettings)
	handle(r, operation{method: "DELETE", path: path + "/{id}", status: 200, summary: "Delete a certificate authority"}, r.deleteAuthority)
	handle(r, operation{method: "POST", path: path + "/{id}/sign", status: 202, summary: "Sign an authority with another one held here"}, r.signAuthority)
	handle(r, operation{method: "POST", path: path + "/{id}/certificate", status: 201, summary: "Upload an authority's certificate signed elsewhere"}, r.uploadAuthority)
	handle(r, operation{method: "POST", path: path + "/{id}/revoke", status: 202, summary: "Revoke an authority's certificate"}, r.revokeAuthority)
	r.authorityImports(path)
	r.authorityLife(path)
	handleDocument[api.CRL](r, operation{method: "GET", path: path + "/{id}/crl", status: 200, access: open, summary: "Get an authority's CRL: PEM in JSON, or DER by Accept"},
		r.crl, typeCRL)
}

func (r *routes) authorities(ctx context.Context, caller notary.Caller, _ *none) (*answer[[]api.CertificateAuthority], error) {
	all, err := r.ca.Authorities(ctx, caller)
	if err != nil {
		return nil, err
	}
	out := make([]api.CertificateAuthority, len(all))
	for i, a := range all {
		out[i] = r.withCRL(ctx, a)
	}
	return result(out), nil
}

func (r *routes) authority(ctx context.Context, caller notary.Caller, in *ByID) (*answer[api.CertificateAuthority], error) {
	a, err := r.ca.Authority(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(r.withCRL(ctx, a)), nil
}

// withCRL is an authority with its CRL. That is left empty where it cannot be had: the
// authority is pending or was deleted just now, or the disk is full. One list that cannot be
// made must not hide the authorities.
func (r *routes) withCRL(ctx context.Context, a *notary.Authority) api.CertificateAuthority {
	out := authorityToAPI(a, r.ca.Now())
	crl, err := r.ca.CRL(ctx, a.ID)
	switch notary.KindOf(err) {
	case "":
		out.CRL = r.crls.of(crl).pem()
	case notary.Conflict, notary.NotFound:
	default:
		r.failure(ctx, err) // for the log
	}
	return out
}

func (r *routes) createAuthority(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CreateCertificateAuthority
}) (*created, error) {
	b := in.Body
	o := ca.AuthorityOptions{
		SelfSigned: b.SelfSigned,
		Subject: pkix.Name{
			CommonName: b.CommonName, Country: some(b.CountryName), Province: some(b.StateOrProvinceName),
			Locality: some(b.LocalityName), Organization: some(b.OrganizationName),
			OrganizationalUnit: some(b.OrganizationalUnitName),
		},
		DNSNames:     words(b.SANsDNS),
		KeyAlgorithm: notary.KeyAlgorithm(b.KeyAlgorithm),
		NotAfter:     instant(b.NotValidAfter),
		PathLen:      -1,
	}
	if b.PathLength != nil {
		o.PathLen = *b.PathLength
		if o.PathLen < 0 {
			o.PathLen = -2 // -1, no limit, is not for clients to say
		}
	}
	if c := b.NameConstraints; c != nil {
		o.Constraints = notary.NameConstraints{Permitted: notary.Subtrees(c.Permitted), Excluded: notary.Subtrees(c.Excluded)}
	}
	return createdID(r.ca.CreateAuthority(ctx, caller, o))
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

// words are the parts of a list that is separated by commas.
func words(list string) (words []string) {
	for word := range strings.SplitSeq(list, ",") {
		if word = strings.TrimSpace(word); word != "" {
			words = append(words, word)
		}
	}
	return words
}

func (r *routes) updateAuthority(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UpdateCertificateAuthority
}) (*message, error) {
	return done(r.ca.EnableAuthority(ctx, caller, in.ID, in.Body.Enabled))
}

func (r *routes) changeSettings(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ChangeAuthoritySettings
}) (*message, error) {
	b := in.Body
	return done(r.ca.ChangePublication(ctx, caller, in.ID, ca.PublicationChange{CRL: b.CRL, OCSP: b.OCSP, Issuer: b.Issuer, Shards: b.CRLShards}))
}

func (r *routes) deleteAuthority(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Force bool `query:"force" doc:"Even while something it issued is still valid"`
}) (*message, error) {
	return done(r.ca.DeleteAuthority(ctx, caller, in.ID, in.Force))
}

func (r *routes) signAuthority(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.SignCertificateAuthority
}) (*message, error) {
	profile := cmp.Or(in.Body.Profile, notary.IntermediateProfile)
	return done(r.ca.SignAuthorityBy(ctx, caller, in.ID, int64(in.Body.CertificateAuthorityID), profile))
}

func (r *routes) uploadAuthority(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UploadAuthorityCertificate
}) (*created, error) {
	if in.Body.Cross {
		return createdID(r.ca.UploadCross(ctx, caller, in.ID, in.Body.CertificateChain))
	}
	return createdID(r.ca.UploadAuthority(ctx, caller, in.ID, in.Body.CertificateChain))
}

func (r *routes) revokeAuthority(ctx context.Context, caller notary.Caller, in *revokeInput) (*answer[api.Revocations], error) {
	reason, err := in.reason()
	if err != nil {
		return nil, err
	}
	return revocations(r.ca.RevokeAuthority(ctx, caller, in.ID, reason))
}

func (r *routes) crl(ctx context.Context, _ notary.Caller, in *ByID) (*document, error) {
	crl, err := r.ca.CRL(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if prefer(ctx, typeCRL) == typeCRL {
		return newDocument(typeCRL, crl.DER), nil
	}
	return newDocument(typeJSON, r.crls.of(crl).json()), nil
}
