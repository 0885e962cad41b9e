package rest_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"

	"notary"
	"notary/api"
	"notary/internal/ca"
	"notary/internal/testkit"
)

func TestRefusedCSRs(t *testing.T) {
	t.Parallel()
	h := open(t)
	all := refusedPEM(t)
	for _, more := range []map[string]refusedCSR{refusedStructures(t), refusedKeys(t), refusedSubjects(), refusedNames()} {
		maps.Copy(all, more)
	}
	h.wantUnchanged(t, func() {
		for name, test := range all {
			t.Run(name, func(t *testing.T) {
				text := test.text
				if text == "" && name != "nothing" {
					text = test.spec.pem(t)
				}
				a := call(t, h.as(t, notary.CertificateRequestor), "POST", requestsPath, api.CreateCertificateRequest{CSR: text})
				refusal := a.wantRefusal(t, 400, "invalid")
				if refusal.Field != "csr" || test.says == "" || !strings.Contains(refusal.Error, test.says) {
					t.Errorf("field %q, want one that says %q: %s", refusal.Field, test.says, refusal.Error)
				}
			})
		}
	})
}

type refusedCSR struct {
	text string
	spec csrSpec
	says string
}

func refusedPEM(t *testing.T) map[string]refusedCSR {
	good := csrSpec{subject: cn("good.example.com")}.pem(t)
	block, _ := pem.Decode([]byte(good))
	labelled := func(label string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: label, Bytes: block.Bytes}))
	}
	encoded := strings.Split(good, "\n")[1]
	return map[string]refusedCSR{
		"nothing":                   {says: "csr is missing"},
		"white space":               {text: " \n\t\r\n", says: "not a certificate request in PEM"},
		"DER":                       {text: "0\x82", says: "not a certificate request in PEM"},
		"base64 without a frame":    {text: encoded, says: "not a certificate request in PEM"},
		"control characters before": {text: "Here you are:\x07\n" + good, says: "text around"},
		"NUL after":                 {text: good + "\x00", says: "text around"},
		"UTF-16": {text: "\ufffd\ufffd" + strings.Join(strings.Split(good, ""), "\x00") + "\x00",
			says: "encoded as UTF-16"},
		"two of them":        {text: good + good, says: "2 PEM blocks"},
		"with a certificate": {text: good + labelled("CERTIFICATE"), says: "2 PEM blocks"},
		"with a private key": {text: labelled("PRIVATE KEY") + good, says: "private key"},
		"a certificate":      {text: labelled("CERTIFICATE"), says: `of type "CERTIFICATE"`},
		"1 MB of blocks":     {text: strings.Repeat(good, (1<<20-100_000)/len(good)), says: "PEM blocks"},
		"1 MB in one block": {text: strings.Replace(good, encoded, strings.Repeat("A", 900_000), 1),
			says: "does not contain a certificate request"},
		"truncated":       {text: good[:len(good)/2], says: "truncated"},
		"its end missing": {text: strings.TrimSuffix(good, "-----END CERTIFICATE REQUEST-----\n"), says: "truncated"},
		"another end": {text: strings.Replace(good, "END CERTIFICATE REQUEST", "END CERTIFICATE", 1),
			says: "malformed at the line"},
		"the dashes of a mail": {text: strings.ReplaceAll(good, "-----", "—"), says: "not a certificate request in PEM"},
		"base64 of another kind": {text: strings.Replace(good, encoded, strings.Repeat("_", len(encoded)), 1),
			says: "base64"},
		"base64 with a letter lost": {text: strings.Replace(good, encoded, encoded[1:], 1), says: "base64"},
		"NUL in the base64":         {text: strings.Replace(good, encoded, encoded[1:]+"\x00", 1), says: "base64"},
		"an empty block": {text: "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
			says: "empty"},
		"headers":           {text: strings.Replace(good, encoded, "Proc-Type: 4,ENCRYPTED\n\n"+encoded, 1), says: "headers"},
		"one line":          {text: strings.ReplaceAll(good, "\n", " "), says: "malformed at the line"},
		"escaped line ends": {text: strings.ReplaceAll(good, "\n", `\n`), says: "malformed at the line"},
	}
}

