package cli

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"time"

	"notary/api"
	"notary/client"
	"notary/internal/testkit"
)

// A revocation on any node is published by all within the delay. On each node, CRL numbers only increase.
func nodesPublish(t *testing.T, c *cluster) {
	config := testkit.ConfigFile(t, "{publish_url: 'http://pki.example.com', crl_delay: 2s}")
	nodes := []*process{c.start(t, "--config", config), c.start(t, "--config", config)}
	l := loadOn(t, nodes...)
	four := 4
	testkit.Check(t, l.nodes[0].ChangeAuthoritySettings(t.Context(), l.authority,
		api.ChangeAuthoritySettings{CRLShards: &four}))
	newest := map[string]int64{} // the number of each CRL by URL
	var slowest time.Duration
	for i := range 8 {
		here := l.nodes[i%2]
		id, serial, path := signOne(t, here, l.authority)
		missing := map[string]bool{} // where it is not listed yet
		for _, node := range nodes {
			for _, path := range []string{path, fmt.Sprintf("/crl/%d.crl", l.authority)} {
				missing[node.publishes+path] = true
			}
		}
		for list := range missing {
			if publishedSerials(t, list, newest)[serial] {
				t.Errorf("%s has a certificate that is not revoked", list)
			}
		}
		_, err := here.RevokeCertificate(t.Context(), id, api.RevokeCertificateRequest{})
		testkit.Check(t, err)
		for begun := time.Now(); len(missing) > 0; time.Sleep(50 * time.Millisecond) {
			for list := range missing {
				if publishedSerials(t, list, newest)[serial] {
					delete(missing, list)
					slowest = max(slowest, time.Since(begun))
				} else if took := time.Since(begun); took > testkit.Patience {
					t.Fatalf("%v after a revocation on node %d it is not on %s", took, i%2, list)
				}
			}
		}
	}
	t.Logf("a revocation was on all lists of both nodes within %v; the delay is 2 s", slowest)
}

// signOne returns the certificate's serial number and the path of its CRL distribution point.
func signOne(t *testing.T, c *client.Client, authority int64) (id int64, serial, path string) {
	t.Helper()
	csr, err := newTestCSR()
	testkit.Check(t, err)
	id, err = c.CreateCertificateRequest(t.Context(), api.CreateCertificateRequest{CSR: csr})
	testkit.Check(t, err)
	testkit.Check(t, c.SignCertificateRequest(t.Context(), id,
		api.SignCertificateRequest{CertificateAuthorityID: api.ID(authority)}))
	request, err := c.CertificateRequest(t.Context(), id)
	testkit.Check(t, err)
	block, _ := pem.Decode([]byte(request.CertificateChain))
	cert, err := x509.ParseCertificate(block.Bytes)
	testkit.Check(t, err)
	list, err := url.Parse(cert.CRLDistributionPoints[0])
	testkit.Check(t, err)
	return id, cert.SerialNumber.Text(16), list.Path
}

// publishedSerials returns the serial numbers on a published CRL, whose number must not decrease.
func publishedSerials(t *testing.T, list string, newest map[string]int64) map[string]bool {
	t.Helper()
	answer, err := http.Get(list)
	testkit.Check(t, err)
	defer answer.Body.Close()
	der, err := io.ReadAll(answer.Body)
	testkit.Check(t, err)
	if answer.StatusCode != 200 {
		t.Fatalf("%s: %d %s", list, answer.StatusCode, der)
	}
	crl, err := x509.ParseRevocationList(der)
	testkit.Check(t, err)
	if number := crl.Number.Int64(); number < newest[list] {
		t.Errorf("%s: the number decreased from %d to %d", list, newest[list], number)
	} else {
		newest[list] = number
	}
	serials := map[string]bool{}
	for _, entry := range crl.RevokedCertificateEntries {
		serials[entry.SerialNumber.Text(16)] = true
	}
	return serials
}
