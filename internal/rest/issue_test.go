package rest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func issuedBy(t *testing.T, a answer) (issued api.Issued) {
	t.Helper()
	var out api.Result[api.Issued]
	testkit.Check(t, json.Unmarshal(a.Body, &out))
	return out.Result
}

// A repetition with the same Idempotency-Key returns the same.
func TestIssueCertificate(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, body := newCSRToIssue(t, h, h.Admin())
	first := call(t, h.admin(t), "POST", certificatesPath, body, "Idempotency-Key", "once").wantStatus(t, 201)
	issued := issuedBy(t, first)
	if want := fmt.Sprintf("%s/%d", certificatesPath, issued.ID); first.Header.Get("Location") != want {
		t.Errorf("Location %q, want %q", first.Header.Get("Location"), want)
	}
	cert, err := h.admin(t).Certificate(t.Context(), issued.ID)
	testkit.Check(t, err)
	if issued.CertificateChain != cert.CertificateChain || issued.SerialNumber != cert.SerialNumber ||
		issued.Status != "Active" || issued.CertificateRequestID != *cert.CertificateRequestID ||
		!issued.NotAfter.Equal(cert.NotAfter) {
		t.Errorf("issued %+v, recorded %+v", issued, cert)
	}
	again := call(t, h.admin(t), "POST", certificatesPath, body, "Idempotency-Key", "once").wantStatus(t, 201)
	if string(again.Body) != string(first.Body) {
		t.Errorf("the repeated call answers\n%s\nand the first\n%s", again.Body, first.Body)
	}
	other := body.(api.IssueCertificate)
	other.Profile = "client"
	call(t, h.admin(t), "POST", certificatesPath, other, "Idempotency-Key", "once").wantRefusal(t, 422, "unprocessable")
	call(t, h.admin(t), "POST", certificatesPath+"?wait=2m", body).wantRefusal(t, 400, "invalid")
}

func TestIssueWaitsForApproval(t *testing.T) {
	t.Parallel()
	h := open(t)
	requestor := h.as(t, notary.CertificateRequestor)
	_, body := newCSRToIssue(t, h, h.Admin())
	waiting := call(t, requestor, "POST", certificatesPath, body).wantStatus(t, 202)
	id := issuedBy(t, waiting).CertificateRequestID
	if want := fmt.Sprintf("%s/%d", requestsPath, id); waiting.Header.Get("Location") != want {
		t.Errorf("Location %q, want %q", waiting.Header.Get("Location"), want)
	}

	answers := make(chan answer)
	wait := func() { answers <- call(t, requestor, "POST", certificatesPath+"?wait=60s", body) }
	go wait()
	root := int64(body.(api.IssueCertificate).CertificateAuthorityID)
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: root}))
	issued := issuedBy(t, (<-answers).wantStatus(t, 201))
	if issued.Status != "Active" || issued.CertificateChain == "" {
		t.Errorf("after the decision: %+v", issued)
	}

	_, body = newCSRToIssue(t, h, h.Admin())
	go wait()
	h.stopping()
	(<-answers).wantStatus(t, 202)
	issued, err := requestor.IssueCertificate(t.Context(), body.(api.IssueCertificate), time.Second, "")
	testkit.Check(t, err)
	if issued.Status != "Outstanding" {
		t.Errorf("the client's call: %+v", issued)
	}
}
