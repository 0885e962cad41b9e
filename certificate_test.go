package notary_test

import (
	"bytes"
	"encoding/pem"
	"testing"

	"notary"
)

func TestCertificatesPEMIsThatOfTheStandardLibrary(t *testing.T) {
	t.Parallel()
	var ders [][]byte
	var want bytes.Buffer
	for length := range 200 {
		der := bytes.Repeat([]byte{0xfb}, length)
		ders = append(ders, der)
		if length > 0 { // an empty one is damaged and omitted
			if err := pem.Encode(&want, &pem.Block{Type: "CERTIFICATE", Bytes: der}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := notary.CertificatesPEM(ders...); got != want.String() {
		t.Errorf("got\n%s\nwant\n%s", got, want.String())
	}
}
