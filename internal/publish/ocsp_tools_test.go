package publish_test

import (
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"notary"
	"notary/internal/pki"
	"notary/internal/testkit"
)

type pkiFiles struct {
	url, root, issuer, chain string
	good, revoked, foreign   string // foreign: issued by the root
}

// newPKIFiles creates an authority with a valid, a revoked and other certificates.
func newPKIFiles(t *testing.T, s *served, alg notary.KeyAlgorithm) pkiFiles {
	t.Helper()
	folder := t.TempDir()
	write := func(name string, certificates ...*x509.Certificate) string {
		path := filepath.Join(folder, name+".pem")
		testkit.Check(t, os.WriteFile(path, []byte(testkit.PEM(certificates...)), 0o600))
		return path
	}
	root := s.Root(t, alg)
	issuing := s.Intermediate(t, root, alg)
	rootCertificate, issuer := s.certificate(t, root), s.certificate(t, issuing)
	good, _ := s.issued(t, issuing)
	revoked, id := s.issued(t, issuing)
	testkit.Check(t, s.RevokeRequest(t.Context(), s.Admin(), id, notary.KeyCompromise))
	foreign, _ := s.issued(t, root)
	return pkiFiles{
		url: fmt.Sprintf("%s/ocsp/%d", s.url, issuing), root: write("root", rootCertificate),
		issuer: write("issuer", issuer),
		chain:  write("chain", issuer, rootCertificate), good: write("good", good), revoked: write("revoked", revoked),
		foreign: write("foreign", foreign),
	}
}

func run(t *testing.T, tool string, args ...string) (said string, ok bool) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput()
	if _, ended := err.(*exec.ExitError); err != nil && !ended {
		t.Fatalf("%s: %v", tool, err)
	}
	return tool + " " + strings.Join(args, " ") + "\n" + string(out), err == nil
}

// wantSaid checks that a tool's output has all the words and no errors or warnings.
func wantSaid(t *testing.T, said string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(said, word) {
			t.Errorf("output lacks %q:\n%s", word, said)
		}
	}
	for _, word := range []string{"WARNING", "rror", "ailure"} {
		if strings.Contains(said, word) {
			t.Errorf("output contains %q:\n%s", word, said)
		}
	}
}

// openssl ocsp accepts responses for all types of authority keys: with and without a nonce, with SHA-1 and SHA-2, for
// one certificate and for several.
func TestInteropOpenSSLAcceptsResponses(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	for _, alg := range []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384, notary.Ed25519} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			files := newPKIFiles(t, s, alg)
			ask := func(args ...string) string {
				t.Helper()
				args = append([]string{"ocsp", "-issuer", files.issuer, "-url", files.url, "-CAfile", files.chain},
					args...)
				said, ok := run(t, "openssl", args...)
				if !ok {
					t.Errorf("openssl %s:\n%s", strings.Join(args, " "), said)
				}
				return said
			}
			wantSaid(t, ask("-cert", files.good), "Response verify OK", files.good+": good", "Next Update: ")
			revoked := []string{"Response verify OK", files.revoked + ": revoked", "Reason: keyCompromise",
				"Revocation Time: "}
			wantSaid(t, ask("-cert", files.revoked), revoked...)
			wantSaid(t, ask("-no_nonce", "-cert", files.revoked), revoked...)
			for _, hash := range []string{"-sha256", "-sha384", "-sha512"} {
				wantSaid(t, ask(hash, "-cert", files.revoked), revoked...)
			}
			wantSaid(t, ask("-serial", "0x1234"), "Response verify OK", "0x1234: unknown")
			wantSaid(t, ask("-cert", files.good, "-sha256", "-cert", files.revoked, "-sha1", "-serial", "77"),
				append(revoked, files.good+": good", "77: unknown")...)
			wantSaid(t, ask("-trust_other", "-verify_other", files.chain, "-cert", files.good), "Response verify OK",
				files.good+": good")
		})
	}
}

// A responder is accepted if an external CA has constrained its authority to servers.
func TestInteropResponderUnderConstrainedAuthority(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	testkit.Require(t, "ocsptool")
	s := serve(t)
	outside := testkit.OutsideRoot(t, notary.ECDSAP256, s.Clock.Now())
	id := s.Pending(t)
	a, err := s.CA.Authority(t.Context(), s.Admin(), id)
	testkit.Check(t, err)
	csr, err := pki.ParseCSR(a.CSR)
	testkit.Check(t, err)
	_, err = s.CA.UploadAuthority(t.Context(), s.Admin(), id,
		outside.Chain(t, csr.PublicKey, func(c *x509.Certificate) {
			c.RawSubject, c.IsCA, c.KeyUsage = csr.RawSubject, true, x509.KeyUsageCertSign|x509.KeyUsageCRLSign
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		}))
	testkit.Check(t, err)
	leaf, _ := s.issued(t, id)
	folder := t.TempDir()
	issuerPath, leafPath, chainPath := filepath.Join(folder, "issuer.pem"), filepath.Join(folder, "leaf.pem"),
		filepath.Join(folder, "chain.pem")
	testkit.Check(t, os.WriteFile(issuerPath, []byte(testkit.PEM(s.certificate(t, id))), 0o600))
	testkit.Check(t, os.WriteFile(chainPath, []byte(testkit.PEM(s.certificate(t, id), outside.Certificate)), 0o600))
	testkit.Check(t, os.WriteFile(leafPath, []byte(testkit.PEM(leaf)), 0o600))
	url := fmt.Sprintf("%s/ocsp/%d", s.url, id)
	said, _ := run(t, "openssl", "ocsp", "-issuer", issuerPath, "-cert", leafPath, "-url", url, "-CAfile", chainPath)
	wantSaid(t, said, "Response verify OK", leafPath+": good")
	said, _ = run(t, "ocsptool", "--ask="+url, "--load-issuer="+issuerPath, "--load-cert="+leafPath,
		"--load-trust="+chainPath)
	wantSaid(t, said, "Certificate Status: good", "Verifying OCSP Response: Success.")
}

func TestInteropOpenSSLUnanswered(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "openssl")
	s := serve(t)
	files := newPKIFiles(t, s, notary.ECDSAP256)
	said, _ := run(t, "openssl", "ocsp", "-issuer", files.root, "-cert", files.foreign, "-url", files.url, "-CAfile",
		files.chain)
	if !strings.Contains(said, "unauthorized (6)") {
		t.Errorf("of another issuer's certificate: %s", said)
	}
}

func TestInteropGnuTLSAcceptsResponses(t *testing.T) {
	t.Parallel()
	testkit.Require(t, "ocsptool")
	for _, alg := range []notary.KeyAlgorithm{notary.RSA2048, notary.ECDSAP256, notary.ECDSAP384, notary.Ed25519} {
		t.Run(string(alg), func(t *testing.T) {
			t.Parallel()
			s := serve(t)
			files := newPKIFiles(t, s, alg)
			for path, words := range map[string][]string{
				files.good:    {"Certificate Status: good", "Verifying OCSP Response: Success."},
				files.revoked: {"Certificate Status: revoked", "Verifying OCSP Response: Success."},
			} {
				for _, nonce := range []string{"--nonce", "--no-nonce"} {
					args := []string{"--ask=" + files.url, nonce, "--load-issuer=" + files.issuer,
						"--load-cert=" + path, "--load-trust=" + files.issuer}
					said, _ := run(t, "ocsptool", args...)
					wantSaid(t, said, words...)
				}
			}
		})
	}
}
