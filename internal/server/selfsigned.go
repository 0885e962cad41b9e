package server

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"notary"
)

// Some platforms reject server certificates valid for more than 825 days, even if users trust them.
const (
	selfSignedValidity = 2 * 365 * 24 * time.Hour
	selfSignedRenewal  = 60 * 24 * time.Hour // remaining validity below which the certificate is renewed
)

// SelfSigned returns the paths of a self-signed certificate, self-signed.crt, and its key, self-signed.key (mode 0600),
// in dir, creating them if necessary. The certificate is for localhost, 127.0.0.1, ::1, the machine's name and the
// given hosts. It is renewed with the same key when it expires within 60 days or lacks a name.
func SelfSigned(dir string, now time.Time, hosts ...string) (certFile, keyFile string, err error) {
	certFile = filepath.Join(dir, "self-signed.crt")
	keyFile = filepath.Join(dir, "self-signed.key")
	// The key is written first and never replaced, so that the next start recovers from a crash between the two writes.
	key, err := selfSignedKey(keyFile)
	if err != nil {
		return "", "", err
	}
	hosts = append([]string{"localhost", "127.0.0.1", "::1"}, hosts...)
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	dnsNames, ips := splitHosts(hosts)
	good, err := isSelfSignedValid(certFile, keyFile, now, dnsNames, ips)
	if err != nil || good {
		return certFile, keyFile, err
	}
	der, err := selfSign(key, now, dnsNames, ips)
	if err != nil {
		return "", "", notary.InternalError("create the self-signed TLS certificate", err)
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := writeFile(certFile, certPEM, 0o644); err != nil {
		return "", "", notary.InternalError("write "+certFile, err)
	}
	return certFile, keyFile, nil
}

func selfSignedKey(name string) (crypto.Signer, error) {
	keyPEM, err := readLimited(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeKey(name)
	case err != nil:
		return nil, notary.InternalError("read "+name, err)
	}
	if block, _ := pem.Decode(keyPEM); block != nil {
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if signer, ok := key.(crypto.Signer); ok && err == nil {
			return signer, nil
		}
	}
	return nil, notary.Errorf(notary.Invalid,
		"%s is not a private key (PKCS #8 in PEM): delete it and %s, and new ones will be created at the next start",
		name, strings.TrimSuffix(filepath.Base(name), ".key")+".crt")
}

func makeKey(name string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, notary.InternalError("generate the TLS key", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, notary.InternalError("encode the TLS key", err)
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := writeFile(name, keyPEM, 0o600); err != nil {
		return nil, notary.InternalError("write "+name, err)
	}
	return key, nil
}

// isSelfSignedValid reports whether the existing certificate can stay in use. It returns an error if the file is not a
// self-signed certificate for the key.
func isSelfSignedValid(certFile, keyFile string, now time.Time, dnsNames []string, ips []net.IP) (bool, error) {
	if _, err := os.Stat(certFile); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil || !bytes.Equal(pair.Leaf.RawIssuer, pair.Leaf.RawSubject) {
		return false, &notary.Error{Kind: notary.Invalid, Err: err, Message: fmt.Sprintf(
			"%s is not a self-signed certificate for its key: delete it and a new one will be created at the "+
				"next start, or set cert_path and key_path to your own certificate and key", certFile)}
	}
	if now.Before(pair.Leaf.NotBefore) || now.After(pair.Leaf.NotAfter.Add(-selfSignedRenewal)) {
		return false, nil
	}
	hosts := slices.Clone(dnsNames)
	for _, ip := range ips {
		hosts = append(hosts, ip.String())
	}
	for _, host := range hosts {
		if pair.Leaf.VerifyHostname(host) != nil {
			return false, nil
		}
	}
	return true, nil
}

func selfSign(key crypto.Signer, now time.Time, dnsNames []string, ips []net.IP) ([]byte, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	keyID := sha256.Sum256(public) // RFC 7093, section 2, method 4, truncated as in method 1
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Notary (self-signed)"},
		NotBefore:             now.Add(-time.Minute), // for slow clocks
		NotAfter:              now.Add(selfSignedValidity),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		DNSNames:              dnsNames,
		IPAddresses:           ips,
		SubjectKeyId:          keyID[:20],
		AuthorityKeyId:        keyID[:20], // CreateCertificate does not add it if issuer and subject are the same
	}
	// CreateCertificate generates a random serial number if the template has none.
	return x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
}

// splitHosts sorts hosts into DNS names and IP addresses. It drops duplicates and names that no client would accept.
func splitHosts(hosts []string) (dnsNames []string, ips []net.IP) {
	seen := map[string]bool{}
	for _, host := range hosts {
		host = strings.ToLower(strings.TrimSuffix(host, "."))
		if seen[host] {
			continue
		}
		seen[host] = true
		if ip := net.ParseIP(host); ip != nil {
			ips = append(ips, ip)
		} else if ValidHostname(host) {
			dnsNames = append(dnsNames, host)
		}
	}
	return dnsNames, ips
}

// ValidHostname reports whether s is a DNS host name (RFC 1123, section 2.1) of at most 253 characters.
func ValidHostname(s string) bool {
	if len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-') {
				return false
			}
		}
	}
	return true
}

// writeFile atomically writes a file with exactly this mode, regardless of the umask.
func writeFile(name string, data []byte, mode fs.FileMode) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = f.Chmod(mode); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
