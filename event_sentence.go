package notary

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

var actionLabels = map[string]string{
	"request.create":                "Submitted",
	"request.sign":                  "Signed",
	"request.reject":                "Rejected",
	"request.reopen":                "Reopened",
	"request.revoke":                "Certificate revoked",
	"request.upload":                "Certificate uploaded",
	"request.remove_certificate":    "Certificate detached",
	"request.transfer":              "Transferred",
	"request.annotate":              "Labels or note changed",
	"request.delete":                "Deleted",
	"request.hold":                  "Held for review",
	"certificate.revoke":            "Revoked",
	"certificate.correct_reason":    "Revocation reason corrected",
	"certificate.transfer":          "Transferred",
	"authority.create":              "Created",
	"authority.import":              "Imported",
	"authority.sign":                "Signed",
	"authority.upload":              "Certificate uploaded",
	"authority.cross_sign":          "Cross-signed",
	"authority.cross_upload":        "Cross-certificate uploaded",
	"authority.use_certificate":     "Current certificate changed",
	"authority.import_certificates": "Issued certificates imported",
	"authority.settings":            "Settings changed",
	"authority.enable":              "Enabled",
	"authority.disable":             "Disabled",
	"authority.revoke":              "Revoked",
	"authority.roll_over":           "Replaced by a new CA",
	"authority.responder":           "OCSP responder certificate issued",
	"authority.crl":                 "CRL issued",
	"authority.unsigned_crl":        "Unsigned CRL exported",
	"authority.upload_crl":          "CRL uploaded",
	"authority.delete":              "Deleted",
	"profile.create":                "Created",
	"profile.update":                "Updated",
	"profile.delete":                "Deleted",
	"rule.create":                   "Created",
	"rule.update":                   "Updated",
	"rule.activate":                 "Activated",
	"rule.deactivate":               "Deactivated",
	"rule.delete":                   "Deleted",
	"account.create":                "Created",
	"account.setup_code":            "Setup code created",
	"account.role":                  "Role changed",
	"account.password":              "Password changed",
	"account.recover":               "Recovered on the server",
	"account.delete":                "Deleted",
	"account.login":                 "Signed in",
	"account.logout":                "Signed out",
	"account.login_refused":         "Sign-in failed",
	"group.create":                  "Created",
	"group.delete":                  "Deleted",
	"group.add_member":              "Member added",
	"group.remove_member":           "Member removed",
	"grant.create":                  "Created",
	"grant.delete":                  "Deleted",
	"token.create":                  "Created",
	"token.revoke":                  "Revoked",
	"token.takeover":                "Taken over",
	"token.refused":                 "Token rejected",
	"token.quota_exceeded":          "Quota exceeded",
	"call.refused":                  "Access denied",
	"database.backup":               "Database backed up",
	"database.restore":              "Database restored from a backup",
	"inventory.export":              "Inventory exported",
	"settings.read":                 "Settings viewed",
	"clock.stop":                    "Issuance stopped: clock changed",
	"clock.confirm":                 "Clock confirmed",
}

// ActionLabel returns the display text of an event's action.
func ActionLabel(action string) string {
	if label := actionLabels[action]; label != "" {
		return label
	}
	return action
}

// EventActions returns all event actions, sorted.
func EventActions() []string { return slices.Sorted(maps.Keys(actionLabels)) }

var kindLabels = map[string]string{"request": "certificate request", "authority": "certificate authority",
	"token": "API token"}

// String returns the reference for display, such as "certificate request 7 (www.example.com)".
func (r Ref) String() string {
	kind := r.Kind
	if label := kindLabels[kind]; label != "" {
		kind = label
	}
	switch {
	case r.ID == 0:
		return r.Name
	case r.Name == "":
		return fmt.Sprintf("%s %d", kind, r.ID)
	}
	return fmt.Sprintf("%s %d (%s)", kind, r.ID, r.Name)
}

// Actor returns a principal for display: its name, except for an API token, which must not pass for an account and is
// shown as "API token 7 (ci-deploy)".
func (r Ref) Actor() string {
	if r.Kind == TokenPrincipal {
		return r.String()
	}
	return r.Name
}

// Sentence describes the event in one line, without its time and principal. The wording may change.
// internal/web/history.go renders the same parts with links.
func (e *Event) Sentence() string {
	var b strings.Builder
	b.WriteString(ActionLabel(e.Action))
	if object := e.Object.String(); object != "" {
		b.WriteString(": " + object)
	}
	for _, ref := range e.Refs {
		b.WriteString(", " + ref.String())
	}
	if details := e.Details(); details != "" {
		b.WriteString("; " + details)
	}
	return b.String()
}

// Details describes the changed fields, such as "status: Outstanding → Active, serial number: 0a1b".
func (e *Event) Details() string {
	before, after := members(e.Before), members(e.After)
	all := maps.Clone(before)
	maps.Copy(all, after)
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, had := before[name]
		is, has := after[name]
		switch {
		case had && has && was != is:
			parts = append(parts, fmt.Sprintf("%s: %s → %s", fieldLabel(name), was, is))
		case has && !had:
			parts = append(parts, fieldLabel(name)+": "+is)
		case had && !has:
			parts = append(parts, "previous "+fieldLabel(name)+": "+was)
		}
	}
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	return strings.Join(parts, ", ")
}

func members(f Fields) map[string]string {
	all := make(map[string]string, len(f))
	for name, value := range f {
		all[name] = words(name, value)
	}
	return all
}

func plain(value any) string {
	switch v := value.(type) {
	case []string:
		return strings.Join(v, " ")
	case []any:
		var parts []string
		for _, one := range v {
			parts = append(parts, plain(one))
		}
		return strings.Join(parts, " ")
	case Ref:
		return v.String()
	case map[string]any:
		if ref, ok := refIn(v); ok {
			return ref.String()
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, name+"="+plain(v[name]))
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(value)
}

func refIn(fields map[string]any) (ref Ref, ok bool) {
	kind, isKind := fields["kind"].(string)
	id, isID := fields["id"].(interface{ Int64() (int64, error) }) // a number in JSON
	if !isKind || !isID {
		return ref, false
	}
	ref.Kind = kind
	ref.Name, _ = fields["name"].(string)
	n, err := id.Int64()
	ref.ID = n
	return ref, err == nil
}

var fieldLabels = map[string]string{"crl": "CRL", "ocsp": "OCSP", "csr_sha256": "CSR SHA-256", "sha256": "SHA-256",
	"crl_number": "CRL number",
	"crl_shards": "CRL partitions", "crl_entries": "CRL entries", "trial": "test", "requested_ca": "requested CA"}

func fieldLabel(name string) string {
	if label := fieldLabels[name]; label != "" {
		return label
	}
	return strings.ReplaceAll(name, "_", " ")
}
