package issuance_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"notary/internal/issuance"
	"notary/internal/pki"
	"notary/internal/testkit"
)

// generalName encodes a general name (RFC 5280, section 4.2.1.6) given as "DNS:a.example.com". A subtree's IP
// range is "IP:10.0.0.0/8"; "hex" after the type stands for arbitrary octets.
func generalName(t *testing.T, text string) asn1.RawValue {
	t.Helper()
	kind, value, _ := strings.Cut(text, ":")
	octets := []byte(value)
	kind, raw := strings.CutSuffix(kind, " hex")
	if raw {
		var err error
		octets, err = hex.DecodeString(value)
		testkit.Check(t, err)
	}
	tag := map[string]int{"email": 1, "DNS": 2, "dirName": 4, "URI": 6, "IP": 7}[kind]
	switch {
	case kind == "IP" && !raw && strings.Contains(value, "/"):
		_, prefix, err := net.ParseCIDR(value)
		testkit.Check(t, err)
		octets = append([]byte(prefix.IP), prefix.Mask...)
	case kind == "IP" && !raw:
		octets = net.ParseIP(value)
		if v4 := net.IP(octets).To4(); v4 != nil {
			octets = v4
		}
	case kind == "dirName":
		der, err := asn1.Marshal(pkix.Name{Organization: []string{value}}.ToRDNSequence())
		testkit.Check(t, err)
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: der}
	}
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: octets}
}

type generalSubtree struct{ Base asn1.RawValue }

// constraintsExtension encodes arbitrary name constraints, as an external authority may have.
func constraintsExtension(t *testing.T, permitted, excluded []string) pkix.Extension {
	t.Helper()
	var value struct {
		Permitted []generalSubtree `asn1:"optional,tag:0"`
		Excluded  []generalSubtree `asn1:"optional,tag:1"`
	}
	for _, text := range permitted {
		value.Permitted = append(value.Permitted, generalSubtree{generalName(t, text)})
	}
	for _, text := range excluded {
		value.Excluded = append(value.Excluded, generalSubtree{generalName(t, text)})
	}
	der, err := asn1.Marshal(value)
	testkit.Check(t, err)
	return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 30}, Critical: true, Value: der}
}

func namesExtension(t *testing.T, names []string) []pkix.Extension {
	t.Helper()
	if len(names) == 0 {
		return nil
	}
	var value []asn1.RawValue
	for _, text := range names {
		value = append(value, generalName(t, text))
	}
	der, err := asn1.Marshal(value)
	testkit.Check(t, err)
	return []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: der}}
}

// constrained returns an authority with the constraints, in DER and, if it can be parsed, as an issuer.
func constrained(t *testing.T, anchor issuance.Issuer, serial int, permitted,
	excluded []string) (der []byte, issuer *issuance.Issuer) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(int64(serial)), Subject: title(fmt.Sprintf("Constrained %d", serial)),
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(1, 0, 0), BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if len(permitted)+len(excluded) > 0 {
		template.ExtraExtensions = []pkix.Extension{constraintsExtension(t, permitted, excluded)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, anchor.Certificate, key.Public(), anchor.Signer)
	testkit.Check(t, err)
	issuer = &issuance.Issuer{Signer: key, Certificate: template, Ancestors: []*x509.Certificate{anchor.Certificate}}
	if parsed, err := x509.ParseCertificate(der); err == nil {
		issuer.Certificate = parsed
		return der, issuer
	}
	template.ExtraExtensions = nil
	template.AuthorityKeyId = nil
	return der, issuer
}

// byHand returns the certificate that the issuer would sign without checks.
func byHand(t *testing.T, issuer *issuance.Issuer, c nameCase) []byte {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: c.subject(), NotBefore: now.Add(-time.Minute), NotAfter: now.AddDate(0, 1, 0),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtraExtensions: namesExtension(t, c.names),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, issuer.Certificate, leafKey("ecdsa-p256").Public(),
		issuer.Signer)
	testkit.Check(t, err)
	return der
}

func requested(t *testing.T, c nameCase) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: c.subject(), ExtraExtensions: namesExtension(t, c.names)}, leafKey("ecdsa-p256"))
	testkit.Check(t, err)
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

func ours(t *testing.T, authority []byte, issuer *issuance.Issuer, c nameCase) []byte {
	t.Helper()
	if _, err := x509.ParseCertificate(authority); err != nil {
		return nil // such an authority is never imported
	}
	csr, err := pki.ParseCSR(requested(t, c))
	if err != nil {
		return nil
	}
	issued, err := issuance.Leaf(*issuer, profile(t, ""), csr, terms)
	if err != nil {
		return nil
	}
	return issued.Certificate.Raw
}

// verified holds the chains of the table as files: at each index a leaf and its authority, and the common anchor.
type verified struct {
	folder              string
	anchor              *x509.Certificate
	authorities, leaves [][]byte
}

func newVerified(t *testing.T, anchor *x509.Certificate, authorities, leaves [][]byte) verified {
	t.Helper()
	v := verified{t.TempDir(), anchor, authorities, leaves}
	write := func(name string, ders ...[]byte) {
		var text bytes.Buffer
		for _, der := range ders {
			testkit.Check(t, pem.Encode(&text, &pem.Block{Type: "CERTIFICATE", Bytes: der}))
		}
		testkit.Check(t, os.WriteFile(v.path(name), text.Bytes(), 0o600))
	}
	write("anchor.pem", anchor.Raw)
	write("authorities.pem", authorities...)
	for i := range leaves {
		write(fmt.Sprintf("authority%d.pem", i), authorities[i])
		write(fmt.Sprintf("leaf%d.pem", i), leaves[i])
	}
	return v
}

func (v verified) path(name string) string { return filepath.Join(v.folder, name) }

func (v verified) byGo(i int) bool {
	authority, err := x509.ParseCertificate(v.authorities[i])
	if err != nil {
		return false
	}
	leaf, err := x509.ParseCertificate(v.leaves[i])
	if err != nil {
		return false
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(v.anchor)
	intermediates.AddCert(authority)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: intermediates, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

func (v verified) byJava(t *testing.T, java *testkit.Java, i int) (says string, accepted bool) {
	t.Helper()
	return java.Verify(t, testkit.JavaChain{Use: "client", At: now, Leaf: v.path(fmt.Sprintf("leaf%d.pem", i)),
		Intermediates: v.path(fmt.Sprintf("authority%d.pem", i)), Root: v.path("anchor.pem")})
}

func (v verified) byOpenSSL(t *testing.T) []bool {
	t.Helper()
	args := []string{"verify", "-no_check_time", "-CAfile", "anchor.pem", "-untrusted", "authorities.pem"}
	for i := range v.leaves {
		args = append(args, fmt.Sprintf("leaf%d.pem", i))
	}
	command := exec.Command("openssl", args...)
	command.Dir = v.folder
	out, _ := command.CombinedOutput() // the exit status covers all chains
	accepts := make([]bool, len(v.leaves))
	for i := range accepts {
		accepts[i] = strings.Contains("\n"+string(out), fmt.Sprintf("\nleaf%d.pem: OK\n", i))
		if refused := strings.Contains(string(out), fmt.Sprintf("error leaf%d.pem:", i)); refused == accepts[i] {
			t.Fatalf("openssl did not say of leaf %d: %s", i, out)
		}
	}
	return accepts
}
