package rest_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/client"
)

// Roles that may make a call, as documented in docs/api.md.
var (
	everyone  = notary.Roles
	creators  = []notary.Role{notary.Admin, notary.CertificateManager, notary.CertificateRequestor}
	managers  = []notary.Role{notary.Admin, notary.CertificateManager}
	observers = []notary.Role{notary.Admin, notary.CertificateManager, notary.ReadOnly}
	admins    = []notary.Role{notary.Admin}
	nobody    []notary.Role // nil: no login is needed
)

// rule is one row of docs/api.md's tables.
type rule struct {
	roles   []notary.Role
	success int

	waits bool // 202 for roles that may not sign

	// prepare, if not nil, creates an object for a call by that caller, and returns its ID and a valid body.
	prepare func(t *testing.T, h *house, caller notary.Caller) (id int64, body any)

	ownLogin bool // the call changes the caller's own session or account
}

// roleTable has every call, by method and path in the OpenAPI document.
var roleTable = map[string]rule{
	"GET /api/v1/certificate_requests":         {roles: everyone, success: 200},
	"POST /api/v1/certificate_requests":        {roles: creators, success: 201, prepare: newCSR},
	"GET /api/v1/certificate_requests/{id}":    {roles: everyone, success: 200, prepare: aRequest},
	"DELETE /api/v1/certificate_requests/{id}": {roles: managers, success: 202, prepare: aRequest},
	"PATCH /api/v1/certificate_requests/{id}":  {roles: creators, success: 200, prepare: aRequestToChange},
	"PUT /api/v1/certificate_requests/{id}/owner": {roles: creators, success: 200,
		prepare: aRequestToTransfer},
	"GET /api/v1/certificate_requests/{id}/certificate":         {roles: everyone, success: 200, prepare: aSignedRequest},
	"GET /api/v1/certificate_requests/{id}/certificates":        {roles: everyone, success: 200, prepare: aSignedRequest},
	"POST /api/v1/certificate_requests/{id}/certificate":        {roles: managers, success: 201, prepare: aChain},
	"DELETE /api/v1/certificate_requests/{id}/certificate":      {roles: managers, success: 200, prepare: aSignedRequest},
	"POST /api/v1/certificate_requests/{id}/reject":             {roles: managers, success: 202, prepare: aRequest},
	"POST /api/v1/certificate_requests/{id}/sign":               {roles: managers, success: 202, prepare: aRequestToSign},
	"POST /api/v1/certificate_requests/{id}/certificate/revoke": {roles: managers, success: 202, prepare: aSignedRequest},
	"POST /api/v1/certificate_requests/{id}/reopen": {roles: managers, success: 202,
		prepare: aRejectedRequest},
	"POST /api/v1/certificate_requests/sign":         {roles: managers, success: 200, prepare: requestsToSign},
	"POST /api/v1/certificate_requests/revoke":       {roles: managers, success: 200, prepare: signedRequests},
	"POST /api/v1/certificate_requests/reject":       {roles: managers, success: 200, prepare: someRequests},
	"POST /api/v1/certificate_requests/delete":       {roles: managers, success: 200, prepare: someRequests},
	"POST /api/v1/certificate_requests/sign/preview": {roles: managers, success: 200, prepare: requestsToSign},
	"POST /api/v1/certificates": {roles: creators, success: 201, waits: true,
		prepare: newCSRToIssue},
	"POST /api/v1/certificates/revoke": {roles: managers, success: 200,
		prepare: certificatesToRevoke},
	"POST /api/v1/certificates/count":         {roles: managers, success: 200, prepare: aCertificateFilter},
	"POST /api/v1/certificate_requests/count": {roles: managers, success: 200, prepare: aFilter},
	"POST /api/v1/certificate_requests/check": {roles: creators, success: 200, prepare: newCSR},
	"GET /api/v1/certificates":                {roles: everyone, success: 200},
	"GET /api/v1/certificates/export":         {roles: everyone, success: 200},
	"GET /api/v1/certificates/{id}":           {roles: everyone, success: 200, prepare: aCertificate},
	"PUT /api/v1/certificates/{id}/owner": {roles: creators, success: 200,
		prepare: aCertificateToTransfer},
	"GET /api/v1/certificates/{id}/chains":     {roles: everyone, success: 200, prepare: aCertificate},
	"POST /api/v1/certificates/{id}/revoke":    {roles: managers, success: 202, prepare: aCertificate},
	"GET /api/v1/certificate_authorities":      {roles: observers, success: 200},
	"POST /api/v1/certificate_authorities":     {roles: managers, success: 201, prepare: newAuthority},
	"GET /api/v1/certificate_authorities/{id}": {roles: observers, success: 200, prepare: anAuthority},
	"PUT /api/v1/certificate_authorities/{id}": {roles: managers, success: 200,
		prepare: anAuthorityToDisable},
	"PUT /api/v1/certificate_authorities/{id}/settings": {roles: managers, success: 200,
		prepare: anAuthorityWithSettings},
	"DELETE /api/v1/certificate_authorities/{id}":            {roles: managers, success: 200, prepare: anAuthority},
	"POST /api/v1/certificate_authorities/{id}/sign":         {roles: managers, success: 202, prepare: anAuthorityToSign},
	"POST /api/v1/certificate_authorities/{id}/certificate":  {roles: managers, success: 201, prepare: anAuthorityChain},
	"POST /api/v1/certificate_authorities/{id}/revoke":       {roles: managers, success: 202, prepare: anIntermediate},
	"POST /api/v1/certificate_authorities/import":            {roles: managers, success: 201, prepare: anImport},
	"POST /api/v1/certificate_authorities/{id}/issued":       {roles: managers, success: 201, prepare: issuedBefore},
	"GET /api/v1/certificate_authorities/{id}/certificates":  {roles: observers, success: 200, prepare: anAuthority},
	"PUT /api/v1/certificate_authorities/{id}/certificate":   {roles: managers, success: 200, prepare: anAuthorityInUse},
	"POST /api/v1/certificate_authorities/{id}/cross_sign":   {roles: managers, success: 201, prepare: anAuthorityToCross},
	"POST /api/v1/certificate_authorities/{id}/roll_over":    {roles: managers, success: 201, prepare: anAuthority},
	"GET /api/v1/certificate_authorities/{id}/impact":        {roles: observers, success: 200, prepare: anAuthority},
	"POST /api/v1/certificate_authorities/{id}/unsigned_crl": {roles: managers, success: 200, prepare: anOfflineAuthority},
	"POST /api/v1/certificate_authorities/{id}/crl":          {roles: managers, success: 201, prepare: aSignedCRL},
	"GET /api/v1/certificate_authorities/{id}/crl":           {roles: nobody, success: 200, prepare: anAuthority},
	"GET /api/v1/profiles":                                   {roles: everyone, success: 200},
	"POST /api/v1/profiles":                                  {roles: managers, success: 201, prepare: newProfile},
	"GET /api/v1/profiles/{id}":                              {roles: observers, success: 200, prepare: aProfile},
	"PUT /api/v1/profiles/{id}":                              {roles: managers, success: 200, prepare: aProfileToChange},
	"DELETE /api/v1/profiles/{id}":                           {roles: managers, success: 202, prepare: aProfile},
	"POST /api/v1/profiles/{id}/check":                       {roles: observers, success: 200, prepare: aProfileToTry},
	"GET /api/v1/rules":                                      {roles: observers, success: 200},
	"POST /api/v1/rules":                                     {roles: managers, success: 201, prepare: newRule},
	"GET /api/v1/rules/{id}":                                 {roles: observers, success: 200, prepare: aRule},
	"PUT /api/v1/rules/{id}":                                 {roles: managers, success: 200, prepare: aRuleToChange},
	"DELETE /api/v1/rules/{id}":                              {roles: managers, success: 202, prepare: aRule},
	"POST /api/v1/rules/{id}/activate":                       {roles: admins, success: 200, prepare: aRule},
	"POST /api/v1/rules/{id}/deactivate":                     {roles: admins, success: 200, prepare: anActiveRule},
	"POST /api/v1/rules/check":                               {roles: observers, success: 200, prepare: someRequestsToTry},
	"GET /api/v1/summary":                                    {roles: observers, success: 200},
	"GET /api/v1/accounts":                                   {roles: admins, success: 200},
	"POST /api/v1/accounts":                                  {roles: admins, success: 201, prepare: newAccount},
	"GET /api/v1/accounts/{id}":                              {roles: admins, success: 200, prepare: anAccount},
	"DELETE /api/v1/accounts/{id}":                           {roles: admins, success: 202, prepare: anAccount},
	"POST /api/v1/accounts/{id}/change_password": {roles: admins, success: 200,
		prepare: anAccountWithPassword},
	"PUT /api/v1/accounts/{id}/role":  {roles: admins, success: 200, prepare: anAccountWithRole},
	"GET /api/v1/groups":              {roles: admins, success: 200},
	"POST /api/v1/groups":             {roles: admins, success: 201, prepare: newGroup},
	"GET /api/v1/groups/{id}":         {roles: admins, success: 200, prepare: aGroup},
	"DELETE /api/v1/groups/{id}":      {roles: admins, success: 202, prepare: aGroup},
	"PUT /api/v1/groups/{id}/members": {roles: admins, success: 200, prepare: aGroupToJoin},
	"GET /api/v1/grants":              {roles: admins, success: 200},
	"POST /api/v1/grants":             {roles: admins, success: 201, prepare: newGrant},
	"GET /api/v1/grants/{id}":         {roles: admins, success: 200, prepare: aGrant},
	"DELETE /api/v1/grants/{id}":      {roles: admins, success: 202, prepare: aGrant},
	"GET /api/v1/tokens":              {roles: everyone, success: 200},
	"POST /api/v1/tokens":             {roles: everyone, success: 201, prepare: newToken},
	"GET /api/v1/tokens/{id}":         {roles: everyone, success: 200, prepare: aToken},
	"DELETE /api/v1/tokens/{id}":      {roles: everyone, success: 202, prepare: aToken},
	"POST /api/v1/tokens/{id}/take_over": {roles: admins, success: 202,
		prepare: aTokenOfAnother},
	"GET /api/v1/permissions": {roles: everyone, success: 200},
	"GET /api/v1/accounts/me": {roles: everyone, success: 200},
	"POST /api/v1/accounts/me/change_password": {roles: everyone, success: 201, prepare: newPassword,
		ownLogin: true},
	"GET /api/v1/certificate_requests/{id}/history":  {roles: everyone, success: 200, prepare: aRequest},
	"GET /api/v1/overview":                           {roles: everyone, success: 200},
	"GET /api/v1/certificate_authorities/{id}/state": {roles: observers, success: 200, prepare: anAuthority},
	"GET /api/v1/settings":                           {roles: admins, success: 200},
	"GET /api/v1/clock":                              {roles: admins, success: 200},
	"POST /api/v1/clock/confirm":                     {roles: admins, success: 202},
	"POST /api/v1/inspect":                           {roles: everyone, success: 200, prepare: aText},
	"GET /api/v1/events":                             {roles: observers, success: 200},
	"GET /api/v1/sessions":                           {roles: everyone, success: 200},
	"DELETE /api/v1/sessions":                        {roles: everyone, success: 202},
	"DELETE /api/v1/sessions/{id}":                   {roles: everyone, success: 202, prepare: aSession},
	"POST /login":                                    {roles: nobody, success: 200, prepare: aLogin},
	"POST /logout":                                   {roles: everyone, success: 200, ownLogin: true},
	"GET /status":                                    {roles: nobody, success: 200},
	"GET /status/ready":                              {roles: nobody, success: 200},
}

