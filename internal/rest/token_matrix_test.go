package rest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/api"
	"notary/client"
	"notary/internal/policy"
	"notary/internal/store"
	"notary/internal/testkit"
)

// tokenNeeds has the actions that a token needs for a call. Other calls that need a login need an account.
var tokenNeeds = map[string]string{
	"GET /api/v1/certificate_requests":                          "",
	"GET /api/v1/certificate_requests/{id}":                     "",
	"GET /api/v1/certificate_requests/{id}/certificate":         "",
	"GET /api/v1/certificate_requests/{id}/certificates":        "",
	"GET /api/v1/certificate_requests/{id}/history":             "",
	"GET /api/v1/certificates":                                  "",
	"GET /api/v1/certificates/export":                           "",
	"GET /api/v1/certificates/{id}":                             "",
	"GET /api/v1/certificates/{id}/chains":                      "",
	"GET /api/v1/profiles":                                      "",
	"GET /api/v1/permissions":                                   "",
	"GET /api/v1/tokens":                                        "",
	"GET /api/v1/overview":                                      "",
	"POST /api/v1/inspect":                                      "",
	"POST /api/v1/certificate_requests":                         "request.create",
	"POST /api/v1/certificate_requests/check":                   "request.create",
	"POST /api/v1/certificates":                                 "request.create request.sign",
	"DELETE /api/v1/certificate_requests/{id}":                  "request.delete",
	"PUT /api/v1/certificate_requests/{id}/owner":               "request.transfer",
	"PATCH /api/v1/certificate_requests/{id}":                   "request.annotate",
	"POST /api/v1/certificate_requests/{id}/certificate":        "request.upload",
	"DELETE /api/v1/certificate_requests/{id}/certificate":      "request.remove_certificate",
	"POST /api/v1/certificate_requests/{id}/reject":             "request.reject",
	"POST /api/v1/certificate_requests/{id}/sign":               "request.sign",
	"POST /api/v1/certificate_requests/{id}/certificate/revoke": "request.revoke",
	"POST /api/v1/certificate_requests/{id}/reopen":             "request.reopen",
	"POST /api/v1/certificate_requests/sign":                    "request.sign",
	"POST /api/v1/certificate_requests/revoke":                  "request.revoke",
	"POST /api/v1/certificate_requests/reject":                  "request.reject",
	"POST /api/v1/certificate_requests/delete":                  "request.delete",
	"POST /api/v1/certificate_requests/sign/preview":            "request.sign",
	"POST /api/v1/certificate_requests/count":                   "request.sign request.reject request.revoke request.delete",
	"POST /api/v1/certificates/revoke":                          "certificate.revoke",
	"POST /api/v1/certificates/count":                           "certificate.revoke",
	"PUT /api/v1/certificates/{id}/owner":                       "certificate.transfer",
	"POST /api/v1/certificates/{id}/revoke":                     "certificate.revoke",
	"GET /api/v1/certificate_authorities":                       "authority.view",
	"GET /api/v1/certificate_authorities/{id}":                  "authority.view",
	"GET /api/v1/certificate_authorities/{id}/certificates":     "authority.view",
	"GET /api/v1/certificate_authorities/{id}/impact":           "authority.view",
	"GET /api/v1/certificate_authorities/{id}/state":            "authority.view",
	"POST /api/v1/certificate_authorities":                      "authority.manage",
	"PUT /api/v1/certificate_authorities/{id}":                  "authority.manage",
	"PUT /api/v1/certificate_authorities/{id}/settings":         "authority.manage",
	"DELETE /api/v1/certificate_authorities/{id}":               "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/sign":            "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/certificate":     "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/revoke":          "authority.manage",
	"POST /api/v1/certificate_authorities/import":               "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/issued":          "authority.manage",
	"PUT /api/v1/certificate_authorities/{id}/certificate":      "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/cross_sign":      "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/roll_over":       "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/unsigned_crl":    "authority.manage",
	"POST /api/v1/certificate_authorities/{id}/crl":             "authority.manage",
	"POST /api/v1/profiles":                                     "profile.manage",
	"PUT /api/v1/profiles/{id}":                                 "profile.manage",
	"DELETE /api/v1/profiles/{id}":                              "profile.manage",
	"GET /api/v1/profiles/{id}":                                 "profile.view",
	"POST /api/v1/profiles/{id}/check":                          "profile.view request.view",
	"GET /api/v1/summary":                                       "request.view",
	"GET /api/v1/events":                                        "event.view",
}

