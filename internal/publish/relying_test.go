package publish_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"notary"
	"notary/internal/ca"
	"notary/internal/testkit"
)

// serveKeeping serves a World and keeps its CRLs current. Its clock is behind, because each CRL needs a time of its
// own and programs use the real time.
func serveKeeping(t *testing.T) *served {
	t.Helper()
	s := serve(t)
	s.Clock.Advance(-10 * time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	var keeping sync.WaitGroup
	keeping.Go(func() { s.Revocation.KeepCRLs(ctx, testkit.Always(50*time.Millisecond)) })
	t.Cleanup(func() { cancel(); keeping.Wait() })
	return s
}

// here returns the URL at which the test serves a URL in certificates.
func (s *served) here(url string) string {
	return strings.Replace(url, testkit.PublishURL, s.url, 1)
}

func (s *served) download(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(s.here(url))
	testkit.Check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	testkit.Check(t, err)
	if response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %s", url, response.Status, body)
	}
	return body
}

func (s *served) issue(t *testing.T, issuer int64, key crypto.Signer, names ...string) int64 {
	t.Helper()
	id, err := s.CA.Submit(t.Context(), s.Admin(), testkit.CSR(t, key, names...))
	testkit.Check(t, err)
	testkit.Check(t, s.CA.Sign(t.Context(), s.Admin(), id, ca.SignOptions{AuthorityID: issuer}))
	return id
}

func (s *served) revoke(t *testing.T, requestID int64, p *presented) {
	t.Helper()
	s.Clock.Advance(time.Second) // no CRL is built in the same second
	testkit.Check(t, s.RevokeRequest(t.Context(), s.Admin(), requestID, notary.Superseded))
	await(t, "the published list to have the revocation", func() (string, bool) {
		list, err := x509.ParseRevocationList(s.download(t, p.leaf.CRLDistributionPoints[0]))
		testkit.Check(t, err)
		return list.ThisUpdate.String(), slices.ContainsFunc(list.RevokedCertificateEntries,
			func(e x509.RevocationListEntry) bool {
				return e.SerialNumber.Cmp(p.leaf.SerialNumber) == 0
			})
	})
}

type presented struct {
	dir       string
	leaf      *x509.Certificate
	chain     []*x509.Certificate // issuers, nearest first, root last
	responder string              // responder URL in the certificate, as served by the test
	lists     []*x509.RevocationList
	listed    []byte // the same in PEM
}

func (s *served) present(t *testing.T, requestID int64) *presented {
	t.Helper()
	request, err := s.CA.Request(t.Context(), s.Admin(), requestID)
	testkit.Check(t, err)
	cert := request.Certificate
	p := &presented{dir: t.TempDir()}
	for i, der := range cert.Chain() {
		c, err := x509.ParseCertificate(der)
		testkit.Check(t, err)
		if i == 0 {
			p.leaf = c
		} else {
			p.chain = append(p.chain, c)
		}
	}
	root := len(p.chain) - 1
	p.write(t, "leaf.pem", testkit.PEM(p.leaf))
	p.write(t, "issuer.pem", testkit.PEM(p.chain[0]))
	p.write(t, "intermediates.pem", testkit.PEM(p.chain[:root]...))
	p.write(t, "root.pem", testkit.PEM(p.chain[root]))
	p.write(t, "whole.pem", testkit.PEM(append([]*x509.Certificate{p.leaf}, p.chain...)...))
	if len(p.leaf.OCSPServer) != 1 || len(p.leaf.CRLDistributionPoints) != 1 || len(p.leaf.IssuingCertificateURL) != 1 {
		t.Fatalf("the certificate names the responders %v, the lists %v and the issuers %v, want one of each",
			p.leaf.OCSPServer, p.leaf.CRLDistributionPoints, p.leaf.IssuingCertificateURL)
	}
	p.responder = s.here(p.leaf.OCSPServer[0])
	return p
}

func (p *presented) write(t *testing.T, name, text string) {
	t.Helper()
	testkit.Check(t, os.WriteFile(p.path(name), []byte(text), 0o600))
}

func (p *presented) path(name string) string { return filepath.Join(p.dir, name) }

// fetchLists downloads the CRLs that the certificate and its issuers name.
func (s *served) fetchLists(t *testing.T, p *presented) {
	t.Helper()
	p.lists, p.listed = nil, nil
	for _, c := range append([]*x509.Certificate{p.leaf}, p.chain[:len(p.chain)-1]...) {
		der := s.download(t, c.CRLDistributionPoints[0])
		list, err := x509.ParseRevocationList(der)
		testkit.Check(t, err)
		p.lists = append(p.lists, list)
		p.listed = append(p.listed, (&notary.CRL{DER: der}).PEM()...)
	}
	p.write(t, "lists.pem", string(p.listed))
}

// purpose is the purpose of a certificate, as each program names it.
type purpose struct {
	name string
	oid  string
	go_  x509.ExtKeyUsage
	java string
}

var purposes = []purpose{
	{"sslserver", "1.3.6.1.5.5.7.3.1", x509.ExtKeyUsageServerAuth, "server"},
	{"sslclient", "1.3.6.1.5.5.7.3.2", x509.ExtKeyUsageClientAuth, "client"},
}

