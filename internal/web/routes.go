package web

import (
	"net/url"
	"slices"

	"notary/internal/web/page"
)

type access int

const (
	loggedIn access = iota // a session; package ca checks permissions
	open                   // none
)

type route struct {
	pattern string
	access  access
	do      func(*call) error
}

func (s *site) routes() []route {
	return slices.Concat(s.sessionRoutes(), s.overviewRoutes(), s.requestRoutes(), s.certificateRoutes(),
		s.authorityRoutes(), s.profileRoutes(), s.ruleRoutes(), s.accountRoutes(), s.grantRoutes(), s.tokenRoutes(),
		s.ownAccountRoutes())
}

func (s *site) sessionRoutes() []route {
	return []route{
		{"GET /start", open, formPage(s.startPage)},
		{"POST /start", open, s.start},
		{"GET /sign-in", open, formPage(s.signInPage, fieldTo)},
		{"POST /sign-in", open, s.signIn},
		{"POST /sign-out", open, s.signOut},
	}
}

func (s *site) overviewRoutes() []route {
	return []route{
		{"GET /{$}", loggedIn, s.overview},
		{"GET /settings", loggedIn, s.settingsPage},
		{"GET /events", loggedIn, formPage(s.events, "kind", "action", "principal", "request_id", "from", "until",
			"object_id")},
	}
}

func (s *site) requestRoutes() []route {
	return []route{
		{"GET /requests", loggedIn, s.requests},
		{"GET /requests/new", loggedIn, formPage(s.newRequestPage, "names")},
		{"POST /requests/new/check", loggedIn, s.checkRequest},
		{"POST /requests/new", loggedIn, s.submitRequest},
		{"GET /requests/many", loggedIn, redirectTo("/requests")}, // typed URL: nothing is selected
		{"POST /requests/many", loggedIn, s.manyRequests},
		{"POST /requests/many/run", loggedIn, s.runMany},
		{"GET /requests/{id}", loggedIn, formPage(s.requestPage, "profile")},
		{"GET /requests/{id}/download/{form}", loggedIn, s.downloadRequest},
		{"POST /requests/{id}/sign", loggedIn,
			s.onRequest("Request signed. You can download the certificate below.", s.signRequest)},
		{"POST /requests/{id}/reject", loggedIn, s.onRequest("Request rejected.", s.rejectRequest)},
		{"POST /requests/{id}/revoke", loggedIn, s.revokeRequest},
		{"POST /requests/{id}/reopen", loggedIn, s.onRequest("Request reopened.", s.reopenRequest)},
		{"POST /requests/{id}/upload", loggedIn, s.onRequest("Certificate uploaded.", s.uploadCertificate)},
		{"POST /requests/{id}/remove", loggedIn,
			s.onRequest("Certificate detached. The request is Outstanding.", s.removeCertificate)},
		{"POST /requests/{id}/annotate", loggedIn, s.onRequest("Labels and note saved.", s.annotateRequest)},
		{"POST /requests/{id}/transfer", loggedIn, s.transferRequest},
		{"POST /requests/{id}/delete", loggedIn, s.deleteRequest},
	}
}

func (s *site) certificateRoutes() []route {
	return []route{
		{"GET /certificates", loggedIn, s.certificates},
		{"GET /certificates/{id}", loggedIn, formPage(s.certificatePage)},
		{"GET /certificates/{id}/download/{form}", loggedIn, s.downloadCertificate},
		{"GET /certificates/{id}/chains/{number}", loggedIn, s.downloadChain},
		{"POST /certificates/{id}/revoke", loggedIn, s.revokeCertificate},
		{"POST /certificates/{id}/transfer", loggedIn, s.transferCertificate},
	}
}

func (s *site) authorityRoutes() []route {
	return []route{
		{"GET /authorities", loggedIn, s.authorities},
		{"GET /authorities/start", loggedIn, formPage(s.twoTierPage)},
		{"POST /authorities/start", loggedIn, s.startTwoTier},
		{"GET /authorities/new", loggedIn, formPage(s.newAuthorityPage)},
		{"POST /authorities/new", loggedIn, s.newAuthority},
		{"GET /authorities/import", loggedIn, formPage(s.importAuthorityPage)},
		{"POST /authorities/import", loggedIn, s.importAuthority},
		{"GET /authorities/{id}", loggedIn, formPage(s.authorityPage)},
		{"GET /authorities/{id}/download/{form}", loggedIn, s.downloadAuthority},
		{"POST /authorities/{id}/sign", loggedIn, s.changeAuthority(s.authorityPage, s.signAuthority)},
		{"POST /authorities/{id}/certificate", loggedIn, s.changeAuthority(s.authorityPage, s.uploadAuthority)},
		{"POST /authorities/{id}/issued", loggedIn, s.changeAuthority(s.authorityPage, s.recordIssued)},
		{"POST /authorities/{id}/crl", loggedIn, s.changeAuthority(s.authorityPage, s.uploadCRL)},
		{"GET /authorities/{id}/disable", loggedIn, formPage(s.disableAuthorityPage)},
		{"POST /authorities/{id}/enabled", loggedIn, s.changeAuthority(s.authorityPage, s.enableAuthority)},
		{"POST /authorities/{id}/settings", loggedIn, s.changeAuthority(s.authorityPage, s.changePublication)},
		{"GET /authorities/{id}/cross-sign", loggedIn, formPage(s.crossPage)},
		{"POST /authorities/{id}/cross-sign", loggedIn, s.changeAuthority(s.crossPage, s.crossSign)},
		{"POST /authorities/{id}/cross-upload", loggedIn, s.changeAuthority(s.crossPage, s.uploadCross)},
		{"POST /authorities/{id}/use", loggedIn, s.changeAuthority(s.authorityPage, s.useCertificate)},
		{"GET /authorities/{id}/roll-over", loggedIn, formPage(s.rollOverPage)},
		{"POST /authorities/{id}/roll-over", loggedIn, s.rollOver},
		{"GET /authorities/{id}/revoke", loggedIn, formPage(s.revokeAuthorityPage)},
		{"POST /authorities/{id}/revoke", loggedIn, s.revokeAuthority},
		{"GET /authorities/{id}/delete", loggedIn, formPage(s.deleteAuthorityPage)},
		{"POST /authorities/{id}/delete", loggedIn, s.deleteAuthority},
	}
}