// token creates a token that was just used, so that its next use writes nothing.
func (h *house) token(t *testing.T, creator notary.Caller, terms ...notary.GrantTerms) *client.Client {
	t.Helper()
	id, secret, err := h.Auth.CreateToken(t.Context(), creator, &notary.Token{Name: "pipeline",
		ExpiresAt: h.Clock.Now().Add(24 * time.Hour), Grants: terms})
	testkit.Check(t, err)
	testkit.Check(t, h.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.TouchToken(id, "192.0.2.1") }))
	return h.anonymous.WithToken(secret)
}

// tokenActions returns what a token of an account with that role can have.
func tokenActions(role notary.Role) []string {
	return slices.DeleteFunc(policy.TokenActions(), func(name string) bool {
		return !policy.RoleHas(role, policy.Action(name))
	})
}

// A token may do what its grants and the role of its creator allow, and nothing that needs an account: for each call,
// tokens with every action of each role, with only the needed actions, and with all others.
func TestTokensMay(t *testing.T) {
	t.Parallel()
	h := open(t)
	whole := map[notary.Role]*client.Client{}
	for _, role := range notary.Roles {
		whole[role] = h.token(t, h.Caller(role), notary.GrantTerms{Actions: tokenActions(role)})
	}
	for _, name := range slices.Sorted(maps.Keys(roleTable)) {
		r := roleTable[name]
		if r.open() {
			continue
		}
		t.Run(name, func(t *testing.T) {
			needs, may := tokenNeeds[name]
			if !may {
				r.refuseToken(t, h, name, whole[notary.Admin], h.Admin())
				return
			}
			for _, role := range notary.Roles {
				if role == notary.CertificateRequestor && (strings.HasSuffix(name, "/owner") || strings.HasPrefix(name, "PATCH")) {
					continue // a token needs the action even for what its creator owns
				}
				if slices.Contains(r.roles, role) {
					r.allowToken(t, h, name, whole[role], h.Caller(role))
				} else {
					r.refuseToken(t, h, name, whole[role], h.Caller(role))
				}
			}
			only := strings.Fields(needs + " request.view")
			slices.Sort(only)
			r.allowToken(t, h, name, h.token(t, h.Admin(), notary.GrantTerms{Actions: slices.Compact(only)}), h.Admin())
			if needs == "" {
				return
			}
			others := slices.DeleteFunc(tokenActions(notary.Admin), func(action string) bool {
				return slices.Contains(strings.Fields(needs), action)
			})
			r.refuseToken(t, h, name, h.token(t, h.Admin(), notary.GrantTerms{Actions: others}), h.Admin())
		})
	}
	for name := range tokenNeeds {
		if _, ok := roleTable[name]; !ok {
			t.Errorf("%s is not in the API", name)
		}
	}
}

func (r rule) allowToken(t *testing.T, h *house, name string, c *client.Client, creator notary.Caller) {
	t.Helper()
	method, path, id, body := r.question(t, h, name, creator)
	success := r.success
	if r.waits && !slices.Contains(managers, creator.Role) {
		success = 202
	}
	call(t, c, method, at(path, id), body).wantStatus(t, success)
}

func (r rule) refuseToken(t *testing.T, h *house, name string, c *client.Client, creator notary.Caller) {
	t.Helper()
	method, path, id, body := r.question(t, h, name, creator)
	h.wantUnchanged(t, func() { call(t, c, method, at(path, id), body).wantRefusal(t, 403, "forbidden") })
}

