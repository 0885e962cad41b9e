package publish

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// maxAge is how long caches may serve a document without revalidation, and thus how long they may delay a revocation. A
// revalidation costs only a 304 response.
const maxAge = 5 * time.Minute

// document is a response body and its metadata for caches.
type document struct {
	mediaType string
	octets    []byte
	tag       string    // ETag; changes with the content
	modified  time.Time // Last-Modified
	mayRevert bool      // may be replaced by an older one: If-Modified-Since must match exactly
	until     time.Time // expiry, which limits caching
}

// send responds with the document, or with 304 if the client's copy is current.
func (p *publisher) send(w http.ResponseWriter, r *http.Request, d document) {
	now := p.issuers.Now()
	age := min(maxAge, max(0, d.until.Sub(now))).Truncate(time.Second)
	h := w.Header()
	h.Set("Content-Type", d.mediaType)
	h.Set("ETag", `"`+d.tag+`"`)
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(age.Seconds())))
	h.Set("Expires", now.Add(age).UTC().Format(http.TimeFormat))
	if d.mayRevert && r.Header.Get("If-Modified-Since") != d.modified.UTC().Format(http.TimeFormat) {
		r.Header.Del("If-Modified-Since")
	}
	http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.octets))
}
