package inspect

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"time"
)

// Handshake holds what a TLS server presented in a handshake, and what is expected of it.
type Handshake struct {
	Address      string // host:port that was dialled
	Host         string // name that the certificate must contain
	Version      uint16 // as in package tls
	CipherSuite  uint16
	Certificates []*x509.Certificate
	OCSP         []byte // the stapled response, if any
	Failure      string // why the handshake failed after the server sent its certificates; empty if it succeeded
	Roots        *x509.CertPool
}

// Connection describes a TLS connection.
type Connection struct {
	Address     string `json:"address"`
	Host        string `json:"host"`
	Version     string `json:"version"`
	CipherSuite string `json:"cipher_suite,omitempty"`
	Stapled     bool   `json:"stapled_ocsp_response"`
}

// ReadHandshake describes and checks what a TLS server presented. It returns the connection, the certificates, the
// stapled OCSP response and the chain, in that order.
func ReadHandshake(h Handshake, now time.Time) []Object {
	connection := Object{Kind: KindConnection, Name: visible(h.Address), Connection: &Connection{
		Address: visible(h.Address), Host: visible(h.Host), Stapled: len(h.OCSP) > 0}}
	connection.checkTLS(h)
	r := &reader{now: now, objects: []Object{connection}}
	for _, c := range h.Certificates {
		r.append(r.readCertificate(c.Raw))
	}
	if len(h.OCSP) > 0 {
		r.append(r.readOCSP(h.OCSP))
	}
	objects := r.finish()
	Verify(objects, Verification{Roots: h.Roots, Host: h.Host, Now: now})
	checkServed(objects, h)
	return objects
}

func (o *Object) checkTLS(h Handshake) {
	if h.Version != 0 {
		o.Connection.Version = tls.VersionName(h.Version)
	}
	if h.CipherSuite != 0 {
		o.Connection.CipherSuite = tls.CipherSuiteName(h.CipherSuite)
	}
	if h.Version != 0 && h.Version < tls.VersionTLS12 {
		o.fail("tls_version", "RFC 8996", "the server supports at most %s, which is "+
			"obsolete", tls.VersionName(h.Version))
	}
	weak := slices.ContainsFunc(tls.InsecureCipherSuites(), func(s *tls.CipherSuite) bool { return s.ID == h.CipherSuite })
	if weak {
		o.warn("cipher_suite", "RFC 9325, section 4.2", "the server chose a weak cipher "+
			"suite, %s", tls.CipherSuiteName(h.CipherSuite))
	}
	if h.Failure != "" {
		o.fail("handshake", "", "the handshake failed after the server presented its certificate: %s", h.Failure)
	}
	if len(h.Certificates) == 0 {
		o.fail("no_certificate", "", "the server presented no certificate")
	}
}

func checkServed(objects []Object, h Handshake) {
	if len(h.Certificates) == 0 {
		return
	}
	leaf := h.Certificates[0]
	connection := &objects[0]
	for i := range objects {
		o := &objects[i]
		if o.Kind == KindChain && o.Chain.EndsInRoot {
			o.warn("superfluous_root", "RFC 8446, section 4.4.2", "the server sends the root needlessly: clients "+
				"have it already or do not trust it")
		}
		if o.response != nil && !o.response.answersFor(leaf) {
			o.fail("ocsp_other", "RFC 6960, section 3.2", "the stapled response is not for the server's certificate")
		}
	}
	if mustStaple(leaf) && len(h.OCSP) == 0 {
		connection.fail("must_staple", "RFC 7633", "the certificate requires a stapled OCSP response, but the "+
			"server sends none")
	}
}

func (p *ocspResponse) answersFor(c *x509.Certificate) bool {
	want, err := asn1.Marshal(c.SerialNumber)
	return err == nil && slices.ContainsFunc(p.basic.Data.Responses, func(s ocspSingle) bool {
		return equal(s.ID.Serial.FullBytes, want)
	})
}
