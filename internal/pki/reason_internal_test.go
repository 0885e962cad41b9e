package pki

import (
	"encoding/asn1"
	"errors"
	"strings"
	"testing"
)

func TestReasonAvoidsParserJargon(t *testing.T) {
	t.Parallel()
	_, err := asn1.Unmarshal([]byte{2, 1, 1}, &[]int{})
	for _, cause := range []error{err, errors.New("x509: malformed tbs certificate"), errors.New("x509: malformed spki"),
		errors.New("x509: invalid RDNSequence: invalid attribute value: invalid string"),
		errors.New("asn1: integer too large")} {
		got := Reason(cause)
		for _, term := range []string{"asn1", "x509", "tags don't match", "tbs", "spki", "RDNSequence", "integer too large"} {
			if strings.Contains(got, term) {
				t.Errorf("%q becomes %q", cause, got)
			}
		}
	}
}