func refusedStructures(t *testing.T) map[string]refusedCSR {
	good := csrSpec{subject: cn("good.example.com")}
	with := func(change func(*csrSpec)) csrSpec {
		changed := good
		change(&changed)
		return changed
	}
	spoilt := func(spoil func([]byte) []byte) csrSpec { return with(func(s *csrSpec) { s.spoil = spoil }) }
	certificate := testkit.OutsideRoot(t, notary.ECDSAP256, testkit.NewClock().Now()).Certificate.Raw
	return map[string]refusedCSR{
		"a changed signature": {says: "signature does not verify", spec: spoilt(func(der []byte) []byte {
			der[len(der)-1] ^= 1
			return der
		})},
		"a changed subject": {says: "signature does not verify", spec: spoilt(func(der []byte) []byte {
			return []byte(strings.Replace(string(der), "good.example.com", "evil.example.com", 1))
		})},
		"a certificate's DER": {says: "does not contain a certificate request",
			spec: spoilt(func([]byte) []byte { return certificate })},
		"no DER": {says: "does not contain a certificate request",
			spec: spoilt(func([]byte) []byte { return []byte("hello") })},
		"DER cut off": {says: "does not contain a certificate request",
			spec: spoilt(func(der []byte) []byte { return der[:len(der)-1] })},
		"octets after the DER": {says: "1 octets after the end", spec: spoilt(func(der []byte) []byte {
			return append(der,
				0)
		})},
		"version 3": {says: "version number 3", spec: with(func(s *csrSpec) { s.version = 3 })},
		"SHA-1 that is not": {says: "signature does not verify",
			spec: with(func(s *csrSpec) { s.algorithm = oidECDSAWithSHA1 })},
		"signed by a key of another kind": {says: "signature does not verify",
			spec: with(func(s *csrSpec) { s.algorithm = oidRSAWithSHA256 })},
	}
}

func refusedKeys(t *testing.T) map[string]refusedCSR {
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	testkit.Check(t, err)
	long := testkit.Key(t, notary.RSA2048).(*rsa.PrivateKey)
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	testkit.Check(t, err)
	exponent := func(e int64) csrSpec {
		return csrSpec{subject: cn("a.example.com"), key: long, spki: rsaSPKI(t, long.N, big.NewInt(e))}
	}
	even := new(big.Int).Lsh(big.NewInt(1), 2047)
	mersenne := new(big.Int).Lsh(big.NewInt(1), 2203) // 2^2203 - 1 is prime
	mersenne.Sub(mersenne, big.NewInt(1))
	one := make([]byte, 32)
	one[31] = 1
	trivial, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), one)
	testkit.Check(t, err)
	modulus := func(factors ...*big.Int) csrSpec {
		return csrSpec{subject: cn("a.example.com"), key: newWeakRSA(factors...)}
	}
	return map[string]refusedCSR{
		"RSA 1024":              {says: "1024 bits", spec: csrSpec{subject: cn("a.example.com"), key: short}},
		"RSA of exponent 1":     {says: "exponent", spec: exponent(1)},
		"RSA of exponent 2":     {says: "exponent", spec: exponent(2)},
		"RSA of exponent 0":     {says: "exponent", spec: exponent(0)},
		"RSA of exponent -3":    {says: "exponent", spec: exponent(-3)},
		"RSA of exponent 65536": {says: "exponent", spec: exponent(65536)},
		"RSA of an even modulus": {says: "small prime factor", spec: csrSpec{subject: cn("a.example.com"), key: long,
			spki: rsaSPKI(t, even, big.NewInt(65537))}},
		"RSA of a prime modulus": {says: "prime number", spec: modulus(mersenne)},
		"RSA of a small factor": {says: "small prime factor", spec: modulus(big.NewInt(65521), long.Primes[0],
			long.Primes[1])},
		"RSA of a square":       {says: "close primes", spec: modulus(mersenne, mersenne)},
		"ECDSA of the scalar 1": {says: "trivial", spec: csrSpec{subject: cn("a.example.com"), key: trivial}},
		"Ed25519 of a zero seed": {says: "trivial", spec: csrSpec{subject: cn("a.example.com"),
			key: ed25519.NewKeyFromSeed(make([]byte, 32))}},
		"RSA of 16,384 bits": {says: "too long", spec: csrSpec{subject: cn("a.example.com"), key: long,
			spki: rsaSPKI(t, new(big.Int).Lsh(long.N, 14336), big.NewInt(65537))}},
		"P-224":     {says: "curve", spec: csrSpec{subject: cn("a.example.com"), key: p224}},
		"secp256k1": {says: "cannot be used", spec: csrSpec{subject: cn("a.example.com"), spki: secp256k1SPKI(t)}},
		"a key of no kind": {says: "cannot be used", spec: csrSpec{subject: cn("a.example.com"),
			spki: []byte("\x30\x0b\x30\x05\x06\x03\x2a\x03\x04\x03\x02\x00\x00")}},
	}
}

