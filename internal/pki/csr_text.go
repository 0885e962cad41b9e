package pki

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode"
	"unicode/utf8"
)

// byteOrderMark is U+FEFF, which some editors write at the start of a file.
const byteOrderMark = "\ufeff"

// DecodeText converts UTF-16 with a byte order mark, which Windows programs write, to UTF-8, and returns everything
// else unchanged.
func DecodeText(content []byte) []byte {
	var order binary.ByteOrder
	switch {
	case len(content)%2 != 0:
		return content
	case bytes.HasPrefix(content, []byte{0xff, 0xfe}):
		order = binary.LittleEndian
	case bytes.HasPrefix(content, []byte{0xfe, 0xff}):
		order = binary.BigEndian
	default:
		return content
	}
	return []byte(decodeUTF16(content[2:], order))
}

// DecodeCSR returns the DER of the only certificate request in a PEM text. Like openssl, it skips text around the
// block.
func DecodeCSR(pemText string) ([]byte, error) {
	if strings.HasPrefix(pemText, "\ufffd\ufffd") || strings.Contains(pemText, "-\x00-\x00") {
		return nil, invalid("the text is encoded as UTF-16: save the certificate request as UTF-8 or ASCII")
	}
	doc, err := readPEM(strings.TrimPrefix(pemText, byteOrderMark), MaxCSRSize)
	switch {
	case err != nil:
		return nil, err
	case len(doc.blocks) == 0:
		return nil, invalid("this is not a certificate request in PEM: " +
			"it must have a line -----BEGIN CERTIFICATE REQUEST-----")
	case len(doc.blocks) > 1:
		return nil, invalid("there are %d PEM blocks: send exactly one certificate request",
			len(doc.blocks))
	case doc.blocks[0].label != labelCSR && doc.blocks[0].label != labelNewCSR:
		return nil, invalid("the PEM block is of type %.40q instead of CERTIFICATE REQUEST",
			doc.blocks[0].label)
	case doc.prose && !isPlainText(pemText):
		return nil, invalid("the text around the PEM block has control characters or is not UTF-8: " +
			"send only the certificate request")
	}
	return doc.blocks[0].der, nil
}

// isPlainText reports whether text is UTF-8 without bidirectional controls and, except for tabs and line breaks,
// without control characters.
func isPlainText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.Is(unicode.Cc, r) && !strings.ContainsRune("\t\n\r", r) || unicode.Is(unicode.Bidi_Control, r)
	})
}