func TestRoles(t *testing.T) {
	t.Parallel()
	h := open(t)
	expired := h.expiredLogin(t)
	operations := operationsOf(t, h)
	for _, name := range slices.Sorted(maps.Keys(roleTable)) {
		if !slices.Contains(operations, name) {
			t.Errorf("%s is in the role table but not in the API", name)
		}
	}
	for _, name := range operations {
		r, ok := roleTable[name]
		if !ok {
			t.Errorf("%s has no row in the role table: add one", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			r.tryAllowed(t, h, name, expired)
			r.tryRefused(t, h, name, expired)
		})
	}
}

func (r rule) tryAllowed(t *testing.T, h *house, name string, expired *client.Client) {
	try := func(who string, caller notary.Caller, c *client.Client) {
		t.Run(who, func(t *testing.T) {
			method, path, id, body := r.question(t, h, name, caller)
			success := r.success
			if r.waits && !slices.Contains(managers, caller.Role) {
				success = 202
			}
			call(t, c, method, at(path, id), body).wantStatus(t, success)
			if strings.Contains(path, "{id}") {
				call(t, c, method, at(path, missingID), body).wantRefusal(t, 404, "not_found")
			}
		})
	}
	for _, role := range notary.Roles {
		if r.open() || slices.Contains(r.roles, role) {
			caller, c := h.Caller(role), h.as(t, role)
			if r.ownLogin {
				caller = h.NewCaller(t, h.Admin(), role)
				c = h.login(t, caller)
			}
			try(role.String(), caller, c)
		}
	}
	if r.open() {
		try("no token", h.Admin(), h.anonymous)
		try("bad token", h.Admin(), h.anonymous.WithToken("nonsense"))
		try("expired token", h.Admin(), expired)
	}
}

