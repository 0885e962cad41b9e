package inspect_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/inspect"
	"notary/internal/pki"
	"notary/internal/testkit"
)

var now = time.Date(2030, 5, 6, 7, 8, 9, 0, time.UTC)

type world struct {
	root, issuer *testkit.Outside
	key          crypto.Signer
	leaf         *x509.Certificate
}

func newWorld(t testing.TB) world {
	t.Helper()
	root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	issuer := root.Intermediate(t, notary.ECDSAP256)
	key := testkit.Key(t, notary.ECDSAP256)
	return world{root, issuer, key, issuer.Issue(t, key.Public(), asServer)}
}

func asServer(c *x509.Certificate) {
	c.Subject = pkix.Name{CommonName: "a.example.com", Organization: []string{"Example"}}
	c.DNSNames = []string{"a.example.com", "b.example.com"}
	c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	id := sha(c.DNSNames[0])
	c.SubjectKeyId = id
}

func sha(s string) []byte {
	sum := crypto.SHA1.New()
	sum.Write([]byte(s))
	return sum.Sum(nil)
}

func edited(edit func(*x509.Certificate)) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		asServer(c)
		edit(c)
	}
}

func (w world) chain() []*x509.Certificate {
	return append([]*x509.Certificate{w.leaf}, w.issuer.Authorities()...)
}

func read(t testing.TB, data []byte) []inspect.Object {
	t.Helper()
	objects, err := inspect.Read(data, now)
	testkit.Check(t, err)
	return objects
}

func readCertificates(t testing.TB, certs ...*x509.Certificate) []inspect.Object {
	t.Helper()
	return read(t, []byte(testkit.PEM(certs...)))
}

func kinds(objects []inspect.Object) (list []inspect.Kind) {
	for _, o := range objects {
		list = append(list, o.Kind)
	}
	return list
}

// wrong returns the sorted codes of all errors and warnings, without duplicates.
func wrong(objects ...inspect.Object) (codes []string) {
	for _, o := range objects {
		for _, p := range o.Problems {
			if p.Level != notary.FindingNotice {
				codes = append(codes, p.Code)
			}
		}
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

func wantWrong(t *testing.T, objects []inspect.Object, want ...string) {
	t.Helper()
	if got := wrong(objects...); !slices.Equal(got, want) {
		t.Errorf("wrong is %v, want %v; all of it:\n%s", got, want, problemTexts(objects))
	}
	if inspect.Wrong(objects) != (len(want) > 0) {
		t.Error("Wrong says otherwise")
	}
}

func problemTexts(objects []inspect.Object) string {
	var b strings.Builder
	for _, o := range objects {
		for _, p := range o.Problems {
			b.WriteString(string(o.Kind) + " " + o.Name + ": " + string(p.Level) + ": " + p.Code + ": " + p.Message + "\n")
		}
	}
	return b.String()
}

func toPEM(label string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: label, Bytes: der})
}

func crl(t testing.TB, issuer *testkit.Outside, edit func(*x509.RevocationList), revoked ...*x509.Certificate) []byte {
	t.Helper()
	list := &x509.RevocationList{Number: big.NewInt(7), ThisUpdate: now.Add(-time.Hour), NextUpdate: now.Add(time.Hour)}
	for _, c := range revoked {
		list.RevokedCertificateEntries = append(list.RevokedCertificateEntries, x509.RevocationListEntry{
			SerialNumber: c.SerialNumber, RevocationTime: now.Add(-2 * time.Hour), ReasonCode: 4})
	}
	if edit != nil {
		edit(list)
	}
	der, err := x509.CreateRevocationList(rand.Reader, list, issuer.Certificate, issuer.Key)
	testkit.Check(t, err)
	return der
}

var rsa1024 = sync.OnceValue(func() crypto.Signer {
	out, err := exec.Command("openssl", "genrsa", "1024").Output()
	if err != nil {
		panic(err)
	}
	key, err := pki.ParsePrivateKey(out, "")
	if err != nil {
		panic(err)
	}
	return key
})

func openssl(t *testing.T, folder, args string) {
	t.Helper()
	testkit.Require(t, "openssl")
	command := exec.Command("openssl", strings.Fields(args)...)
	command.Dir = folder
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("openssl %s: %v\n%s", args, err, out)
	}
}

func file(t *testing.T, parts ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(parts...))
	testkit.Check(t, err)
	return content
}
