package pki_test

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

func listOf(t testing.TB, o *testkit.Outside, edits ...func(*x509.RevocationList)) []byte {
	t.Helper()
	now := time.Now().Truncate(time.Second)
	list := &x509.RevocationList{Number: big.NewInt(41), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	for _, edit := range edits {
		edit(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, o.Certificate, o.Key)
	testkit.Check(t, err)
	return der
}

func entry(serial int64, reason int, extensions ...pkix.Extension) x509.RevocationListEntry {
	return x509.RevocationListEntry{SerialNumber: big.NewInt(serial),
		RevocationTime: time.Now().UTC().Add(-2 * time.Hour).Truncate(time.Second),
		ReasonCode:     reason, ExtraExtensions: extensions}
}

func extension(critical bool, value []byte, oid ...int) pkix.Extension {
	return pkix.Extension{Id: oid, Critical: critical, Value: value}
}

func TestParseCRL(t *testing.T) {
	t.Parallel()
	now := time.Now()
	for _, alg := range []notary.KeyAlgorithm{notary.ECDSAP256, notary.Ed25519, notary.RSA2048} {
		o := testkit.OutsideRoot(t, alg, now)
		var want []notary.Revocation
		der := listOf(t, o, func(l *x509.RevocationList) {
			for reason, code := range notary.RevocationReasons {
				e := entry(int64(1000+code), code, extension(false, asn1.NullBytes, 1, 2, 3))
				l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, e)
				want = append(want, notary.Revocation{Serial: fmt.Sprintf("%04x", 1000+code), At: e.RevocationTime, Reason: reason})
			}
			l.ExtraExtensions = []pkix.Extension{extension(false, asn1.NullBytes, 2, 5, 29, 46)}
		})
		for form, data := range map[string][]byte{"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "X509 CRL",
			Bytes: der})} {
			crl, err := pki.ParseCRL(data, o.Certificate, now)
			testkit.Check(t, err)
			if crl.Number != 41 {
				t.Errorf("%s: the number is %d", form, crl.Number)
			}
			if diff := cmp.Diff(want, crl.Revocations); diff != "" {
				t.Errorf("%s: entries (-want +got):\n%s", form, diff)
			}
		}
	}
}

