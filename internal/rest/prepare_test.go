package rest_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func aFilter(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CountCertificateRequests{Filter: &api.RequestFilter{Status: "Outstanding"}}
}

func newCSR(t *testing.T, _ *house, _ notary.Caller) (int64, any) {
	return 0, api.CreateCertificateRequest{CSR: testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "new.example.com")}
}

func newCSRToIssue(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return 0, api.IssueCertificate{CSR: testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "new.example.com"),
		CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256))}
}

// aRequest creates a request, owned by the caller if possible.
func aRequest(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	if !caller.May(notary.CreateRequests) {
		caller = h.Admin()
	}
	return h.Request(t, caller), nil
}

func aRequestToChange(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRequest(t, h, caller)
	return id, api.ChangeCertificateRequest{Note: api.NewText("changed")}
}

func aChain(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRequest(t, h, caller)
	return id, api.UploadCertificate{Certificate: h.outside(t).Chain(t, h.keyOf(t, id))}
}

func aRequestToSign(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRequest(t, h, caller)
	return id, api.SignCertificateRequest{CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256))}
}

func aSignedRequest(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	if !caller.May(notary.CreateRequests) {
		caller = h.Admin()
	}
	return h.Signed(t, caller, h.Root(t, notary.ECDSAP256)), nil
}

func someRequests(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return 0, api.Bulk{IDs: []int64{h.Request(t, h.Admin()), h.Request(t, h.Caller(notary.CertificateRequestor))}}
}

func requestsToSign(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	_, some := someRequests(t, h, caller)
	return 0, api.BulkSign{Bulk: some.(api.Bulk), SignCertificateRequest: api.SignCertificateRequest{
		CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256))}}
}

func signedRequests(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	root := h.Root(t, notary.ECDSAP256)
	return 0, api.BulkRevoke{Bulk: api.Bulk{IDs: []int64{h.Signed(t, h.Admin(), root), h.Signed(t, h.Admin(), root)}}}
}

func certificatesToRevoke(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	one, _ := aCertificate(t, h, caller)
	two, _ := aCertificate(t, h, caller)
	return 0, api.BulkRevokeCertificates{IDs: []int64{one, two}}
}

func aCertificateFilter(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CountCertificates{Filter: &api.CertificateFilter{Revoked: "false"}}
}

func aRejectedRequest(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRequest(t, h, caller)
	testkit.Check(t, h.CA.Reject(t.Context(), h.Admin(), id, ""))
	return id, nil
}

func aCertificate(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aSignedRequest(t, h, caller)
	request, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	return request.Certificate.ID, nil
}

func newAuthority(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CreateCertificateAuthority{SelfSigned: true, CommonName: "Another Root"}
}

func anAuthority(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return h.Root(t, notary.ECDSAP256), nil
}

func anAuthorityWithSettings(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	shards := 4
	return h.Root(t, notary.ECDSAP256), api.ChangeAuthoritySettings{CRLShards: &shards}
}

func anAuthorityToDisable(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return h.Root(t, notary.ECDSAP256), api.UpdateCertificateAuthority{Enabled: false}
}

func anIntermediate(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256), nil
}

func anAuthorityInUse(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	id := h.Root(t, notary.ECDSAP256)
	a, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	return id, api.UseAuthorityCertificate{CertificateID: api.ID(a.Certificate.ID)}
}

func anAuthorityToCross(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	id := h.Intermediate(t, h.Root(t, notary.ECDSAP256), notary.ECDSAP256)
	return id, api.CrossSignCertificateAuthority{CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256))}
}

func anAuthorityToSign(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return h.Pending(t), api.SignCertificateAuthority{CertificateAuthorityID: api.ID(h.Root(t, notary.ECDSAP256))}
}

func anAuthorityChain(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	id := h.Pending(t)
	authority, err := h.CA.Authority(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	return id, api.UploadAuthorityCertificate{
		CertificateChain: h.outside(t).Chain(t, publicKey(t, authority.CSR), asAuthority)}
}

func newProfile(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CreateProfile{Name: "p-" + strings.ToLower(rand.Text()), ProfileRules: someRules()}
}

func someRules() api.ProfileRules {
	return api.ProfileRules{KeyUsages: []string{"digitalSignature"}, ExtendedKeyUsages: []string{"clientAuth"},
		Validity: "30d"}
}

func aProfile(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	_, body := newProfile(t, h, caller)
	id, err := h.admin(t).CreateProfile(t.Context(), body.(api.CreateProfile))
	testkit.Check(t, err)
	return id, nil
}

func aProfileToChange(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aProfile(t, h, caller)
	return id, api.UpdateProfile{ProfileRules: someRules()}
}

func aProfileToTry(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aProfile(t, h, caller)
	return id, api.CheckProfile{Last: 10}
}

// newRule is a rule that matches nothing, with a priority of its own.
func newRule(*testing.T, *house, notary.Caller) (int64, any) {
	priority := nextPriority.Add(1)
	return 0, api.RuleTerms{Name: fmt.Sprint("rule ", priority), Priority: int(priority), Expression: "false", Effect: "hold"}
}

var nextPriority atomic.Int64

func aRule(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	_, body := newRule(t, h, caller)
	id, err := h.admin(t).CreateRule(t.Context(), body.(api.RuleTerms))
	testkit.Check(t, err)
	return id, nil
}

func aRuleToChange(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRule(t, h, caller)
	_, body := newRule(t, h, caller)
	return id, api.UpdateRule{RuleTerms: body.(api.RuleTerms)}
}

func anActiveRule(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRule(t, h, caller)
	_, err := h.admin(t).ActivateRule(t.Context(), id, api.ActivateRule{})
	testkit.Check(t, err)
	return id, nil
}

func someRequestsToTry(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CheckRules{Last: 10}
}

func newAccount(*testing.T, *house, notary.Caller) (int64, any) {
	role := int(notary.ReadOnly)
	return 0, api.CreateAccount{Email: "new@example.com", Password: testkit.Password, RoleID: &role}
}

func anAccount(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return h.NewCaller(t, h.Admin(), notary.ReadOnly).Principal.ID, nil
}

func anAccountWithPassword(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := anAccount(t, h, caller)
	return id, api.ChangePassword{Password: testkit.Password + " two"}
}

func anAccountWithRole(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := anAccount(t, h, caller)
	return id, api.ChangeRole{RoleID: int(notary.CertificateManager)}
}

func newPassword(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.ChangeMyPassword{OldPassword: testkit.Password, Password: testkit.Password + " two"}
}

func aSession(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	h.login(t, caller)
	all, err := h.Auth.Sessions(t.Context(), caller, "")
	testkit.Check(t, err)
	return all[0].ID, nil
}

func aText(t *testing.T, _ *house, _ notary.Caller) (int64, any) {
	return 0, api.Inspect{Text: testkit.CSR(t, testkit.Key(t, notary.ECDSAP256), "a.example.com")}
}

func aLogin(_ *testing.T, _ *house, caller notary.Caller) (int64, any) {
	return 0, api.Login{Email: caller.Principal.Name, Password: testkit.Password}
}
