package web

import (
	"strconv"

	"notary"
	"notary/internal/web/page"
)

type eventView struct {
	*notary.Event
	Actor  mention
	Label  string   // the action, such as "Signed"
	Verb   string   // the action as a verb, or ""
	Link   string   // the relation to the issuer, such as "from"
	Issuer *mention // nil for none
	Others []mention
}

type mention struct{ Text, Path string }

// issuerLinks maps actions that refer to an issuer to the words that precede the name of the issuer.
var issuerLinks = map[string]string{
	"request.sign":               "from",
	"request.revoke":             "issued by",
	"certificate.revoke":         "issued by",
	"certificate.correct_reason": "issued by",
	"authority.sign":             "from",
	"authority.cross_sign":       "from",
}

var eventVerbs = map[string]string{
	"request.create":             "submitted the request",
	"request.sign":               "issued",
	"request.reject":             "rejected the request",
	"request.hold":               "held the request for review",
	"request.reopen":             "reopened the request",
	"request.revoke":             "revoked",
	"request.upload":             "uploaded",
	"request.remove_certificate": "detached",
	"certificate.revoke":         "revoked",
	"certificate.correct_reason": "corrected the revocation reason of",
	"authority.sign":             "issued",
}

func eventViews(caller notary.Caller, events []*notary.Event,
	authorities []*notary.Authority) (all []eventView) {
	for _, e := range events {
		v := eventView{Event: e, Actor: actorOf(caller, e.Principal), Label: notary.ActionLabel(e.Action),
			Verb: eventVerbs[e.Action], Link: issuerLinks[e.Action]}
		if e.Object.Kind == "certificate" {
			v.Others = append(v.Others, mentionOf(e.Object, authorities))
		}
		for _, ref := range e.Refs {
			m := mentionOf(ref, authorities)
			if v.Link != "" && v.Issuer == nil && ref.Kind == "authority" {
				v.Issuer = &m
			} else {
				v.Others = append(v.Others, m)
			}
		}
		all = append(all, v)
	}
	return all
}

// actorOf returns the text for a principal, and the path of an API token for callers who may see every token.
func actorOf(caller notary.Caller, principal notary.Ref) mention {
	m := mention{Text: principal.Actor()}
	if principal.Kind == notary.TokenPrincipal && caller.May(notary.ManageAccounts) {
		m.Path = objectPath(principal)
	}
	return m
}

// mentionOf returns the text and path for a reference. It has no path for an authority that was deleted or that the
// caller may not see.
func mentionOf(ref notary.Ref, authorities []*notary.Authority) mention {
	switch {
	case ref.Kind != "authority":
		return mention{ref.String(), objectPath(ref)}
	case authorityName(ref.ID, authorities) != "":
		return mention{authorityName(ref.ID, authorities), objectPath(ref)}
	}
	return mention{Text: ref.String()}
}

func authorityName(id int64, authorities []*notary.Authority) string {
	for _, a := range authorities {
		if a.ID == id {
			return page.Shorten(a.CommonName)
		}
	}
	return ""
}

var objectPaths = map[string]string{"request": "/requests/", "certificate": "/certificates/",
	"authority": "/authorities/",
	"profile":   "/profiles/", "account": "/accounts/", "group": "/groups/", "token": "/tokens/"}

func objectPath(ref notary.Ref) string {
	if base, ok := objectPaths[ref.Kind]; ok && ref.ID != 0 {
		return base + strconv.FormatInt(ref.ID, 10)
	}
	return ""
}
