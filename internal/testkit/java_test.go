package testkit_test

import (
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"notary"
	"notary/internal/testkit"
)

// Java checks the purpose, the time and the CRLs. If it checks revocation, it accepts nothing without CRLs.
func TestJavaVerifies(t *testing.T) {
	t.Parallel()
	java := testkit.NewJava(t)
	now := time.Now()
	folder := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(folder, name)
		testkit.Check(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	root := testkit.OutsideRoot(t, notary.ECDSAP256, now)
	leaf := root.Issue(t, testkit.Key(t, notary.ECDSAP256).Public(), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1),
		ThisUpdate: now.Add(-time.Minute), NextUpdate: now.Add(time.Hour)}, root.Certificate, root.Key)
	testkit.Check(t, err)
	chain := testkit.JavaChain{Use: "server", At: now, Leaf: write("leaf.pem", testkit.PEM(leaf)),
		Intermediates: write("none.pem", ""), Root: write("root.pem", testkit.PEM(root.Certificate)),
		Lists: write("lists.pem", string(pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: list})))}
	another := write("another.pem", testkit.PEM(testkit.OutsideRoot(t, notary.ECDSAP256, now).Certificate))
	for what, c := range map[string]struct {
		edit     func(*testkit.JavaChain)
		accepted bool
	}{
		"unchanged":             {func(*testkit.JavaChain) {}, true},
		"with no look at lists": {func(c *testkit.JavaChain) { c.Lists = "" }, true},
		"without the list":      {func(c *testkit.JavaChain) { c.Lists = c.Intermediates }, false},
		"for a client":          {func(c *testkit.JavaChain) { c.Use = "client" }, false},
		"after its end":         {func(c *testkit.JavaChain) { c.At = leaf.NotAfter.Add(time.Second) }, false},
		"under another root":    {func(c *testkit.JavaChain) { c.Root = another }, false},
		"with nobody to ask about it": {func(c *testkit.JavaChain) { c.Use, c.Responder = "ocsp", "http://127.0.0.1:1/" },
			false},
	} {
		edited := chain
		c.edit(&edited)
		if says, accepted := java.Verify(t, edited); accepted != c.accepted {
			t.Errorf("%s: %s", what, says)
		}
	}
}