func (s *site) profileRoutes() []route {
	return []route{
		{"GET /profiles", loggedIn, s.profiles},
		{"GET /profiles/new", loggedIn, formPage(s.newProfilePage)},
		{"POST /profiles/new", loggedIn, s.newProfile},
		{"GET /profiles/{id}", loggedIn, formPage(s.profilePage)},
		{"GET /profiles/{id}/edit", loggedIn, formPage(s.editProfilePage)},
		{"POST /profiles/{id}/edit", loggedIn, s.editProfile},
		{"POST /profiles/{id}/delete", loggedIn, s.deleteProfile},
	}
}

func (s *site) ruleRoutes() []route {
	return []route{
		{"GET /rules", loggedIn, s.rules},
		{"GET /rules/new", loggedIn, formPage(s.newRulePage)},
		{"POST /rules/new", loggedIn, s.newRule},
		{"GET /rules/{id}", loggedIn, formPage(s.rulePage)},
		{"GET /rules/{id}/edit", loggedIn, formPage(s.editRulePage)},
		{"POST /rules/{id}/edit", loggedIn, s.editRule},
		{"POST /rules/{id}/activate", loggedIn, s.activateRule},
		{"POST /rules/{id}/deactivate", loggedIn, s.deactivateRule},
		{"POST /rules/{id}/delete", loggedIn, s.deleteRule},
	}
}

func (s *site) accountRoutes() []route {
	return []route{
		{"GET /accounts", loggedIn, s.accounts},
		{"GET /accounts/new", loggedIn, formPage(s.newAccountPage)},
		{"POST /accounts/new", loggedIn, s.newAccount},
		{"GET /accounts/{id}", loggedIn, formPage(s.accountPage)},
		{"POST /accounts/{id}/role", loggedIn, s.changeRole},
		{"POST /accounts/{id}/password", loggedIn, s.changePassword},
		{"POST /accounts/{id}/delete", loggedIn, s.deleteAccount},
	}
}

func (s *site) grantRoutes() []route {
	return []route{
		{"GET /groups", loggedIn, formPage(s.groupsPage)},
		{"POST /groups", loggedIn, s.newGroup},
		{"GET /groups/{id}", loggedIn, formPage(s.groupPage)},
		{"POST /groups/{id}/members", loggedIn, s.addMember},
		{"POST /groups/{id}/members/remove", loggedIn, s.removeMember},
		{"POST /groups/{id}/delete", loggedIn, s.deleteGroup},
		{"GET /grants", loggedIn, s.grants},
		{"GET /grants/new", loggedIn, formPage(s.newGrantPage)},
		{"POST /grants/new", loggedIn, s.newGrant},
		{"POST /grants/{id}/delete", loggedIn, s.deleteGrant},
	}
}

func (s *site) tokenRoutes() []route {
	return []route{
		{"GET /tokens", loggedIn, s.tokens},
		{"GET /tokens/new", loggedIn, formPage(s.newTokenPage)},
		{"POST /tokens/new", loggedIn, s.newToken},
		{"GET /tokens/{id}", loggedIn, formPage(s.tokenPage)},
		{"POST /tokens/{id}/revoke", loggedIn, s.revokeToken},
		{"POST /tokens/{id}/take-over", loggedIn, s.takeOverToken},
	}
}

func (s *site) ownAccountRoutes() []route {
	return []route{
		{"GET /me", loggedIn, formPage(s.mePage)},
		{"POST /me/password", loggedIn, s.changeMyPassword},
		{"POST /me/sessions/end", loggedIn, s.endOtherSessions},
		{"POST /me/sessions/{id}/end", loggedIn, s.endSession},
	}
}

// formPage returns a handler for a page with a form. The query can fill in only the given fields, so that links on
// other sites cannot fill in the others.
func formPage(show func(*call, page.Form) error, fields ...string) func(*call) error {
	return func(c *call) error {
		query, values := c.r.URL.Query(), url.Values{}
		for _, name := range fields {
			if query.Has(name) {
				values[name] = query[name]
			}
		}
		return show(c, page.NewForm(values))
	}
}