// The limits of a token hold for its creator's own requests, too.
func TestTokensAreLimited(t *testing.T) {
	t.Parallel()
	h := open(t)
	other := h.Root(t, notary.ECDSAP256)
	stranger := h.NewCaller(t, h.Admin(), notary.CertificateRequestor)
	excluding := map[string]notary.GrantTerms{
		"names":   {Names: notary.NameLists{DNS: []string{"elsewhere.example.org"}}},
		"CAs":     {Authorities: []int64{other}},
		"profile": {Profiles: []string{"client"}},
		"owner":   {Owners: []int64{stranger.Principal.ID}},
	}
	including := map[string]notary.GrantTerms{
		"names": {Names: notary.NameLists{DNS: []string{"example.com"}}},
		"owner": {Owners: []int64{h.Admin().Principal.ID}},
	}
	for _, name := range slices.Sorted(maps.Keys(tokenNeeds)) {
		needs := tokenNeeds[name]
		if !strings.HasPrefix(needs, "request.") && !strings.HasPrefix(needs, "certificate.") ||
			!strings.Contains(name, "{id}") || strings.HasSuffix(name, "/owner") {
			continue
		}
		r := roleTable[name]
		t.Run(name, func(t *testing.T) {
			for _, terms := range excluding {
				terms.Actions = []string{needs}
				c := h.token(t, h.Admin(), terms)
				method, path, id, body := r.question(t, h, name, h.Admin())
				h.wantUnchanged(t, func() {
					if a := call(t, c, method, at(path, id), body); a.Status != 403 && a.Status != 404 {
						t.Errorf("limited to other %v: %d %s", terms, a.Status, a.Body)
					}
				})
			}
			for by, terms := range including {
				if by == "names" && needs == "request.upload" {
					continue // its certificate has another name
				}
				terms.Actions = []string{needs}
				r.allowToken(t, h, name, h.token(t, h.Admin(), terms), h.Admin())
			}
		})
	}
}

// Every change by a token verifies in its transaction that the token and its creator are unchanged.
func TestSQLiteEveryChangeVerifiesTheToken(t *testing.T) {
	t.Parallel()
	h := open(t)
	n := 1000 // apart from the victims of TestSQLiteEveryChangeVerifiesTheCaller
	ends := map[string]string{"revoked": "is revoked", "creator deleted": "deleted", "creator demoted": "the role of",
		"taken over": "another creator"}
	for _, name := range slices.Sorted(maps.Keys(tokenNeeds)) {
		r := roleTable[name]
		if strings.HasPrefix(name, "GET ") || slices.Contains(changesNothing, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for end, want := range ends {
				n++
				creator, _ := newVictim(t, h, n)
				c := h.token(t, creator, notary.GrantTerms{Actions: tokenActions(notary.Admin)})
				call(t, c, "GET", "/api/v1/overview", nil).wantStatus(t, 200) // caches the token
				method, path, id, body := r.question(t, h, name, creator)
				endToken(t, h, creator, end)
				before := h.Dump(t)
				refusal := call(t, c, method, at(path, id), body).wantRefusal(t, 401, "unauthenticated")
				if diff := cmp.Diff(before, h.Dump(t)); diff != "" {
					t.Errorf("%s: something was written (-before +after):\n%.2000s", end, diff)
				}
				if !strings.Contains(refusal.Error, want) {
					t.Errorf("%s: the refusal is %q", end, refusal.Error)
				}
			}
		})
	}
}

func endToken(t *testing.T, h *house, creator notary.Caller, how string) {
	t.Helper()
	page, err := h.Store.Tokens(t.Context(), notary.TokenQuery{CreatorID: creator.Principal.ID, Limit: 1})
	testkit.Check(t, err)
	latest := page.Items[0]
	switch how {
	case "revoked":
		err = h.Store.Write(t.Context(), func(tx *store.Tx) error { return tx.RevokeToken(latest.ID) })
	case "taken over":
		err = h.Store.Write(t.Context(), func(tx *store.Tx) error {
			return tx.TakeOverToken(latest, h.Admin().Principal.ID)
		})
	default:
		endVictim(t, h, creator, strings.TrimPrefix(how, "creator "))
	}
	testkit.Check(t, err)
}

func newToken(_ *testing.T, h *house, caller notary.Caller) (int64, any) {
	end := h.Clock.Now().Add(24 * time.Hour)
	return 0, api.CreateAPIToken{Name: "pipeline", ExpiresAt: &end,
		Grants: []api.TokenGrant{{Actions: tokenActions(caller.Role)}}}
}

func aToken(t *testing.T, h *house, caller notary.Caller) (int64, any) {
	id, _, err := h.Auth.CreateToken(t.Context(), caller, &notary.Token{Name: fmt.Sprint("pipeline of ", caller.Role),
		ExpiresAt: h.Clock.Now().Add(24 * time.Hour),
		Grants:    []notary.GrantTerms{{Actions: tokenActions(caller.Role)}}})
	testkit.Check(t, err)
	return id, nil
}

func aTokenOfAnother(t *testing.T, h *house, _ notary.Caller) (int64, any) {
	return aToken(t, h, h.NewCaller(t, h.Admin(), notary.ReadOnly))
}