// relier verifies the chain for a purpose, optionally with CRLs, and returns its output.
type relier struct {
	name   string
	verify func(t *testing.T, p *presented, use purpose, withLists bool) (says string, accepted bool)
}

// asker queries the OCSP responder that the certificate names and returns its output and the status, good or revoked.
type asker struct {
	name string
	ask  func(t *testing.T, p *presented) (says, status string)
}

type relying struct {
	reliers []relier
	askers  []asker
}

func withJava(java *testkit.Java) relying {
	return relying{
		reliers: []relier{{"OpenSSL", byOpenSSL}, {"GnuTLS", byGnuTLS}, {"Go", byGo}, {"Java", byJava(java)}},
		askers: []asker{
			{"openssl ocsp with SHA-1", func(t *testing.T, p *presented) (string, string) {
				return askOpenSSL(t, p, "-sha1")
			}},
			{"openssl ocsp with SHA-256", func(t *testing.T, p *presented) (string, string) {
				return askOpenSSL(t, p, "-sha256")
			}},
			{"ocsptool", askGnuTLS},
			{"Java", askJava(java)},
		},
	}
}

func byOpenSSL(t *testing.T, p *presented, use purpose, withLists bool) (string, bool) {
	args := []string{"verify", "-x509_strict", "-purpose", use.name, "-CAfile", p.path("root.pem")}
	if len(p.chain) > 1 {
		args = append(args, "-untrusted", p.path("intermediates.pem"))
	}
	if withLists {
		args = append(args, "-crl_check_all", "-CRLfile", p.path("lists.pem"))
	}
	return run(t, "openssl", append(args, p.path("leaf.pem"))...)
}

func byGnuTLS(t *testing.T, p *presented, use purpose, withLists bool) (string, bool) {
	args := []string{"--verify", "--verify-profile", "low", "--verify-purpose", use.oid,
		"--load-ca-certificate", p.path("root.pem"), "--infile", p.path("whole.pem")}
	if withLists {
		args = append(args, "--load-crl", p.path("lists.pem"))
	}
	return run(t, "certtool", args...)
}

func byGo(_ *testing.T, p *presented, use purpose, withLists bool) (string, bool) {
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	last := len(p.chain) - 1
	roots.AddCert(p.chain[last])
	for _, c := range p.chain[:last] {
		intermediates.AddCert(c)
	}
	if _, err := p.leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates,
		KeyUsages: []x509.ExtKeyUsage{use.go_}}); err != nil {
		return err.Error(), false
	}
	if !withLists {
		return "", true
	}
	certs := append([]*x509.Certificate{p.leaf}, p.chain...)
	for i, list := range p.lists {
		if err := list.CheckSignatureFrom(p.chain[i]); err != nil {
			return err.Error(), false
		}
		for _, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(certs[i].SerialNumber) == 0 {
				return "revoked", false
			}
		}
	}
	return "", true
}

func byJava(java *testkit.Java) func(*testing.T, *presented, purpose, bool) (string, bool) {
	return func(t *testing.T, p *presented, use purpose, withLists bool) (string, bool) {
		chain := p.forJava(use.java)
		if withLists {
			chain.Lists = p.path("lists.pem")
		}
		says, accepted := java.Verify(t, chain)
		if !accepted && withLists && !strings.Contains(says, "(REVOKED)") {
			t.Errorf("Java refuses for another reason than a revocation: %s", says)
		}
		return says, accepted
	}
}

func (p *presented) forJava(use string) testkit.JavaChain {
	return testkit.JavaChain{Use: use, At: time.Now(), Leaf: p.path("leaf.pem"),
		Intermediates: p.path("intermediates.pem"), Root: p.path("root.pem")}
}

func askOpenSSL(t *testing.T, p *presented, hash string) (says, status string) {
	says, ok := run(t, "openssl", "ocsp", hash, "-issuer", p.path("issuer.pem"), "-cert", p.path("leaf.pem"),
		"-url", p.responder, "-CAfile", p.path("root.pem"), "-verify_other", p.path("whole.pem"))
	return says, statusIn(says, ok && strings.Contains(says, "Response verify OK"), "leaf.pem: good",
		"leaf.pem: revoked")
}

func askGnuTLS(t *testing.T, p *presented) (says, status string) {
	says, _ = run(t, "ocsptool", "--ask="+p.responder, "--load-issuer", p.path("issuer.pem"), "--load-cert",
		p.path("leaf.pem"),
		"--load-trust", p.path("issuer.pem"))
	return says, statusIn(says, strings.Contains(says, "Verifying OCSP Response: Success"),
		"Certificate Status: good", "Certificate Status: revoked")
}

func askJava(java *testkit.Java) func(*testing.T, *presented) (string, string) {
	return func(t *testing.T, p *presented) (string, string) {
		chain := p.forJava("ocsp")
		chain.Responder = p.responder
		says, accepted := java.Verify(t, chain)
		if accepted {
			return says, "good"
		}
		return says, statusIn(says, true, "accepted", "(REVOKED)")
	}
}

func statusIn(says string, verified bool, good, revoked string) string {
	switch {
	case !verified:
		return "not verified"
	case strings.Contains(says, good):
		return "good"
	case strings.Contains(says, revoked):
		return "revoked"
	default:
		return "unknown"
	}
}