func refusedSubjects() map[string]refusedCSR {
	org := func(tag casn1.Tag, text string) csrSpec {
		return csrSpec{subject: append(cn("a.example.com"), rdn{oidOrganization, tag, text})}
	}
	return map[string]refusedCSR{
		"nobody": {says: "has no names", spec: csrSpec{}},
		"only an organization": {says: "has no names",
			spec: csrSpec{subject: []rdn{{oidOrganization, casn1.UTF8String, "Example"}}}},
		"an empty common name": {says: "empty", spec: csrSpec{subject: cn("")}},
		"a long common name": {says: "65 characters",
			spec: csrSpec{subject: cn(strings.Repeat("x", 65))}},
		"NUL in the common name": {says: "U+0000",
			spec: csrSpec{subject: cn("a.example.com\x00.evil.example")}},
		"a line end in it": {says: "U+000A",
			spec: csrSpec{subject: cn("a.example.com\nb.example.com")}},
		"the direction turned": {says: "U+202E", spec: csrSpec{subject: cn("moc.elpmaxe\u202e")}},
		"no UTF-8":             {says: "not valid UTF-8", spec: csrSpec{subject: cn("a\xff")}},
		"PrintableString with @": {says: "PrintableString",
			spec: csrSpec{subject: []rdn{{oidCommonName, casn1.PrintableString, "a@b"}}}},
		"BMPString of odd length": {says: "BMPString", spec: org(bmpString, "\x00E\x00")},
		"UniversalString, cut":    {says: "UniversalString", spec: org(universalString, "\x00\x00\x00")},
		"Latin-1 in IA5String":    {says: "IA5String", spec: org(casn1.IA5String, "M\xfcller")},
		"NUL in TeletexString":    {says: "U+0000", spec: org(casn1.T61String, "a\x00b")},
		"GeneralString":           {says: "not text", spec: org(casn1.GeneralString, "Example")},
		"an integer":              {says: "not text", spec: org(casn1.INTEGER, "\x01")},
		"a constructed string": {says: "not text",
			spec: org(casn1.UTF8String.Constructed(), "\x0c\x01E")},
		"a country of 3 letters": {says: "exactly 2",
			spec: csrSpec{subject: append(cn("a.example.com"), rdn{oidCountry, casn1.PrintableString, "TUR"})}},
		"a country with a hyphen": {says: "PrintableString",
			spec: csrSpec{subject: append(cn("a.example.com"), rdn{oidCountry, casn1.PrintableString, "T_"})}},
		"21 attributes": {says: "more than 20",
			spec: csrSpec{subject: slices.Repeat([]rdn{{oidOrganization, casn1.UTF8String, "Example"}}, 21)}},
		"a wildcard alone":                            {says: "wildcard", spec: csrSpec{subject: cn("*")}},
		"a wildcard for a TLD":                        {says: "wildcard", spec: csrSpec{subject: cn("*.com")}},
		"a wildcard in the middle of the common name": {says: "wildcard", spec: csrSpec{subject: cn("a.*.example.com")}},
	}
}