// tryRefused makes the call on an object, the Certificate Requestor's own if possible, and on a missing one: the
// errors are the same.
func (r rule) tryRefused(t *testing.T, h *house, name string, expired *client.Client) {
	if r.open() {
		return
	}
	method, path, id, body := r.question(t, h, name, h.Caller(notary.CertificateRequestor))
	try := func(who string, c *client.Client, status int, code string) {
		t.Run(who, func(t *testing.T) {
			refused := call(t, c, method, at(path, id), body).wantRefusal(t, status, code)
			missing := call(t, c, method, at(path, missingID), body).wantRefusal(t, status, code)
			missing.Error = strings.Replace(missing.Error, fmt.Sprintf(" %d)", missingID), fmt.Sprintf(" %d)", id), 1)
			if refused != missing {
				t.Errorf("the error reveals whether the object exists: %+v, %+v", refused, missing)
			}
		})
	}
	h.wantUnchanged(t, func() {
		for _, role := range notary.Roles {
			if !slices.Contains(r.roles, role) {
				try(role.String(), h.as(t, role), 403, "forbidden")
			}
		}
		try("no token", h.anonymous, 401, "unauthenticated")
		try("bad token", h.anonymous.WithToken("nonsense"), 401, "unauthenticated")
		try("expired token", expired, 401, "unauthenticated")
	})
}

// open reports whether the call needs no login.
func (r rule) open() bool { return r.roles == nil }

func (r rule) question(t *testing.T, h *house, name string,
	caller notary.Caller) (method, path string, id int64, body any) {
	t.Helper()
	method, path, _ = strings.Cut(name, " ")
	if r.prepare != nil {
		id, body = r.prepare(t, h, caller)
	}
	return method, path, id, body
}

const missingID = 987654321

func at(path string, id int64) string { return strings.ReplaceAll(path, "{id}", fmt.Sprint(id)) }

func operationsOf(t *testing.T, h *house) (names []string) {
	t.Helper()
	for path, methods := range openAPI(t, h).Paths {
		for method := range methods {
			names = append(names, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(names)
	return names
}

// expiredLogin returns a client whose token has just expired. It advances the World's clock.
func (h *house) expiredLogin(t *testing.T) *client.Client {
	t.Helper()
	c := h.login(t, h.Admin())
	call(t, c, "GET", accountsPath+"/me", nil).wantStatus(t, 200)
	h.Clock.Advance(24*time.Hour + time.Second)
	call(t, c, "GET", accountsPath+"/me", nil).wantRefusal(t, 401, "unauthenticated")
	return c
}
