package pki_test

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"strings"
	"testing"

	"notary/internal/pki"
	"notary/internal/testkit"
)

func fromHex(tb testing.TB, text string) []byte {
	tb.Helper()
	der, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	testkit.Check(tb, err)
	return der
}

func TestGeneralNamesAreReadStrictly(t *testing.T) {
	t.Parallel()
	const upn = "06 0a 2b 06 01 04 01 82 37 14 02 03"
	for name, c := range map[string]struct {
		oid   asn1.ObjectIdentifier
		value string
		good  bool
	}{
		"all kinds": {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 2f 81 03 614062 82 01 61 86 04 613a2f62 87 04 0a000001 " +
			"a0 11 " + upn + "a0 03 0c 01 61 a4 02 30 00 88 02 2a03", true},
		"a primitive otherName":      {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 06 80 01 61 82 01 61", false},
		"a constructed DNS name":     {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 08 a2 03 0c 01 61 82 01 61", false},
		"an unknown tag":             {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 06 89 01 61 82 01 61", false},
		"a universal tag":            {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 06 0c 01 61 82 01 61", false},
		"an otherName without value": {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 0e a0 0c" + upn, false},
		"a directory name of text":   {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 05 a4 03 0c 01 61", false},
		"a padded identifier":        {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 05 88 03 2a 80 03", false},
		"no name at all":             {asn1.ObjectIdentifier{2, 5, 29, 17}, "30 00", true},
		"of the issuer":              {asn1.ObjectIdentifier{2, 5, 29, 18}, "30 03 80 01 61", false},
		"of a distribution point":    {asn1.ObjectIdentifier{2, 5, 29, 31}, "30 09 30 07 a0 05 a0 03 86 01 61", true},
		"a wrong one there":          {asn1.ObjectIdentifier{2, 5, 29, 31}, "30 09 30 07 a0 05 a0 03 80 01 61", false},
		"of a CRL issuer":            {asn1.ObjectIdentifier{2, 5, 29, 31}, "30 07 30 05 a2 03 80 01 61", false},
		"of the key's issuer":        {asn1.ObjectIdentifier{2, 5, 29, 35}, "30 0a 80 01 01 a1 02 80 00 82 01 05", false},
		"a good one there": {asn1.ObjectIdentifier{2, 5, 29, 35}, "30 0c 80 01 01 a1 04 a4 02 30 00 82 01 05",
			true},
		"of access information": {asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 1}, "30 09 30 07 06 02 2a03 80 01 61", false},
		"of a name constraint":  {asn1.ObjectIdentifier{2, 5, 29, 30}, "30 07 a1 05 30 03 80 01 61", false},
		"an address constraint": {asn1.ObjectIdentifier{2, 5, 29, 30}, "30 0e a1 0c 30 0a 87 08 0a000000 ff000000", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := pki.CheckGeneralNames(&x509.Certificate{Extensions: []pkix.Extension{{Id: c.oid,
				Value: fromHex(t, c.value)}}})
			if c.good {
				testkit.Check(t, err)
				return
			}
			wantInvalid(t, err, "", "RFC 5280")
		})
	}
}

func TestRequestsWithWrongGeneralNames(t *testing.T) {
	t.Parallel()
	for _, tag := range []int{0, 3, 4, 5, 9} {
		_, err := pki.ParseCSR(withSAN(t, generalName(2, "a.example.com"), generalName(tag, "a")))
		wantInvalid(t, err, "csr", "a name of a type that is not supported (unknown type)")
	}
}

func TestChainsWithWrongGeneralNames(t *testing.T) {
	t.Parallel()
	root := issue(t, nil, "Root", true, nil)
	leaf := issue(t, &root, "leaf", false, nil)
	wrong := testkit.Reissue(t, leaf.certificate, root.key,
		testkit.Form{Without: []asn1.ObjectIdentifier{testkit.SubjectAltName},
			With: []pkix.Extension{{Id: testkit.SubjectAltName, Value: fromHex(t, "30 06 80 01 61 82 01 61")}}})
	err := pki.CheckChain([]*x509.Certificate{wrong, root.certificate}, leaf.key.Public(), false, now)
	wantInvalid(t, err, "", "certificate 1 of the chain cannot be used: its subject alternative name")
	wantInvalid(t, pki.CheckIssued(wrong, root.certificate), "", "its subject alternative name")
	testkit.Check(t, pki.CheckIssued(leaf.certificate, root.certificate))
}

func FuzzCheckGeneralNames(f *testing.F) {
	f.Add(fromHex(f, "30 06 80 01 61 82 01 61"))
	f.Add(fromHex(f, "30 09 30 07 a0 05 a0 03 86 01 61"))
	f.Add(fromHex(f, "30 0c 80 01 01 a1 04 a4 02 30 00 82 01 05"))
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, oid := range []asn1.ObjectIdentifier{{2, 5, 29, 17}, {2, 5, 29, 18}, {2, 5, 29, 30}, {2, 5, 29, 31},
			{2, 5, 29, 35},
			{1, 3, 6, 1, 5, 5, 7, 1, 1}} {
			err := pki.CheckGeneralNames(&x509.Certificate{Extensions: []pkix.Extension{{Id: oid, Value: value}}})
			if err != nil {
				wantInvalid(t, err, "", "")
			}
		}
	})
}