func refusedNames() map[string]refusedCSR {
	all := map[string]refusedCSR{
		"names: an empty list": {says: "not well-formed", spec: csrSpec{subject: cn("a.example.com"),
			names: []generalName{}}},
		"names: twice": {says: "twice", spec: csrSpec{subject: cn("a.example.com"),
			extensions: []extension{sanExtension(dns("a.example.com")), sanExtension(dns("b.example.com"))}}},
		"names: no DER": {says: "not well-formed", spec: csrSpec{subject: cn("a.example.com"),
			extensions: []extension{{oidSAN, []byte("x")}}}},
	}
	for count, says := range map[int]string{1001: "more than 1000", 1500: "more than 1000"} {
		all[fmt.Sprint(count, " names")] = refusedCSR{says: says, spec: csrSpec{names: manyNames(count)}}
	}
	// The common name counts towards the limit.
	all["1000 names and another in the subject"] = refusedCSR{says: "1001 names",
		spec: csrSpec{subject: cn("one.more.example.com"), names: manyNames(1000)}}
	for _, test := range []struct {
		tag         uint8
		value, says string
	}{
		{2, "", "empty"}, {2, "*", "wildcard"}, {2, "*.com", "wildcard"}, {2, "*.", "ends with a dot"},
		{2, "a.*.example.com", "wildcard"},
		{2, "w*.example.com", "wildcard"}, {2, "*w.example.com", "wildcard"}, {2, "*.*.example.com", "wildcard"},
		{2, "**.example.com", "wildcard"}, {2, "example.*", "wildcard"},
		{2, "a.example.com\x00.evil.example", "character other than"},
		{2, "a b.example.com", "character other than"}, {2, "a.example.com\n", "character other than"},
		{2, "-a.example.com", "hyphen"}, {2, "a..example.com", "empty label"}, {2, ".example.com", "empty label"},
		{2, "example.com.", "ends with a dot"},
		{2, "bücher.example.com", "A-labels"}, {2, "xn--zzzzzzzzz999.example.com", "internationalised"},
		{2, strings.Repeat("a", 64) + ".example.com", "63"}, {2, strings.Repeat("a.", 130) + "example.com", "253"},
		{2, "10.0.0.7", "IP address"}, {2, "2001:db8::1", "IP address"}, {2, "10.0.0", "ends in a number"},
		{2, "https://a.example.com", "character other than"},
		{7, "\x0a\x00\x00", "3 octets"}, {7, "\x0a\x00\x00\x07\xff\xff\xff\x00", "8 octets"}, {7, "", "0 octets"},
		{1, "nobody", "email"}, {1, "a@b@example.com", "email"}, {1, "a@", "email"}, {1, "a\x00@example.com", "email"},
		{6, "/relative", "URI"}, {6, "https://", "URI"}, {6, "https:a.example.com", "URI"},
		{6, "https://a.example.com/\x00", "URI"},
		{0, "\x06\x03\x2a\x03\x04", "not supported"}, {4, "\x30\x00", "directoryName"}, {8, "\x2a\x03\x04", "registeredID"},
		{9, "x", "unknown type"},
	} {
		all[fmt.Sprintf("name %d %.40q", test.tag, test.value)] = refusedCSR{says: test.says,
			spec: csrSpec{subject: cn("Somebody"), names: []generalName{{test.tag, test.value}}}}
	}
	return all
}

func manyNames(n int) (all []generalName) {
	for i := range n {
		all = append(all, dns(fmt.Sprintf("n%d.example.com", i)))
	}
	return all
}

