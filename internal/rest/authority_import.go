package rest

import (
	"context"
	"encoding/base64"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/policy"
)

// maxImports limits the imports that are read at once, because their bodies may be large.
const maxImports = 2

// importPaths are [path.Match] patterns of the calls that accept large bodies.
var importPaths = []string{"/api/v1/certificate_authorities/import", "/api/v1/certificate_authorities/*/issued"}

func (r *routes) authorityImports(path string) {
	handleImport(r, operation{id: "importCertificateAuthority", method: "POST", path: path + "/import", status: 201, imports: true,
		needs: notary.ManageAuthorities, errors: []int{409, 422}, summary: "Import a certificate authority",
		doc: "Imports an existing CA with its key, chain and latest CRL."}, r.importAuthority)
	handleImport(r, operation{id: "importIssuedCertificates", method: "POST", path: path + "/{id}/issued", status: 201, imports: true,
		needs: notary.ManageAuthorities, errors: []int{409, 422}, summary: "Import previously issued certificates of a certificate authority",
		doc: "Either all of them are recorded or none."}, r.importCertificates)
}

// handleImport registers a call with a large body, which is read only after authorization and
// for at most maxImports callers at once.
func handleImport[In, Out any](r *routes, o operation, handler func(context.Context, notary.Caller, *In) (*Out, error)) {
	op := o.describe()
	op.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		if err := policy.AllowRole(callerOf(ctx.Context()), policy.ManageAuthorities, policy.Resource{}); err != nil {
			r.writeFailure(ctx, err)
			return
		}
		select {
		case r.imports <- struct{}{}:
			defer func() { <-r.imports }()
			next(ctx)
		default:
			busy := notary.Errorf(notary.Unavailable, "other imports are in progress: try again in a moment")
			busy.RetryAfter = time.Second
			r.writeFailure(ctx, busy)
		}
	}}
	register(r, op, handler)
}

func (r *routes) importAuthority(ctx context.Context, caller notary.Caller, in *struct {
	Body api.ImportCertificateAuthority
}) (*created, error) {
	b := in.Body
	key, err := pemOrBase64("private_key", b.PrivateKey)
	if err != nil {
		return nil, err
	}
	crl, err := pemOrBase64("crl", b.CRL)
	if err != nil {
		return nil, err
	}
	return createdID(r.ca.ImportAuthority(ctx, caller, ca.Import{
		Key: key, Password: b.Password, Chain: b.CertificateChain, CRL: crl, CRLNumber: b.CRLNumber}))
}

func (r *routes) importCertificates(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ImportCertificates
}) (*answer[api.ImportedCertificates], error) {
	done, err := r.ca.ImportCertificates(ctx, caller, in.ID, in.Body.Certificates)
	return result(api.ImportedCertificates{Message: api.Success, Imported: done.Imported, Known: done.Known, Revoked: done.Revoked}), err
}

// pemOrBase64 returns PEM unchanged and decodes anything else as base64.
func pemOrBase64(field, text string) ([]byte, error) {
	if text == "" || strings.Contains(text, "-----BEGIN") {
		return []byte(text), nil
	}
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, notary.FieldErrorf(field, "%s is neither PEM nor base64", field)
	}
	return der, nil
}
