package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"notary"
	"notary/api"
)

const (
	typeCSV   = "text/csv; charset=utf-8; header=present" // RFC 4180, section 3
	typeLines = "application/jsonl"
)

type exportInput struct {
	Format string `query:"format" enum:"csv,jsonl" doc:"csv (default) or jsonl: one JSON object per line"`
	api.CertificateFilter
}

func handleExport(r *routes, o operation) {
	op := o.describe()
	status := strconv.Itoa(o.status)
	op.Responses = answersJSON[api.ExportedCertificate](r, o.status)
	op.Responses[status].Headers = headerRefs("Content-Disposition")
	op.Responses[status].Content = map[string]*huma.MediaType{
		"text/csv": {Schema: &huma.Schema{Type: huma.TypeString}},
		typeLines:  op.Responses[status].Content[typeJSON],
	}
	register(r, op, r.exportCertificates)
}

func (r *routes) exportCertificates(ctx context.Context, caller notary.Caller,
	in *exportInput) (*huma.StreamResponse, error) {
	filter, err := certificateFilter(in.CertificateFilter)
	if err != nil {
		return nil, err
	}
	f := form{contentType: typeCSV, before: csvRow(exportColumns), encode: csvLine}
	if in.Format == "jsonl" {
		f = form{contentType: typeLines, encode: encodeLine}
	}
	f.fileName = "certificates-" + r.ca.Now().UTC().Format(time.DateOnly) + "." + cmp.Or(in.Format, "csv")
	now := r.ca.Now()
	return r.stream(f, func(emit func(any) error) error {
		return r.ca.ExportCertificates(ctx, caller, filter, in.described(),
			func(c *notary.Certificate) error { return emit(exported(c, now)) })
	}), nil
}

func (in *exportInput) described() notary.Fields {
	described := notary.Fields{"format": cmp.Or(in.Format, "csv")}
	var filter map[string]any
	given, err := json.Marshal(in.CertificateFilter)
	if err == nil && json.Unmarshal(given, &filter) == nil && len(filter) > 0 {
		described["filter"] = filter
	}
	return described
}

func exported(c *notary.Certificate, now time.Time) api.ExportedCertificate {
	out := api.ExportedCertificate{
		ID: c.ID, CommonName: c.CommonName, Names: list(strings.Fields(c.Names.String())), Key: c.Key,
		SerialNumber: c.Serial, Fingerprint: c.Fingerprint, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		Profile: c.Profile, ProfileVersion: c.ProfileVersion, CertificateAuthorityID: optional(c.AuthorityID),
		CertificateRequestID: optional(c.RequestID),
		Email:                c.Email, CreatedAt: c.CreatedAt, Status: c.Status(now),
		Labels: labelsToAPI(c.Labels),
	}
	if c.Revocation != nil {
		out.RevokedAt, out.RevocationReason = &c.Revocation.At, string(c.Revocation.Reason)
	}
	return out
}

// labelCell returns labels as a JSON object, because their values may contain any separator, or "" if labels is empty.
func labelCell(labels map[string]string) string {
	if len(labels) == 0 {
		return ""
	}
	text, _ := json.Marshal(labels) // strings cannot fail
	return string(text)
}

var exportColumns = []string{"id", "common_name", "names", "key", "serial_number", "fingerprint", "not_before",
	"not_after", "profile", "profile_version",
	"certificate_authority_id", "certificate_request_id", "email", "created_at", "revoked_at", "revocation_reason",
	"status", "labels"}

func csvLine(b *bytes.Buffer, v any) error {
	c := v.(api.ExportedCertificate)
	id := func(id *int64) string {
		if id == nil {
			return ""
		}
		return strconv.FormatInt(*id, 10)
	}
	at := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	b.WriteString(csvRow([]string{id(&c.ID), c.CommonName, strings.Join(c.Names, " "), c.Key, c.SerialNumber,
		c.Fingerprint,
		at(&c.NotBefore), at(&c.NotAfter), c.Profile, strconv.Itoa(c.ProfileVersion), id(c.CertificateAuthorityID),
		id(c.CertificateRequestID), c.Email,
		at(&c.CreatedAt), at(c.RevokedAt), c.RevocationReason, c.Status, labelCell(c.Labels)}))
	return nil
}