func TestAcceptedCSRs(t *testing.T) {
	t.Parallel()
	h := open(t)
	spec := func(name string) string { return csrSpec{subject: cn(name)}.pem(t) }
	with := func(alg notary.KeyAlgorithm) string {
		return csrSpec{subject: cn("a.example.com"), key: testkit.Key(t, alg)}.pem(t)
	}
	for name, test := range map[string]struct{ csr, key string }{
		"CRLF":                    {strings.ReplaceAll(spec("a.example.com"), "\n", "\r\n"), "ECDSA P-256"},
		"no line end":             {strings.TrimSpace(spec("a.example.com")), "ECDSA P-256"},
		"white space around":      {"\n\n  \t\n" + spec("a.example.com") + "\r\n \n", "ECDSA P-256"},
		"blanks at the line ends": {strings.ReplaceAll(spec("a.example.com"), "\n", " \t\n"), "ECDSA P-256"},
		"an older label": {strings.ReplaceAll(spec("a.example.com"), "CERTIFICATE REQUEST",
			"NEW CERTIFICATE REQUEST"), "ECDSA P-256"},
		"RSA 2048":        {with(notary.RSA2048), "RSA 2048"},
		"P-384":           {with(notary.ECDSAP384), "ECDSA P-384"},
		"P-521":           {with(notary.ECDSAP521), "ECDSA P-521"},
		"Ed25519":         {with(notary.Ed25519), "Ed25519"},
		"a person's name": {spec("Ayşe Yılmaz"), "ECDSA P-256"},
		"a wildcard": {csrSpec{subject: cn("*.example.com"),
			names: dnsNames("*.example.com", "example.com")}.pem(t), "ECDSA P-256"},
		"an empty subject": {csrSpec{names: dnsNames("a.example.com")}.pem(t), "ECDSA P-256"},
		"names of every type": {csrSpec{names: []generalName{dns("a.example.com"), {7, "\x0a\x00\x00\x07"},
			{1, "me@example.com"}, {6, "spiffe://example.org/web"}}}.pem(t), "ECDSA P-256"},
		"an internationalised name": {csrSpec{names: dnsNames("xn--bcher-kva.example.com")}.pem(t), "ECDSA P-256"},
		"100 names":                 {csrSpec{names: manyNames(100)}.pem(t), "ECDSA P-256"},
	} {
		t.Run(name, func(t *testing.T) {
			c := h.as(t, notary.CertificateRequestor)
			id, err := c.CreateCertificateRequest(t.Context(), api.CreateCertificateRequest{CSR: test.csr})
			testkit.Check(t, err)
			request, err := c.CertificateRequest(t.Context(), id)
			testkit.Check(t, err)
			if request.CSR != test.csr {
				t.Errorf("submitted %q, got %q", test.csr, request.CSR)
			}
			if request.Key != test.key {
				t.Errorf("key %q, want %q", request.Key, test.key)
			}
		})
	}
}

// A CSR is recorded once per account, regardless of its PEM formatting.
func TestRecordedAlready(t *testing.T) {
	t.Parallel()
	h := open(t)
	csr := csrSpec{subject: cn("a.example.com")}.pem(t)
	for _, role := range []notary.Role{notary.Admin, notary.CertificateRequestor} {
		call(t, h.as(t, role), "POST", requestsPath, api.CreateCertificateRequest{CSR: csr}).wantStatus(t, 201)
	}
	h.wantUnchanged(t, func() {
		for _, text := range []string{csr, strings.ReplaceAll(csr, "\n", "\r\n"), strings.TrimSpace(csr)} {
			for _, role := range []notary.Role{notary.Admin, notary.CertificateRequestor} {
				a := call(t, h.as(t, role), "POST", requestsPath, api.CreateCertificateRequest{CSR: text})
				if refusal := a.wantRefusal(t, 409, "conflict"); refusal.Field != "csr" {
					t.Errorf("field %q", refusal.Field)
				}
			}
		}
	})
}

// A CSR that requests CA rights gets an end-entity certificate.
func TestAuthorityRightsInACSRAreNotHonoured(t *testing.T) {
	t.Parallel()
	h := open(t)
	csr := csrSpec{subject: cn("a.example.com"), extensions: []extension{{oidBasicConstraints,
		[]byte("\x30\x03\x01\x01\xff")}}}.pem(t)
	id, err := h.CA.Submit(t.Context(), h.Admin(), csr)
	testkit.Check(t, err)
	testkit.Check(t, h.CA.Sign(t.Context(), h.Admin(), id, ca.SignOptions{AuthorityID: h.Root(t, notary.Ed25519)}))
	request, err := h.admin(t).CertificateRequest(t.Context(), id)
	testkit.Check(t, err)
	leaf := certificates(t, request.CertificateChain)[0]
	if leaf.IsCA || leaf.KeyUsage&(x509.KeyUsageCertSign|x509.KeyUsageCRLSign) != 0 {
		t.Errorf("a CA certificate was issued: CA %t, key usage %b", leaf.IsCA, leaf.KeyUsage)
	}
	if _, ok := leaf.PublicKey.(ed25519.PublicKey); ok {
		t.Error("the leaf has the key type of the CA: the test checks the wrong certificate")
	}
}
