package testkit

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"testing"

	"golang.org/x/crypto/ocsp"

	"notary/internal/revocation"
)

// OCSPStatus queries s for the status of a certificate, and returns the response after checking it with [ReadOCSP].
func OCSPStatus(t testing.TB, w *World, s *revocation.Service, authorityID int64, serial string) *ocsp.Response {
	t.Helper()
	issuer := AuthorityCertificate(t, w, authorityID)
	answer := s.OCSP(t.Context(), authorityID, Ask(t, issuer, serial, crypto.SHA1))
	return ReadOCSP(t, w, answer, issuer, serial)
}

// ResponderOf returns an authority's OCSP responder certificate.
func ResponderOf(t testing.TB, w *World, s *revocation.Service, authorityID int64) *x509.Certificate {
	t.Helper()
	return OCSPStatus(t, w, s, authorityID, GetAuthority(t, w, authorityID).Certificate.Serial).Certificate
}

// ReadOCSP parses an OCSP response and verifies its signature. It also checks the validity of the response and of the
// responder certificate.
func ReadOCSP(t testing.TB, w *World, answer revocation.OCSPResponse, issuer *x509.Certificate,
	serial string) *ocsp.Response {
	t.Helper()
	response, err := ocsp.ParseResponseForCert(answer.DER, numbered(t, serial), issuer)
	Check(t, err)
	now := w.Clock.Now()
	if response.ThisUpdate.After(now) || !response.NextUpdate.After(now) {
		t.Errorf("at %s an answer from %s to %s", now, response.ThisUpdate, response.NextUpdate)
	}
	if c := response.Certificate; now.Before(c.NotBefore) || response.NextUpdate.After(c.NotAfter) {
		t.Errorf("at %s a responder from %s to %s", now, c.NotBefore, c.NotAfter)
	}
	return response
}

// Ask returns an OCSP request for a certificate of the issuer. Its CertID uses the given hash.
func Ask(t testing.TB, issuer *x509.Certificate, serial string, hash crypto.Hash) []byte {
	t.Helper()
	der, err := ocsp.CreateRequest(numbered(t, serial), issuer, &ocsp.RequestOptions{Hash: hash})
	Check(t, err)
	return der
}

func numbered(t testing.TB, serial string) *x509.Certificate {
	t.Helper()
	n, ok := new(big.Int).SetString(serial, 16)
	if !ok {
		t.Fatalf("%q is not a serial number", serial)
	}
	return &x509.Certificate{SerialNumber: n}
}

// WithNonce returns the OCSP request with a nonce.
func WithNonce(t testing.TB, request []byte, nonce string) []byte {
	t.Helper()
	return rebuilt(t, nonce, request)
}

// Several combines OCSP requests into one for several certificates.
func Several(t testing.TB, requests ...[]byte) []byte {
	t.Helper()
	return rebuilt(t, "", requests...)
}

func rebuilt(t testing.TB, nonce string, requests ...[]byte) []byte {
	t.Helper()
	type extension struct {
		OID   asn1.ObjectIdentifier
		Value []byte
	}
	var whole struct {
		TBS struct {
			List       []asn1.RawValue
			Extensions []extension `asn1:"explicit,tag:2,optional,omitempty"`
		}
	}
	for _, one := range requests {
		var read struct {
			TBS struct{ List []asn1.RawValue }
		}
		_, err := asn1.Unmarshal(one, &read)
		Check(t, err)
		whole.TBS.List = append(whole.TBS.List, read.TBS.List...)
	}
	if nonce != "" {
		value, err := asn1.Marshal([]byte(nonce))
		Check(t, err)
		whole.TBS.Extensions = []extension{{asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}, value}}
	}
	der, err := asn1.Marshal(whole)
	Check(t, err)
	return der
}
