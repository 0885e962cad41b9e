package web

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"notary"
	"notary/internal/web/page"
)

// told is an event in the words of a history.
type told struct {
	*notary.Event
	Done   string   // what was done, such as "Signed"
	With   string   // how an authority takes part in it: "with", "on the CRL of"
	Issuer *mention // that authority; nil for none
	Cert   *mention // the certificate that it is about; nil for none
	Serial string   // of that certificate, as the record has it
	Rest   []string // what else the record says
}

// mention is an object by its name, with a way to its page where the caller may see that.
type mention struct{ Text, Path string }

// deeds say in words what an action is; those about certificates have an issuer.
var deeds = map[string]struct{ done, with string }{
	"request.create":                {"Submitted", ""},
	"request.sign":                  {"Signed", "with"},
	"request.reject":                {"Rejected", ""},
	"request.reopen":                {"Reopened", ""},
	"request.revoke":                {"Certificate revoked", "on the CRL of"},
	"request.upload":                {"Certificate uploaded", ""},
	"request.remove_certificate":    {"Certificate removed", ""},
	"request.delete":                {"Deleted", ""},
	"certificate.revoke":            {"Earlier certificate revoked", "on the CRL of"},
	"certificate.correct_reason":    {"Revocation reason corrected", "on the CRL of"},
	"authority.create":              {"Made", ""},
	"authority.import":              {"Imported", ""},
	"authority.sign":                {"Signed", "with"},
	"authority.upload":              {"Certificate uploaded", ""},
	"authority.cross_sign":          {"Cross-signed", "with"},
	"authority.cross_upload":        {"Further certificate uploaded", ""},
	"authority.use_certificate":     {"Certificate put to use", ""},
	"authority.import_certificates": {"Earlier certificates recorded", ""},
	"authority.settings":            {"Settings changed", ""},
	"authority.enable":              {"Enabled", ""},
	"authority.disable":             {"Disabled", ""},
	"authority.revoke":              {"Revoked", ""},
	"authority.roll_over":           {"Succeeded by another authority", ""},
	"authority.responder":           {"OCSP responder’s certificate made", ""},
	"authority.crl":                 {"CRL made", ""},
	"authority.delete":              {"Deleted", ""},
	"profile.create":                {"Made", ""},
	"profile.update":                {"Changed", ""},
	"profile.delete":                {"Deleted", ""},
	"account.create":                {"Made", ""},
	"account.setup_code":            {"Setup code created", ""},
	"account.role":                  {"Role changed", ""},
	"account.password":              {"Password changed", ""},
	"account.recover":               {"Recovered on the server", ""},
	"account.delete":                {"Deleted", ""},
	"group.create":                  {"Created", ""},
	"group.delete":                  {"Deleted", ""},
	"group.add_member":              {"Member added", ""},
	"group.remove_member":           {"Member removed", ""},
	"grant.create":                  {"Created", ""},
	"grant.delete":                  {"Deleted", ""},
	"clock.stop":                    {"Issuance stopped: the clock jumped", ""},
	"clock.confirm":                 {"Clock confirmed", ""},
	"account.login":                 {"Signed in", ""},
	"account.logout":                {"Signed out", ""},
}

// deed is an action in words, or itself where there are none.
func deed(action string) string {
	if said := deeds[action].done; said != "" {
		return said
	}
	return action
}

// freeText are the actions whose detail people wrote.
var freeText = []string{"request.reject"}

var mentioned = regexp.MustCompile(`^(authority|certificate) ([1-9][0-9]{0,17})$`)

// tell puts events into words. The authorities are those that the caller may see.
func tell(events []*notary.Event, authorities []*notary.Authority) (all []told) {
	for _, e := range events {
		t := told{Event: e, Done: deed(e.Action), With: deeds[e.Action].with}
		if e.Kind() == "certificate" {
			t.Cert = certificateMention(e.ObjectID)
		}
		t.read(authorities)
		all = append(all, t)
	}
	return all
}

// read takes apart what the record says beside the action.
func (t *told) read(authorities []*notary.Authority) {
	if slices.Contains(freeText, t.Action) {
		t.Rest = []string{t.Detail}
		return
	}
	for _, part := range strings.Split(t.Detail, ", ") {
		object := mentioned.FindStringSubmatch(part)
		switch {
		case part == "":
		case strings.HasPrefix(part, "serial "):
			t.Serial = part
		case object != nil && object[1] == "authority" && t.With != "" && t.Issuer == nil:
			t.Issuer = authorityMention(part, object[2], authorities)
		case object != nil && object[1] == "certificate" && t.Cert == nil:
			id, _ := strconv.ParseInt(object[2], 10, 64) // the expression has seen to it
			t.Cert = certificateMention(id)
		default:
			t.Rest = append(t.Rest, part)
		}
	}
}

func certificateMention(id int64) *mention {
	return &mention{fmt.Sprintf("certificate %d", id), certificatePath(id)}
}

// authorityMention names an authority, unless it was deleted or is not for the caller.
func authorityMention(text, id string, authorities []*notary.Authority) *mention {
	for _, a := range authorities {
		if strconv.FormatInt(a.ID, 10) == id {
			return &mention{page.Shorten(a.CommonName), authorityPath(a.ID)}
		}
	}
	return &mention{Text: text}
}

// Beside is what else the record says, in one line.
func (t told) Beside() string { return strings.Join(t.Rest, ", ") }
