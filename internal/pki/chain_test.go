package pki_test

import (
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"testing"
	"time"

	"notary"
	"notary/internal/pki"
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
		"plain":              text,
		"CRLF":               strings.ReplaceAll(text, "\n", "\r\n"),
		"openssl's remarks":  "subject=CN = leaf\nissuer: CN=Root --- x\n" + strings.ReplaceAll(text, "-----BEGIN", "Bag Attributes: <none>\n-----BEGIN"),
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
		{"private key", text + toPEM("RSA PRIVATE KEY", []byte{1}), "treat that key as exposed"},
		{"CRL within", text + crl, `PEM block 3 is of type "X509 CRL"`},
		{"trusted certificate", strings.ReplaceAll(text, " CERTIFICATE", " TRUSTED CERTIFICATE"), "TRUSTED CERTIFICATE"},
		{"headers", strings.ReplaceAll(text, "CERTIFICATE-----\nM", "CERTIFICATE-----\nX: y\n\nM"), "headers"},
		{"twice the same", encode(chainOf(leaf, root, leaf)), "certificates 1 and 3 of the chain are the same"},
		{"eleven", encode(chainOf(eleven...)), "11 certificates, and at most 10"},
		{"broken", toPEM("CERTIFICATE", []byte{0x30, 0}), "certificate 1 of the chain cannot be parsed"},
		{"trailing DER", toPEM("CERTIFICATE", append(slices.Clone(root.certificate.Raw), 0)), "certificate 1 of the chain cannot be parsed"},
		{"cut off", text[:len(text)-10], "broken"},
		{"begin not at the start of a line", "x" + text, "broken"},
		{"too long", strings.Repeat(text, 1<<20/len(text)), "longer than 256 KiB"},
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
		{"another key", chainOf(leaf, issuing, root), newKey(t, notary.ECDSAP256), false, "for another key than the request's"},
		{"another kind of key", chainOf(leaf, issuing, root), newKey(t, notary.Ed25519), false, "for another key"},
		{"reversed", chainOf(root, issuing, leaf), leaf.key, false, "reverse order"},
		{"reversed authority", chainOf(root, issuing), issuing.key, true, "reverse order"},
		{"authority instead of leaf", chainOf(issuing, root), issuing.key, false, "that of an authority"},
		{"leaf instead of authority", chainOf(leaf, issuing, root), leaf.key, true, "not that of an authority"},
		{"authority without cRLSign", chainOf(noCRL, root), noCRL.key, true, "cRLSign"},
		{"gap", chainOf(leaf, root), leaf.key, false, "certificate 2 of the chain is not the issuer of certificate 1"},
		{"namesake", chainOf(issuing, otherRoot), issuing.key, true, "key identifiers differ"},
		{"namesake with the same key identifier", chainOf(issuing, otherKeyID), issuing.key, true, "signature of certificate 1 does not verify"},
		{"issuer without keyCertSign", chainOf(underNoSign, noSign), underNoSign.key, false, "may sign certificates"},
		{"issuer that is no authority", chainOf(underNotCA, notCA), underNotCA.key, false, "may sign certificates"},
		{"path length", chainOf(tooDeep, underZero, zero), tooDeep.key, false, "does not verify"},
		{"no room for an authority", chainOf(underZero, zero), underZero.key, true, "allows 0 authorities under it"},
		{"name constraints", chainOf(outsideNames, narrow), outsideNames.key, false, "the name constraints of certificate 2 of the chain do not allow certificate 1: DNS name"},
		{"unknown critical extension", chainOf(odd, root), odd.key, false, "critical extension"},
		{"expired issuer", chainOf(underExpired, expired), underExpired.key, false, "certificate 2 of the chain expired"},
		{"not yet valid", chainOf(early, root), early.key, false, "certificate 1 of the chain is not valid before"},
		{"root with a broken signature", []*x509.Certificate{&forged}, root.key, true, "self-signature"},
		{"root where a leaf is wanted", chainOf(root), root.key, false, "that of an authority"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := pki.CheckChain(test.chain, test.key.Public(), test.wantCA, now)
			wantInvalid(t, err, "", test.words)
		})
	}
}
