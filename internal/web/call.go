package web

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"notary"
	"notary/internal/server"
	"notary/internal/web/page"
)

const (
	maxForm  = 2 << 20 // octets of a posted form, files included
	formTime = time.Minute
	maxKept  = 12 << 10 // octets of a submitted form that the login page keeps; its own form is limited to 16 KiB
)

// BodyLimit returns the limit for a form sent with a valid session.
func BodyLimit(*http.Request) server.BodyLimit {
	return server.BodyLimit{Bytes: maxForm, Time: formTime}
}

// SessionToken returns the session token of a request, or "".
func SessionToken(r *http.Request) string {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return cookie.Value
}

type call struct {
	site    *site
	w       http.ResponseWriter
	r       *http.Request
	caller  notary.Caller
	token   string // of the session, or ""
	status  int    // of the response; 0 for OK
	failing bool   // whether a form is shown again with its error
}

func (s *site) handler(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page.SetHeaders(w.Header())
		c := &call{site: s, w: w, r: r}
		if err := c.prepare(to); err != nil {
			if to.access == loggedIn && !c.caller.Known() && notary.KindOf(err) == notary.TooLarge {
				err = s.signInAgain(c, true)
			}
			if err != nil {
				c.fail(err)
			}
			return
		}
		switch ready, err := s.ready(c, to); {
		case err != nil:
			c.fail(err)
		case ready:
			if err := to.do(c); err != nil {
				c.fail(err)
			}
		}
	})
}

func (c *call) prepare(to route) error {
	c.caller.Address, c.caller.RequestID = server.ClientAddress(c.r), server.RequestID(c.r.Context())
	if err := c.readSession(); err != nil {
		return err
	}
	if c.r.Method != http.MethodPost {
		return nil
	}
	return page.ReadForm(c.w, c.r, maxForm, asPEM)
}

func (c *call) readSession() error {
	token := SessionToken(c.r)
	if token == "" {
		return nil
	}
	caller, err := c.site.auth.SessionCaller(c.r.Context(), token, c.caller.Address)
	if notary.KindOf(err) == notary.Unauthenticated {
		c.dropSession() // it has ended
		return nil
	}
	if err == nil {
		caller.RequestID, caller.Protocol = c.caller.RequestID, notary.WebProtocol
		c.caller, c.token = caller, token
	}
	return err
}

// ready reports whether the route can run. If not, it redirects to the creation of the first account, if there are no
// accounts, or to the login. After a POST without a session it shows the login page directly.
func (s *site) ready(c *call, to route) (bool, error) {
	if !s.initialized.Load() {
		some, err := s.auth.HasAccounts(c.r.Context())
		if err != nil {
			return false, err
		}
		s.initialized.Store(some)
		if !some && c.r.URL.Path != "/start" {
			c.redirect("/start")
			return false, nil
		}
	}
	if to.access == open || c.caller.Known() {
		return true, nil
	}
	if c.r.Method == http.MethodPost {
		return false, s.signInAgain(c, false)
	}
	c.redirect("/sign-in?" + url.Values{"to": {c.r.URL.RequestURI()}}.Encode())
	return false, nil
}

func (c *call) redirect(to string) { http.Redirect(c.w, c.r, to, http.StatusSeeOther) }

// done redirects to a page that shows the message.
func (c *call) done(to, message string) error {
	c.setFlash(message)
	c.redirect(to)
	return nil
}

// value returns a field of the posted form or, for other methods, a query parameter, without surrounding white space.
func (c *call) value(name string) string {
	fields := c.r.PostForm
	if c.r.Method != http.MethodPost {
		fields = c.r.URL.Query()
	}
	return strings.TrimSpace(fields.Get(name))
}

func (c *call) id() (int64, error) { return readID(c.r.PathValue("id")) }

func readID(text string) (int64, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, errNotFound
	}
	return id, nil
}

type errorPage struct {
	Message   string
	RequestID string // of an internal error, to find it in the log
}

func (c *call) fail(err error) {
	e := c.explain(err)
	c.status = server.Status(e.Kind)
	p := errorPage{Message: page.Sentence(e.Message)}
	if e.Kind == notary.Internal {
		p.RequestID = server.RequestID(c.r.Context())
	}
	server.SetRetryAfter(c.w.Header(), e)
	if err := c.show("error", heading(c.status), p); err != nil {
		http.Error(c.w, c.explain(err).Message, http.StatusInternalServerError)
	}
}

var headings = map[int]string{
	http.StatusBadRequest:            "Invalid request",
	http.StatusUnauthorized:          "You are signed out",
	http.StatusForbidden:             "Permission denied",
	http.StatusNotFound:              "Page not found",
	http.StatusMethodNotAllowed:      "Method not allowed",
	http.StatusConflict:              "Action not possible",
	http.StatusUnprocessableEntity:   "Request could not be processed",
	http.StatusRequestEntityTooLarge: "Upload too large",
	http.StatusTooManyRequests:       "Too many attempts",
	http.StatusServiceUnavailable:    "Temporarily unavailable",
	http.StatusInternalServerError:   "Something went wrong",
}

func heading(status int) string {
	if text := headings[status]; text != "" {
		return text
	}
	return http.StatusText(status)
}

func (c *call) explain(err error) *notary.Error {
	if notary.KindOf(err) == notary.Forbidden {
		c.site.auth.Refused(c.caller, c.r.Pattern, err)
	}
	return server.Failure(c.r.Context(), c.site.log, err)
}
