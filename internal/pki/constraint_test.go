package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func TestConstraintsAreReadBack(t *testing.T) {
	t.Parallel()
	all := notary.Subtrees{DNS: []string{"example.com", "b.example.net"},
		IP:    []string{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/33", "::/0"},
		Email: []string{"Me@example.com", "example.com", ".example.net"}, URI: []string{"example.com", ".example.net"}}
	for name, want := range map[string]notary.NameConstraints{
		"permitted": {Permitted: all},
		"excluded":  {Excluded: all},
		"both": {Permitted: notary.Subtrees{DNS: []string{"example.com"}},
			Excluded: notary.Subtrees{IP: []string{"0.0.0.0/0"}}},
		"no DNS": {Excluded: notary.Subtrees{DNS: []string{""}}},
		"none":   {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checked, err := pki.CheckNameConstraints(want)
			testkit.Check(t, err)
			extension, err := pki.ConstraintsExtension(checked)
			testkit.Check(t, err)
			if want.Len() == 0 {
				extension.Id = asn1.ObjectIdentifier{2, 5, 29, 99} // do not modify the shared slice
			}
			got, err := pki.CertificateConstraints(withExtension(t, extension))
			testkit.Check(t, err)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("constraints (-want +got):\n%s", diff)
			}
		})
	}
}

func withExtension(t *testing.T, extension pkix.Extension) *x509.Certificate {
	t.Helper()
	extension.Critical = false
	key := testkit.Key(t, notary.ECDSAP256)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), ExtraExtensions: []pkix.Extension{extension}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	testkit.Check(t, err)
	certificate, err := x509.ParseCertificate(der)
	testkit.Check(t, err)
	return certificate
}

func TestConstraintsAreNormalised(t *testing.T) {
	t.Parallel()
	got, err := pki.CheckNameConstraints(notary.NameConstraints{Permitted: notary.Subtrees{
		DNS: []string{"Example.COM", "example.com"}, Email: []string{"Me@Example.com", ".Example.com"},
		IP: []string{"2001:DB8::/32"}, URI: []string{"EXAMPLE.com"}}})
	testkit.Check(t, err)
	want := notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"example.com"},
		Email: []string{"Me@example.com", ".example.com"}, IP: []string{"2001:db8::/32"}, URI: []string{"example.com"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("constraints (-want +got):\n%s", diff)
	}
}

func TestConstraintsThatAreRefused(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("h%d.example.com", i))
	}
	permitted := func(s notary.Subtrees) notary.NameConstraints { return notary.NameConstraints{Permitted: s} }
	for name, c := range map[string]struct {
		given        notary.NameConstraints
		field, words string
	}{
		"too many":        {permitted(notary.Subtrees{DNS: many}), "name_constraints", "101"},
		"an empty domain": {permitted(notary.Subtrees{DNS: []string{""}}), "name_constraints.permitted.dns", "empty"},
		"a leading dot": {permitted(notary.Subtrees{DNS: []string{".example.com"}}), "name_constraints.permitted.dns",
			"remove the dot"},
		"a trailing dot": {permitted(notary.Subtrees{DNS: []string{"example.com."}}), "name_constraints.permitted.dns",
			"ends with a dot"},
		"a wildcard": {permitted(notary.Subtrees{DNS: []string{"*.example.com"}}),
			"name_constraints.permitted.dns", "wildcard"},
		"U-labels": {permitted(notary.Subtrees{DNS: []string{"bücher.example"}}),
			"name_constraints.permitted.dns", "A-labels"},
		"an address": {permitted(notary.Subtrees{DNS: []string{"10.0.0.1"}}), "name_constraints.permitted.dns",
			"IP address"},
		"an IP without length": {notary.NameConstraints{Excluded: notary.Subtrees{IP: []string{"10.0.0.1"}}},
			"name_constraints.excluded.ip", "prefix"},
		"bits behind": {permitted(notary.Subtrees{IP: []string{"10.0.0.1/8"}}), "name_constraints.permitted.ip",
			"10.0.0.0/8"},
		"IPv4 inside IPv6": {permitted(notary.Subtrees{IP: []string{"::ffff:10.0.0.0/104"}}),
			"name_constraints.permitted.ip", "IPv4"},
		"a broken address": {permitted(notary.Subtrees{Email: []string{"a b@example.com"}}),
			"name_constraints.permitted.email", "email"},
		"an empty host": {notary.NameConstraints{Excluded: notary.Subtrees{Email: []string{""}}},
			"name_constraints.excluded.email", "empty"},
		"a whole URI": {permitted(notary.Subtrees{URI: []string{"https://example.com/"}}),
			"name_constraints.permitted.uri", "character"},
		"a wildcard of URIs": {permitted(notary.Subtrees{URI: []string{"*.example.com"}}), "name_constraints.permitted.uri",
			".example.com"},
		"itself excluded": {notary.NameConstraints{Permitted: notary.Subtrees{DNS: []string{"a.example.com"}},
			Excluded: notary.Subtrees{DNS: []string{"example.com"}}}, "name_constraints.permitted.dns", "lies within"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := pki.CheckNameConstraints(c.given)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantField(t, err, c.field)
			testkit.WantText(t, err, c.words)
		})
	}
}

func FuzzCertificateConstraints(f *testing.F) {
	for _, c := range []notary.NameConstraints{
		{Permitted: notary.Subtrees{DNS: []string{"example.com"}, IP: []string{"10.0.0.0/8", "2001:db8::/32"}}},
		{Excluded: notary.Subtrees{Email: []string{"me@example.com"}, URI: []string{".example.com"}}},
	} {
		extension, err := pki.ConstraintsExtension(c)
		testkit.Check(f, err)
		f.Add(extension.Value, "me@example.com", "spiffe://example.com/a")
	}
	f.Fuzz(func(t *testing.T, value []byte, email, commonName string) {
		extension, err := pki.ConstraintsExtension(notary.NameConstraints{})
		testkit.Check(t, err)
		extension.Value = value
		certificate := &x509.Certificate{Extensions: []pkix.Extension{extension},
			DNSNames:       []string{strings.ToLower(commonName)},
			EmailAddresses: []string{email}}
		constraints, err := pki.CertificateConstraints(certificate)
		if err != nil {
			testkit.WantKind(t, err, notary.Unprocessable)
			return
		}
		pki.Refused(constraints, certificate)
		pki.FirstWithin(constraints.Permitted, constraints.Excluded)
		pki.FirstBeyond(constraints.Permitted, constraints.Excluded)
	})
}