func TestParseCRLRefuses(t *testing.T) {
	t.Parallel()
	now := time.Now()
	o, other := testkit.OutsideRoot(t, notary.ECDSAP256, now), testkit.OutsideRoot(t, notary.ECDSAP256, now)
	sameName := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	sameName.Certificate.RawSubject, sameName.Certificate.SubjectKeyId = o.Certificate.RawSubject,
		o.Certificate.SubjectKeyId
	withEntries := func(entries ...x509.RevocationListEntry) []byte {
		return listOf(t, o, func(l *x509.RevocationList) { l.RevokedCertificateEntries = entries })
	}
	withExtension := func(e pkix.Extension) []byte {
		return listOf(t, o, func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{e} })
	}
	flip := func(der []byte, at int) []byte { // from the end if negative
		der[(at+len(der))%len(der)] ^= 1
		return der
	}
	good := listOf(t, o)
	noSign := *o.Certificate
	noSign.KeyUsage = x509.KeyUsageCertSign
	for name, c := range map[string]struct {
		data   []byte
		issuer *x509.Certificate
		words  string
	}{
		"nothing":                     {nil, nil, "cannot be parsed"},
		"no list":                     {[]byte("hello"), nil, "cannot be parsed"},
		"a certificate":               {o.Certificate.Raw, nil, "cannot be parsed"},
		"a certificate in PEM":        {[]byte(testkit.PEM(o.Certificate)), nil, "CERTIFICATE"},
		"cut off":                     {good[:len(good)-1], nil, "cannot be parsed"},
		"more behind it":              {append(append([]byte{}, good...), 0), nil, "1 octets after the end"},
		"of another authority":        {listOf(t, other), nil, "another CA"},
		"of another key of that name": {listOf(t, sameName), nil, "does not verify"},
		"a broken signature":          {flip(listOf(t, o), -1), nil, "does not verify"},
		"a changed entry":             {flip(withEntries(entry(5, 0)), 120), nil, ""},
		"an issuer without cRLSign":   {good, &noSign, "does not verify"},
		"from the future": {listOf(t, o,
			func(l *x509.RevocationList) { l.ThisUpdate = now.Add(time.Minute) }), nil, "future"},
		"a number beyond 2^62": {listOf(t, o,
			func(l *x509.RevocationList) { l.Number = new(big.Int).Lsh(big.NewInt(1), 70) }), nil, "2^62"},
		"a delta list": {withExtension(extension(true, []byte{2, 1, 1}, 2, 5, 29, 27)), nil,
			"delta"},
		"an indirect list": {withExtension(extension(true, []byte{0x30, 3, 0x84, 1, 0xff}, 2, 5, 29,
			28)), nil, "indirect"},
		"a list of users alone": {withExtension(extension(true, []byte{0x30, 3, 0x81, 1, 0xff}, 2, 5, 29,
			28)), nil, "part"},
		"a distribution point": {withExtension(extension(false, []byte{0x30, 0}, 2, 5, 29, 28)), nil,
			"part"},
		"an unknown critical extension": {withExtension(extension(true, asn1.NullBytes, 1, 2, 3)), nil,
			"critical extension"},
		"an entry of another authority": {withEntries(entry(5, 0, extension(true, []byte{0x30, 0}, 2, 5, 29, 29))),
			nil, "indirect"},
		"an entry's unknown critical extension": {withEntries(entry(5, 0, extension(true, asn1.NullBytes, 1, 2, 3))), nil,
			"serial number 05"},
		"an invalidity date that is none": {withEntries(entry(5, 0, extension(false, asn1.NullBytes, 2, 5, 29, 24))), nil,
			"invalidity date"},
		"a hold instruction that is none": {withEntries(entry(5, 6, extension(false, asn1.NullBytes, 2, 5, 29, 23))), nil,
			"hold instruction"},
		"an endless hold instruction": {withEntries(entry(5, 6, extension(false,
			append([]byte{6, 40}, slices.Repeat([]byte{1}, 40)...), 2, 5, 29, 23))),
			nil, "hold instruction"},
		"a serial number twice":    {withEntries(entry(5, 0), entry(6, 0), entry(5, 1)), nil, "05 twice"},
		"a negative serial number": {withEntries(entry(-5, 0)), nil, "not positive"},
		"a serial number of zero":  {withEntries(entry(0, 0)), nil, "not positive"},
		"an unused reason":         {withEntries(entry(5, 7)), nil, "reason code 7"},
		"a removal":                {withEntries(entry(5, 8)), nil, "reason code 8"},
		"a revocation before 1970": {withEntries(x509.RevocationListEntry{SerialNumber: big.NewInt(5),
			RevocationTime: time.Unix(0, 0)}),
			nil, "before 1970"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			issuer := c.issuer
			if issuer == nil {
				issuer = o.Certificate
			}
			_, err := pki.ParseCRL(c.data, issuer, now)
			testkit.WantKind(t, err, notary.Invalid)
			testkit.WantText(t, err, c.words)
		})
	}
}

// SHA-1 CRLs and version 1 CRLs, which have no numbers, are refused with a specific error.
func TestParseCRLRefusesOldForms(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	folder := t.TempDir()
	writeFile(t, folder, "ca.cnf", "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ndefault_crl_days=9\ndefault_md=sha256\n")
	writeFile(t, folder, "v2.cnf", "[ca]\ndefault_ca=a\n[a]\ndatabase=index.txt\ndefault_crl_days=9\ndefault_md=sha1\ncrlnumber=number\n")
	writeFile(t, folder, "index.txt", "")
	writeFile(t, folder, "number", "01\n")
	openssl(t, folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-subj", "/CN=Old", "-out",
		"ca.pem",
		"-addext", "keyUsage=keyCertSign,cRLSign")
	openssl(t, folder, "ca", "-gencrl", "-config", "ca.cnf", "-keyfile", "key.pem", "-cert", "ca.pem", "-out", "v1.pem")
	openssl(t, folder, "ca", "-gencrl", "-config", "v2.cnf", "-keyfile", "key.pem", "-cert", "ca.pem", "-out", "sha1.pem")
	chain, err := pki.ParseChain(string(readFile(t, folder, "ca.pem")))
	testkit.Check(t, err)
	for file, words := range map[string]string{"v1.pem": "version 1", "sha1.pem": "SHA1"} {
		_, err := pki.ParseCRL(readFile(t, folder, file), chain[0], time.Now().Add(time.Minute))
		testkit.WantKind(t, err, notary.Invalid)
		testkit.WantText(t, err, words)
	}
}

func FuzzParseCRL(f *testing.F) {
	o := testkit.OutsideRoot(f, notary.ECDSAP256, time.Now())
	f.Add(listOf(f, o))
	f.Add(listOf(f, o, func(l *x509.RevocationList) {
		l.RevokedCertificateEntries = []x509.RevocationListEntry{entry(5, 6), entry(6, 0)}
	}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := pki.ParseCRL(data, o.Certificate, time.Now()); err != nil {
			testkit.WantKind(t, err, notary.Invalid)
		}
	})
}
