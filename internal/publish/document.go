package publish

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// maxAge is how long a cache may keep what is published without asking again. A revocation
// should not wait in caches for longer than that; asking again costs a 304.
const maxAge = 5 * time.Minute

// document is something signed that is published.
type document struct {
	form      string // its media type
	octets    []byte
	tag       string    // another one for other octets
	modified  time.Time // since when it is the one
	mayGoBack bool      // an older one may come in its place: only the very time is no change
	until     time.Time // when it ends: no cache may keep it for longer
}

// send answers with the document, or with 304 where the client has it already. All answers
// share its octets.
func (p *publisher) send(w http.ResponseWriter, r *http.Request, d document) {
	now := p.issuers.Now()
	age := min(maxAge, max(0, d.until.Sub(now))).Truncate(time.Second)
	h := w.Header()
	h.Set("Content-Type", d.form)
	h.Set("ETag", `"`+d.tag+`"`)
	h.Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(age.Seconds())))
	h.Set("Expires", now.Add(age).UTC().Format(http.TimeFormat))
	if d.mayGoBack && r.Header.Get("If-Modified-Since") != d.modified.UTC().Format(http.TimeFormat) {
		r.Header.Del("If-Modified-Since")
	}
	http.ServeContent(w, r, "", d.modified, bytes.NewReader(d.octets))
}
