package pki_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/smallstep/pkcs7"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func chainOf(links ...authority) []*x509.Certificate {
	var chain []*x509.Certificate
	for _, link := range links {
		chain = append(chain, link.certificate)
	}
	return chain
}

func encode(chain []*x509.Certificate) string {
	var ders [][]byte
	for _, c := range chain {
		ders = append(ders, c.Raw)
	}
	return notary.CertificatesPEM(ders...)
}

func TestParseChain(t *testing.T) {
	root := issue(t, nil, "Root", true, nil)
	leaf := issue(t, &root, "leaf", false, nil)
	text := encode(chainOf(leaf, root))
	crl := (&notary.CRL{DER: []byte{0x30, 0}}).PEM()
	var eleven []authority
	for range 11 {
		eleven = append(eleven, issue(t, nil, "Root", true, nil))
	}
	taken := map[string]string{
		"plain": text,
		"CRLF":  strings.ReplaceAll(text, "\n", "\r\n"),
		"openssl's remarks": "subject=CN = leaf\nissuer: CN=Root --- x\n" +
			strings.ReplaceAll(text, "-----BEGIN", "Bag Attributes: <none>\n-----BEGIN"),
		"dividers and blank": "\n--------\n" + text + "\n-----------\n",
	}
	for name, text := range taken {
		chain, err := pki.ParseChain(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(chain) != 2 || !chain[0].Equal(leaf.certificate) || !chain[1].Equal(root.certificate) {
			t.Errorf("%s: got %d certificates, or not in order", name, len(chain))
		}
	}
	for _, test := range []struct{ name, text, words string }{
		{"empty", "", "not a certificate chain"},
		{"no PEM", "leaf", "not a certificate chain"},
		{"private key", text + toPEM("RSA PRIVATE KEY", []byte{1}), "treat that key as compromised"},
		{"CRL within", text + crl, `PEM block 3 is of type "X509 CRL"`},
		{"another label", strings.ReplaceAll(text, " CERTIFICATE", " ATTRIBUTE CERTIFICATE"), "ATTRIBUTE CERTIFICATE"},
		{"headers", strings.ReplaceAll(text, "CERTIFICATE-----\nM", "CERTIFICATE-----\nX: y\n\nM"), "headers"},
		{"twice the same", encode(chainOf(leaf, root, leaf)), "certificates 1 and 3 of the chain are the same"},
		{"eleven", encode(chainOf(eleven...)), "at most 10"},
		{"broken", toPEM("CERTIFICATE", []byte{0x30, 0}), "certificate 1 cannot be parsed"},
		{"trailing DER", toPEM("CERTIFICATE", append(slices.Clone(root.certificate.Raw), 0)),
			"certificate 2 cannot be parsed"},
		{"truncated", text[:len(text)-10], "malformed"},
		{"begin not at the start of a line", "x" + text, "malformed"},
	} {
		_, err := pki.ParseChain(test.text)
		if err == nil {
			t.Errorf("%s: taken", test.name)
			continue
		}
		wantInvalid(t, err, "", test.words)
	}
}

func TestCheckChainTakes(t *testing.T) {
	root := issue(t, nil, "Root", true, nil)
	middle := issue(t, &root, "Middle", true, nil)
	issuing := issue(t, &middle, "Issuing", true, nil)
	leaf := issue(t, &issuing, "leaf", false, nil)
	zero := issue(t, nil, "Zero", true, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	underZero := issue(t, &zero, "leaf", false, nil)
	alone := issue(t, nil, "alone", false, nil)
	for name, test := range map[string]struct {
		chain  []*x509.Certificate
		key    crypto.Signer
		wantCA bool
	}{
		"up to the root":           {chainOf(leaf, issuing, middle, root), leaf.key, false},
		"up to an intermediate":    {chainOf(leaf, issuing, middle), leaf.key, false},
		"intermediate":             {chainOf(issuing, middle, root), issuing.key, true},
		"root alone":               {chainOf(root), root.key, true},
		"leaf below path length 0": {chainOf(underZero, zero), underZero.key, false},
		"self-signed leaf":         {chainOf(alone), alone.key, false},
	} {
		if err := pki.CheckChain(test.chain, test.key.Public(), test.wantCA, now); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCheckChainRefuses(t *testing.T) {
	root := issue(t, nil, "Root", true, nil)
	issuing := issue(t, &root, "Issuing", true, nil)
	leaf := issue(t, &issuing, "leaf", false, nil)
	otherRoot := issue(t, nil, "Root", true, nil)
	otherKeyID := issue(t, nil, "Root", true, func(c *x509.Certificate) { c.SubjectKeyId = root.certificate.SubjectKeyId })
	noSign := issue(t, nil, "Root", true, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign })
	underNoSign := issue(t, &noSign, "leaf", false, nil)
	noCRL := issue(t, &root, "Issuing", true, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign })
	notCA := issue(t, nil, "Root", false, nil)
	underNotCA := issue(t, &notCA, "leaf", false, nil)
	zero := issue(t, nil, "Zero", true, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	underZero := issue(t, &zero, "Middle", true, nil)
	tooDeep := issue(t, &underZero, "leaf", false, nil)
	narrow := issue(t, nil, "Narrow", true, func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.net"} })
	outsideNames := issue(t, &narrow, "leaf", false, nil)
	odd := issue(t, &root, "odd", false, func(c *x509.Certificate) {
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
	})
	expired := issue(t, nil, "Old", true, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Second) })
	underExpired := issue(t, &expired, "leaf", false, nil)
	oldIssuing := issue(t, &expired, "Old Issuing", true, nil)
	underOldIssuing := issue(t, &oldIssuing, "leaf", false, nil)
	weak := testkit.Reissue(t, leaf.certificate, root.key, testkit.Form{Hash: crypto.SHA1,
		Issuer: root.certificate.RawSubject})
	weakIssuer := testkit.Reissue(t, issuing.certificate, root.key, testkit.Form{Hash: crypto.SHA1})
	below := leaf.certificate
	alone := issue(t, nil, "alone", false, nil)
	forgedLeaf := *alone.certificate
	forgedLeaf.Signature = slices.Clone(forgedLeaf.Signature)
	forgedLeaf.Signature[len(forgedLeaf.Signature)-1] ^= 1
	early := issue(t, &root, "early", false, func(c *x509.Certificate) { c.NotBefore = now.Add(time.Second) })
	forged := *root.certificate // no signature of its own
	forged.Signature = slices.Clone(forged.Signature)
	forged.Signature[len(forged.Signature)-1] ^= 1

	tests := []struct {
		name   string
		chain  []*x509.Certificate
		key    crypto.Signer
		wantCA bool
		words  string
	}{
		{"empty", nil, leaf.key, false, "empty"},
		{"leaf alone", chainOf(leaf), leaf.key, false, "only one certificate"},
		{"intermediate alone", chainOf(issuing), issuing.key, true, "only one certificate"},
		{"another key", chainOf(leaf, issuing, root), newKey(t, notary.ECDSAP256), false, "not for the request's key"},
		{"another kind of key", chainOf(leaf, issuing, root), newKey(t, notary.Ed25519), false, "not for the request's key"},
		{"reversed", chainOf(root, issuing, leaf), leaf.key, false, "reverse order"},
		{"reversed authority", chainOf(root, issuing), issuing.key, true, "reverse order"},
		{"authority instead of leaf", chainOf(issuing, root), issuing.key, false, "is a CA certificate"},
		{"leaf instead of authority", chainOf(leaf, issuing, root), leaf.key, true, "not a CA certificate"},
		{"authority without cRLSign", chainOf(noCRL, root), noCRL.key, true, "cRLSign"},
		{"gap", chainOf(leaf, root), leaf.key, false, "certificate 2 of the chain is not the issuer of certificate 1"},
		{"namesake", chainOf(issuing, otherRoot), issuing.key, true, "key identifiers differ"},
		{"namesake with the same key identifier", chainOf(issuing, otherKeyID), issuing.key, true,
			"signature of certificate 1 does not verify"},
		{"issuer without keyCertSign", chainOf(underNoSign, noSign), underNoSign.key, false, "may sign certificates"},
		{"issuer that is no authority", chainOf(underNotCA, notCA), underNotCA.key, false, "may sign certificates"},
		{"path length", chainOf(tooDeep, underZero, zero), tooDeep.key, false, "does not verify"},
		{"no room for an authority", chainOf(underZero, zero), underZero.key, true, "allows 0 subordinate CAs"},
		{"signed with SHA-1", []*x509.Certificate{weak, root.certificate}, leaf.key, false,
			"signed with an algorithm that is not accepted (ECDSA-SHA1)"},
		{"an intermediate signed with SHA-1", []*x509.Certificate{below, weakIssuer, root.certificate}, leaf.key, false,
			"certificate 2 of the chain is signed with an algorithm"},
		{"an intermediate signed with SHA-1, without the root", []*x509.Certificate{below, weakIssuer}, leaf.key, false,
			"certificate 2 of the chain is signed with an algorithm"},
		{"an expired root", chainOf(underOldIssuing, oldIssuing, expired), underOldIssuing.key, false,
			"certificate 3 of the chain expired at 2030-05-06T07:08:08Z; the chain may end below its root: omit the root"},
		{"a self-signed leaf that was changed", []*x509.Certificate{&forgedLeaf}, alone.key, false, "self-signature"},
		{"name constraints", chainOf(outsideNames, narrow), outsideNames.key, false,
			"the name constraints of certificate 2 of the chain do not allow certificate 1: DNS name"},
		{"unknown critical extension", chainOf(odd, root), odd.key, false, "critical extension"},
		{"expired issuer", chainOf(underExpired, expired), underExpired.key, false, "certificate 2 of the chain expired"},
		{"not yet valid", chainOf(early, root), early.key, false, "certificate 1 of the chain is not valid before"},
		{"root with a broken signature", []*x509.Certificate{&forged}, root.key, true, "self-signature"},
		{"root where a leaf is wanted", chainOf(root), root.key, false, "is a CA certificate"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := pki.CheckChain(test.chain, test.key.Public(), test.wantCA, now)
			wantInvalid(t, err, "", test.words)
		})
	}
}

// Certificates are read in every common form; those of a PKCS #7 file, which is a set, are sorted.
func TestFormsOfChains(t *testing.T) {
	t.Parallel()
	root := issue(t, nil, "Root", true, nil)
	issuing := issue(t, &root, "Issuing", true, nil)
	leaf := issue(t, &issuing, "leaf", false, nil)
	want := chainOf(leaf, issuing, root)
	raw := slices.Concat(leaf.certificate.Raw, issuing.certificate.Raw, root.certificate.Raw)
	text := encode(want)
	bag, err := pkcs7.DegenerateCertificate(slices.Concat(root.certificate.Raw, leaf.certificate.Raw,
		issuing.certificate.Raw))
	testkit.Check(t, err)
	trusted := toPEM("TRUSTED CERTIFICATE", append(slices.Clone(leaf.certificate.Raw), 0x30, 0))
	units := []byte{0xff, 0xfe}
	for _, c := range []byte(text) {
		units = append(units, c, 0)
	}
	for name, given := range map[string]string{
		"PEM":                           text,
		"PEM with a byte order mark":    "\xef\xbb\xbf" + text,
		"PEM in UTF-16":                 string(units),
		"PEM in UTF-16 in base64":       base64.StdEncoding.EncodeToString(units),
		"X509 CERTIFICATE":              strings.ReplaceAll(text, " CERTIFICATE", " X509 CERTIFICATE"),
		"TRUSTED CERTIFICATE":           trusted + encode(want[1:]),
		"DER":                           string(raw),
		"DER in base64":                 base64.StdEncoding.EncodeToString(raw),
		"DER in lines of base64":        strings.Join(slices.Collect(strings.SplitAfterSeq(base64.StdEncoding.EncodeToString(raw), "A")), "\r\n"),
		"DER in one block":              toPEM("CERTIFICATE", raw),
		"PKCS #7":                       string(bag),
		"PKCS #7 in base64":             base64.StdEncoding.EncodeToString(bag),
		"PKCS #7 in PEM":                toPEM("PKCS7", bag),
		"PKCS #7 under CMS":             toPEM("CMS", bag),
		"PKCS #7 under CERTIFICATE":     toPEM("CERTIFICATE", bag),
		"PKCS #7 under a chain's label": toPEM("CERTIFICATE CHAIN", bag),
	} {
		chain, err := pki.ParseChain(given)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if !slices.EqualFunc(chain, want, (*x509.Certificate).Equal) {
			t.Errorf("%s: got %d certificates, or not in order", name, len(chain))
		}
		if bundle, err := pki.ParseBundle(given); err != nil || len(bundle) != 3 {
			t.Errorf("%s: a bundle of %d: %v", name, len(bundle), err)
		}
	}
	signed, other := bag[:len(bag):len(bag)], bytes.Replace(bag, []byte("\x01\x07\x02"), []byte("\x01\x07\x03"), 1)
	for name, test := range map[string]struct{ given, words string }{
		"BER":                      {"\x30\x80" + string(raw), "indefinite lengths: convert it"},
		"another PKCS #7":          {string(other), "not of the type SignedData"},
		"a broken PKCS #7":         {toPEM("PKCS7", append(signed, 1)), "certificate 4 cannot be parsed"},
		"a PKCS #7 without any":    {toPEM("PKCS7", emptyBag(t)), "no certificate in the PKCS #7"},
		"certificates and garbage": {string(raw) + "garbage", "certificate 4 cannot be parsed"},
		"a PKCS #12":               {string(pkcs12Outline), "openssl pkcs12 -nokeys"},
		"a key in UTF-16": {"\xff\xfe" + strings.Join(strings.Split(toPEM("PRIVATE KEY", []byte{1}), ""), "\x00") +
			"\x00", "treat that key as compromised"},
	} {
		if _, err := pki.ParseChain(test.given); err == nil {
			t.Errorf("%s: taken", name)
		} else {
			wantInvalid(t, err, "", test.words)
		}
	}
}

var pkcs12Outline = []byte{0x30, 0x14, 2, 1, 3, 0x30, 0x0f, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1, 0xa0, 2,
	4, 0}

func emptyBag(tb testing.TB) []byte {
	tb.Helper()
	bag, err := pkcs7.DegenerateCertificate(nil)
	testkit.Check(tb, err)
	return bag
}

// Oddities of the trust anchor at the end of a chain do not matter (RFC 5280, section 6.1.1).
func TestOddRootsEndAChain(t *testing.T) {
	t.Parallel()
	for name, form := range oddRoots {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := issue(t, nil, "Root", true, nil)
			issuing := issue(t, &root, "Issuing", true, func(c *x509.Certificate) { c.AuthorityKeyId = nil })
			leaf := issue(t, &issuing, "leaf", false, nil)
			root.certificate = testkit.Reissue(t, root.certificate, root.key, form)
			chain := chainOf(leaf, issuing, root)
			testkit.Check(t, pki.CheckChain(chain, leaf.key.Public(), false, now))
			testkit.Check(t, pki.CheckChain(chain[1:], issuing.key.Public(), true, now))
		})
	}
}

