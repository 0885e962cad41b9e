package pki

import (
	"encoding/base64"
	"strings"

	"notary"
)

// Labels of PEM blocks (RFC 7468).
const (
	labelCertificate = "CERTIFICATE"
	labelCSR         = "CERTIFICATE REQUEST"
	labelNewCSR      = "NEW CERTIFICATE REQUEST" // written by older programs (section 7)
)

type block struct {
	label string
	der   []byte
}

type document struct {
	blocks []block
	prose  bool // whether there is text outside the blocks
}

// readPEM parses a text of at most limit octets. Unlike encoding/pem it returns an error for a malformed block. It
// follows the grammar of RFC 7468, section 3, and also accepts lines of any length, trailing blanks and CRLF. It
// refuses headers (RFC 1421) and private keys.
func readPEM(text string, limit int) (document, error) {
	if len(text) > limit {
		return document{}, notary.Errorf(notary.TooLarge, "the PEM text is larger than %d KiB, the limit", limit>>10)
	}
	if strings.Contains(text, "PRIVATE KEY-----") {
		return document{}, invalid("the text contains a private key, which must never be sent: " +
			"treat that key as compromised and generate a new one")
	}
	var doc document
	var body strings.Builder
	label := "" // of the current block
	for line := range strings.Lines(text) {
		line = trimEnd(line)
		switch {
		case label != "" && line == "-----END "+label+"-----":
			der, err := decodeBody(body.String())
			if err != nil {
				return document{}, err
			}
			doc.blocks = append(doc.blocks, block{label, der})
			label = ""
			body.Reset()
		case strings.Contains(line, "-----BEGIN") || strings.Contains(line, "-----END"):
			begins, ok := parseBegin(line)
			if !ok || label != "" {
				return document{}, invalid("the PEM text is malformed at the line %.60q", line)
			}
			label = begins
		case label != "" && strings.Contains(line, ":"):
			return document{}, invalid("the PEM block has headers, like those of an encrypted key: " +
				"remove them")
		case label != "":
			body.WriteString(line)
		case line != "":
			doc.prose = true
		}
	}
	if label != "" {
		return document{}, invalid("the PEM text is truncated: there is no line -----END %.60s-----", label)
	}
	return doc, nil
}

// trimEnd removes LF or CRLF and preceding blanks. A lone CR does not end a line: encoding/pem treats it as text.
func trimEnd(line string) string {
	if rest, ok := strings.CutSuffix(line, "\n"); ok {
		line = strings.TrimSuffix(rest, "\r")
	}
	return strings.TrimRight(line, " \t")
}

func parseBegin(line string) (label string, ok bool) {
	label, begins := strings.CutPrefix(line, "-----BEGIN ")
	label, ends := strings.CutSuffix(label, "-----")
	if !begins || !ends || strings.TrimSpace(label) != label || label == "" {
		return "", false
	}
	for _, c := range []byte(label) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != ' ' {
			return "", false
		}
	}
	return label, true
}

func decodeBody(body string) ([]byte, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(body)
	switch {
	case err != nil:
		return nil, invalid("the PEM block is not valid base64: it was truncated or modified in transit")
	case len(der) == 0:
		return nil, invalid("the PEM block is empty")
	}
	return der, nil
}
