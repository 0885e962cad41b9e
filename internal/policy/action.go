package policy

import (
	"slices"
	"strings"

	"notary"
)

// Action is an operation on an object, named like its event if it has one.
type Action string

// Actions that roles, grants and tokens can include.
const (
	ViewOwnRequests   Action = "request.view_own"
	ViewRequests      Action = "request.view"
	CreateRequest     Action = "request.create"
	SignRequest       Action = "request.sign"
	UploadCertificate Action = "request.upload"
	RejectRequest     Action = "request.reject"
	RevokeRequest     Action = "request.revoke"
	RemoveCertificate Action = "request.remove_certificate"
	ReopenRequest     Action = "request.reopen"
	DeleteRequest     Action = "request.delete"
	TransferRequest   Action = "request.transfer"
	AnnotateRequest   Action = "request.annotate"
	RevokeCertificate Action = "certificate.revoke"

	TransferCertificate Action = "certificate.transfer"

	ViewAuthorities   Action = "authority.view"
	ManageAuthorities Action = "authority.manage"
	CertifyOutsideKey Action = "authority.certify_outside_key"
	ListProfiles      Action = "profile.list"
	ViewProfiles      Action = "profile.view"
	ManageProfiles    Action = "profile.manage"
	ViewEvents        Action = "event.view"
	ManageAccounts    Action = "account.manage"
	ViewSettings      Action = "settings.view"
	ConfirmClock      Action = "clock.confirm"
	ViewRules         Action = "rule.view"
	ManageRules       Action = "rule.manage"
	ActivateRule      Action = "rule.activate"
)

// OnRequest returns the policy action for an action on a request.
func OnRequest(a notary.Action) Action { return "request." + Action(a) }

type definition struct {
	action     Action
	permission notary.Permission // roles with this permission may perform the action
	text       string            // follows "permission to"

	// grantable is whether a grant can include the action. Most other actions give access to accounts, authorities or
	// the event log as a whole, which the limits of a grant cannot restrict.
	grantable bool
}

var definitions = []definition{
	{ViewOwnRequests, notary.ReadOwnRequests, "see certificate requests", false},
	{ViewRequests, notary.ReadRequests, "see the certificate requests of others", true},
	{CreateRequest, notary.CreateRequests, "create certificate requests", false},
	{SignRequest, notary.DecideRequests, "sign certificate requests", true},
	{UploadCertificate, notary.DecideRequests, "upload certificates for requests", true},
	{RejectRequest, notary.DecideRequests, "reject certificate requests", true},
	{RevokeRequest, notary.DecideRequests, "revoke the certificates of requests", true},
	{RemoveCertificate, notary.DecideRequests, "remove certificates from requests", true},
	{ReopenRequest, notary.DecideRequests, "reopen certificate requests", true},
	{DeleteRequest, notary.DecideRequests, "delete certificate requests", true},
	{TransferRequest, notary.DecideRequests, "transfer certificate requests to another owner", true},
	{AnnotateRequest, notary.DecideRequests, "change the labels and notes of certificate requests", true},
	{RevokeCertificate, notary.RevokeCertificates, "revoke certificates", true},
	{TransferCertificate, notary.DecideRequests, "transfer certificates without a request to another owner", true},
	{ViewAuthorities, notary.ReadAuthorities, "see certificate authorities", false},
	{ManageAuthorities, notary.ManageAuthorities, "manage certificate authorities", false},
	{CertifyOutsideKey, notary.CertifyOutsideKeys, "have the keys of imported CAs certified", false},
	{ListProfiles, notary.ListProfiles, "list profiles", false},
	{ViewProfiles, notary.ReadProfiles, "see the rules of profiles", false},
	{ManageProfiles, notary.ManageProfiles, "manage profiles", false},
	{ViewEvents, notary.ReadEvents, "see events", false},
	{ManageAccounts, notary.ManageAccounts, "manage accounts", false},
	{ViewSettings, notary.ReadSettings, "see the server's settings", false},
	{ConfirmClock, notary.ConfirmClock, "manage the server's clock", false},
	{ViewRules, notary.ReadRules, "see rules", false},
	{ManageRules, notary.ManageRules, "manage rules that are not active", false},
	{ActivateRule, notary.ActivateRules, "activate and deactivate rules", true},
}

var byAction = func() map[Action]definition {
	all := map[Action]definition{}
	for _, d := range definitions {
		all[d.action] = d
	}
	return all
}()

// Valid reports whether a is one of the actions.
func (a Action) Valid() bool { _, ok := byAction[a]; return ok }

// String returns text that follows "permission to", such as "sign certificate requests".
func (a Action) String() string { return byAction[a].text }

// Actions returns the names of all actions, or only of the grantable ones.
func Actions(grantable bool) (names []string) {
	for _, d := range definitions {
		if d.grantable || !grantable {
			names = append(names, string(d.action))
		}
	}
	return names
}

// RoleGrant returns the actions of a role as a grant without limits.
func RoleGrant(r notary.Role) (terms notary.GrantTerms) {
	for _, d := range definitions {
		if slices.Contains(notary.RolesWith(d.permission), r) {
			terms.Actions = append(terms.Actions, string(d.action))
		}
	}
	return terms
}

var roleGrants = func() map[notary.Role]notary.GrantTerms {
	all := map[notary.Role]notary.GrantTerms{}
	for _, r := range notary.Roles {
		all[r] = RoleGrant(r)
	}
	return all
}()

// RoleHas reports whether a role includes the action, on every object. A token has no role: see [May].
func RoleHas(r notary.Role, a Action) bool {
	return slices.Contains(roleGrants[r].Actions, string(a))
}

// rolesWith joins the names of the roles that include an action, such as "Admin or Certificate Manager".
func rolesWith(a Action) string {
	var names []string
	for _, r := range notary.RolesWith(byAction[a].permission) {
		names = append(names, r.String())
	}
	return strings.Join(names, " or ")
}
