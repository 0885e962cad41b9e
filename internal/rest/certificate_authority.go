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
	const one = path + "/{id}"
	handle(r, operation{id: "listCertificateAuthorities", method: "GET", path: path, status: 200,
		needs: notary.ReadAuthorities, summary: "List certificate authorities",
		doc: "The CAs whose keys this server holds, and the offline ones."}, r.authorities)
	handle(r, operation{id: "createCertificateAuthority", method: "POST", path: path, status: 201,
		needs: notary.ManageAuthorities, errors: []int{422}, summary: "Create a certificate authority",
		doc: "Generates its key. A root is active immediately; any other CA is pending until its CSR is signed, here or elsewhere."},
		r.createAuthority)
	handle(r, operation{id: "getCertificateAuthority", method: "GET", path: one, status: 200,
		needs: notary.ReadAuthorities, summary: "Get a certificate authority", doc: "Private keys are never returned."},
		r.authority)
	handle(r, operation{id: "updateCertificateAuthority", method: "PUT", path: one, status: 200,
		needs: notary.ManageAuthorities, errors: []int{409}, summary: "Enable or disable a certificate authority",
		doc: "A disabled CA signs only its CRLs and OCSP responses."}, r.updateAuthority)
	handle(r, operation{id: "updateCertificateAuthoritySettings", method: "PUT", path: one + "/settings", status: 200,
		needs: notary.ManageAuthorities, errors: []int{409}, summary: "Change the settings of a certificate authority",
		doc: "They apply to newly issued certificates. Fields that are left out stay unchanged."}, r.changeSettings)
	handle(r, operation{id: "deleteCertificateAuthority", method: "DELETE", path: one, status: 200,
		needs: notary.ManageAuthorities, errors: []int{409}, summary: "Delete a certificate authority",
		doc: "Destroys its key. Refused while a certificate that it issued is valid, unless `force` is true."},
		r.deleteAuthority)
	handle(r, operation{id: "signCertificateAuthority", method: "POST", path: one + "/sign", status: 202,
		needs: notary.ManageAuthorities, errors: []int{409, 422, 429}, summary: "Sign a certificate authority with another one",
		doc: "Issues its first certificate or renews it."}, r.signAuthority)
	handle(r, operation{id: "uploadAuthorityCertificate", method: "POST", path: one + "/certificate", status: 201,
		needs: notary.ManageAuthorities, errors: []int{409, 422}, summary: "Upload a CA certificate issued elsewhere",
		doc: "The CA's own certificate comes first in the chain."}, r.uploadAuthority)
	handle(r, operation{id: "revokeCertificateAuthority", method: "POST", path: one + "/revoke", status: 202,
		needs: notary.ManageAuthorities, errors: []int{409, 422}, summary: "Revoke a certificate authority",
		doc: "Its issuer must be held here. All other certificates for its key are revoked, too."}, r.revokeAuthority)
	r.authorityImports(path)
	r.authorityLife(path)
	handleDocument[api.CRL](r, operation{id: "getCRL", method: "GET", path: one + "/crl", status: 200, access: open,
		errors: []int{409}, summary: "Get the CRL of a certificate authority",
		doc: "PEM in JSON, or DER with `Accept: application/pkix-crl`."}, r.crl, typeCRL)
}

func (r *routes) authorities(ctx context.Context, caller notary.Caller,
	_ *none) (*answer[[]api.CertificateAuthority], error) {
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

func (r *routes) authority(ctx context.Context, caller notary.Caller,
	in *ByID) (*answer[api.CertificateAuthority], error) {
	a, err := r.ca.Authority(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return result(r.withCRL(ctx, a)), nil
}

// withCRL returns an authority with its CRL. The CRL is empty if it is not available: one failing CRL must not hide the
// list of authorities.
func (r *routes) withCRL(ctx context.Context, a *notary.Authority) api.CertificateAuthority {
	out := authorityToAPI(a, r.ca.Now())
	crl, err := r.revocation.CRL(ctx, a.ID)
	switch notary.KindOf(err) {
	case "":
		out.CRL = r.crls.encoded(crl).pem()
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
		NotAfter:     optionalInstant(b.NotValidAfter),
		PathLen:      -1,
	}
	if b.PathLength != nil {
		o.PathLen = *b.PathLength
		if o.PathLen < 0 {
			o.PathLen = -2 // clients must not send -1, which means no limit
		}
	}
	o.Constraints = constraintsFromAPI(b.NameConstraints)
	return createdID(r.ca.CreateAuthority(ctx, caller, o))
}

func some(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

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
	return done(r.ca.ChangePublication(ctx, caller, in.ID, ca.PublicationChange{CRL: b.CRL, OCSP: b.OCSP,
		Issuer: b.Issuer, Shards: b.CRLShards}))
}

func (r *routes) deleteAuthority(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Force bool `query:"force" doc:"Delete although certificates that it issued are still valid"`
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

func (r *routes) revokeAuthority(ctx context.Context, caller notary.Caller,
	in *revokeInput) (*answer[api.Revocations], error) {
	reason, err := in.reason()
	if err != nil {
		return nil, err
	}
	return revocations(r.ca.RevokeAuthority(ctx, caller, in.ID, reason))
}

func (r *routes) crl(ctx context.Context, _ notary.Caller, in *ByID) (*document, error) {
	crl, err := r.revocation.CRL(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if prefer(ctx, typeCRL) == typeCRL {
		return newDocument(typeCRL, crl.DER), nil
	}
	return newDocument(typeJSON, r.crls.encoded(crl).json()), nil
}
