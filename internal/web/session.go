package web

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"notary"
	"notary/internal/auth"
	"notary/internal/server"
	"notary/internal/web/page"
)

// Browsers accept cookies with this prefix only over HTTPS, from this host and for all paths
// (draft-ietf-httpbis-rfc6265bis, section 4.1.3.2).
const (
	sessionCookie = "__Host-notary-session"
	flashCookie   = "__Host-notary-flash"
	deviceCookie  = "__Host-notary-device"
)

func (c *call) setCookie(name, value string, maxAge int) {
	http.SetCookie(c.w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: maxAge, Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode})
}

func (c *call) dropSession() { c.setCookie(sessionCookie, "", -1) }

// rememberDevice allows the account to log in from this browser while others are guessing its password.
func (c *call) rememberDevice(accountID int64) {
	device, err := c.site.auth.NewDevice(c.r.Context(), accountID)
	if err != nil { // the login itself has succeeded
		c.site.log.WarnContext(c.r.Context(), "could not remember the browser",
			"request_id", server.RequestID(c.r.Context()), "error", err)
		return
	}
	c.setCookie(deviceCookie, device, int(auth.DeviceLife.Seconds()))
}

func (c *call) setFlash(message string) {
	c.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString([]byte(message)), 60)
}

func (c *call) takeFlash() string {
	cookie, err := c.r.Cookie(flashCookie)
	if err != nil {
		return ""
	}
	c.setCookie(flashCookie, "", -1)
	text, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(text) > 1000 {
		return ""
	}
	return strings.ToValidUTF8(string(text), "")
}

// signInForm is the login form. It keeps the input of a form submitted after the session expired.
type signInForm struct {
	Form page.Form
	To   string // where to redirect to
	Kept []kept // the action and input of the submitted form
}

type kept struct{ Name, Value string }

var keptLabels = map[string]string{
	"all": "All matching requests", "ca": "CA certificates", "ca_profile": "CA profile",
	"certificate_authority_id": "CA", "certificate_authority_ids": "CAs", "country_name": "Country",
	"crl": "CRL", "crl_number": "Latest CRL number", "crl_shards": "CRL partitions",
	"csr": "Certificate signing request (CSR)", "do": "Action", "expiring": "Expiring within", "ids": "Request",
	"issuing_common_name": "Issuing CA common name", "issuing_not_valid_after": "Issuing CA expiry date",
	"issuing_path_length": "Issuing CA path length", "key_algorithm": "Key type", "keys.allowed": "Allowed keys",
	"keys.max_rsa_bits": "Maximum RSA size", "keys.min_rsa_bits": "Minimum RSA size",
	"keys.min_rsa_exponent": "Minimum RSA exponent", "last": "Recent requests", "locality_name": "Locality",
	"max_validity": "Maximum validity", "name_constraints.excluded": "Excluded names",
	"name_constraints.permitted": "Permitted names", "name_prefix": "Name begins with",
	"names.max": "Maximum number of names", "names.no_host": "Server without a host name",
	"names.required": "Require at least one SAN", "names.underscores": "Allow underscores in DNS names",
	"names.wildcards": "Allow wildcard DNS names", "not_valid_after": "Validity",
	"ocsp_no_check": "Add id-pkix-ocsp-nocheck", "ocsp": "OCSP URL", "organization_name": "Organization",
	"organizational_unit_name": "Organizational unit", "policies": "Certificate policies", "q": "Search",
	"role_id": "Role", "root_common_name": "Root CA common name", "root_not_valid_after": "Root expiry date",
	"sha1_requests": "SHA-1 signatures of CSRs", "state_or_province_name": "State or province",
	"subject.attributes": "Subject DN rules", "subject.others": "Other subject attributes",
	"validity": "Default validity",
}

func (k kept) Label() string {
	if label := keptLabels[k.Name]; label != "" {
		return label
	}
	for _, n := range nameFields {
		switch k.Name {
		case n.Field + ".allow":
			return n.Label
		case n.Field + ".listed":
			return n.ListLabel
		}
	}
	return page.Capital(strings.ReplaceAll(k.Name, "_", " "))
}

func (k kept) Visible() bool {
	return k.Value != "" && !slices.Contains([]string{page.FieldSure, "all", "expected", "selection", "version"},
		k.Name)
}

const (
	fieldTo     = "to"
	fieldKept   = "kept"
	fieldAction = "kept_action"
)

