package web

import (
	"net/http"
	"net/url"
	"strings"

	"notary"
)

var errNotFound = notary.Errorf(notary.NotFound, "this page does not exist")

// notFound handles requests that match no route. It redirects from a path with a trailing slash, and from the URL of a
// form's action, to the page. Otherwise it returns an error or rejects the method.
func notFound(c *call, mux *http.ServeMux) error {
	known := func(method, path string) bool {
		_, pattern := mux.Handler(&http.Request{Method: method, Host: c.r.Host, URL: &url.URL{Path: path}})
		return pattern != "/"
	}
	path := c.r.URL.Path
	if c.r.Method != http.MethodGet && c.r.Method != http.MethodHead {
		if known(http.MethodGet, path) || known(http.MethodPost, path) {
			return c.wrongMethod(known(http.MethodGet, path), known(http.MethodPost, path))
		}
		return errNotFound
	}
	if whole := strings.TrimRight(path, "/"); whole != path && known(http.MethodGet, whole) {
		c.redirect((&url.URL{Path: whole, RawQuery: c.r.URL.RawQuery}).String())
		return nil
	}
	if !known(http.MethodPost, path) {
		return errNotFound
	}
	for !known(http.MethodGet, path) {
		path = path[:strings.LastIndexByte(path, '/')]
		if path == "" {
			path = "/"
		}
	}
	c.redirect((&url.URL{Path: path}).String())
	return nil
}

// wrongMethod rejects a method that a page does not support (RFC 9110, section 15.5.6).
func (c *call) wrongMethod(get, post bool) error {
	var allowed []string
	if get {
		allowed = append(allowed, "GET", "HEAD")
	}
	if post {
		allowed = append(allowed, "POST")
	}
	c.w.Header().Set("Allow", strings.Join(allowed, ", "))
	c.status = http.StatusMethodNotAllowed
	return c.show("error", heading(c.status), errorPage{Message: "This page does not support this method."})
}

func redirectTo(path string) func(*call) error {
	return func(c *call) error {
		c.redirect(path)
		return nil
	}
}
