package pki

import (
	"regexp"
	"strings"
)

// Reason returns the text of a standard library error for use within a sentence, without the jargon of Go's parsers.
func Reason(err error) string {
	const limit = 200
	text := err.Error()
	if strings.HasPrefix(text, "asn1: ") { // syntax and structure errors, in package asn1's jargon
		return "it is damaged or not encoded in DER: export it again"
	}
	for _, prefix := range []string{"x509: ", "pkcs12: ", "crypto/ecdsa: ", "crypto/rsa: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	if plain := parserError(text); plain != "" {
		return plain
	}
	if len(text) > limit {
		text = text[:limit] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}

// parserError returns a plain version of an error message of package x509's parsers, or "" for other messages.
func parserError(text string) string {
	switch text {
	case "malformed certificate", "malformed tbs certificate", "malformed crl", "malformed tbs crl":
		return "it is damaged or of another type: export it again"
	case "malformed spki":
		return "its public key (subjectPublicKeyInfo) is malformed"
	case "trailing data":
		return "there is data after its end"
	case "unsupported time format":
		return "a date in it is malformed" + issueAgain
	case "negative serial number":
		return "its serial number is negative: have it reissued with a positive one"
	case "inner and outer signature algorithm identifiers don't match":
		return "it names two different signature algorithms: it was changed after it was signed"
	}
	if strings.Contains(text, "invalid RDNSequence") {
		return "a name in it is malformed" + issueAgain
	}
	if part := malformedPart.FindStringSubmatch(text); part != nil {
		return "malformed " + part[1] + issueAgain
	}
	return ""
}

// malformedPart matches errors such as "malformed validity" and "invalid basic constraints".
var malformedPart = regexp.MustCompile(`^(?:malformed|invalid) ([A-Za-z0-9 ]+)$`)

const issueAgain = ": it is damaged or was not encoded as RFC 5280 requires; export or issue it again"