var oddRoots = map[string]testkit.Form{
	"version 1":            {Version1: true},
	"SHA-1":                {Hash: crypto.SHA1},
	"serial 0":             {Serial: []byte{0}},
	"a negative serial":    {Serial: []byte{0xfb}},
	"23 octets":            {Serial: slices.Repeat([]byte{0x7f}, 23)},
	"no key identifier":    {Without: []asn1.ObjectIdentifier{testkit.SubjectKeyID}},
	"no basic constraints": {Without: []asn1.ObjectIdentifier{testkit.BasicConstraints, testkit.KeyUsage}},
}

func TestOddRootsAreAuthorities(t *testing.T) {
	t.Parallel()
	for name, form := range oddRoots {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := issue(t, nil, "Root", true, nil)
			root.certificate = testkit.Reissue(t, root.certificate, root.key, form)
			err := pki.CheckAuthority(chainOf(root), root.key.Public(), now)
			if name == "no basic constraints" {
				wantInvalid(t, err, "certificate_chain", "relying parties would reject what it signs")
				return
			}
			testkit.Check(t, err)
			leaf := issue(t, &root, "leaf", false, func(c *x509.Certificate) { c.AuthorityKeyId = nil })
			testkit.Check(t, pki.CheckChain(chainOf(leaf, root), leaf.key.Public(), false, now))
		})
	}
}

func TestCheckIssued(t *testing.T) {
	t.Parallel()
	key := newKey(t, notary.RSA2048)
	root := testkit.OutsideRoot(t, notary.RSA2048, now)
	leaf := root.Issue(t, key.Public())
	namesake := testkit.Reissue(t, leaf, key, testkit.Form{})
	old := testkit.Reissue(t, leaf, root.Key, testkit.Form{Hash: crypto.SHA1})
	testkit.Check(t, pki.CheckIssued(leaf, root.Certificate))
	testkit.Check(t, pki.CheckIssued(old, root.Certificate))
	testkit.Check(t, pki.CheckIssued(root.Certificate, root.Certificate))
	for words, c := range map[string]*x509.Certificate{
		"it was signed with another key":    namesake,
		"cannot be verified (cannot verify": testkit.Reissue(t, leaf, root.Key, testkit.Form{Hash: crypto.MD5}),
		"it names another issuer":           testkit.OutsideRoot(t, notary.ECDSAP256, now).Issue(t, key.Public()),
		"could not be revoked":              testkit.Reissue(t, leaf, root.Key, testkit.Form{Serial: []byte{0xfb}}),
	} {
		wantInvalid(t, pki.CheckIssued(c, root.Certificate), "", words)
	}
}
