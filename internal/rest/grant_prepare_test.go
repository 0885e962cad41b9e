package rest_test

import (
	"crypto/rand"
	"strings"
	"testing"

	"notary"
	"notary/api"
	"notary/internal/testkit"
)

func newGroup(*testing.T, *house, notary.Caller) (int64, any) {
	return 0, api.CreateGroup{Name: "web-team"}
}

func aGroup(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	id, err := h.Auth.CreateGroup(t.Context(), h.Admin(), "g"+strings.ToLower(rand.Text()))
	testkit.Check(t, err)
	return id, nil
}

func aGroupToJoin(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aGroup(t, h, caller)
	return id, api.ChangeMembers{Add: []int64{h.Caller(notary.ReadOnly).Principal.ID}}
}

func aRequestToTransfer(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aRequest(t, h, caller)
	group, _ := aGroup(t, h, caller)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{caller.Principal.ID}, nil))
	return id, api.NewOwner{Kind: "group", ID: group}
}

// aCertificateToTransfer creates a certificate without a request and a group of its owner.
func aCertificateToTransfer(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _ := aSignedRequest(t, h, caller)
	request, err := h.CA.Request(t.Context(), h.Admin(), id)
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Delete(t.Context(), h.Admin(), id))
	group, _ := aGroup(t, h, caller)
	testkit.Check(t, h.Auth.ChangeMembers(t.Context(), h.Admin(), group, []int64{caller.Principal.ID}, nil))
	return request.Certificate.ID, api.NewOwner{Kind: "group", ID: group}
}

func newGrant(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	group, _ := aGroup(t, h, caller)
	return 0, api.GrantTerms{Grantee: api.Grantee{Kind: "group", ID: group}, Actions: []string{"request.sign"},
		Profiles: []string{notary.DefaultProfile}, Names: api.NameLists{DNS: []string{"team.example.com"}}}
}

// aGrant creates a grant to a new account, which does not affect the test's accounts.
func aGrant(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	to := h.NewCaller(t, h.Admin(), notary.ReadOnly)
	id, err := h.Auth.CreateGrant(t.Context(), h.Admin(), &notary.Grant{PrincipalID: to.Principal.ID,
		GrantTerms: notary.GrantTerms{Actions: []string{"request.sign"}}})
	testkit.Check(t, err)
	return id, nil
}
