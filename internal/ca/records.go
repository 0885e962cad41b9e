package ca

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"

	"notary"
	"notary/internal/issuers"
	"notary/internal/keystore"
	"notary/internal/pki"
	"notary/internal/store/archive"
)

// RecordChecks returns checks that compare the recorded fields of certificates, requests and CRLs with their DER or
// PEM and, unless keys is nil, open private keys.
func RecordChecks(keys keystore.Keys) archive.Checks {
	checks := archive.Checks{Certificate: checkCertificate, Request: checkRequest, CRL: checkCRL}
	if keys != nil {
		checks.Key = func(sealed []byte, c *notary.Certificate, csr string) error {
			return checkKey(keys, sealed, c, csr)
		}
	}
	return checks
}

// CheckRecords checks the next part of the database for damage. Damage is logged, counted in a metric and shown on the
// overview.
func (s *Service) CheckRecords(ctx context.Context) error {
	s.checking.Lock()
	defer s.checking.Unlock()
	return archive.CheckNext(ctx, s.store, &s.checked, RecordChecks(nil),
		func(d archive.Damage, kind string, id int64) {
			s.damages.Found(kind, id, errors.New(d.Text))
		})
}

func checkCertificate(c *notary.Certificate) error {
	if pki.Fingerprint(c.DER) != c.Fingerprint {
		return errors.New("the certificate does not match its fingerprint")
	}
	cert, err := x509.ParseCertificate(c.DER)
	if err != nil {
		return fmt.Errorf("the certificate cannot be parsed: %w", err)
	}
	want := issuers.Entry(cert, nil)
	switch {
	case want.Serial != c.Serial:
		return errors.New("the recorded serial number differs from the certificate")
	case !want.NotBefore.Equal(c.NotBefore) || !want.NotAfter.Equal(c.NotAfter):
		return errors.New("the recorded validity differs from the certificate")
	case want.CommonName != c.CommonName || want.Names.String() != c.Names.String():
		return errors.New("the recorded names differ from the certificate")
	case want.Key != c.Key:
		return errors.New("the recorded key type differs from the certificate")
	}
	return nil
}

// checkRequest compares a request with its CSR. It accepts a CSR that would be rejected today.
func checkRequest(req *notary.Request) error {
	der, err := pki.DecodeCSR(req.CSR)
	if err != nil {
		return errors.New("the CSR is not PEM")
	}
	if pki.Fingerprint(der) != req.Fingerprint {
		return errors.New("the CSR does not match its fingerprint")
	}
	if content, err := pki.CSRContent(req.CSR); err == nil && req.Content != "" && req.Content != content {
		return errors.New("the recorded content differs from the CSR")
	}
	csr, err := pki.ParseCSR(req.CSR)
	if err != nil {
		return nil
	}
	if csr.CommonName != req.CommonName || csr.Names.String() != req.Names.String() || csr.Key != req.Key {
		return errors.New("the recorded names or key type differ from the CSR")
	}
	return nil
}

func checkCRL(crl *notary.CRL, a *notary.Authority) error {
	list, err := x509.ParseRevocationList(crl.DER)
	if err != nil {
		return fmt.Errorf("the CRL cannot be parsed: %w", err)
	}
	number := list.Number
	if number == nil || !number.IsInt64() || number.Int64() != crl.Number || !list.NextUpdate.Equal(crl.NextUpdate) {
		return errors.New("the recorded number or nextUpdate differs from the CRL")
	}
	if a.Certificate == nil {
		return errors.New("the CA has no certificate")
	}
	issuer, err := x509.ParseCertificate(a.Certificate.DER)
	if err != nil {
		return fmt.Errorf("the CA's certificate cannot be parsed: %w", err)
	}
	return list.CheckSignatureFrom(issuer)
}

// checkKey checks that a sealed private key can be opened and matches the certificate, or the CSR if c is nil.
func checkKey(keys keystore.Keys, sealed []byte, c *notary.Certificate, csr string) error {
	var public crypto.PublicKey
	if c != nil {
		cert, err := x509.ParseCertificate(c.DER)
		if err != nil {
			return fmt.Errorf("the certificate cannot be parsed: %w", err)
		}
		public = cert.PublicKey
	} else {
		var err error
		if public, err = pki.RequestKey(csr); err != nil {
			return err
		}
	}
	_, err := keys.Open(context.Background(), sealed, public)
	return err
}
