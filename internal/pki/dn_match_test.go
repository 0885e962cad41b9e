package pki_test

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"testing"
	"unicode/utf16"

	"notary/internal/pki"
	"notary/internal/testkit"
)

func nameOf(tb testing.TB, values ...asn1.RawValue) []byte {
	tb.Helper()
	type attribute struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	var rdns []asn1.RawValue
	for _, value := range values {
		set := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true, Bytes: marshal(tb,
			attribute{asn1.ObjectIdentifier{2, 5, 4, 3}, value})}
		rdns = append(rdns, set)
	}
	return marshal(tb, rdns)
}

func text(tag int, value string) asn1.RawValue { return asn1.RawValue{Tag: tag, Bytes: []byte(value)} }

func bmp(value string) asn1.RawValue {
	var octets []byte
	for _, unit := range utf16.Encode([]rune(value)) {
		octets = append(octets, byte(unit>>8), byte(unit))
	}
	return asn1.RawValue{Tag: asn1.TagBMPString, Bytes: octets}
}

func TestNamesThatMatch(t *testing.T) {
	t.Parallel()
	plain := nameOf(t, text(asn1.TagUTF8String, "Example CA Müller"))
	for name, other := range map[string][]byte{
		"case":               nameOf(t, text(asn1.TagUTF8String, "EXAMPLE ca MÜLLER")),
		"white space":        nameOf(t, text(asn1.TagUTF8String, "  Example   CA Müller ")),
		"T61String":          nameOf(t, text(asn1.TagT61String, "Example CA M\xfcller")),
		"BMPString":          nameOf(t, bmp("Example CA Müller")),
		"decomposed":         nameOf(t, text(asn1.TagUTF8String, "Example CA Mu\u0308ller")),
		"full-width letters": nameOf(t, text(asn1.TagUTF8String, "Ｅxample CA Müller")),
		"octet for octet":    slices.Clone(plain),
		"UniversalString": nameOf(t, text(28,
			"\x00\x00\x00E\x00\x00\x00x\x00\x00\x00a\x00\x00\x00m\x00\x00\x00p\x00\x00\x00l\x00\x00\x00e\x00\x00\x00 \x00\x00\x00C\x00\x00\x00A\x00\x00\x00 \x00\x00\x00M\x00\x00\x00\xfc\x00\x00\x00l\x00\x00\x00l\x00\x00\x00e\x00\x00\x00r")),
		"another white space": nameOf(t, text(asn1.TagUTF8String, "Example\u00a0CA Müller")),
	} {
		if !pki.SameName(plain, other) || !pki.SameName(other, plain) {
			t.Errorf("%s: no match", name)
		}
	}
	for name, other := range map[string][]byte{
		"another name":       nameOf(t, text(asn1.TagUTF8String, "Example CA Muller")),
		"no spaces":          nameOf(t, text(asn1.TagUTF8String, "ExampleCAMüller")),
		"one more":           nameOf(t, text(asn1.TagUTF8String, "Example CA Müller"), text(asn1.TagUTF8String, "x")),
		"no text":            nameOf(t, asn1.RawValue{Tag: asn1.TagInteger, Bytes: []byte{1}}),
		"a broken string":    nameOf(t, text(asn1.TagUTF8String, "Example CA M\xfcller")),
		"octets behind it":   append(slices.Clone(plain), 0),
		"nothing":            nil,
		"an empty name":      {0x30, 0},
		"half of a BMP unit": nameOf(t, text(asn1.TagBMPString, "\x00E\x00")),
	} {
		if pki.SameName(plain, other) {
			t.Errorf("%s: a match", name)
		}
	}
	one, other := text(asn1.TagUTF8String, "a"), text(asn1.TagUTF8String, "b")
	if pki.SameName(nameOf(t, one, other), nameOf(t, other, one)) {
		t.Error("the order of RDNs does not matter")
	}
}

func TestChainsWhoseNamesMatch(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	root := issue(t, nil, "Old Root", true, nil)
	middle := issue(t, &root, "Issuing CA", true, nil)
	middle.certificate = testkit.Reissue(t, middle.certificate, root.key,
		testkit.Form{Issuer: nameOf(t, text(asn1.TagUTF8String, "old  ROOT"))})
	leaf := issue(t, &middle, "leaf", false, nil)
	leaf.certificate = testkit.Reissue(t, leaf.certificate, middle.key,
		testkit.Form{Issuer: nameOf(t, text(asn1.TagUTF8String, "ISSUING ca"))})
	chain := chainOf(leaf, middle, root)
	testkit.Check(t, pki.CheckChain(chain, leaf.key.Public(), false, now))
	testkit.Check(t, pki.CheckChain(chain[1:], middle.key.Public(), true, now))
	if says, accepted := opensslAcceptsPath(t, chain); !accepted {
		t.Errorf("OpenSSL does not: %s", says)
	}
	if ordered := pki.OrderChain([]*x509.Certificate{chain[2], chain[0], chain[1]},
		leaf.key.Public()); !slices.Equal(ordered, chain) {
		t.Errorf("%d are put in order", len(ordered))
	}
	testkit.Check(t, pki.CheckIssued(leaf.certificate, middle.certificate))
}

func FuzzSameName(f *testing.F) {
	f.Add(nameOf(f, text(asn1.TagUTF8String, "a")), nameOf(f, bmp("A")))
	f.Add(nameOf(f, text(asn1.TagT61String, "\xff")), []byte{0x30, 0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if !pki.SameName(a, a) || pki.SameName(a, b) != pki.SameName(b, a) {
			t.Errorf("%x and %x", a, b)
		}
	})
}
