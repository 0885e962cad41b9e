package pki_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"testing"

	"github.com/google/go-cmp/cmp"

	"notary/internal/pki"
)

func TestAttributeTypes(t *testing.T) {
	t.Parallel()
	names := pki.AttributeNames()
	if len(names) < 15 {
		t.Errorf("only %v have names", names)
	}
	for _, name := range names {
		oid, ok := pki.AttributeType(name)
		if _, dotted := pki.ParseOID(oid); !ok || !dotted || pki.AttributeName(oid) != name {
			t.Errorf("%s is of type %q, which has the name %q", name, oid, pki.AttributeName(oid))
		}
	}
	for name, known := range map[string]bool{"2.5.4.3": true, "1.3.6.1.4.1.99999.1": true, "": false, "company": false,
		"2.5.x": false, "9.9": false, "1": false} {
		if oid, ok := pki.AttributeType(name); ok != known || ok && oid != name {
			t.Errorf("%q is of type %q (%t)", name, oid, ok)
		}
	}
}

// Fixed attributes replace existing ones; everything else stays byte for byte.
func TestFixSubject(t *testing.T) {
	t.Parallel()
	const organization, unit, commonName, country = "2.5.4.10", "2.5.4.11", "2.5.4.3", "2.5.4.6"
	one := func(oid asn1.ObjectIdentifier, value any) pkix.AttributeTypeAndValue {
		return pkix.AttributeTypeAndValue{Type: oid, Value: value}
	}
	o, ou, cn := asn1.ObjectIdentifier{2, 5, 4, 10}, asn1.ObjectIdentifier{2, 5, 4, 11}, asn1.ObjectIdentifier{2, 5, 4, 3}
	utf8 := asn1.RawValue{Tag: asn1.TagUTF8String,
		Bytes: []byte("kept as UTF-8")} // package asn1 would write a PrintableString
	marshal := func(rdns pkix.RDNSequence) []byte {
		der, err := asn1.Marshal(rdns)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	for name, test := range map[string]struct {
		subject pkix.RDNSequence
		fixed   []pki.Attribute
		want    pkix.RDNSequence
	}{
		"nothing": {pkix.RDNSequence{{one(cn, utf8)}}, nil, pkix.RDNSequence{{one(cn, utf8)}}},
		"in its place": {pkix.RDNSequence{{one(o, "old")}, {one(ou, utf8)}, {one(o, "older")}},
			[]pki.Attribute{{Type: organization, Value: "new"}},
			pkix.RDNSequence{{one(o, "new")}, {one(ou, utf8)}}},
		"out of a pair": {pkix.RDNSequence{{one(o, "old"), one(ou, utf8)}, {one(cn, "a")}},
			[]pki.Attribute{{Type: organization, Value: "new"}},
			pkix.RDNSequence{{one(o, "new")}, {one(ou, utf8)}, {one(cn, "a")}}},
		"into nothing": {pkix.RDNSequence{}, []pki.Attribute{{Type: country, Value: "SE"},
			{Type: organization, Value: "new"}},
			pkix.RDNSequence{{one(asn1.ObjectIdentifier{2, 5, 4, 6}, "SE")}, {one(o, "new")}}},
		"a common name comes last": {pkix.RDNSequence{{one(ou, utf8)}},
			[]pki.Attribute{{Type: commonName, Value: "a"}, {Type: organization, Value: "new"}},
			pkix.RDNSequence{{one(o, "new")}, {one(ou, utf8)}, {one(cn, "a")}}},
		"more than PrintableString": {pkix.RDNSequence{{one(ou, "x")}}, []pki.Attribute{{Type: unit, Value: "Größe"}},
			pkix.RDNSequence{{one(ou, "Größe")}}},
	} {
		got, err := pki.FixSubject(marshal(test.subject), test.fixed)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !bytes.Equal(got, marshal(test.want)) {
			t.Errorf("%s: got %x, want %x", name, got, marshal(test.want))
		}
	}
	for _, broken := range [][]byte{nil, {0x30}, {0x30, 2, 0x31, 1}, {0x30, 4, 0x31, 2, 5, 0}, {5, 0}} {
		if got, err := pki.FixSubject(broken, []pki.Attribute{{Type: unit, Value: "x"}}); err == nil {
			t.Errorf("%x became %x", broken, got)
		}
	}
}

func TestSubjectAttributes(t *testing.T) {
	t.Parallel()
	der, err := asn1.Marshal(pkix.RDNSequence{
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 6}, Value: "SE"}},
		{{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: "Exämple"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 11}, Value: "Unit"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := pki.SubjectAttributes(der)
	if err != nil {
		t.Fatal(err)
	}
	want := []pki.Attribute{{Type: "2.5.4.6", Value: "SE"}, {Type: "2.5.4.11", Value: "Unit"},
		{Type: "2.5.4.10", Value: "Exämple"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("attributes, in the order of the encoding (-want +got):\n%s", diff)
	}
}
