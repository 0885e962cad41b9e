package rest

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/policy"
)

// maxImports is the maximum number of imports read concurrently, because their bodies may be large.
const maxImports = 2

// importPaths are [path.Match] patterns of the calls that accept large bodies.
var importPaths = []string{"/api/v1/certificate_authorities/import", "/api/v1/certificate_authorities/*/issued",
	"/api/v1/certificate_authorities/*/crl"}

func (r *routes) authorityImports(path string) {
	handleImport(r, operation{id: "importCertificateAuthority", method: "POST", path: path + "/import", status: 201,
		imports: true,
		needs:   notary.ManageAuthorities, errors: []int{409, 422}, summary: "Import a certificate authority",
		doc: "Imports an existing CA with its key, chain and latest CRL, or registers an offline CA without its key."},
		r.importAuthority)
	handleImport(r, operation{id: "importIssuedCertificates", method: "POST", path: path + "/{id}/issued", status: 201,
		imports: true,
		needs:   notary.ManageAuthorities, errors: []int{409, 422},
		summary: "Import previously issued certificates of a certificate authority",
		doc:     "Either all of them are recorded or none."}, r.importCertificates)
	handle(r, operation{id: "exportUnsignedCRL", method: "POST", path: path + "/{id}/unsigned_crl", status: 200,
		needs: notary.ManageAuthorities, errors: []int{409, 422},
		summary: "Export the unsigned CRL of an offline certificate authority",
		doc:     "The next CRL, with all revocations recorded so far, to be signed where the key is kept. The body is optional."},
		r.unsignedCRL)
	handleImport(r, operation{id: "uploadCRL", method: "POST", path: path + "/{id}/crl", status: 201, imports: true,
		needs: notary.ManageAuthorities, errors: []int{409, 422},
		summary: "Upload the CRL of an offline certificate authority",
		doc: "The CRL is published. It must be newer than the last one and have every revocation recorded here; its other entries " +
			"are recorded."}, r.uploadCRL)
}

// handleImport registers a call with a large body. The body is read after authorization, for at most maxImports callers
// at once.
func handleImport[In, Out any](r *routes, o operation, handler func(context.Context, notary.Caller,
	*In) (*Out, error)) {
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
	return createdID(r.ca.ImportAuthority(ctx, caller, ca.Import{Offline: b.Offline,
		Key: key, Password: b.Password, Chain: b.CertificateChain, CRL: crl, CRLNumber: b.CRLNumber}))
}

func (r *routes) importCertificates(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.ImportCertificates
}) (*answer[api.ImportedCertificates], error) {
	done, err := r.ca.ImportCertificates(ctx, caller, in.ID, in.Body.Certificates)
	return result(api.ImportedCertificates{Message: api.Success, Imported: done.Imported, Known: done.Known,
		Revoked: done.Revoked}), err
}

func (r *routes) uploadCRL(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.UploadCRL
}) (*answer[api.UploadedCRL], error) {
	var o ca.CRLUpload
	for _, part := range []struct {
		field, text string
		to          *[]byte
	}{{"crl", in.Body.CRL, &o.CRL}, {"unsigned_crl", in.Body.UnsignedCRL, &o.Unsigned},
		{"signature", in.Body.Signature, &o.Signature}} {
		octets, err := pemOrBase64(part.field, part.text)
		if err != nil {
			return nil, err
		}
		*part.to = octets
	}
	done, err := r.ca.UploadCRL(ctx, caller, in.ID, o)
	if err != nil {
		return nil, err
	}
	return result(api.UploadedCRL{Message: api.Success, CRLNumber: done.Number, NextUpdate: done.NextUpdate,
		Entries: done.Entries, Added: done.Added}), nil
}

func (r *routes) unsignedCRL(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body *api.ExportUnsignedCRL // optional
}) (*answer[api.UnsignedCRL], error) {
	var nextUpdate time.Time
	if in.Body != nil {
		nextUpdate = optionalInstant(in.Body.NextUpdate)
	}
	crl, err := r.ca.UnsignedCRL(ctx, caller, in.ID, nextUpdate)
	if err != nil {
		return nil, err
	}
	out := api.UnsignedCRL{UnsignedCRL: base64.StdEncoding.EncodeToString(crl.TBS), CRLNumber: crl.Number,
		ThisUpdate: crl.ThisUpdate, NextUpdate: crl.NextUpdate, Entries: crl.Entries}
	if crl.Hash != 0 {
		out.Digest = fmt.Sprintf("sha%d", 8*crl.Hash.Size())
	}
	return result(out), nil
}

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