// signInPage accepts kept input only from a posted form, so that a link on another site cannot fill in a form.
func (s *site) signInPage(c *call, f page.Form) error {
	p := signInForm{Form: f.Fields("email", "password"), To: ourPath(f.Value(fieldTo))}
	if c.r.Method == http.MethodPost {
		p.Kept = keptIn(f)
	} else if c.caller.Known() {
		c.redirect(p.To)
		return nil
	}
	return c.show("sign-in", "Sign in", p)
}

// signInAgain shows the login page in response to a form whose session has expired. The input is shown again after the
// login, unless the form was too large to read or keep.
func (s *site) signInAgain(c *call, tooLarge bool) error {
	text, lost := c.typed()
	values := url.Values{}
	message := "your session expired. Sign in to continue; your changes have been kept"
	switch {
	case tooLarge, len(url.QueryEscape(text)) > maxKept: // encoded as the login will send it
		message = "your session expired and the form was too large to keep. Sign in and submit it again; nothing was changed"
	case len(lost) > 0:
		message += " except: " + strings.Join(lost, ", ")
		fallthrough
	default:
		values.Set(fieldKept, text)
		values.Set(fieldAction, c.r.URL.RequestURI())
	}
	return s.signInPage(c, c.failed(values, notary.Errorf(notary.Unauthenticated, "%s", message)))
}

// typed returns the input that a page can keep, and the labels of the fields that it cannot keep: secrets and binary
// files.
func (c *call) typed() (text string, lost []string) {
	keep := url.Values{}
	for name, values := range c.r.PostForm {
		all := strings.Join(values, "")
		if !secretField(name) && utf8.ValidString(all) {
			keep[name] = values
		} else if all != "" {
			lost = append(lost, strings.ToLower(kept{Name: name}.Label()))
		}
	}
	slices.Sort(lost)
	return keep.Encode(), lost
}

func secretField(name string) bool {
	return strings.Contains(name, "password") || name == "private_key" || name == fieldSetupCode
}

func keptIn(f page.Form) []kept {
	if f.Value(fieldAction) == "" {
		return nil
	}
	return []kept{{fieldAction, f.Value(fieldAction)}, {fieldKept, f.Value(fieldKept)}}
}

func (s *site) signIn(c *call) error {
	from := auth.Client{Address: c.caller.Address, RequestID: c.caller.RequestID, UserAgent: c.r.UserAgent()}
	if cookie, err := c.r.Cookie(deviceCookie); err == nil {
		from.Device = cookie.Value
	}
	token, session, err := s.auth.LoginBrowser(c.r.Context(), c.value("email"), c.r.PostForm.Get("password"), from)
	if err != nil {
		return c.again(err, s.signInPage)
	}
	if c.caller.Known() { // the previous session of this browser, whose cookie is replaced
		if err := s.auth.Logout(c.r.Context(), c.caller, c.token); err != nil {
			return err
		}
	}
	c.setCookie(sessionCookie, token, 0)
	c.rememberDevice(session.AccountID)
	if action := ourPath(c.value(fieldAction)); action != "/" {
		return s.keptPage(c, token, action)
	}
	c.redirect(ourPath(c.value(fieldTo)))
	return nil
}

// keptForm shows the input of a form whose session expired, so that it can be submitted after the login.
type keptForm struct {
	Action string
	Fields []kept
}

func (s *site) keptPage(c *call, token, action string) (err error) {
	typed, err := url.ParseQuery(c.r.PostForm.Get(fieldKept))
	if err != nil {
		c.redirect("/")
		return nil
	}
	if c.caller, err = s.auth.SessionCaller(c.r.Context(), token, c.caller.Address); err != nil {
		return err
	}
	p := keptForm{Action: action}
	for name, values := range typed {
		for _, value := range values {
			p.Fields = append(p.Fields, kept{name, value})
		}
	}
	slices.SortStableFunc(p.Fields, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	return c.show("kept", "Welcome back", p)
}

func (s *site) signOut(c *call) error {
	if c.caller.Known() {
		if err := s.auth.Logout(c.r.Context(), c.caller, c.token); err != nil {
			return err
		}
	}
	c.dropSession()
	// "cookies" would also clear the cookies of other hosts in the domain; "storage" has only display preferences.
	c.w.Header().Set("Clear-Site-Data", `"cache"`)
	return c.done("/sign-in", "Signed out.")
}

// ourPath returns its argument if that is a path on this site, and "/" otherwise.
func ourPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.Opaque != "" || !strings.HasPrefix(to, "/") ||
		strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t") {
		return "/"
	}
	return to
}
