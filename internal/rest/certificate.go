package rest

import (
	"context"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/smallstep/pkcs7"

	"notary"
	"notary/api"
	"notary/internal/ca"
)

func (r *routes) certificates() {
	const path = "/api/v1/certificates"
	handleList[certificateList](r, operation{id: "listCertificates", method: "GET", path: path, status: 200,
		summary: "List certificates", doc: "The inventory of every certificate issued, uploaded or imported. " +
			wholeOrPage + ownOnly},
		listing[*notary.Certificate, api.Certificate]{r.ca.AllCertificates, r.ca.Certificates, certificateToAPI})
	handleExport(r, operation{id: "exportCertificates", method: "GET", path: path + "/export", status: 200,
		summary: "Export certificates", doc: "The inventory as a file in CSV or JSON Lines. " + ownOnly})
	handleDocument[api.Certificate](r, operation{id: "getCertificate", method: "GET", path: path + "/{id}", status: 200,
		summary: "Get a certificate", doc: byAccept + ownOnly}, r.certificate, typePEM, typeDER, typePKCS7)
	handle(r, operation{id: "listChainsOfCertificate", method: "GET", path: path + "/{id}/chains", status: 200,
		summary: "List the chains of a certificate", doc: "Every chain from the certificate to a trust anchor. " + ownOnly},
		r.chains)
	handle(r, operation{id: "transferCertificate", method: "PUT", path: path + "/{id}/owner", status: 200,
		needs: notary.CreateRequests, errors: []int{409}, summary: "Transfer a certificate to another owner",
		doc: "For certificates without a request, such as imported ones; others are transferred with their request. " +
			"Owners, and members of the group that owns it, can transfer to their other groups; the roles Admin and " +
			"Certificate Manager, and grants of `certificate.transfer`, to any account that can submit requests and to any " +
			"group. Certificates of CAs and OCSP responders are not transferred."}, r.transferCertificate)
	handle(r, operation{id: "revokeCertificate", method: "POST", path: path + "/{id}/revoke", status: 202,
		needs: notary.RevokeCertificates, errors: []int{409, 422}, summary: "Revoke a certificate",
		doc: "A request or CA that uses the certificate is revoked with it."}, r.revokeCertificate)
	handleBulk(r, operation{id: "revokeCertificates", method: "POST", path: path + "/revoke", status: 200,
		needs: notary.RevokeCertificates, errors: []int{409, 422}, summary: "Revoke many certificates", doc: eachCertificate},
		r.revokeManyCertificates)
	handle(r, operation{id: "countCertificates", method: "POST", path: path + "/count", status: 200,
		needs: notary.RevokeCertificates, errors: []int{422}, summary: "Count the certificates that match a filter",
		doc: "Pass `selection` to the bulk call, which then does nothing if the matches have changed."}, r.countCertificates)
}

type document struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Vary        string `header:"Vary" hidden:"true"`
	Body        []byte
}

func newDocument(contentType string, body []byte) *document {
	return &document{ContentType: contentType, Vary: "Accept", Body: body}
}

// handleDocument registers an operation that returns a document in the format that the Accept header prefers: T as
// JSON, or one of the media types in forms.
func handleDocument[T any](r *routes, o operation, handler func(context.Context, notary.Caller,
	*ByID) (*document, error), forms ...string) {
	op := o.describe()
	op.Responses = answers[T](r, o.status)
	for _, form := range forms {
		op.Responses[strconv.Itoa(o.status)].Content[form] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString,
			Format: "binary"}}
	}
	op.Responses[strconv.Itoa(o.status)].Headers = headerRefs("Vary")
	register(r, op, handler)
}

func (r *routes) certificate(ctx context.Context, caller notary.Caller, in *ByID) (*document, error) {
	c, err := r.ca.Certificate(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return certificateDocument(ctx, c)
}

func (r *routes) requestCertificate(ctx context.Context, caller notary.Caller, in *ByID) (*document, error) {
	c, err := r.ca.RequestCertificate(ctx, caller, in.ID)
	if err != nil {
		return nil, err
	}
	return certificateDocument(ctx, c)
}

func certificateDocument(ctx context.Context, c *notary.Certificate) (*document, error) {
	switch form := prefer(ctx, typePEM, typeDER, typePKCS7); form {
	case typePEM:
		return newDocument(form, []byte(c.ChainPEM())), nil
	case typeDER:
		return newDocument(form, c.DER), nil
	case typePKCS7:
		return pkcs7Document(c)
	default:
		out := certificateToAPI(c)
		out.Findings = findingsToAPI(c.Findings)
		out.Lint = out.Findings
		return jsonDocument(out)
	}
}

func pkcs7Document(c *notary.Certificate) (*document, error) {
	var all []byte
	for _, der := range c.Chain() {
		all = append(all, der...)
	}
	body, err := pkcs7.DegenerateCertificate(all)
	if err != nil {
		return nil, notary.InternalError("encode the PKCS #7", err)
	}
	return newDocument(typePKCS7+"; smime-type=certs-only", body), nil
}

func (r *routes) revokeCertificate(ctx context.Context, caller notary.Caller,
	in *revokeInput) (*answer[api.Revocations], error) {
	reason, err := in.reason()
	if err != nil {
		return nil, err
	}
	return revocations(r.ca.RevokeCertificate(ctx, caller, in.ID, reason))
}

func (r *routes) transferCertificate(ctx context.Context, caller notary.Caller, in *struct {
	ByID
	Body api.NewOwner
}) (*message, error) {
	return done(r.ca.TransferCertificate(ctx, caller, in.ID, ca.NewOwner(in.Body)))
}

func revocations(done ca.Revocations, err error) (*answer[api.Revocations], error) {
	return result(api.Revocations{Message: api.Success, Revoked: revokedToAPI(done.Revoked),
		NotRevoked: notRevokedToAPI(done.NotRevoked)}), err
}

func revokedToAPI(all []notary.RevokedCertificate) []api.RevokedCertificate {
	out := make([]api.RevokedCertificate, len(all))
	for i, c := range all {
		out[i] = api.RevokedCertificate{ID: c.ID, SerialNumber: c.Serial, PreviousReason: string(c.Previous)}
	}
	return out
}

func notRevokedToAPI(all []ca.NotRevoked) (out []api.NotRevokedCertificate) {
	for _, c := range all {
		out = append(out, api.NotRevokedCertificate{ID: c.ID, SerialNumber: c.Serial, Error: c.Err.Error()})
	}
	return out
}

func (r *routes) countCertificates(ctx context.Context, caller notary.Caller, in *struct {
	Body api.CountCertificates
}) (*answer[api.Count], error) {
	var f notary.Filter
	if in.Body.Filter != nil {
		var err error
		if f, err = certificateFilter(*in.Body.Filter); err != nil {
			return nil, err
		}
	}
	matched, err := r.ca.SelectCertificates(ctx, caller, f)
	if err != nil {
		return nil, err
	}
	return result(api.Count{Count: matched.Count, Selection: matched.Digest}), nil
}
