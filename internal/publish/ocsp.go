package publish

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"notary/internal/revocation"
	"notary/internal/server"
)

const (
	ocspRequestType  = "application/ocsp-request"
	ocspResponseType = "application/ocsp-response"

	maxOCSPBody = 64 << 10 // octets
	// maxOCSPExcess limits how much of an oversized body is discarded. A client that is still sending when the
	// connection is closed might not read the response.
	maxOCSPExcess = 2 << 20
)

// BodyLimit limits the size of an OCSP request's body and the time to receive it.
var BodyLimit = server.BodyLimit{Bytes: maxOCSPBody, Time: 5 * time.Second}

var ocspMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// ocsp responds to OCSP requests over HTTP (RFC 6960, appendix A, and RFC 5019): POST /ocsp/{id}, and GET
// /ocsp/{id}/{request in base64}. It reports every error as an OCSP error response with HTTP status 200.
func (p *publisher) ocsp(w http.ResponseWriter, r *http.Request, rest string) error {
	authority, encoded, _ := strings.Cut(rest, "/")
	var request []byte // nil is answered as malformed
	if r.Method != http.MethodPost {
		request = decodeOCSP(encoded)
	} else if encoded == "" {
		request = readOCSP(r)
	}
	id, ok := authorityID(authority)
	if !ok {
		id = 0 // an ID that no authority has
	}
	writeOCSP(w, r, p.revocation.OCSP(r.Context(), id, request), p.issuers.Now())
	return nil
}

func readOCSP(r *http.Request) []byte {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != ocspRequestType {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxOCSPBody+1))
	if err != nil {
		return nil
	}
	if len(body) > maxOCSPBody {
		_, _ = io.CopyN(io.Discard, r.Body, maxOCSPExcess)
		return nil
	}
	return body
}

// decodeOCSP decodes a request in a path: base64 (RFC 4648, section 4), optionally percent-encoded. It accepts missing
// padding, and leading slashes, which clients send if they append a slash to a URL that already ends with one. It
// returns nil if the encoding is invalid.
func decodeOCSP(escaped string) []byte {
	text, err := url.PathUnescape(escaped)
	if err != nil || strings.ContainsAny(text, "\r\n") { // package base64 ignores these
		return nil
	}
	text = strings.TrimLeft(text, "/") // a request is a SEQUENCE in DER, which begins with M in base64
	encoding := base64.StdEncoding
	if len(text)%4 != 0 {
		encoding = base64.RawStdEncoding
	}
	der, err := encoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return der
}

// writeOCSP sends an OCSP response with caching headers (RFC 5019, section 6.2), or 304 if the client's is current.
func writeOCSP(w http.ResponseWriter, r *http.Request, answer revocation.OCSPResponse, now time.Time) {
	header := w.Header()
	header.Set("Content-Type", ocspResponseType)
	if answer.NextUpdate.IsZero() {
		header.Set("Cache-Control", "no-store")
	} else {
		sum := sha256.Sum256(answer.DER)
		tag := `"` + hex.EncodeToString(sum[:16]) + `"`
		left := max(0, int(answer.NextUpdate.Sub(now)/time.Second))
		header.Set("Cache-Control", fmt.Sprintf("max-age=%d, public, no-transform, must-revalidate", left))
		header.Set("Last-Modified", answer.ThisUpdate.UTC().Format(http.TimeFormat))
		header.Set("Expires", answer.NextUpdate.UTC().Format(http.TimeFormat))
		header.Set("ETag", tag)
		if r.Method != http.MethodPost && matches(r.Header.Values("If-None-Match"), tag) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	header.Set("Content-Length", strconv.Itoa(len(answer.DER)))
	_, _ = w.Write(answer.DER)
}

// matches reports whether the values of If-None-Match contain tag or "*" (RFC 9110, section 13.1.2).
func matches(values []string, tag string) bool {
	for one := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}
